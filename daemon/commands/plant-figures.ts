/**
 * The figures of the plant's side: how long a verdict takes to a client, what 200 kills, a broker that is gone, and
 * clients that misbehave do to it. The runs stand beside the tests, since they are the plant; docs/soak.md has each.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './command.ts';
import { runProgram } from './run-command.ts';

/** Each run has its program; all it measures goes into the object. */
const runs = ['latency', 'outage', 'rogue', 'kills'] as const;

/** What each of the runs must tell, first in the object; a run that does not tell its own is a mistake. */
const keys = [
  'opcuaDecisionToClientMsP50',
  'opcuaDecisionToClientMsP99',
  'opcuaEchoMsP99',
  'mqttDecisionToClientMsP50',
  'mqttDecisionToClientMsP99',
  'mqttEchoMsP99',
  'kills',
  'verdictsLost',
  'verdictsReordered',
  'outageSent',
  'outageDelivered',
  'outageRssMb',
  'rogueClients',
  'plcServedDuringRogue',
] as const;

type Measured = Record<string, number | string | null>;

/** `folder` keeps how far the runs are: where it is kept, what was measured is not measured again. */
export async function plantFigures(context: Context, folder: string): Promise<Measured> {
  const all: Measured = {};
  await mkdir(folder, { recursive: true });
  for (const run of runs) {
    const { broker, ...measured } = await measuredOnce(context, folder, run);
    Object.assign(all, measured, { [`${run}Broker`]: broker });
  }
  const first = Object.fromEntries(keys.map((key) => [key, all[key] ?? null]));
  return { ...first, ...all };
}

async function measuredOnce(context: Context, folder: string, run: (typeof runs)[number]): Promise<Measured> {
  const kept = join(folder, `plant-${run}.json`);
  const known = await readFile(kept, 'utf8').catch(() => null);
  if (known !== null) return JSON.parse(known) as Measured;
  const options = run === 'kills' ? ['--keep', join(folder, 'plant-kills')] : [];
  const measured = await runProgram<Measured>(context, `test/soak/${run}.ts`, options);
  await writeFile(kept, JSON.stringify(measured));
  return measured;
}
