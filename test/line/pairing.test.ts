import { expect, test } from 'vitest';
import { leastEarlyFrames } from '../../daemon/line/early.ts';
import { Pairing } from '../../daemon/line/pairing.ts';
import type { LineSettings } from '../../daemon/line/settings.ts';
import { FrameMaker, type FrameWish, HandClock, settings, twoCameras } from './rig.ts';

function rig(chosen: LineSettings) {
  const clock = new HandClock();
  const frames = new FrameMaker(clock);
  const pairing = new Pairing(chosen);
  let ordinal = 0;
  const now = (): number => clock.nowMs();
  const send = (wish: FrameWish) => pairing.frame(frames.make(wish), now());
  const open = () => pairing.open(++ordinal, now());
  /** The edge of the camera that opens parts, and what it opens. */
  const edge = (count: number, cameraId = chosen.triggerFrom!) => {
    const step = pairing.openingEdge(cameraId, count, now());
    return [...step.findings, ...Array.from({ length: step.open }, open).flat()];
  };
  const rgb = (trigger: number | null, more: Partial<FrameWish> = {}) =>
    send({ modality: 'rgb', cameraId: 'colour', trigger, ...more });
  const depth = (trigger: number | null, more: Partial<FrameWish> = {}) =>
    send({ modality: 'depth', cameraId: 'range', trigger, ...more });
  const books = () => {
    const { framesReceived, framesUsed, framesDropped } = pairing.counters;
    const dropped = Object.values(framesDropped).reduce((a, b) => a + b, 0);
    expect(framesReceived).toBe(framesUsed + dropped + pairing.held);
    expect(frames.released).toBe(dropped);
    return framesDropped;
  };
  return { clock, frames, pairing, send, open, edge, rgb, depth, books, now };
}
const one = (wish: FrameWish): FrameWish => ({ cameraId: 'cam', ...wish });
const paired = (ordinal: number) => ({ kind: 'paired', ordinal });
const unmatched = (ordinal: number) => expect.objectContaining({ kind: 'fault', ordinal, reason: 'unmatched' });

test('frames of one camera meet by its counter, in any order and over each other', () => {
  const r = rig(settings);
  r.edge(10);
  r.edge(11);
  expect(r.send(one({ modality: 'rgb', trigger: 10 }))).toEqual([{ kind: 'frame', ordinal: 1 }]);
  r.send(one({ modality: 'rgb', trigger: 11 }));
  expect(r.send(one({ modality: 'depth', trigger: 10 }))).toEqual([paired(1)]);
  expect(r.send(one({ modality: 'depth', trigger: 11 }))).toEqual([paired(2)]);
  const pair = r.pairing.take(1);
  expect([pair.rgb.trigger, pair.depth.trigger]).toEqual([10, 10]);
  r.books();
});

test('a frame delivered twice does no harm; another one for the same trigger does', () => {
  const r = rig(settings);
  r.edge(1);
  r.send(one({ modality: 'rgb', trigger: 1, frameId: 5, fill: 1 }));
  expect(r.send(one({ modality: 'rgb', trigger: 1, frameId: 5, fill: 1 }))).toEqual([]);
  expect(r.send(one({ modality: 'depth', trigger: 1, frameId: 5 }))).toEqual([paired(1)]);
  expect(r.send(one({ modality: 'depth', trigger: 1, frameId: 6 }))).toEqual([unmatched(1)]);
  expect(r.books()).toMatchObject({ duplicate: 1, unmatched: 1 });
});

test('late, not needed, without a trigger, of another camera: each counted as what it is', () => {
  const r = rig(settings);
  r.edge(1);
  r.pairing.close(1, true);
  r.edge(2);
  r.send(one({ modality: 'rgb', trigger: 2 }));
  r.pairing.close(2, false);
  for (const trigger of [1, 2, 3]) r.send(one({ modality: 'depth', trigger }));
  r.send(one({ modality: 'depth', trigger: 2, cameraId: 'stranger' }));
  expect(r.books()).toMatchObject({ late: 1, partClosed: 2, unmatched: 1, wrongCamera: 1 });
});

test('a frame is stale by its number and by any of its bytes', () => {
  const r = rig(settings);
  for (const [count, wish, reason] of [
    [1, { frameId: 1, fill: 1 }, undefined],
    [2, { frameId: 1, fill: 2 }, 'stale'],
    [3, { frameId: 2, fill: 2 }, 'stale'],
    [4, { frameId: 3, fill: 3 }, undefined],
  ] as const) {
    r.edge(count);
    const [finding] = r.send(one({ modality: 'depth', trigger: count, ...wish }));
    expect(finding).toMatchObject(reason ? { reason } : { kind: 'frame' });
    r.pairing.close(count, false);
  }
});

test('nothing before and after a restart is paired', () => {
  const r = rig(settings);
  r.edge(7);
  r.send(one({ modality: 'rgb', trigger: 7, frameId: 7 }));
  r.clock.jump(100);
  expect(r.edge(1)).toEqual([unmatched(1)]);
  r.pairing.close(1, false);
  // a straggler from before, under a number of today
  r.send(one({ modality: 'depth', trigger: 1, frameId: 8, capturedAtMs: r.now() - 60 }));
  r.send(one({ modality: 'depth', trigger: 7, frameId: 9 }));
  r.send(one({ modality: 'rgb', trigger: 1, frameId: 1 }));
  expect(r.send(one({ modality: 'depth', trigger: 1, frameId: 10 }))).toEqual([paired(2)]);
  expect(r.pairing.counters.epochs).toBe(1);
  expect(r.books()).toMatchObject({ reset: 1, unmatched: 1, partClosed: 1 });
});

