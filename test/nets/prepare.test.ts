/** The prepare box against a reference in plain TypeScript, and what it makes of readings that are none. */
import { expect, test } from 'vitest';
import { type PrepareSpec, prepare } from '../../models/nets/prepare.ts';
import { at, fill, largestDifference, seeded, type Values } from '../graph/values.ts';
import { finite, run } from './run.ts';

type Outcome = Record<'rgb' | 'depth' | 'heightMm' | 'valid' | 'lit' | 'datum', Values>;
const [widthPx, heightPx] = [24, 16];
const plain: PrepareSpec = {
  input: { widthPx, heightPx },
  roi: null,
  working: { widthPx, heightPx },
  datum: { kind: 'fixed', offsetMm: 400, slopeXMmAcross: 2, slopeYMmAcross: -1 },
  depthScale: { centreMm: 398, heightMm: 1.5, slopeMmPerPx: 0.4 },
};

function colours(seed: number): Values {
  const random = seeded(seed);
  return fill([heightPx, widthPx, 3], () => Math.floor(256 * random()));
}
/** A bumpy surface about 400 mm away. */
function surface(seed: number): Values {
  const random = seeded(seed);
  return fill([heightPx, widthPx], ([y, x]) => Math.fround(400 + Math.sin(x! / 3) - Math.cos(y! / 2) + 0.2 * random()));
}
const prepared = (rgb: Values, depth: Values, spec: PrepareSpec): Promise<Outcome> =>
  run({ rgb, depth }, (graph, inputs) => ({ ...prepare(graph, inputs['rgb']!, inputs['depth']!, spec) }), ['rgb']);

/** Height above the fixed plane, towards the camera positive. */
function fixedHeight(depth: Values): Values {
  return fill([1, 1, heightPx, widthPx], ([, , y, x]) => {
    const [u, v] = [(2 * x! + 1) / widthPx - 1, (2 * y! + 1) / heightPx - 1];
    return 400 + (2 * u) / 2 + (-1 * v) / 2 - at(depth, [y!, x!]);
  });
}
const clamped = (i: number, length: number): number => Math.min(Math.max(i, 0), length - 1);
function gauss(x: Values, sigma: number): Values {
  const radius = Math.ceil(3 * sigma);
  const taps = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigma) ** 2));
  const total = taps.reduce((a, b) => a + b);
  return fill(x.shape, ([, , i, j]) => {
    let sum = 0;
    for (const [k, a] of taps.entries())
      for (const [l, b] of taps.entries()) {
        const place = [clamped(i! + k - radius, x.shape[2]!), clamped(j! + l - radius, x.shape[3]!)];
        sum += (a * b * at(x, [0, 0, ...place])) / total ** 2;
      }
    return sum;
  });
}
function channels(height: Values): Values {
  const smooth = gauss(height, 1.5);
  const h = (i: number, j: number): number => at(smooth, [0, 0, clamped(i, heightPx), clamped(j, widthPx)]);
  return fill([1, 3, heightPx, widthPx], ([, c, i, j]) => {
    const relative = at(height, [0, 0, i!, j!]) / 1.5;
    if (c === 0) return Math.sign(relative) * Math.log1p(Math.abs(relative));
    const slope = { x: 0, y: 0 };
    for (const [step, weight] of [
      [-1, 1],
      [0, 2],
      [1, 1],
    ] as const) {
      slope.x += (weight * (h(i! + step, j! + 1) - h(i! + step, j! - 1))) / 8 / 0.4;
      slope.y += (weight * (h(i! + 1, j! + step) - h(i! - 1, j! + step))) / 8 / 0.4;
    }
    return (2 * (c === 1 ? slope.x : slope.y)) / Math.hypot(slope.x, slope.y, 1);
  });
}

test('equals the reference: colour normalised, height above the fixed plane, compressed, and its slopes', async () => {
  const [rgb, depth] = [colours(1), surface(2)];
  const outcome = await prepared(rgb, depth, plain);
  const [mean, spread] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  const colour = fill(
    [1, 3, heightPx, widthPx],
    ([, c, i, j]) => (at(rgb, [i!, j!, c!]) / 255 - mean[c!]!) / spread[c!]!,
  );
  expect(largestDifference(outcome.rgb, colour)).toBeLessThan(1e-5);
  expect(largestDifference(outcome.heightMm, fixedHeight(depth))).toBeLessThan(1e-4);
  expect(largestDifference(outcome.depth, channels(fixedHeight(depth)))).toBeLessThan(5e-4);
  expect(outcome.valid.data.every((v) => v === 1)).toBe(true);
  expect([...outcome.datum.data]).toEqual([0, 0]);
});

