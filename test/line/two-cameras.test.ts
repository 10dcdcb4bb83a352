/** Two cameras that tell of each trigger with its frame, each in its own time: what lines of real cameras meet. */
import { describe, expect, test } from 'vitest';
import { Line } from '../../daemon/line/line.ts';
import type { LineSettings } from '../../daemon/line/settings.ts';
import { FrameMaker, fillsOf, HandClock, ListSink, readingOf, ScriptedPort, twoCameras } from './rig.ts';

const periodMs = 50;
/** Depth comes this long after its exposure, colour sooner: structured light takes its time. */
const transferMs = { colour: 8, range: 90 } as const;
type Id = keyof typeof transferMs;

function rig(changes: Partial<LineSettings> = {}) {
  const settings: LineSettings = {
    ...twoCameras,
    triggerFrom: 'colour',
    maxPartsInFlight: 16,
    frameWaitMs: 250,
    ...changes,
  };
  const clock = new HandClock();
  const frames = new FrameMaker(clock);
  const port = new ScriptedPort();
  const judged: { rgb: number; depth: number }[] = [];
  port.answer = async (pair) => {
    judged.push(fillsOf(pair));
    return readingOf();
  };
  const sink = new ListSink();
  const line = new Line({ settings, clock, port, sink });
  const counts: Record<Id, number> = { colour: 0, range: 0 };
  const skewMs = settings.skewExpectedUs / 1000;

  /** The camera hears the edge of this part now, and tells of it with its frame, after its transfer. */
  const expose = (
    id: Id,
    part: number,
    { lost = false, laterMs = 0, deaf = false, count = true, edge = true } = {},
  ): void => {
    if (deaf) return;
    const trigger = ++counts[id];
    const capturedAtMs = clock.nowMs() + (id === 'range' ? skewMs : 0);
    clock.after(transferMs[id] + laterMs, () => {
      if (lost) return;
      const to = line.sinkFor(id);
      if (count && edge) to.triggered(trigger, null, capturedAtMs);
      const modality = id === 'colour' ? ('rgb' as const) : ('depth' as const);
      to.frame(
        frames.make({
          modality,
          cameraId: id,
          trigger: count ? trigger : null,
          frameId: trigger,
          capturedAtMs,
          fill: part,
        }),
      );
    });
  };
  type Fate = Parameters<typeof expose>[2];
  /** Parts one period apart; what happens to each of their frames. */
  const run = async (parts: number, fate: (part: number) => { colour?: Fate; range?: Fate } = () => ({})) => {
    for (let part = 1; part <= parts; part++) {
      const { colour, range } = fate(part);
      expose('colour', part, colour);
      expose('range', part, range);
      await clock.advance(periodMs);
    }
    await clock.advance(3000);
  };
  /** No pair is of two parts, whatever happened. */
  const books = (): string[] => {
    for (const { rgb, depth } of judged) expect(rgb).toBe(depth);
    expect(frames.released).toBe(frames.made);
    return sink.records.map(({ decision, reason }) => `${decision} ${reason}`.replace(/ ok$| none$/, ''));
  };
  return { clock, line, sink, judged, counts, run, books, expose };
}

const passes = (records: readonly string[]): number => records.filter((each) => each.startsWith('pass')).length;

