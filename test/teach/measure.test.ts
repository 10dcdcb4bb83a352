/** What is measured on good parts before teaching: depth scales, the depth's own normalisation, references. */
import { beforeAll, describe, expect, test } from 'vitest';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import * as o from '../../models/graph/build.ts';
import { Graph, type Tensor } from '../../models/graph/graph.ts';
import { geometryFeatures } from '../../models/nets/geometry.ts';
import { backbone, siamese } from '../../models/nets/teacher.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { seeded } from '../../models/random.ts';
import { openSession } from '../../models/runtime/session.ts';
import { measureDepth } from '../../models/teach/depth-scale.ts';
import { openPreparer, type PartImages, type PreparedPart } from '../../models/teach/prepared.ts';
import { measureReferences } from '../../models/teach/references.ts';
import { estimateDepthNorms, gainLimit } from '../../models/teach/teacher-norms.ts';
import { goodPart, grid } from '../inference/tiny-bundle.ts';
import { run, values } from '../nets/run.ts';
import { tinySpec, tinyTeacherFile } from './tiny-teacher.ts';

const base = { input: grid, roi: null, working: grid };
const side = grid.widthPx;

/** A plane 400 mm away, tilted by `tiltMm` across, with Gaussian steps of `roughMm` and some holes. */
function plate(seed: number, { offsetMm = 0, tiltMm = 0, roughMm = 0.5 }): PartImages {
  const random = seeded(seed);
  const depthMm = Float32Array.from({ length: side * side }, (_, i) => {
    const tilt = tiltMm * ((i % side) / (side - 1) - 0.5);
    return random.uniform() < 0.05 ? 0 : 400 + offsetMm + tilt + roughMm * random.normal();
  });
  return { ...grid, rgb: new Uint8Array(3 * side * side).fill(99), depthMm };
}

describe('depth', () => {
  test('centre: the median; height: 90 % of |height|; limits: twice the worst offset and tilt', async () => {
    const parts = [plate(1, { offsetMm: 2, tiltMm: 3 }), plate(2, { offsetMm: -2, tiltMm: -1 }), plate(3, {})];
    const { datum, depthScale } = await measureDepth(parts, base, 'fitted', 1);
    expect(Math.abs(depthScale.centreMm - 400)).toBeLessThan(0.5);
    // The 90 % quantile of |x| of a normal distribution is 1.645 spreads; filled holes are a little smoother.
    expect(depthScale.heightMm / 0.5).toBeGreaterThan(1.5);
    expect(depthScale.heightMm / 0.5).toBeLessThan(1.75);
    if (datum.kind !== 'fitted') throw new Error('the datum is fitted');
    expect(datum.offsetLimitMm).toBeGreaterThan(2 * 1.9);
    expect(datum.offsetLimitMm).toBeLessThan(2 * 2.6);
    expect(datum.tiltLimitMmAcross).toBeGreaterThan(2 * 2.8);
    expect(datum.tiltLimitMmAcross).toBeLessThan(2 * 3.3);
  });

  test('a fixed datum is the middle of the good parts', async () => {
    const parts = [1, 2, 3].map((seed) => plate(seed, { offsetMm: 2 }));
    const { datum } = await measureDepth(parts, base, 'fixed', 1);
    if (datum.kind !== 'fixed') throw new Error('the datum is fixed');
    expect(datum.offsetMm).toBeCloseTo(402, 1);
  });

  test('a part like a mirror of the others, and limits keep a floor of a millimetre', async () => {
    const parts = [1, 2].map((seed) => plate(seed, { roughMm: 0 }));
    const { datum, depthScale } = await measureDepth(parts, base, 'fitted', 1);
    if (datum.kind !== 'fitted') throw new Error('the datum is fitted');
    expect(datum.offsetLimitMm).toBeGreaterThanOrEqual(1);
    expect(datum.tiltLimitMmAcross).toBeGreaterThanOrEqual(1);
    expect(depthScale.heightMm).toBeGreaterThan(0);
    expect(depthScale.slopeMmPerPx).toBeGreaterThan(0);
  });
});

