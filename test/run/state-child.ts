/**
 * A daemon on one damaged state folder after the other, as whoever runs this process: `make FOLDER BUNDLE` fills a
 * folder with everything that is kept, `try FOLDER BUNDLE DAMAGE FILE...` damages one file of a copy of it at a time
 * (or several, with commas between them) and says, one line of JSON for each, how the line judged. Everything is real;
 * the parts are the synthetic camera's.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { systemClock } from '../../daemon/clock.ts';
import type { VerdictRecord } from '../../daemon/line/verdict.ts';
import { createLog } from '../../daemon/log.ts';
import { certificateFacts } from '../../daemon/publish/opcua/security/certificate-facts.ts';
import { normalFile } from '../../daemon/registration/normal-file.ts';
import { Daemon } from '../../daemon/supervise/daemon.ts';
import { hashPassword } from '../../daemon/users/password.ts';
import { usersFile } from '../../daemon/users/users-file.ts';
import { diskFiles } from '../../drivers/files.ts';
import { messageOf, TwinspectError } from '../../errors.ts';
import { patienceMs } from '../patience.ts';
import { stateAt } from '../state/at.ts';
import { damages } from '../state/damages.ts';
import { syntheticCamera, testConfig } from './plant.ts';

export interface Tried {
  readonly files: readonly string[];
  readonly decision: string | null;
  readonly reason: string | null;
  readonly sequence: number;
  readonly epoch: string | null;
  /** Code of the named refusal, where the daemon did not start. */
  readonly refused: string | null;
  readonly faults: readonly string[];
  /** How one comes in over OPC UA; null where it has no server, which is started for the files that concern it. */
  readonly access: string | null;
  readonly server: boolean;
}

const [mode, folder, bundle, damage, ...names] = process.argv.slice(2) as [string, string, string, string, ...string[]];

function open(stateDir: string, server = true) {
  const records: VerdictRecord[] = [];
  const camera = syntheticCamera();
  const base = testConfig(stateDir, bundle);
  const config = {
    ...base,
    opcua: { ...base.opcua, enabled: server, port: 0 },
    mqtt: { ...base.mqtt, sparkplug: { ...base.mqtt.sparkplug, enabled: true, group: 'plant' } },
    evidence: { ...base.evidence, enabled: false },
    // A machine that does other things too must not be what decides.
    line: { ...base.line, deadlineMs: 10_000 },
    journal: { ...base.journal, reserveMb: 1, commitTimeoutMs: 3000 },
  };
  const daemon = new Daemon({
    ...{ config, clock: systemClock, files: diskFiles, cwd: '/', camera },
    log: createLog({ level: 'error', sink: { write: () => undefined } }),
    signal: new AbortController().signal,
    announced: (record) => void records.push(record),
  });
  const judged = async (): Promise<VerdictRecord | null> => {
    const before = records.length;
    camera.trigger();
    for (let waitedMs = 0; records.length === before && waitedMs < patienceMs; waitedMs += 20) await pause(20);
    return records[before] ?? null;
  };
  return { daemon, judged };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

/** Users, a trusted client, an order, the edges: everything that is ever kept, each by who keeps it. */
async function make(): Promise<void> {
  const state = stateAt(folder);
  mkdirSync(folder, { recursive: true });
  const password = await hashPassword('correct horse', new Uint8Array(16));
  await usersFile(state).save({ users: [{ name: 'anna', role: 'operate', password }], lost: false });
  await normalFile(state, 'line1').save({ calibration: 'none', xPx: 0, yPx: 0 });
  const { daemon, judged } = open(folder);
  await daemon.start();
  const actor = { name: 'anna', via: 'local', role: 'operate', certificate: null } as const;
  await daemon.commands.order(actor, { kind: 'halt', cause: 'a test' });
  await daemon.commands.order(actor, { kind: 'reset', cause: 'a test' });
  for (let n = 0; n < 3; n++) await judged();
  await daemon.stop();
  const own = await readFile(join(folder, 'opcua/own/certs/server.pem'));
  const trusted = join(folder, 'opcua/trusted/certs', `client[${certificateFacts(own)!.thumbprint}].pem`);
  cpSync(join(folder, 'opcua/own/certs/server.pem'), trusted);
  const again = open(folder);
  await again.daemon.start();
  await again.daemon.stop();
}

async function attempt(files: readonly string[]): Promise<Tried> {
  const stateDir = `${folder}-${damage}-${process.pid}`;
  rmSync(stateDir, { recursive: true, force: true });
  cpSync(folder, stateDir, { recursive: true });
  for (const file of files) damages[damage]!(join(stateDir, file));
  const server = files.some((file) => /opcua|users/.test(file));
  const { daemon, judged } = open(stateDir, server);
  const said = { files, server, decision: null, reason: null, sequence: 0, epoch: null, faults: [], access: null };
  try {
    await daemon.start();
    const record = await judged();
    const { decision = null, reason = null, sequence = 0, epoch = null } = record ?? {};
    const access = daemon.publishing?.opcuaAccess ?? null;
    const faults = daemon.faults.map(({ id }) => id);
    return { files, server, decision, reason, sequence, epoch, refused: null, faults, access };
  } catch (error) {
    return { ...said, refused: error instanceof TwinspectError ? error.code : `unnamed: ${messageOf(error)}` };
  } finally {
    await daemon.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

if (mode === 'make') await make();
else for (const name of names) process.stdout.write(`${JSON.stringify(await attempt(name.split(',')))}\n`);
process.exit(0);
