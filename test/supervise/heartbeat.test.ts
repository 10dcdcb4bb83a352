/** The heartbeat's proof on a clock turned by hand: real parts, golden parts in between, and what takes it away. */
import { expect, test } from 'vitest';
import { Heartbeat, proofLastsMs } from '../../daemon/supervise/heartbeat.ts';
import { Rhythm } from '../../daemon/supervise/rhythm.ts';
import { HandClock } from '../line/rig.ts';
import { readableLog } from '../publish/fixtures.ts';

function rig() {
  const clock = new HandClock();
  const state = { notReady: null as string | null, idle: true, camera: null as string | null, checks: [] as number[] };
  let infer: (signal: AbortSignal) => Promise<void> = async () => undefined;
  const shown: (string | null)[] = [];
  const stopping = new AbortController();
  const log = { ...readableLog(), child: () => log, setLevel: () => undefined };
  const heartbeat = new Heartbeat({
    clock,
    log,
    signal: stopping.signal,
    camera: { id: 'cam', probe: async () => state.camera },
    notReady: () => state.notReady,
    checkInference: (signal) => infer(signal),
    async whileIdle(check, limitMs) {
      if (!state.idle) return false;
      state.checks.push(clock.nowMs());
      const bound = new AbortController();
      const late = new Promise<never>((_, reject) => {
        clock.after(limitMs, () => reject(new Error('hung')), bound.signal);
      });
      await Promise.race([check(bound.signal), late]).finally(() => bound.abort());
      return true;
    },
    show: (problem) => void shown.push(problem),
  });
  const judged = { inferMs: 5, reason: 'good' as const, detail: null };
  const inferBy = (how: typeof infer): void => {
    infer = how;
  };
  return { clock, state, shown, heartbeat, judged, stopping, inferBy };
}

test('idle: a golden part and the camera are asked again and again, and the heartbeat steps', async () => {
  const r = rig();
  await r.clock.advance(20_000);
  expect(r.shown).toEqual([null]);
  expect(r.state.checks.length).toBeGreaterThan(5);
  r.stopping.abort();
  const { length } = r.state.checks;
  await r.clock.advance(20_000);
  expect(r.state.checks).toHaveLength(length);
});

test.each<[string, (r: ReturnType<typeof rig>) => void, RegExp]>([
  ['the inference hangs', (r) => r.inferBy(() => new Promise(() => undefined)), /hung/],
  ['the golden part scores otherwise', (r) => r.inferBy(() => Promise.reject(new Error('drift'))), /drift/],
  ['the camera does not answer', (r) => void Object.assign(r.state, { camera: 'no answer' }), /camera cam: no answer/],
  ['the line is not ready', (r) => void Object.assign(r.state, { notReady: 'no bundle is in service' }), /no bundle/],
])('%s: it stands, says why, and steps again by itself', async (_, harm, why) => {
  const r = rig();
  await r.clock.advance(1000);
  harm(r);
  await r.clock.advance(proofLastsMs);
  expect(r.shown.at(-1)).toMatch(why);
  r.inferBy(async () => undefined);
  Object.assign(r.state, { camera: null, notReady: null });
  await r.clock.advance(5000);
  expect(r.shown.at(-1)).toBeNull();
});

test('parts that are judged prove it, and no check is made among them', async () => {
  const r = rig();
  await r.clock.advance(100);
  const { length } = r.state.checks;
  for (let part = 0; part < 20; part++) {
    r.heartbeat.opened();
    await r.clock.advance(1000);
    r.heartbeat.judged(r.judged);
  }
  expect(r.state.checks).toHaveLength(length);
  expect(r.shown).toEqual([null]);
});

test('a part that was late takes the proof away at once', async () => {
  const r = rig();
  await r.clock.advance(100);
  r.heartbeat.judged({ inferMs: null, reason: 'timeout', detail: 'still inferring' });
  expect(r.shown).toEqual([null, 'a part was timeout: still inferring']);
  await r.clock.advance(600);
  expect(r.shown.at(-1)).toBeNull();
});

test('no check where a part is about to come; a slow line is checked in between', async () => {
  const r = rig();
  await r.clock.advance(100);
  const opened: number[] = [];
  for (let part = 0; part < 10; part++) {
    opened.push(r.clock.nowMs());
    r.heartbeat.opened();
    await r.clock.advance(50);
    r.heartbeat.judged(r.judged);
    await r.clock.advance(7950);
  }
  // The pace is known from the second part on.
  const due = r.state.checks.filter(
    (atMs) => atMs > opened[1]! && opened.some((next) => next > atMs && next - atMs < 1500),
  );
  expect(due).toEqual([]);
  expect(r.state.checks.length).toBeGreaterThan(8);
  expect(r.shown).toEqual([null]);
});

test('a line that is never idle and never judges loses its proof', async () => {
  const r = rig();
  await r.clock.advance(100);
  r.state.idle = false;
  await r.clock.advance(proofLastsMs + 1000);
  expect(r.shown.at(-1)).toBe('nothing proven lately');
});

test('the rhythm of a line: its shortest gap lately; an overdue part is not waited for', () => {
  const rhythm = new Rhythm();
  expect(rhythm.isDue(0, 100)).toBe(false);
  for (const atMs of [0, 1000, 5000, 6000]) rhythm.opened(atMs);
  expect(rhythm.isDue(6100, 100)).toBe(false);
  expect(rhythm.isDue(6700, 100)).toBe(true);
  expect(rhythm.isDue(7200, 100)).toBe(true);
  expect(rhythm.isDue(7300, 100)).toBe(false);
});