describe('the normalisation of depth', () => {
  const { weights } = importTeacher(tinyTeacherFile(), 'tiny');
  let parts: PreparedPart[];
  beforeAll(async () => {
    const images = [1, 2, 3].map(goodPart);
    const preparer = await openPreparer({ ...base, ...(await measureDepth(images, base, 'fitted', 1)) }, 1);
    parts = [];
    for (const part of images) parts.push(await preparer.prepare(part));
    await preparer.release();
  });

  /** Mean and spread per channel behind every convolution, colour and depth, where `valid` says so. */
  async function momentsOf(norms: Awaited<ReturnType<typeof estimateDepthNorms>>['norms']) {
    const graph = new Graph('probe');
    const twin = siamese(graph, weights);
    for (const modality of ['rgb', 'depth'] as const) {
      const convolve = twin(modality === 'depth' ? norms : null);
      const x = graph.input(modality, 'float32', [parts.length, 3, side, side]);
      backbone(x, tinySpec, (y: Tensor, name, shape) => {
        const z = convolve(y, name, shape);
        graph.output(`${modality}:${name}`, o.mul(z, 1));
        return z;
      });
    }
    const session = await openSession(writeOnnx(graph), { threads: 1 });
    const all = (pick: (part: PreparedPart) => Float32Array): Float32Array =>
      Float32Array.from(parts.flatMap((part) => [...pick(part)]));
    const shape = [parts.length, 3, side, side];
    const results = await session.run({
      rgb: { data: all((part) => part.rgb), shape },
      depth: { data: all((part) => part.depth), shape },
    });
    await session.release();
    return (name: string, channel: number, masked: boolean): { mean: number; spread: number } => {
      const { data, shape: found } = results[name]!;
      const [batch, channels, h, w] = found as [number, number, number, number];
      let [weight, sum, squares] = [0, 0, 0];
      for (let b = 0; b < batch; b++)
        for (let i = 0; i < h * w; i++) {
          const share = masked ? readings(parts[b]!.valid, Math.floor(i / w), i % w, side / h) : 1;
          const value = Number(data[(b * channels + channel) * h * w + i]);
          weight += share;
          sum += share * value;
          squares += share * value ** 2;
        }
      return { mean: sum / weight, spread: Math.sqrt(squares / weight - (sum / weight) ** 2) };
    };
  }
  function readings(valid: Float32Array, row: number, column: number, stride: number): number {
    let share = 0;
    for (let v = 0; v < stride; v++)
      for (let u = 0; u < stride; u++) share += valid[(row * stride + v) * side + column * stride + u]! / stride ** 2;
    return share;
  }

  test('behind every convolution depth has the mean and spread that colour has, where it has readings', async () => {
    const { norms } = await estimateDepthNorms(parts, grid, tinySpec, weights, 1);
    expect([...norms.keys()]).toEqual([...weights.keys()]);
    const moments = await momentsOf(norms);
    let compared = 0;
    for (const [name, { gain }] of norms)
      for (const [channel, g] of gain.entries()) {
        if (g >= gainLimit || g <= 1 / gainLimit) continue; // limited: it cannot match
        const [rgb, depth] = [moments(`rgb:${name}`, channel, false), moments(`depth:${name}`, channel, true)];
        const scale = Math.max(Math.abs(rgb.mean), rgb.spread, 1e-3);
        expect(Math.abs(depth.mean - rgb.mean) / scale, `${name} mean`).toBeLessThan(2e-3);
        expect(Math.abs(depth.spread - rgb.spread) / scale, `${name} spread`).toBeLessThan(2e-3);
        compared++;
      }
    expect(compared).toBeGreaterThan(30);
  });

  test('flat depth: its gain is limited and counted, not blown up to full scale', async () => {
    const flat = parts.map((part) => ({ ...part, depth: part.depth.map((v) => v * 1e-4) }));
    const { norms, clamped } = await estimateDepthNorms(flat, grid, tinySpec, weights, 1);
    expect(clamped).toBeGreaterThan(0);
    for (const { gain } of norms.values()) for (const g of gain) expect(g).toBeLessThanOrEqual(gainLimit);
  });
});

