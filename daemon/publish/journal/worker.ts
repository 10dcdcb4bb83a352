/**
 * The journal's thread: `node:sqlite` is synchronous and an fsync may take long, so neither runs beside what talks to
 * the plant. Questions that arrived together share one transaction and one fsync; openings and commits go first.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { invariant, messageOf, TwinspectError } from '../../../errors.ts';
import { systemClock } from '../../clock.ts';
import type { Answer, FirstWord, JournalCall, JournalCalls, Question, ThrownError, WorkerStart } from './messages.ts';
import { JournalStore } from './store.ts';

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

function openStore(): JournalStore | null {
  try {
    const store = new JournalStore(start.path, start.limits);
    const word: FirstWord = { recovered: store.recover(start.closedAtMs) };
    port.postMessage(word);
    return store;
  } catch (error) {
    port.postMessage({ error: thrown(error) } satisfies FirstWord);
    return null;
  }
}

type Handlers = { [C in JournalCall]: (ask: JournalCalls[C]['ask']) => JournalCalls[C]['answer'] };

function handlersOf(store: JournalStore): Handlers {
  return {
    open({ part, sequence, reserveUpTo }) {
      if (reserveUpTo !== null) store.reserve(reserveUpTo);
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
      if (reserveUpTo !== null) store.reserve(reserveUpTo);
      return null;
    },
    figures: () => store.figures(),
    close({ reservedUpTo }) {
      store.reserve(reservedUpTo);
      return null;
    },
  };
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

function runWrites(store: JournalStore, handlers: Handlers, questions: Question[], durable: boolean): void {
  if (questions.length === 0) return;
  const answers: Answer[] = [];
  const startedMs = systemClock.nowMs();
  try {
    store.transaction(durable, () => {
      for (const question of questions) answers.push(answerOne(handlers, question));
    });
  } catch (error) {
    for (const { id } of questions) port.postMessage({ id, error: thrown(error) } satisfies Answer);
    return;
  }
  const tookMs = systemClock.nowMs() - startedMs;
  questions.forEach((question, index) => {
    const answer = answers[index] as Answer;
    port.postMessage(question.call === 'commit' && 'value' in answer ? { ...answer, value: tookMs } : answer);
  });
  transactions += 1;
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

function handle(store: JournalStore, handlers: Handlers, questions: Question[]): void {
  const of = (kind: 'durable' | 'write'): Question[] => questions.filter(({ call }) => kinds[call] === kind);
  runWrites(store, handlers, of('durable'), true);
  runWrites(store, handlers, of('write'), false);
  for (const question of questions) {
    if (kinds[question.call] !== 'read') continue;
    try {
      port.postMessage(answerOne(handlers, question));
    } catch (error) {
      port.postMessage({ id: question.id, error: thrown(error) } satisfies Answer);
    }
  }
  if (transactions >= checkpointEvery) {
    transactions = 0;
    store.checkpoint();
  }
  if (questions.some(({ call }) => call === 'close')) {
    store.close();
    port.close();
  }
}

const opened = openStore();
if (opened === null) port.close();
else {
  const handlers = handlersOf(opened);
  port.on('message', (first: Question) => {
    const questions = [first];
    while (questions.length < batchMax) {
      const next = receiveMessageOnPort(port);
      if (!next) break;
      questions.push(next.message as Question);
    }
    handle(opened, handlers, questions);
  });
}