test.each([Number.NaN, 0, -5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e6, 6.5e7])(
  'a depth of %d is no reading, and everything stays finite',
  async (code) => {
    const depth = surface(3);
    for (const place of [0, 37, 100, 101, 102, 383]) depth.data[place] = code;
    for (const datum of [plain.datum, { kind: 'fitted' } as const]) {
      const outcome = await prepared(colours(1), depth, { ...plain, datum });
      for (const [name, value] of Object.entries(outcome)) expect(finite(value), name).toBe(true);
      const gone = [...outcome.valid.data.entries()].filter(([, v]) => v === 0).map(([place]) => place);
      expect(gone).toEqual([0, 37, 100, 101, 102, 383]);
    }
  },
);

test('the code a camera uses for no reading does not matter: the rest comes out the same', async () => {
  const outcomes = await Promise.all(
    [Number.NaN, 0, Number.POSITIVE_INFINITY].map((code) => {
      const depth = surface(4);
      for (let place = 60; place < 90; place++) depth.data[place] = code;
      return prepared(colours(1), depth, { ...plain, datum: { kind: 'fitted' } });
    }),
  );
  for (const other of outcomes.slice(1)) expect(other).toEqual(outcomes[0]);
});

test.each(['fixed', 'fitted'] as const)('no reading at all: zeros, %s datum', async (kind) => {
  const datum = kind === 'fitted' ? { kind } : plain.datum;
  const nothing = fill([heightPx, widthPx], () => Number.NaN);
  const outcome = await prepared(colours(1), nothing, { ...plain, datum });
  for (const name of ['heightMm', 'depth', 'valid', 'datum'] as const)
    expect(
      outcome[name].data.every((v) => Math.abs(v) === 0),
      name,
    ).toBe(true);
});

test('one burr changes its surroundings only: no scaling of the image by its own content', async () => {
  const clean = surface(5);
  const burr = { ...clean, data: clean.data.slice() };
  burr.data[4 * widthPx + 4] = burr.data[4 * widthPx + 4]! - 50;
  const [before, after] = [await prepared(colours(1), clean, plain), await prepared(colours(1), burr, plain)];
  const reach = 6; // slope blur 5 and the derivative 1
  expect(at(after.heightMm, [0, 0, 4, 4]) - at(before.heightMm, [0, 0, 4, 4])).toBeCloseTo(50, 3);
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++) {
      if (Math.abs(x - 4) <= reach && Math.abs(y - 4) <= reach) continue;
      for (const c of [0, 1, 2]) expect(at(after.depth, [0, c, y, x])).toBe(at(before.depth, [0, c, y, x]));
    }
});

test('crops to the region of interest and takes the means of whole blocks, of colour and of readings', async () => {
  const roi = { x: 4, y: 2, widthPx: 16, heightPx: 12 };
  const working = { widthPx: 8, heightPx: 6 };
  const [rgb, depth] = [colours(6), surface(7)];
  const holes = [
    [2, 4], // one of four: the block keeps the mean of three
    [4, 6],
    [4, 7],
    [5, 6], // three of four: the block has no reading
  ] as const;
  for (const [y, x] of holes) depth.data[y * widthPx + x] = Number.NaN;
  const level = { kind: 'fixed', offsetMm: 400, slopeXMmAcross: 0, slopeYMmAcross: 0 } as const;
  const outcome = await prepared(rgb, depth, { ...plain, roi, working, datum: level });
  const block = (y: number, x: number): number[][] =>
    [0, 1].flatMap((dy) => [0, 1].map((dx) => [roi.y + 2 * y + dy, roi.x + 2 * x + dx]));
  for (let y = 0; y < 6; y++)
    for (let x = 0; x < 8; x++) {
      const readings = block(y, x)
        .map((place) => at(depth, place))
        .filter((d) => !Number.isNaN(d));
      const mean = readings.reduce((a, b) => a + b) / readings.length;
      expect(at(outcome.valid, [0, 0, y, x])).toBe(readings.length >= 2 ? 1 : 0);
      if (readings.length >= 2) expect(at(outcome.heightMm, [0, 0, y, x])).toBeCloseTo(400 - mean, 3);
      const red = block(y, x).reduce((sum, place) => sum + at(rgb, [...place, 0]) / 4, 0);
      expect(at(outcome.rgb, [0, 0, y, x])).toBeCloseTo((red / 255 - 0.485) / 0.229, 4);
    }
});

test('a dead camera gives black, which is not lit', async () => {
  const rgb = colours(8);
  for (let place = 0; place < 30; place++) rgb.data[place] = 2;
  rgb.data[0] = 3; // one channel of one pixel above black
  const { lit } = await prepared(rgb, surface(1), plain);
  expect([...lit.data.slice(0, 11)]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
});
