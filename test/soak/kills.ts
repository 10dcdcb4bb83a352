/**
 * SIGKILL at random moments of ten parts a second: whole daemons, one after the other on one state folder, a real
 * journal, a real broker. What was opened is counted by others than the daemon (tally.ts) against what was recorded.
 * Every other kill falls into the first moments of a part, while it is open; and every tenth time a daemon is killed
 * on its way up as well, while it closes what the one before had left open.
 *
 *     node test/soak/kills.ts [--kills N] [--seed N] [--keep DIR]
 *
 * With --keep the run can be ended by Ctrl-C and goes on where it was.
 */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { type Random, seeded } from '../../models/random.ts';
import { grid, lenient, product, teachTiny, writeBundle } from '../inference/tiny-bundle.ts';
import { type Broker, openBroker } from './broker.ts';
import { Child } from './child.ts';
import type { LineSettings, LineWord } from './line-process.ts';
import { pause, until } from './moments.ts';
import { endAtSignal, isProgram, printFigures, tell, wholeOption } from './program.ts';
import { type Journaled, type Received, type Tally, tally } from './tally.ts';

const periodMs = 100;
/** A daemon lives so long after its camera began, at most: fifteen parts. */
const lifeMaxMs = 1500;
const partsMax = lifeMaxMs / periodMs;
/** A part of the tiny bundle is open for about so long. */
const openMs = 20;
/** From the start of the process: it is up after about two seconds. */
const wayUpMaxMs = 2500;
const wayUpEvery = 10;
/** Part numbers of one life; their ids have six digits. */
const partsOfALife = 500;
const killsMax = 1000;
const tellEvery = 20;

export interface KillFigures extends Tally {
  kills: number;
  killsOnTheWayUp: number;
  broker: string;
}

export interface KillSettings {
  readonly kills: number;
  readonly seed: number;
  /** Journal, books and how far it is. */
  readonly folder: string;
  readonly say?: (line: string) => void;
}

export async function kills({ kills: wanted, seed, folder, say = () => undefined }: KillSettings) {
  const run = await openRun(folder);
  const { state } = run;
  try {
    while (state.kills < wanted) {
      const random = seeded(seed, state.kills + 1);
      if ((state.kills + 1) % wayUpEvery === 0) {
        const line = run.start(periodMs);
        await pause(random.uniform() * wayUpMaxMs);
        await run.kill(line, 'killsOnTheWayUp');
      }
      const line = run.start(periodMs);
      await line.word('begun', 150_000);
      await moment(line, random, state.kills % 2 === 1);
      await run.kill(line, 'kills');
      if (state.kills % tellEvery === 0) say(`${state.kills} of ${wanted} kills`);
    }
    await run.drain();
    const figures: KillFigures = { ...run.counts(), ...run.tally(), broker: run.broker.name };
    return figures;
  } finally {
    await run.close();
  }
}

/** Any moment of its life, or one in which a part was just opened. */
async function moment(line: Child<LineWord>, random: Random, inPart: boolean): Promise<void> {
  if (!inPart) return pause(random.uniform() * lifeMaxMs);
  const parts = 1 + Math.floor(random.uniform() * partsMax);
  for (let part = 1; part <= parts; part++) await line.word('fired');
  await pause(random.uniform() * openMs);
}

interface State {
  kills: number;
  killsOnTheWayUp: number;
  starts: number;
}
const newState: State = { kills: 0, killsOnTheWayUp: 0, starts: 0 };

