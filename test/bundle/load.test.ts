/** A bundle on its way into service: what is wrong with it is named before anything runs. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Golden, replayGolden } from '../../models/bundle/golden.ts';
import { loadBundle, type ReadFile, sha256 } from '../../models/bundle/load.ts';
import { type Manifest, parseManifest, type Variant } from '../../models/bundle/manifest.ts';
import { openSession } from '../../models/runtime/session.ts';
import { tinyFiles } from '../inference/taught-once.ts';

let files: ReadonlyMap<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});
const text = (): string => new TextDecoder().decode(files.get('manifest.json'));
const bytesOf = (manifest: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(manifest));
const load = (
  from: ReadonlyMap<string, Uint8Array>,
  provider: Variant['provider'] = 'cpu',
  wanted: readonly Variant['precision'][] = ['fp32'],
) => {
  const read: ReadFile = async (path) => {
    const bytes = from.get(path);
    if (!bytes) throw new Error(`no ${path}`);
    return bytes;
  };
  return loadBundle(read, 'shelf/tiny', provider, wanted);
};
/** The bundle with one file changed; `seal` writes its new digest into the manifest too. */
function changed(path: string, change: (bytes: Uint8Array) => Uint8Array, seal = false): Map<string, Uint8Array> {
  const next = new Map(files).set(path, change(files.get(path)!));
  if (!seal) return next;
  const manifest = JSON.parse(text()) as Manifest;
  return next.set(
    'manifest.json',
    bytesOf({ ...manifest, files: { ...manifest.files, [path]: sha256(next.get(path)!) } }),
  );
}

describe('the manifest', () => {
  const refused = (value: unknown): string => {
    try {
      parseManifest(typeof value === 'string' ? value : JSON.stringify(value), 'shelf/tiny');
    } catch (error) {
      expect(error).toMatchObject({ code: 'bundle/manifest', values: { path: 'shelf/tiny' } });
      return (error as { values: { problem: string } }).values.problem;
    }
    return 'nothing';
  };

  /** Sets a field by its path; undefined takes it out. */
  function withField(path: string, value: unknown): unknown {
    const manifest = JSON.parse(text());
    const keys = path.split(/[.[\]]+/).filter(Boolean);
    const last = keys.pop()!;
    keys.reduce((at, key) => at[key], manifest)[last] = value;
    return manifest;
  }

  test('as taught it is read', () => expect(refused(text())).toBe('nothing'));

  test.each([
    ['', 'not JSON: Unexpected end of JSON input'],
    ['[]', 'array, expected an object'],
    ['null', 'null, expected an object'],
    ['{}', 'schema is undefined, expected "twinspect.bundle/1"'],
  ])('%j', (whole, problem) => expect(refused(whole)).toBe(problem));

  const numbers = [
    'input.widthPx',
    'input.heightPx',
    'working.widthPx',
    'working.heightPx',
    'depthScale.centreMm',
    'depthScale.heightMm',
    'depthScale.slopeMmPerPx',
    'minJudgedShare',
    'taught.seed',
    'datum.offsetLimitMm',
    'datum.tiltLimitMmAcross',
    'variants[0].threshold',
    'variants[0].pixelThreshold',
    'variants[0].leastAreaPx',
    'variants[0].goldenTolerance',
    'variants[0].halves.network',
    'variants[0].halves.geometry',
    'variants[0].halves.colour',
    'variants[0].sources[3].centre',
    'variants[0].sources[3].scale',
    'variants[0].sources[3].weight',
    'golden[1].score',
  ];
  const texts = [
    'name',
    'version',
    'product',
    'datum.kind',
    'taught.dataDigest',
    'variants[0].provider',
    'variants[0].precision',
    'variants[0].sources[0].name',
    'golden[0].name',
    'golden[0].rgb',
    'golden[0].depth',
    'golden[0].map',
  ];
  const lists = ['ignore', 'variants', 'variants[0].sources', 'golden'];
  test.each([
    ...numbers.map((field) => [field, 'number'] as const),
    ...texts.map((field) => [field, 'string'] as const),
    ...lists.map((field) => [field, 'array'] as const),
    ['files', 'object'] as const,
    ['taught.recipe', 'object'] as const,
  ])('%s missing or of another kind is named: expected %s', (field, kind) => {
    expect(refused(withField(field, undefined))).toBe(`${field} is undefined, expected ${kind}`);
    expect(refused(withField(field, null))).toBe(`${field} is null, expected ${kind}`);
    expect(refused(withField(field, true))).toBe(`${field} is boolean, expected ${kind}`);
  });

  test.each([
    ['schema', 'twinspect.bundle/2', 'schema is "twinspect.bundle/2", expected "twinspect.bundle/1"'],
    ['variants', [], 'variants is empty, expected at least one'],
    ['golden', [], 'golden is empty, expected at least one'],
    ['variants', [null], 'variants[0].provider is undefined, expected string'],
    ['datum.kind', 'guessed', 'datum.kind is "guessed", expected fitted or fixed'],
    ['datum.kind', 'fixed', 'datum.offsetMm is undefined, expected number'],
    ['roi', { x: 1, y: 2, widthPx: 3 }, 'roi.heightPx is undefined, expected number'],
    ['roi', undefined, 'roi.x is undefined, expected number'],
    ['ignore', [{ x: 1, y: 2, widthPx: '3', heightPx: 4 }], 'ignore[0].widthPx is string, expected number'],
  ])('%s %j: %s', (field, value, problem) => expect(refused(withField(field, value))).toBe(problem));

  test('a number beyond all numbers is none', () => {
    expect(refused(text().replace(/"minJudgedShare": [\d.]+/, '"minJudgedShare": 1e999'))).toBe(
      'minJudgedShare is Infinity, expected number',
    );
  });
});

