/** Teaching a bundle on: it starts where the parent stood, learns what is added, and says what it came from. */
import { beforeAll, describe, expect, test } from 'vitest';
import { assembleDistances } from '../../models/bundle/assemble.ts';
import { pairFeeds } from '../../models/bundle/golden.ts';
import { loadBundle, type OpenedBundle, openBundle } from '../../models/bundle/load.ts';
import { geometryNetwork } from '../../models/bundle/networks.ts';
import type { GeometryReferences } from '../../models/nets/geometry.ts';
import { bestRecipe } from '../../models/nets/recipe.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { seeded } from '../../models/random.ts';
import { openSession } from '../../models/runtime/session.ts';
import { type Continued, type ContinueOptions, continueTeaching } from '../../models/teach/continue.ts';
import { inheritedValues, mergedReferences } from '../../models/teach/inherited.ts';
import { paintStain } from '../../models/teach/paint.ts';
import { rehearsalBatch } from '../../models/teach/rehearsal.ts';
import { teach } from '../../models/teach/teach.ts';
import type { GoodPart } from '../../models/teach/teaching.ts';
import type { TrainProgress } from '../../models/teach/train.ts';
import { goodPart } from '../inference/tiny-bundle.ts';
import { goodParts, hooks, keptInMemory, tinyOptions } from './tiny-options.ts';

const old = { training: goodParts(1, 8), heldOut: goodParts(101, 4) };
/** Good parts with a mark that the parent has never seen. */
const marked = (from: number, count: number): GoodPart[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `marked${from + i}`,
    load: async () => paintStain(goodPart(from + i), 0.9),
  }));

let parent: OpenedBundle;
let files: Map<string, Uint8Array>;
const base = (change: Partial<ContinueOptions> = {}): ContinueOptions => ({
  ...{ name: 'tiny', version: '1.1.0', parent, old, batch: 4, learningRate: 0.0003, falseRejectRate: 0.1 },
  ...{ threads: 1, featureCacheMb: 100, epochs: 12 },
  added: { training: marked(301, 3), heldOut: marked(401, 2) },
  ...change,
});
beforeAll(async () => {
  ({ files } = await teach(tinyOptions({ epochs: 12, ...old }), hooks()));
  parent = await openBundle(async (path) => files.get(path)!, 'parent');
});

/** The network half of the score of each part, which no scale or reference of geometry touches. */
async function networkScores(bundle: ReadonlyMap<string, Uint8Array>, parts: readonly GoodPart[]): Promise<number[]> {
  const { model, manifest } = await loadBundle(async (path) => bundle.get(path)!, 'bundle', 'cpu');
  const session = await openSession(model, { threads: 1 });
  const scores: number[] = [];
  for (const part of parts) {
    const { rgb, depthMm } = await part.load();
    const results = await session.run(pairFeeds(rgb, depthMm, manifest.input), ['score.network']);
    scores.push((results['score.network']!.data as Float32Array)[0]!);
  }
  await session.release();
  return scores;
}
/** What the student cannot restore of parts, over all places and targets. */
async function meanDistance(bundle: ReadonlyMap<string, Uint8Array>, parts: readonly GoodPart[]): Promise<number> {
  const { manifest, networks } = await openBundle(async (path) => bundle.get(path)!, 'bundle');
  const session = await openSession(writeOnnx(assembleDistances(manifest, networks)), { threads: 1 });
  const means: number[] = [];
  for (const part of parts) {
    const { rgb, depthMm } = await part.load();
    for (const { data } of Object.values(await session.run(pairFeeds(rgb, depthMm, manifest.input))))
      means.push((data as Float32Array).reduce((sum, value) => sum + value, 0) / data.length);
  }
  await session.release();
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}
const same = (made: Continued, path: string): boolean =>
  Buffer.compare(made.files.get(path)!, parent.files.get(path)!) === 0;