test('the same count again: at once it is an edge told twice, later a restart', () => {
  const r = rig(settings);
  r.edge(1);
  expect(r.pairing.openingEdge('cam', 1, r.now()).open).toBe(0);
  r.clock.jump(100);
  expect(r.pairing.openingEdge('cam', 1, r.now())).toEqual({ open: 1, findings: [unmatched(1)] });
});

test('a jump of the counter beyond belief is a restart, a small gap is missed triggers', () => {
  const r = rig(settings);
  r.edge(1);
  expect(r.pairing.openingEdge('cam', 4, r.now()).open).toBe(3);
  for (let missed = 0; missed < 3; missed++) r.open();
  expect(r.pairing.openingEdge('cam', 1000, r.now())).toMatchObject({ open: 1, findings: { length: 4 } });
  expect(r.pairing.counters).toMatchObject({ missedEdges: 2, epochs: 1 });
});

test('a second counter that slips by one is found out at its next edge', () => {
  const r = rig(twoCameras);
  for (const [range, colour] of [
    [1, 51],
    [2, 52],
    [3, 52], // the colour camera lost an edge and did not count it
  ] as const) {
    r.clock.jump(100);
    r.edge(range);
    const again = colour === 52 && range === 3;
    const findings = r.pairing.confirmingEdge('colour', colour, r.now());
    expect(findings).toEqual(again ? [1, 2, 3].map(unmatched) : []);
  }
  r.clock.jump(100);
  r.edge(4);
  expect(r.pairing.confirmingEdge('colour', 53, r.now())).toEqual([]);
  r.rgb(53);
  expect(r.depth(4)).toEqual([paired(4)]);
});

test('an edge that two parts could own aligns nothing', () => {
  const r = rig(twoCameras);
  r.edge(1);
  r.pairing.confirmingEdge('colour', 9, r.now());
  r.clock.jump(5);
  expect(r.edge(2)).toEqual([unmatched(1), unmatched(2)]);
  expect(r.pairing.counters.slippedEdges).toBe(1);
  r.rgb(9);
  expect(r.depth(1)).not.toContainEqual(paired(1));
});

test('exposures that disagree are no pair, and three in a row mean a slip', () => {
  const r = rig(twoCameras);
  for (let count = 1; count <= 3; count++) {
    r.clock.jump(100);
    r.edge(count);
    r.pairing.confirmingEdge('colour', count, r.now());
    r.rgb(count, { capturedAtMs: r.now() - 6 });
    expect(r.depth(count)).toContainEqual(unmatched(count));
    r.pairing.close(count, false);
  }
  expect(r.pairing.counters.epochs).toBe(1);
  r.books();
});

test('a frame ahead of its trigger waits for it, not for ever, and few do', () => {
  const r = rig(twoCameras);
  r.pairing.confirmingEdge('colour', 1, r.now());
  r.rgb(1);
  r.clock.jump(5);
  r.edge(1);
  expect(r.depth(1)).toEqual([paired(1)]);
  r.pairing.confirmingEdge('colour', 2, r.now());
  for (let frame = 0; frame < leastEarlyFrames + 2; frame++) r.rgb(2);
  expect(r.pairing.held).toBe(2 + leastEarlyFrames);
  r.clock.jump(1000);
  r.depth(1);
  expect(r.books()).toMatchObject({ overflow: 2, unmatched: 1 + leastEarlyFrames });
});

test('without a counter: by order and window of exposure; what fits two parts fits none', () => {
  const r = rig({ ...twoCameras, triggerFrom: null });
  r.open();
  r.rgb(null);
  r.clock.jump(20);
  r.open();
  // in the window of both parts, but the first has its RGB frame: order tells
  expect(r.rgb(null)).toEqual([{ kind: 'frame', ordinal: 2 }]);
  expect(r.depth(null)).toEqual([unmatched(1), unmatched(2)]);
  r.clock.jump(100);
  r.open();
  r.rgb(null, { capturedAtMs: r.now() + 41 });
  expect(r.depth(null)).toEqual([{ kind: 'frame', ordinal: 3 }]);
  expect(r.rgb(null)).toEqual([paired(3)]);
  r.books();
});

test('data a camera says it could not deliver closes the part it belonged to', () => {
  const r = rig(settings);
  r.edge(1);
  expect(r.pairing.dropped('cam', 'rgb', 1, 'lost packets')).toMatchObject([{ ordinal: 1, reason: 'incomplete' }]);
  expect(r.pairing.dropped('cam', 'rgb', null, 'lost packets')).toEqual([]);
  expect(r.pairing.dropped('cam', 'rgb', 99, 'lost packets')).toEqual([]);
});

test('a frame of another length than its own size says is refused', () => {
  const r = rig(settings);
  r.edge(1);
  expect(r.send(one({ modality: 'rgb', trigger: 1, values: 5 }))).toMatchObject([{ reason: 'size' }]);
});
