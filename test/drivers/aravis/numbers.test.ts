import { describe, expect, test } from 'vitest';
import { ClockMap } from '../../../drivers/aravis/clock-map.ts';
import { FrameIds, TriggerCounts } from '../../../drivers/aravis/numbering.ts';

describe('frame numbers', () => {
  const run = (...raw: number[]) => {
    const ids = new FrameIds();
    return raw.map((each) => ids.next(BigInt(each)));
  };
  const numbers = (...raw: number[]) => run(...raw).map(({ frameId }) => frameId);

  test('rise over the wrap of 16 bits, where 0 is skipped', () => {
    expect(numbers(65_534, 65_535, 1, 2)).toEqual([65_534, 65_535, 65_536, 65_537]);
    // Lost on both sides of it, and again a round later.
    expect(numbers(65_500, 10, 40_000, 65_535, 1)).toEqual([65_500, 65_545, 105_535, 131_070, 131_071]);
    // One from before the wrap, overtaken.
    expect(numbers(65_534, 1, 65_535, 2)).toEqual([65_534, 65_536, 65_535, 65_537]);
  });

  test('of 64 bits do not wrap', () => {
    expect(run(65_535, 65_536, 65_537).map(({ restarted }) => restarted)).toEqual([false, false, false]);
    expect(numbers(65_535, 65_536, 65_537)).toEqual([65_535, 65_536, 65_537]);
    expect(run(5_000_000_000, 1)).toEqual([
      { frameId: 5_000_000_000, restarted: false },
      { frameId: 1, restarted: true },
    ]);
  });

  test('that overtake one another, and that come twice, begin nothing anew', () => {
    expect(run(10, 12, 11, 12, 13).map(({ restarted }) => restarted)).toEqual(new Array(5).fill(false));
    expect(run(1000, 1).at(-1)).toEqual({ frameId: 1, restarted: true });
  });
});

describe('trigger counts', () => {
  test('each edge once, in any order of frames', () => {
    const counts = new TriggerCounts();
    const edges = [1, 2, 4, 3, 4, 5].map((count, at) => counts.next(count, at + 1).edge);
    expect(edges).toEqual([true, true, true, false, false, true]);
  });

  test('a frame that says nothing has at least the count its number tells', () => {
    const counts = new TriggerCounts();
    expect(counts.next(null, 1)).toEqual({ trigger: null, edge: false });
    counts.next(10, 5);
    expect(counts.next(null, 7)).toEqual({ trigger: 12, edge: true });
    // The camera was deaf to none in between, or to some: the next one says so.
    expect(counts.next(15, 8)).toEqual({ trigger: 15, edge: true });
    expect(counts.next(null, 9)).toEqual({ trigger: 16, edge: true });
  });

  test('a counter that stands higher than any frame told of', () => {
    const counts = new TriggerCounts();
    expect(counts.passed(3)).toBe(false);
    counts.next(3, 3);
    expect(counts.passed(3)).toBe(false);
    expect(counts.passed(5)).toBe(true);
    expect(counts.passed(5)).toBe(false);
    // Frame 6 of trigger 6, whatever became of 4 and 5.
    expect(counts.next(null, 6)).toEqual({ trigger: 6, edge: true });
    // Its frames come after all: their parts were opened already.
    expect(counts.next(4, 4).edge).toBe(false);
  });

  test('a counter that was set back tells its edges again', () => {
    const counts = new TriggerCounts();
    for (let count = 1; count <= 20; count++) counts.next(count, count);
    expect(counts.next(1, 21)).toEqual({ trigger: 1, edge: true });
    expect(counts.next(2, 22)).toEqual({ trigger: 2, edge: true });
  });
});

describe('the device clock on the host clock', () => {
  const second = 1e6;

  test('a latched instant is good to half its round trip, and the best of the last seconds holds', () => {
    const map = new ClockMap();
    expect(map.toHostUs(5)).toBeNull();
    map.latched(1000, 5000, 5400);
    expect(map.toHostUs(1000)).toBe(5200);
    map.latched(1000 + second, 5000 + second, 5020 + second);
    expect(map.toHostUs(2000)).toBe(2000 + 4010);
    // A slow round trip says less.
    map.latched(1000 + 2 * second, 4000 + 2 * second, 9000 + 2 * second);
    expect(map.toHostUs(2000)).toBe(2000 + 4010);
  });

  test('quartz that drifts by 50 us a second is followed for eight hours', () => {
    const map = new ClockMap();
    let worstUs = 0;
    for (let at = 0; at < 8 * 3600; at++) {
      const hostUs = at * second;
      const deviceUs = 7e9 + hostUs * (1 + 50e-6);
      expect(map.latched(deviceUs, hostUs - 150, hostUs + 150 + (at % 7) * 40)).toBe(false);
      worstUs = Math.max(worstUs, Math.abs(map.toHostUs(deviceUs)! - hostUs));
    }
    expect(worstUs).toBeLessThan(1000);
    expect(map.jumps).toBe(0);
  });

  test.each([37, -37, 3600, 0.01, -0.01])('a clock that was set by %d s is noticed at the next sample', (bySeconds) => {
    const map = new ClockMap();
    for (let at = 0; at < 5; at++) map.latched(at * second, at * second, at * second + 200);
    expect(map.latched((5 + bySeconds) * second, 5 * second, 5 * second + 200)).toBe(true);
    expect(map.toHostUs((6 + bySeconds) * second)).toBeCloseTo(6 * second + 100, 3);
    expect(map.jumps).toBe(1);
  });

  test('a step of 1 ms is within what a slow network may hide, and is followed within seconds', () => {
    const map = new ClockMap();
    for (let at = 0; at < 5; at++) map.latched(at * second, at * second, at * second + 200);
    for (let at = 5; at < 20; at++) {
      expect(map.latched(at * second + 1000, at * second, at * second + 200)).toBe(false);
    }
    expect(map.toHostUs(20 * second + 1000)).toBeCloseTo(20 * second + 100, 3);
  });

  test('without a latch the quickest arrival of the last seconds is nearest the truth', () => {
    const map = new ClockMap();
    const delays = [9000, 4000, 7000, 4100, 30_000];
    for (const [at, delay] of delays.entries()) map.arrived(at * second, 1e9 + at * second + delay);
    expect(map.toHostUs(0)).toBe(1e9 + 4000);
    // Once it can be latched, that is better.
    map.latched(5 * second, 1e9 + 5 * second - 50, 1e9 + 5 * second + 50);
    expect(map.toHostUs(0)).toBe(1e9);
  });
});