describe('with the old parts beside the new', () => {
  let made: Continued;
  let told: TrainProgress[];
  beforeAll(async () => {
    told = [];
    made = await continueTeaching(base(), hooks({ progress: (progress) => told.push(progress) }));
  });

  test('the loss falls, and marked parts it was not taught on are restored better too', async () => {
    expect(told).toHaveLength(12 * 2);
    const means = [told.slice(0, 4), told.slice(-4)].map((few) => few.reduce((sum, { loss }) => sum + loss, 0) / 4);
    expect(means[1]).toBeLessThan(0.95 * means[0]!);
    const unseen = marked(401, 4);
    const before = await meanDistance(files, unseen);
    expect(await meanDistance(made.files, unseen)).toBeLessThan(0.97 * before);
  });

  test('teacher and fusion are the files of the parent, student and geometry are not', () => {
    expect([same(made, 'teacher.onnx'), same(made, 'fusion.onnx')]).toEqual([true, true]);
    expect([same(made, 'student.onnx'), same(made, 'geometry.onnx')]).toEqual([false, false]);
  });

  test('the manifest names its parent, its digest and what was added; the rest is the parent’s', () => {
    const { manifest } = parent;
    const { taught, ...rest } = made.manifest;
    expect(taught.parents).toEqual([
      { bundle: 'tiny@1.0.0', digest: parent.digest, how: 'taught on', partsAdded: 3, heldOutAdded: 2 },
    ]);
    expect(taught).toMatchObject({ parts: 11, heldOut: 6, seed: 1, epochs: 12, teacher: manifest.taught.teacher });
    expect(rest).toMatchObject({ name: 'tiny', version: '1.1.0', product: 'tiny' });
    for (const key of ['input', 'roi', 'ignore', 'working', 'datum', 'depthScale'] as const)
      expect(rest[key], key).toEqual(manifest[key]);
    expect(taught.dataDigest).not.toBe(manifest.taught.dataDigest);
  });

  test('stopped and gone on with it ends in the same bytes', async () => {
    const abort = new AbortController();
    const snapshots = keptInMemory();
    const stop = ({ epoch }: TrainProgress): void => {
      if (epoch === 5) abort.abort(new Error('stopped by the test'));
    };
    const first = continueTeaching(base(), hooks({ snapshots, progress: stop, signal: abort.signal }));
    await expect(first).rejects.toThrow('stopped by the test');
    const resumed = await continueTeaching(base(), hooks({ snapshots }));
    for (const [path, bytes] of made.files) expect(Buffer.compare(resumed.files.get(path)!, bytes), path).toBe(0);
  });
});

test('a bundle of one modality, taught with features pasted in, is taught on the same way', async () => {
  const recipe = { ...bestRecipe, pasted: 0.2 };
  const taught = await teach(tinyOptions({ modalities: ['depth'], recipe, ...old }), hooks());
  const single = await openBundle(async (path) => taught.files.get(path)!, 'single');
  const { files: next } = await continueTeaching(base({ parent: single, epochs: 2 }), hooks());
  const { networks } = await openBundle(async (path) => next.get(path)!, 'next');
  expect(networks['student.onnx'].inputs.map(({ name }) => name)).toEqual(['depth0', 'depth1', 'depth2']);
});

test('no step further it is the parent: the same student, the same scores of the network', async () => {
  const made = await continueTeaching(base({ old: null, epochs: 0 }), hooks());
  expect(same(made, 'student.onnx')).toBe(true);
  const parts = [...goodParts(201, 3), ...marked(401, 2)];
  const [before, after] = [await networkScores(files, parts), await networkScores(made.files, parts)];
  for (const [i, score] of before.entries()) expect(after[i]).toBeCloseTo(score, 6);
});

describe('the old parts are gone', () => {
  test('scales stay, the threshold does not fall, golden parts of the parent are told', async () => {
    const made = await continueTeaching(base({ old: null, epochs: 4, learningRate: 0.0001 }), hooks());
    const [now, before] = [made.manifest.variants[0]!, parent.manifest.variants[0]!];
    expect(now.sources).toEqual(before.sources);
    expect(now.halves).toEqual(before.halves);
    expect(now.threshold).toBeGreaterThanOrEqual(before.threshold);
    expect(made.manifest.taught).toMatchObject({ parts: 11, heldOut: 6 });
    expect(made.golden.map(({ id }) => id)).toEqual(['golden good-1', 'golden good-2', 'golden stain', 'golden dent']);
    for (const { before: was, after } of made.golden) expect(after).toBeLessThan(1.25 * was);
  });

  test('a new part that still scores high lifts the threshold above it', async () => {
    const bright: GoodPart = { id: 'bright', load: async () => paintStain(goodPart(501), 1) };
    const low = { ...parent.manifest.variants[0]!, threshold: 0.5, pixelThreshold: 0.4 };
    const strict = { ...parent, manifest: { ...parent.manifest, variants: [low] } };
    const options = base({ parent: strict, old: null, epochs: 0, added: { training: [bright], heldOut: [] } });
    const { added, thresholds, thresholdBefore } = await continueTeaching(options, hooks());
    expect(thresholdBefore).toBe(0.5);
    expect(added[0]!.before).toBeGreaterThan(0.5);
    expect(added[0]!.after).toBeLessThan(thresholds.score.threshold);
  });
});