describe('loading', () => {
  test('a whole bundle: digest of its manifest, its variant, one graph, its golden parts', async () => {
    const bundle = await load(files);
    expect(bundle.digest).toBe(sha256(files.get('manifest.json')!));
    expect(bundle.variant).toMatchObject({ provider: 'cpu', precision: 'fp32' });
    expect(bundle.golden.map(({ name }) => name)).toEqual(bundle.manifest.golden.map(({ name }) => name));
  });

  test('one edited byte in any file is a digest that names the file; a file gone too', async () => {
    const paths = Object.keys((JSON.parse(text()) as Manifest).files);
    expect(paths).toEqual([...files.keys()].filter((path) => path !== 'manifest.json'));
    for (const path of paths) {
      const edited = changed(
        path,
        (bytes) => bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1) as Uint8Array,
      );
      const expected = sha256(files.get(path)!);
      const values = { path: 'shelf/tiny', file: path, expected };
      await expect(load(edited), path).rejects.toMatchObject({
        code: 'bundle/digest',
        values: { ...values, actual: sha256(edited.get(path)!) },
      });
      const without = new Map(files);
      without.delete(path);
      await expect(load(without), path).rejects.toMatchObject({
        code: 'bundle/digest',
        values: { ...values, actual: 'no such file' },
      });
    }
  });

  test.each([
    ['no manifest', 'bundle/missing', () => new Map(), 'No bundle at shelf/tiny'],
    [
      'a network the manifest does not list',
      'bundle/manifest',
      () => {
        const manifest = JSON.parse(text()) as Manifest;
        delete manifest.files['student.onnx'];
        return new Map(files).set('manifest.json', bytesOf(manifest));
      },
      'files does not list student.onnx',
    ],
    [
      'a network that is none, under its right digest',
      'onnx/unreadable',
      () => changed('fusion.onnx', (bytes) => bytes.subarray(0, bytes.length - 9), true),
      'shelf/tiny/fusion.onnx',
    ],
  ])('%s is %s', async (_, code, from, message) => {
    await expect(load(from())).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('a provider without a variant: says which there are', async () => {
    await expect(load(files, 'tensorrt')).rejects.toMatchObject({
      code: 'bundle/variant',
      values: { wanted: 'tensorrt in fp32', have: 'cpu/fp32' },
    });
  });
});

describe('golden parts', () => {
  async function replay(
    change: { golden?: (golden: Golden[]) => Golden[]; manifest?: (manifest: Manifest) => void } = {},
  ) {
    const manifest = JSON.parse(text()) as Manifest;
    change.manifest?.(manifest);
    const bundle = await load(new Map(files).set('manifest.json', bytesOf(manifest)));
    const session = await openSession(bundle.model, { threads: 2 });
    try {
      const golden = change.golden?.(bundle.golden) ?? bundle.golden;
      const original = (JSON.parse(text()) as Manifest).variants[0]!;
      return await replayGolden(session, golden, bundle.manifest, original, 'shelf/tiny');
    } finally {
      await session.release();
    }
  }

  test('as taught they replay within the tolerance, with another number of threads too', async () => {
    for (const { scoreError, mapError } of await replay()) {
      expect(scoreError).toBeLessThan(1e-4);
      expect(mapError).toBeLessThan(1e-4);
    }
  });

  test.each([
    ['score', (part: Golden) => ({ ...part, score: part.score * 1.01 + 0.01 })],
    ['one place of the map', (part: Golden) => ({ ...part, map: part.map.with(77, part.map[77]! + 0.1) })],
    ['picture', (part: Golden) => ({ ...part, rgb: part.rgb.map((v) => 255 - v) })],
    ['depth', (part: Golden) => ({ ...part, depthMm: part.depthMm.map((mm, i) => (i % 9 === 0 ? mm + 9 : mm)) })],
  ])('a part whose %s is another is drift that names the part', async (_, change) => {
    const golden = (all: Golden[]): Golden[] => all.map((part) => (part.name === 'dent' ? change(part) : part));
    await expect(replay({ golden })).rejects.toMatchObject({
      code: 'bundle/drift',
      values: { path: 'shelf/tiny', part: 'dent', tolerance: 1e-3 },
    });
  });

  test('a graph that computes otherwise is drift: a scale of the map edited', async () => {
    const manifest = (each: Manifest): void => {
      each.variants[0]!.halves.geometry *= 1.01;
    };
    await expect(replay({ manifest })).rejects.toMatchObject({ code: 'bundle/drift' });
  });

  test('a graph whose output is NaN is drift, never a good part', async () => {
    // 0 / 0: a scale of nothing, as a broken calibration would leave it.
    const manifest = (each: Manifest): void => {
      each.variants[0]!.halves.network = 1e-45;
      for (const source of each.variants[0]!.sources) source.weight = 0;
    };
    const error: Error = await replay({ manifest }).then(
      () => new Error('nothing was refused'),
      (thrown: Error) => thrown,
    );
    expect(error).toMatchObject({ code: 'bundle/drift' });
    expect(error.message).toContain('NaN');
  });
});

describe('a variant of lower precision', () => {
  /** The bundle with an int8 variant that has the fp32 networks under other names. */
  function withVariant(change: (variant: Variant) => void = () => {}): Map<string, Uint8Array> {
    const manifest = JSON.parse(text()) as Manifest;
    const next = new Map(files).set('int8/student.onnx', files.get('student.onnx')!);
    manifest.files['int8/student.onnx'] = manifest.files['student.onnx']!;
    const [first] = manifest.golden;
    const variant: Variant = {
      ...manifest.variants[0]!,
      ...{ precision: 'int8', threshold: 7, networks: { 'student.onnx': 'int8/student.onnx' } },
      golden: [{ name: first!.name, map: first!.map, score: 0.25 }],
    };
    change(variant);
    manifest.variants.push(variant);
    return next.set('manifest.json', bytesOf(manifest));
  }
  const problemOf = async (change: (variant: Variant) => void): Promise<unknown> =>
    load(withVariant(change)).catch((error: { values: { problem: string } }) => error.values.problem);

  test('is loaded where it is wanted, with its threshold, its networks and its golden scores alone', async () => {
    const eight = await load(withVariant(), 'cpu', ['int8', 'fp32']);
    expect(eight.variant).toMatchObject({ precision: 'int8', threshold: 7 });
    expect(eight.golden.map(({ score }) => score)).toEqual([0.25]);
    expect(eight.golden[0]!.rgb).toEqual((await load(files)).golden[0]!.rgb);
    expect((await load(withVariant())).variant.precision).toBe('fp32');
  });

  test('is read strictly', async () => {
    const odd = { 'student.onnx': 3 } as unknown as Record<string, string>;
    expect(await problemOf((each) => Object.assign(each, { networks: odd }))).toBe(
      'variants[1].networks.student.onnx is number, expected string',
    );
    expect(await problemOf((each) => Object.assign(each, { networks: { 'judge.onnx': 'x' } }))).toBe(
      'variants[1].networks has judge.onnx, which the bundle has not',
    );
    expect(await problemOf((each) => Object.assign(each, { golden: [{ name: 'good-1', map: 'x' }] }))).toBe(
      'variants[1].golden[0].score is undefined, expected number',
    );
    expect(await problemOf((each) => Object.assign(each, { golden: [{ name: 'x', map: 'x', score: 1 }] }))).toMatch(
      /^variants\[1\]\.golden has x, the bundle's golden parts are good-1/,
    );
  });

  test('a file of it that is not listed is named', async () => {
    const change = (each: Variant): void => {
      each.networks = { 'student.onnx': 'int8/other.onnx' };
    };
    const loading = load(withVariant(change), 'cpu', ['int8']);
    await expect(loading).rejects.toThrow('files does not list int8/other.onnx');
  });
});
