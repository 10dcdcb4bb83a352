/**
 * The journal's thread: `node:sqlite` is synchronous and an fsync may take long, so neither runs beside what talks to
 * the plant. Questions that arrived together share one transaction and one fsync; openings and commits go first.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { invariant, messageOf, TwinspectError } from '../../../errors.ts';
import { systemClock } from '../../clock.ts';
import type {
  Answer,
  FirstWord,
  JournalCall,
  JournalCalls,
  News,
  Question,
  ThrownError,
  WorkerStart,
} from './messages.ts';
import { openRepaired } from './repair.ts';
import { Reserve } from './reserve.ts';
import type { JournalStore } from './store.ts';
import { isFull, sqliteError } from './tables.ts';

/** Questions taken at once: bounds the time until the first of them is answered. */
const batchMax = 64;
/** Transactions between checkpoints: the write-ahead log stays below some MB, a checkpoint stalls for some ms. */
const checkpointEvery = 200;

invariant(parentPort, 'the journal worker runs as a thread');
const port = parentPort;
const start = workerData as WorkerStart;
let transactions = 0;

function thrown(error: unknown): ThrownError {
  return error instanceof TwinspectError
    ? { code: error.code, values: error.values, message: error.message }
    : { code: null, values: {}, message: messageOf(error) };
}

/** What happened beside the questions. */
const reserve = new Reserve(start.path, start.limits.reserveBytes);
/** The highest number set aside: a journal that is begun anew while it runs goes on behind it. */
let reservedUpTo = 0;

function openStore(): JournalStore | null {
  try {
    const { store, recovered } = openRepaired(start);
    reserve.make();
    reservedUpTo = recovered.reservedUpTo;
    port.postMessage({ recovered } satisfies FirstWord);
    return store;
  } catch (error) {
    port.postMessage({ error: thrown(error) } satisfies FirstWord);
    return null;
  }
}

/** Pages went bad under the open journal: what waits for an answer is asked again by the commit guard. */
function replaceStore(damaged: JournalStore, problem: string): JournalStore {
  damaged.close();
  const { store, recovered } = openRepaired({ ...start, knownUpTo: reservedUpTo }, `is damaged (${problem})`);
  reservedUpTo = recovered.reservedUpTo;
  port.postMessage({ news: 'replaced', recovered } satisfies News);
  return store;
}

type Handlers = { [C in JournalCall]: (ask: JournalCalls[C]['ask']) => JournalCalls[C]['answer'] };

function handlersOf(store: JournalStore): Handlers {
  return {
    open({ part, sequence, reserveUpTo }) {
      if (reserveUpTo !== null) reserveTo(store, reserveUpTo);
      store.open(part, sequence);
      return null;
    },
    commit({ record, awaitsLink }) {
      store.commit(record, awaitsLink);
      return 0; // its transaction's time, known only after the transaction
    },
    attachMask({ lineId, mask }) {
      store.attachMask(lineId, mask);
      return null;
    },
    acknowledge({ lineId, sequence }) {
      store.acknowledge(lineId, sequence);
      return null;
    },
    acknowledgeMask({ sequence }) {
      store.acknowledgeMask(sequence);
      return null;
    },
    pending: ({ lineId, after, limit }) => store.pending(lineId, after, limit),
    pendingMask: ({ lineId, upTo }) => store.pendingMask(lineId, upTo),
    latest: ({ lineId, limit, before }) => store.latest(lineId, limit, before),
    bySequence: ({ lineId, sequence }) => store.bySequence(lineId, sequence),
    probe({ reserveUpTo }) {
      store.checkRoom();
      if (reserveUpTo !== null) reserveTo(store, reserveUpTo);
      return null;
    },
    figures: () => store.figures(),
    close({ reservedUpTo }) {
      store.reserve(reservedUpTo);
      store.signOff();
      return null;
    },
  };
}

function reserveTo(store: JournalStore, upTo: number): void {
  store.reserve(upTo);
  reservedUpTo = Math.max(reservedUpTo, upTo);
}

/** Which questions write, and whether the answer waits for the disk. */
const kinds: Record<JournalCall, 'durable' | 'write' | 'read'> = {
  open: 'durable',
  commit: 'durable',
  probe: 'durable',
  close: 'durable',
  attachMask: 'write',
  acknowledge: 'write',
  acknowledgeMask: 'write',
  pending: 'read',
  pendingMask: 'read',
  latest: 'read',
  bySequence: 'read',
  figures: 'read',
};

/** Answers what SQLite says of its file where that is damaged; null otherwise. */
function runWrites(store: JournalStore, handlers: Handlers, questions: Question[], durable: boolean): string | null {
  if (questions.length === 0) return null;
  let answers: Answer[] = [];
  const startedMs = systemClock.nowMs();
  const write = (): void => {
    answers = [];
    store.transaction(durable, () => {
      for (const question of questions) answers.push(answerOne(handlers, question));
    });
  };
  try {
    withReserve(write);
  } catch (error) {
    for (const { id } of questions) port.postMessage({ id, error: thrown(error) } satisfies Answer);
    return damageIn(error);
  }
  const tookMs = systemClock.nowMs() - startedMs;
  questions.forEach((question, index) => {
    const answer = answers[index] as Answer;
    port.postMessage(question.call === 'commit' && 'value' in answer ? { ...answer, value: tookMs } : answer);
  });
  transactions += 1;
  return null;
}

function damageIn(error: unknown): string | null {
  return error instanceof TwinspectError && error.code === 'journal/unreadable' ? messageOf(error.cause) : null;
}

/** On a full disk the reserve is given up, and what was asked is tried once more. */
function withReserve(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!isFull(error) || !reserve.release()) throw error;
    port.postMessage({ news: 'reserveUsed', bytes: start.limits.reserveBytes } satisfies News);
    write();
  }
}

/** A full journal refuses one question; whatever SQLite throws ends the whole transaction. */
function answerOne(handlers: Handlers, { id, call, ask }: Question): Answer {
  try {
    return { id, value: handlers[call](ask as never) };
  } catch (error) {
    if (error instanceof TwinspectError && error.code === 'journal/full') return { id, error: thrown(error) };
    throw error;
  }
}

/** Answers the store that goes on: this one, or the one that took its place. */
function handle(store: JournalStore, questions: Question[]): JournalStore {
  const handlers = handlersOf(store);
  const of = (kind: 'durable' | 'write'): Question[] => questions.filter(({ call }) => kinds[call] === kind);
  let problem = runWrites(store, handlers, of('durable'), true) ?? runWrites(store, handlers, of('write'), false);
  for (const question of questions) {
    if (kinds[question.call] !== 'read') continue;
    try {
      port.postMessage(answerOne(handlers, question));
    } catch (error) {
      const named = sqliteError(start.path, error);
      port.postMessage({ id: question.id, error: thrown(named) } satisfies Answer);
      problem ??= damageIn(named);
    }
  }
  if (problem !== null) return replaceStore(store, problem);
  if (transactions >= checkpointEvery) {
    transactions = 0;
    store.checkpoint();
    reserve.make();
  }
  if (questions.some(({ call }) => call === 'close')) {
    store.close();
    port.close();
  }
  return store;
}

const opened = openStore();
if (opened === null) port.close();
else {
  let store = opened;
  port.on('message', (first: Question) => {
    const questions = [first];
    while (questions.length < batchMax) {
      const next = receiveMessageOnPort(port);
      if (!next) break;
      questions.push(next.message as Question);
    }
    store = handle(store, questions);
  });
}
