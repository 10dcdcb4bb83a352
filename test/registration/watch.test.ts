import { expect, test } from 'vitest';
import { type Normal, RegistrationWatch } from '../../daemon/registration/watch.ts';
import { EdgeDrift } from '../../drivers/registration/edge-drift.ts';
import { renderPart } from '../../drivers/synthetic/part.ts';
import { SimulatedClock } from '../drivers/simulated-clock.ts';
import { moved } from './moved.ts';

const rendered = Array.from({ length: 10 }, (_, part) => renderPart({ seed: 5, part: part + 1 }));

/** Parts of a line, the same few again and again, the colour moved by what `by` says of each. */
function* parts(count: number, by: (part: number) => [number, number]) {
  for (let part = 1; part <= count; part++) {
    const { rgb, depthMm, widthPx, heightPx } = rendered[part % rendered.length]!;
    yield { widthPx, heightPx, depthMm, rgb: moved(rgb, widthPx, heightPx, ...by(part)) };
  }
}

/** Reproducible, -1..1. */
const wobble = (part: number): number => ((part * 2654435761) % 2000) / 1000 - 1;

function watching(kept: Normal | null = null) {
  const clock = Object.assign(new SimulatedClock(), { wallMs: () => 0 });
  const told: string[] = [];
  const saved: Normal[] = [];
  const watch = new RegistrationWatch(
    {
      calibration: 'c1',
      limitPx: 1.5,
      clock,
      store: { load: async () => kept, save: async (normal) => void saved.push(normal) },
      signal: new AbortController().signal,
      log: { info: (_, text) => told.push(`info ${text}`), warn: (_, text) => told.push(`warn ${text}`) },
    },
    kept,
  );
  const see = (count: number, by: (part: number) => [number, number]): void => {
    for (const pair of parts(count, by)) {
      watch.offer(pair);
      clock.advance(2000);
    }
  };
  return { watch, see, told, saved };
}

test('a shift of two pixels is found, across and down, to half a pixel', () => {
  const [still, shifted] = [new EdgeDrift(), new EdgeDrift()];
  for (const pair of parts(12, () => [0, 0])) still.add(pair);
  for (const pair of parts(12, () => [2, -2])) shifted.add(pair);
  const [before, after] = [still.drift()!, shifted.drift()!];
  expect(Math.abs(after.xPx! - before.xPx! - 2)).toBeLessThan(0.5);
  expect(Math.abs(after.yPx! - before.yPx! + 2)).toBeLessThan(0.5);
});

test('parts without edges say nothing, and too few parts are not spoken of', () => {
  const drift = new EdgeDrift();
  const [widthPx, heightPx] = [64, 48];
  const flat = { widthPx, heightPx, rgb: new Uint8Array(64 * 48 * 3).fill(90), depthMm: new Float32Array(64 * 48) };
  expect(drift.add(flat)).toBe(false);
  for (const pair of parts(3, () => [0, 0])) expect(drift.add(pair)).toBe(true);
  expect(drift.drift()).toBeNull();
});

test('what is normal is learned and kept; two pixels since then are warned of, once, until they are gone', () => {
  const { watch, see, told, saved } = watching();
  see(31, () => [0, 0]);
  expect(saved).toHaveLength(1);
  expect(saved[0]).toMatchObject({ calibration: 'c1' });
  expect(told.filter((line) => line.startsWith('warn'))).toEqual([]);
  see(45, () => [2, 0]);
  const warnings = told.filter((line) => line.startsWith('warn'));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/colour has moved against depth by [12]\.\d px across/);
  expect(watch.state.warning).toContain('calibrate again');
  see(60, () => [0, 0]);
  expect(watch.state.warning).toBeNull();
  expect(told.at(-1)).toBe('info depth and colour match again');
});

test('a wobble of a third of a pixel is none', () => {
  const { watch, see, told } = watching();
  see(31, () => [0, 0]);
  see(45, (part) => [0.3 * wobble(part), 0.3 * wobble(part + 999)]);
  expect(told.filter((line) => line.startsWith('warn'))).toEqual([]);
  expect(Math.abs(watch.state.xPx!)).toBeLessThan(1);
  expect(watch.state.warning).toBeNull();
});

test('what was normal is known after a restart; with another calibration it is learned anew', () => {
  const { see: first, saved } = watching();
  first(31, () => [0, 0]);
  const { see, watch } = watching(saved[0]!);
  see(12, () => [2, 0]);
  expect(watch.state.warning).toContain('px across');
  const other = watching({ ...saved[0]!, calibration: 'c0' });
  other.see(31, () => [2, 0]);
  expect(other.saved).toHaveLength(1);
  expect(other.watch.state.warning).toBeNull();
});

test('it looks at a part every two seconds, however fast they come', () => {
  const { watch, see, saved } = watching();
  see(10, () => [0, 0]);
  const { parts: looked } = watch.state;
  for (const pair of parts(20, () => [0, 0])) watch.offer(pair);
  expect(watch.state.parts).toBe(looked);
  expect(saved).toEqual([]);
});
