import { expect, test } from 'vitest';
import { keepAlive, type Watched } from '../../daemon/systemd/liveness.ts';
import { HandClock } from '../line/rig.ts';

const watchdogMs = 10_000;

function world(watched: readonly Watched[], limitMs: number | null = watchdogMs) {
  const clock = new HandClock();
  const fedAtMs: number[] = [];
  const errors: string[] = [];
  const stopping = new AbortController();
  keepAlive({
    notifier: { watchdogMs: limitMs, alive: () => void fedAtMs.push(clock.nowMs()) },
    clock,
    log: { error: (_values, text) => void errors.push(text) },
    watched,
    signal: stopping.signal,
  });
  return { clock, fedAtMs, errors, stopping };
}

/** The longest time without a proof of life, up to now. */
function longestGapMs(fedAtMs: readonly number[], nowMs: number): number {
  return Math.max(...[...fedAtMs, nowMs].map((at, i) => (i === 0 ? 0 : at - fedAtMs[i - 1]!)));
}

test('fed four times in a period, until the stop', async () => {
  const { clock, fedAtMs, stopping } = world([]);
  await clock.advance(10 * watchdogMs);
  expect(fedAtMs).toHaveLength(41);
  stopping.abort();
  await clock.advance(watchdogMs);
  expect(fedAtMs).toHaveLength(41);
});

test('nothing is fed where nobody asks for it', async () => {
  const { clock, fedAtMs } = world([], null);
  await clock.advance(watchdogMs);
  expect(fedAtMs).toEqual([]);
});

test('what hangs is declared once, and for ten periods the service is not restarted', async () => {
  const declared: string[] = [];
  let asked = 0;
  const never = (): Promise<void> => {
    asked++;
    return new Promise(() => {});
  };
  const stuck = { name: 'the journal', answers: never, declare: (problem: string) => void declared.push(problem) };
  const { clock, fedAtMs, errors } = world([stuck]);
  await clock.advance(10 * watchdogMs);
  expect(longestGapMs(fedAtMs, clock.nowMs())).toBeLessThan(watchdogMs);
  expect(declared).toEqual(['the journal did not answer within 2500 ms']);
  expect(errors).toEqual(declared);
  expect(asked).toBe(1);
});

test('an answer in time, also a bad one, declares nothing and is asked for again', async () => {
  const declared: string[] = [];
  let asked = 0;
  const answers = async (): Promise<void> => {
    if (asked++ === 1) throw new Error('disk full');
  };
  const { clock, errors } = world([{ name: 'the journal', answers, declare: (why) => void declared.push(why) }]);
  await clock.advance(watchdogMs);
  expect(declared).toEqual([]);
  expect(errors).toEqual(['the journal: disk full']);
  expect(asked).toBe(5);
});