describe('geometry', () => {
  const places = side * side;
  const none = new Float32Array(places);
  const part = (heightAt: (place: number) => number): PreparedPart => {
    const map = Float32Array.from({ length: places }, (_, place) => heightAt(place));
    const valid = new Float32Array(places).fill(1);
    const features = { fine: map, coarse: map, missing: none, tone: none, line: none, tintRed: none, tintBlue: none };
    return { rgb: none, depth: none, valid, heightMm: map, datum: new Float32Array(2), features };
  };
  const map = (each: Float32Array) => values([1, 1, side, side], ...each);
  const measuring = { count: 16, groups: 16, working: grid, threads: 1 };
  const step = (place: number): number => (place % side < side / 2 ? 1 : -1);
  const slope = (place: number): number => (2 * Math.floor(place / side) + 1) / side - 1;

  test('fixtured parts keep their relief, loose ones get a reference of zero', async () => {
    const random = seeded(4);
    const fixtured = Array.from({ length: 16 }, () => part((place) => step(place) + 0.05 * random.normal()));
    // No plane comes near it, and it is smooth: the blur of the fine height leaves it as it is.
    const wave = (at: number): number => Math.sin((2 * Math.PI * (at + 0.5)) / side);
    const waves = (place: number): number => wave(place % side) * wave(Math.floor(place / side));
    const loose = Array.from({ length: 16 }, (_, i) => part((place) => waves(place) * (i % 2 === 0 ? 1 : -1)));
    const [held, lying] = [
      await measureReferences({ ...measuring, form: null }, async (i) => fixtured[i]!),
      await measureReferences({ ...measuring, form: 'own' }, async (i) => loose[i]!),
    ];
    expect(held.references.fine.mean[3]).toBeCloseTo(1, 1);
    expect(held.references.fine.mean[side - 3]).toBeCloseTo(-1, 1);
    expect(Math.max(...held.references.fine.spread)).toBeLessThan(0.1);
    expect(Math.max(...lying.references.fine.mean.map(Math.abs))).toBeLessThan(1e-6);
    const crest = side / 4 + side * (side / 4);
    expect(lying.references.fine.spread[crest]! / Math.abs(waves(crest))).toBeCloseTo(Math.sqrt(16 / 15), 1);
    expect(lying.references.form).toBeNull(); // they share no shape to be levelled by
    expect(held.valid[5]!.every((v) => v === 1)).toBe(true);
  });

  test('parts that share a shape and lie a little otherwise each time are levelled by it', async () => {
    const random = seeded(5);
    const lies = Array.from({ length: 16 }, () => [0.2 * random.normal(), 0.3 * random.normal()] as const);
    const parts = lies.map(([offset, tilt]) => part((place) => step(place) + offset + tilt * slope(place)));
    const prepared = async (i: number) => parts[i]!;
    const plain = (await measureReferences({ ...measuring, form: null }, prepared)).references;
    const level = (await measureReferences({ ...measuring, form: 'own' }, prepared)).references;
    expect(level.form).not.toBeNull();
    expect(Math.max(...level.fine.spread)).toBeLessThan(0.1 * Math.max(...plain.fine.spread));
    // A dent over a fifth of the part does not pull the plane: around it nothing looks changed.
    const dent = (place: number): number => (place % side < side / 5 ? -3 : 0);
    const dented = part((place) => step(place) + 0.2 + 0.3 * slope(place) + dent(place)).heightMm;
    const maps = await run(
      { heightMm: map(dented), valid: map(new Float32Array(places).fill(1)) },
      (_, { heightMm, valid }) => ({ fine: geometryFeatures(heightMm!, valid!, level.form).fine }),
    );
    const apart = (place: number): number => Math.abs(maps.fine.data[place]! - level.fine.mean[place]!);
    for (let place = side / 2 + 4; place < places; place += side) expect(apart(place)).toBeLessThan(0.1);
    expect(apart(1)).toBeGreaterThan(2);
  });
});
