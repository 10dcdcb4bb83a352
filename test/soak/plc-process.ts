/**
 * A PLC in a process of its own: reads the block of one line every 50 ms in one call, as PLCs do, and counts the polls
 * that were answered in time with values that belong together. On demand a second client connects anew beside it.
 */
import { AttributeIds, type ClientSession, OPCUAClient } from 'node-opcua';
import { systemClock } from '../../daemon/clock.ts';
import { nobody } from '../../daemon/publish/opcua/plc/tag-table.ts';
import { heed, say, toldSettings, type Word } from './child.ts';
import { sharedMs, within } from './moments.ts';

export interface PlcSettings {
  readonly url: string;
  readonly lineId: string;
}

export interface PlcFigures {
  readonly polls: number;
  /** Answered within the bound, every value good, and values that belong together. */
  readonly served: number;
  readonly late: number;
  readonly wrong: number;
  /** Polls that found the heart standing: capture and inference are not proven to work, whoever is to blame. */
  readonly heartStood: number;
  /** What the first wrong one was. */
  readonly firstWrong: string | null;
  /** Results of the line that no poll saw. */
  readonly missed: number;
  readonly results: number;
  readonly answersMs: readonly number[];
}

export type PlcWord =
  | { kind: 'polling' }
  | ({ kind: 'figures' } & PlcFigures)
  | { kind: 'anew'; servedAfterMs: number; problem: string | null };

const pollMs = 50;
/** The next poll is due by then twice over: a PLC would raise its communication fault. */
const lateMs = 200;
/** The line's heart beats twice a second. */
const heartMaxMs = 1500;
const anewMaxMs = 60_000;

const { url, lineId } = toldSettings<PlcSettings>();
const names = ['ResSeqStart', 'Verdict', 'ResultId', 'Sequence', 'Heartbeat', 'ResSeq'] as const;
const nodes = names.map((name) => ({ nodeId: `ns=1;s=${lineId}.${name}`, attributeId: AttributeIds.Value }));

async function connect(): Promise<ClientSession> {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(url);
  return client.createSession();
}

const none = { polls: 0, served: 0, late: 0, wrong: 0, heartStood: 0, missed: 0, results: 0 };
const count = { ...none };
let firstWrong: string | null = null;
let answersMs: number[] = [];
let sequenceSeen = 0;
let heart = { value: -1, atMs: sharedMs() };

/** What is wrong with an answer; null where it is right. */
function problemOf(values: readonly unknown[], atMs: number): string | null {
  const [start, verdict, resultId, sequence, beat, end] = values as [number, number, string, number, number, number];
  if (beat !== heart.value) heart = { value: beat, atMs };
  if (atMs - heart.atMs > heartMaxMs) count.heartStood += 1;
  if (sequence < sequenceSeen) return `sequence ${sequence} after ${sequenceSeen}`;
  if (sequence > sequenceSeen && sequenceSeen > 0) {
    count.results += 1;
    count.missed += sequence - sequenceSeen - 1;
  }
  sequenceSeen = sequence;
  // A part is open, its result is not there: the block is cleared.
  if (start === nobody.start && end === nobody.end)
    return verdict === 0 && resultId === '' ? null : `verdict ${verdict} of "${resultId}" beside no result`;
  if (start !== end) return `ResSeqStart ${start} beside ResSeq ${end}`;
  if (end !== sequence || resultId !== `${lineId}-${sequence}`) return `result ${resultId} beside sequence ${sequence}`;
  return [1, 2, 3].includes(verdict) ? null : `verdict ${verdict} of a result`;
}

async function poll(session: ClientSession): Promise<void> {
  const askedMs = sharedMs();
  let problem: string | null;
  try {
    const values = await session.read(nodes);
    const bad = values.findIndex(({ statusCode }) => !statusCode.isGood());
    problem =
      bad >= 0
        ? `${names[bad]} is ${values[bad]!.statusCode.name}`
        : problemOf(
            values.map(({ value }) => value.value as unknown),
            sharedMs(),
          );
  } catch (error) {
    problem = (error as Error).message;
  }
  const tookMs = sharedMs() - askedMs;
  count.polls += 1;
  answersMs.push(tookMs);
  if (problem !== null) {
    count.wrong += 1;
    firstWrong ??= problem;
  } else if (tookMs > lateMs) count.late += 1;
  else count.served += 1;
}

function keepPolling(session: ClientSession): void {
  const dueMs = sharedMs() + pollMs;
  void poll(session).then(() => {
    systemClock.after(Math.max(0, dueMs - sharedMs()), () => keepPolling(session));
  });
}

/** A PLC that was switched off and on: how long until it reads again. */
async function anew(): Promise<PlcWord> {
  const startedMs = sharedMs();
  let problem: string | null = null;
  for (;;) {
    try {
      const session = await within('a new session', 10_000, connect());
      await session.read(nodes);
      await session.close();
      return { kind: 'anew', servedAfterMs: sharedMs() - startedMs, problem };
    } catch (error) {
      problem ??= (error as Error).message;
      if (sharedMs() - startedMs > anewMaxMs) return { kind: 'anew', servedAfterMs: Number.NaN, problem };
    }
    await new Promise<void>((over) => systemClock.after(200, over));
  }
}

heed(async ({ kind }: Word) => {
  if (kind === 'anew') return say(await anew());
  if (kind !== 'figures') process.exit(0);
  const figures: PlcWord = { kind: 'figures', ...count, firstWrong, answersMs };
  Object.assign(count, none);
  [firstWrong, answersMs] = [null, []];
  say(figures);
});
keepPolling(await connect());
say({ kind: 'polling' });