test('frames that come in their own time meet by count', async () => {
  const r = rig();
  await r.run(20);
  expect(r.judged.map(({ rgb }) => rgb)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  expect(passes(r.books())).toBe(20);
});

test('a constant offset between the exposures is expected, not a slip', async () => {
  const r = rig({ skewExpectedUs: 30_000 });
  await r.run(20);
  expect(passes(r.books())).toBe(20);
  expect(r.line.counters().slippedEdges).toBe(0);
  // Without being expected, no pair is believed.
  const wrong = rig();
  await wrong.run(6, () => ({ range: { laterMs: 0 } }));
  expect(passes(wrong.books())).toBe(6);
});

test('depth later by up to two periods, colour later than depth', async () => {
  const late = rig();
  await late.run(20, () => ({ range: { laterMs: 10 } }));
  expect(passes(late.books())).toBe(20);
  const ahead = rig();
  await ahead.run(20, () => ({ colour: { laterMs: 100 } }));
  expect(passes(ahead.books())).toBe(20);
});

test('the camera that opens parts waits for packets: the other runs four parts ahead', async () => {
  const r = rig();
  // From part 8 on nothing of colour comes before the 200 ms are over in which its packets are sent again.
  const heldMs = (part: number): number => (part >= 8 && part <= 12 ? 200 - periodMs * (part - 8) : 0);
  await r.run(20, (part) => ({ colour: { laterMs: heldMs(part) } }));
  expect(passes(r.books())).toBe(20);
  expect(r.line.counters()).toMatchObject({ slippedEdges: 0, epochs: 0 });
});

test('a frame that is overtaken by the next one is stale by its number, and costs its part alone', async () => {
  const r = rig();
  await r.run(20, (part) => ({ range: { laterMs: part === 7 ? 60 : 0, edge: part !== 7 } }));
  const records = r.books();
  expect(records[6]).toBe('undecided stale');
  expect(passes(records)).toBe(19);
});

describe('lost frames: the part is undecided, its neighbours are judged', () => {
  test.each([
    ['depth', { range: { lost: true } }, 'undecided unpaired'],
    ['colour, which opens the parts', { colour: { lost: true } }, 'undecided unpaired'],
    ['both', { colour: { lost: true }, range: { lost: true } }, 'undecided noFrames'],
  ])('%s', async (_, fate, reason) => {
    const r = rig();
    await r.run(12, (part) => (part === 6 ? fate : {}));
    const records = r.books();
    expect(records).toHaveLength(12);
    expect(records[5]).toBe(reason);
    expect(passes(records)).toBe(11);
    expect(r.line.counters().slippedEdges).toBe(0);
  });

  test('many, of either camera, at random', async () => {
    const r = rig();
    const lost = (part: number, salt: number): boolean => (part * 7919 + salt * 104_729) % 11 === 0;
    await r.run(200, (part) => ({ colour: { lost: lost(part, 1) }, range: { lost: lost(part, 2) } }));
    const hit = Array.from({ length: 200 }, (_, at) => at + 1).filter((part) => lost(part, 1) || lost(part, 2));
    const records = r.books();
    // The last one is known of only if a later one is counted.
    expect(records.length).toBeGreaterThanOrEqual(199);
    expect(r.judged.map(({ rgb }) => rgb)).toEqual(
      Array.from({ length: 200 }, (_, at) => at + 1).filter((part) => !hit.includes(part)),
    );
  });
});

describe('slips: noticed, told, armed again', () => {
  test.each(['colour', 'range'] as const)('%s does not hear one trigger', async (id) => {
    const r = rig();
    await r.run(20, (part) => (part === 8 ? { [id]: { deaf: true } } : {}));
    r.books();
    expect(r.line.counters().slippedEdges + r.line.counters().epochs).toBeGreaterThan(0);
    // Judged again well before the end, and never by the neighbour's depth.
    const judged = r.judged.map(({ rgb }) => rgb);
    expect(judged).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 14, 15, 16, 17, 18, 19, 20]));
    expect(judged).not.toContain(8);
  });

  test('a bounce: one camera counts an edge that was none', async () => {
    const r = rig();
    await r.run(8);
    r.expose('range', 999);
    await r.clock.advance(periodMs / 2);
    await r.run(12);
    r.books();
    expect(r.judged.some(({ depth }) => depth === 999)).toBe(false);
    expect(r.judged.length).toBeGreaterThan(14);
  });

  test('three pairs whose exposures disagree are a slip even where the counts agree', async () => {
    const r = rig({ skewExpectedUs: 0, skewMaxUs: 1000 });
    for (let part = 1; part <= 12; part++) {
      r.expose('colour', part);
      // Its clock was set: it says it exposed 10 ms later than it did, for a while.
      if (part > 4 && part <= 8) {
        await r.clock.advance(10);
        r.expose('range', part);
        await r.clock.advance(periodMs - 10);
      } else {
        r.expose('range', part);
        await r.clock.advance(periodMs);
      }
    }
    await r.clock.advance(3000);
    const records = r.books();
    expect(records.slice(4, 8).every((each) => each === 'undecided unmatched')).toBe(true);
    expect(r.judged.map(({ rgb }) => rgb)).toEqual(expect.arrayContaining([1, 2, 3, 4, 11, 12]));
    expect(r.line.counters().epochs).toBeGreaterThan(0);
  });
});

test('a camera that is lost and comes back with numbers of its own: nothing is paired across', async () => {
  const r = rig();
  await r.run(6);
  r.expose('colour', 7);
  r.expose('range', 7);
  await r.clock.advance(transferMs.colour + 2);
  // Part 7 has its colour; its depth is on the way when the camera goes.
  r.line.sinkFor('range').lost('it does not answer');
  await r.clock.advance(200);
  r.expose('colour', 8);
  await r.clock.advance(200);
  expect(r.sink.records.slice(6).map(({ reason }) => reason)).toEqual(['cameraLost', 'cameraLost']);
  r.counts.range = 0;
  r.line.sinkFor('range').recovered();
  await r.clock.advance(200);
  await r.run(6);
  r.books();
  expect(r.judged.slice(-6).map(({ rgb }) => rgb)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('a burst after a stall: what came too late is late, and the line goes on', async () => {
  const r = rig({ maxPartsInFlight: 4 });
  // Depth hangs in the network for a second and comes all at once.
  await r.run(20, (part) => ({ range: { laterMs: Math.max(0, (20 - part) * periodMs) } }));
  await r.run(6);
  const records = r.books();
  expect(records).toHaveLength(26);
  expect(r.judged.slice(-6).map(({ rgb }) => rgb)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(r.line.load.frames).toBe(0);
});

test('without numbers, by the instant of exposure alone', async () => {
  const r = rig({ captureEarlyMs: 20, captureLateMs: 20 });
  await r.run(20, () => ({ range: { count: false } }));
  expect(passes(r.books())).toBe(20);
  const lossy = rig({ captureEarlyMs: 20, captureLateMs: 20 });
  await lossy.run(20, (part) => ({
    colour: { lost: part === 5 },
    range: { count: false, lost: part === 9 },
  }));
  lossy.books();
  const judged = lossy.judged.map(({ rgb }) => rgb);
  expect(judged).not.toContain(5);
  expect(judged).not.toContain(9);
  expect(judged.length).toBeGreaterThanOrEqual(16);
});