describe('refused', () => {
  test.each([
    ['rgb.prior16.keys', [16, 8], '[32,8]'],
    ['rgb.prior24.keys', [32, 8], 'missing'],
  ])('a student of another form: %s of %j', (name, shape, actual) => {
    const student = parent.networks['student.onnx'];
    let thrown: unknown;
    try {
      inheritedValues(student, [{ name, shape, initial: { value: 0 } }], 'tiny@1.0.0');
    } catch (error) {
      thrown = error;
    }
    const values = { bundle: 'tiny@1.0.0', tensor: name, actual, expected: `[${shape}]` };
    expect(thrown).toMatchObject({ code: 'bundle/form', values });
  });

  test('a new part of another size, and no new part at all', async () => {
    const odd: GoodPart = { id: 'odd', load: async () => ({ ...goodPart(1), widthPx: 32, heightPx: 128 }) };
    await expect(continueTeaching(base({ added: { training: [odd], heldOut: [] } }), hooks())).rejects.toMatchObject({
      code: 'image/size',
      values: { what: 'odd' },
    });
    await expect(continueTeaching(base({ added: { training: [], heldOut: [] } }), hooks())).rejects.toMatchObject({
      code: 'teach/tooFew',
    });
  });
});

describe('batches', () => {
  const mix = { old: 10, added: 5 };
  const epoch = (number: number): number[][] => [0, 1, 2].map((step) => rehearsalBatch(mix, 4, 7, number, step));

  test('are half new, each new part within an epoch, and half old, every old one before any comes again', () => {
    for (const batch of [...epoch(0), ...epoch(1)]) {
      expect(batch).toHaveLength(4);
      expect(batch.filter((part) => part >= mix.old)).toHaveLength(2);
    }
    expect(
      new Set(
        epoch(0)
          .flat()
          .filter((part) => part >= mix.old),
      ),
    ).toEqual(new Set([10, 11, 12, 13, 14]));
    const rehearsed = [0, 1, 2, 3]
      .flatMap(epoch)
      .flat()
      .filter((part) => part < mix.old);
    expect([...rehearsed.slice(0, 10)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...rehearsed.slice(10, 20)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('are new parts alone where there is nothing to rehearse', () => {
    expect(rehearsalBatch({ old: 0, added: 2 }, 4, 7, 0, 0).sort()).toEqual([0, 0, 1, 1]);
  });
});

test('references of a parent and of new parts merge as if all had been measured at once', () => {
  const random = seeded(9);
  const places = 64 ** 2;
  const column = (count: number, middle: number): number[] =>
    Array.from({ length: count }, () => middle + random.normal());
  const samples = Array.from({ length: places }, () => ({ before: column(30, 1), added: column(10, 3) }));
  const moments = (values: number[]): [number, number] => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return [mean, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length)];
  };
  const references = (pick: (sample: { before: number[]; added: number[] }) => number[]): GeometryReferences => {
    const all = samples.map((sample) => moments(pick(sample)));
    const each = { mean: Float32Array.from(all, ([m]) => m), spread: Float32Array.from(all, ([, s]) => s) };
    return { fine: each, coarse: each, missing: each, form: null };
  };
  const graph = geometryNetwork(
    { widthPx: 64, heightPx: 64 },
    references(({ before }) => before),
  );
  const merged = mergedReferences(
    graph,
    { parts: 30, bundle: 'b@1' },
    references(({ added }) => added),
    10,
  );
  const whole = references(({ before, added }) => [...before, ...added]);
  for (const name of ['fine', 'coarse'] as const)
    for (const what of ['mean', 'spread'] as const)
      for (const [i, value] of merged[name][what].entries()) expect(value).toBeCloseTo(whole[name][what][i]!, 4);
  for (const [i, value] of merged.missing.mean.entries()) expect(value).toBeCloseTo(whole.missing.mean[i]!, 4);
});