/** The state of a run is its folder. */
async function openRun(folder: string) {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('state'), { recursive: true });
  const bundle = { path: at('tiny@1.0.0'), product, side: grid.widthPx };
  if (!existsSync(bundle.path)) await writeBundle(bundle.path, await teachTiny(), lenient);
  const file = at('kills.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : newState;
  const state: State = { ...known };
  const keep = (): void => writeFileSync(file, JSON.stringify(state));
  const broker = await openBroker({ folder: at('broker') });
  const client = await subscribe(broker, at('received.ndjson'));
  const lives: Child<LineWord>[] = [];
  const start = (period: number): Child<LineWord> => {
    state.starts += 1;
    keep();
    const line = new Child<LineWord>(new URL('./line-process.ts', import.meta.url), {
      ...{ stateDir: at('state'), mqttUrl: broker.url, opcua: false, periodMs: period },
      ...{ firstPart: state.starts * partsOfALife, bundle, book: at('book'), echo: false },
    } satisfies LineSettings);
    lives.push(line);
    return line;
  };
  return {
    ...{ state, broker, start },
    counts: () => ({ kills: state.kills, killsOnTheWayUp: state.killsOnTheWayUp }),
    /** Between a kill and the next start the journal's file is nobody's, and is read. */
    async kill(line: Child<LineWord>, count: 'kills' | 'killsOnTheWayUp'): Promise<void> {
      await line.kill();
      lives.splice(lives.indexOf(line), 1);
      appendLines(at('journaled.ndjson'), journalOf(at('state'), at('copy')));
      state[count] += 1;
      keep();
    },
    /** A last life without parts closes what is open and sends what waits. */
    async drain(): Promise<void> {
      const line = start(3_600_000);
      await line.word('begun', 150_000);
      await until('the journal is empty', async () => (await line.ask({ kind: 'figures' }, 'figures')).waiting === 0);
      await line.ask({ kind: 'stop' }, 'stopped');
      // The broker has acknowledged; the subscriber may be a message behind it.
      await pause(500);
    },
    tally: (): Tally =>
      tally({
        book: existsSync(at('book')) ? readFileSync(at('book'), 'utf8').trimEnd().split('\n') : [],
        journaled: linesOf<Journaled>(at('journaled.ndjson')),
        received: linesOf<Received>(at('received.ndjson')),
      }),
    async close(): Promise<void> {
      for (const line of lives) await line.kill();
      await client.endAsync(true);
      await broker.stop('gently');
    },
  };
}

/** Written down before it is acknowledged; what the broker could not deliver waits in its session. */
async function subscribe(broker: Broker, file: string): Promise<mqtt.MqttClient> {
  const client = mqtt.connect(broker.url, { clientId: 'book', clean: false, protocolVersion: 4 });
  client.on('message', (topic, payload) => {
    const { resultId, sequence, partId, decision, reason } = JSON.parse(payload.toString()) as Received;
    appendLines(file, [{ topic: topic.split('/').at(-1), resultId, sequence, partId, decision, reason }]);
  });
  await new Promise<void>((connected) => client.once('connect', () => connected()));
  await client.subscribeAsync(['+/line1/record', '+/line1/verdict'], { qos: 1 });
  return client;
}

/** Every part that the journal's file holds, open or judged; read from a copy, since reading a log writes. */
function journalOf(stateDir: string, copy: string): Journaled[] {
  mkdirSync(copy, { recursive: true });
  for (const name of ['journal.sqlite', 'journal.sqlite-wal']) {
    rmSync(join(copy, name), { force: true });
    if (existsSync(join(stateDir, name))) copyFileSync(join(stateDir, name), join(copy, name));
  }
  if (!existsSync(join(copy, 'journal.sqlite'))) return [];
  const database = new DatabaseSync(join(copy, 'journal.sqlite'));
  try {
    const rows = database.prepare(`SELECT sequence, partId FROM openPart
      UNION ALL SELECT sequence, json ->> '$.partId' FROM record`);
    return rows.all() as unknown as Journaled[];
  } finally {
    database.close();
  }
}

function appendLines(file: string, values: readonly object[]): void {
  appendFileSync(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

function linesOf<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

if (isProgram(import.meta.url)) {
  endAtSignal();
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'string' },
    },
  });
  const folder = values.keep === undefined ? await mkdtemp(join(tmpdir(), 'twinspect-kills-')) : resolve(values.keep);
  const wanted = wholeOption('kills', values.kills, 1, killsMax);
  printFigures(await kills({ kills: wanted, seed: Number(values.seed), folder, say: tell }));
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}
