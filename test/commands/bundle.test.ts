import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { filesOf, scene } from './scene.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A folder with one bundle in it: the manifest is complete, the networks are two small texts. */
function shelf(change: (manifest: Record<string, unknown>) => void = () => {}): Record<string, string> {
  const contents = { 'teacher.onnx': 'teacher', 'golden/a.png': 'picture' };
  const manifest = {
    schema: 'twinspect.bundle/1',
    name: 'bracket',
    version: '1.0.0',
    product: 'bracket-12',
    files: Object.fromEntries(Object.entries(contents).map(([path, text]) => [path, sha256(text)])),
    input: { widthPx: 320, heightPx: 240, rgb: 'uint8 RGB', depth: 'float32 mm' },
    calibration: null,
    roi: null,
    ignore: [],
    working: { widthPx: 256, heightPx: 256 },
    datum: { kind: 'fitted', offsetLimitMm: 1, tiltLimitMmAcross: 1 },
    depthScale: { centreMm: 500, heightMm: 1, slopeMmPerPx: 1 },
    minJudgedShare: 0.5,
    taught: { parts: 80, heldOut: 20, dataDigest: 'd1', seed: 7, recipe: {} },
    peakMemoryMb: 500,
    variants: [
      {
        ...{ provider: 'cpu', precision: 'fp32', threshold: 3, pixelThreshold: 4, leastAreaPx: 5 },
        ...{ sources: [], halves: { network: 1, geometry: 1, colour: 1 }, goldenTolerance: 1e-4 },
      },
    ],
    golden: [{ name: 'good-1', rgb: 'golden/a.png', depth: 'golden/a.png', map: 'golden/a.png', score: 1 }],
  };
  change(manifest);
  const files = Object.entries(contents).map(([path, text]) => [`b/bracket@1.0.0/${path}`, text]);
  return { ...Object.fromEntries(files), 'b/bracket@1.0.0/manifest.json': JSON.stringify(manifest) };
}

async function bundle(argv: string[], texts: Record<string, string>) {
  const it = scene({ files: filesOf(texts) });
  const code = await dispatch(['bundle', ...argv], it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}

test('list names the bundles of a folder; one that cannot be read does not hide the others', async () => {
  const texts = { ...shelf(), 'b/broken@2.0.0/manifest.json': '{', 'b/notes/readme': '' };
  const { code, out } = await bundle(['list', 'b'], texts);
  expect(code).toBe(0);
  expect(out).toMatch(/^bracket@1\.0\.0 {2}product bracket-12, digest [0-9a-f]{12}, input 320 x 240$/m);
  expect(out).toMatch(/^broken@2\.0\.0 {2}problem Bundle b\/broken@2\.0\.0: manifest\.json: not JSON/m);
  expect(out).not.toContain('notes');
  const rows = JSON.parse((await bundle(['list', 'b', '--json'], texts)).out) as { path: string }[];
  expect(rows.map(({ path }) => path)).toEqual(['b/bracket@1.0.0', 'b/broken@2.0.0']);
});

test('show says what is in it', async () => {
  const texts = shelf();
  const { code, out } = await bundle(['show', 'b/bracket@1.0.0'], texts);
  expect(code).toBe(0);
  expect(out).toContain(sha256(texts['b/bracket@1.0.0/manifest.json']!));
  expect(out).toMatch(/^cpu\/fp32 +fail from score 3, region from 4$/m);
  const json = JSON.parse((await bundle(['show', 'b/bracket@1.0.0', '--json'], texts)).out) as { manifest: object };
  expect(json.manifest).toMatchObject({ product: 'bracket-12' });
});

test('verify --digests: a whole bundle is whole', async () => {
  const { code, out, err } = await bundle(['verify', 'b/bracket@1.0.0', '--digests'], shelf());
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out).toMatch(/^ok {2}teacher\.onnx\nok {2}golden\/a\.png\nbracket@1\.0\.0 is whole, digest [0-9a-f]{64}$/);
});

test.each([
  ['edited', { 'b/bracket@1.0.0/teacher.onnx': 'Teacher' }, `teacher.onnx has digest ${sha256('Teacher')}`],
  ['added', { 'b/bracket@1.0.0/golden/b.png': 'x' }, 'golden/b.png has digest present, the manifest says no such file'],
])('verify: a file %s is named', async (_what, change, expected) => {
  const { code, err } = await bundle(['verify', 'b/bracket@1.0.0'], { ...shelf(), ...change });
  expect(code).toBe(1);
  expect(err).toContain(`error bundle/digest: Bundle b/bracket@1.0.0: ${expected}`);
});

test('verify: a file that is missing is named, and so is every other', async () => {
  const { 'b/bracket@1.0.0/teacher.onnx': _gone, ...texts } = shelf();
  const { code, out, err } = await bundle(['verify', 'b/bracket@1.0.0', '--json'], {
    ...texts,
    'b/bracket@1.0.0/golden/a.png': 'edited',
  });
  expect(code).toBe(1);
  expect(err).toContain('teacher.onnx has digest none (missing)');
  expect(JSON.parse(out)).toMatchObject({ whole: false, problems: [expect.any(String), expect.any(String)] });
});

test('verify: networks that are none are refused, however right their digests', async () => {
  const { code, out, err } = await bundle(['verify', 'b/bracket@1.0.0'], shelf());
  expect(code).toBe(1);
  expect(out).toContain('is whole');
  expect(err).toMatch(/^error (?:onnx|bundle)\//);
});

test.each([
  [['verify', 'b/bracket@1.0.0', '--provider', 'gpu'], 2, 'Option --provider: found gpu, expected cpu or tensorrt'],
  [['show', 'b/none@1'], 1, 'No bundle at b/none@1'],
  [['list', 'nowhere'], 1, 'No such file: nowhere'],
  [['list', 'b/bracket@1.0.0'], 1, 'No bundles in b/bracket@1.0.0'],
  [['show'], 2, 'bundle show needs the bundle folder'],
  [['shw', 'b'], 2, 'usage/action: bundle has no sub-command shw; did you mean show?'],
  [['sell'], 2, 'bundle has no sub-command sell; there are list, show'],
  [['list', '--data', 'x'], 2, 'bundle list has no option --data'],
  [['show', 'shipped:none@1.0.0'], 1, 'error bundle/missing'],
])('%j', async (argv, code, expected) => {
  const called = await bundle(argv, shelf());
  expect(called.code).toBe(code);
  expect(called.err).toContain(expected);
});

test('a manifest without a field is refused with the field', async () => {
  const { code, err } = await bundle(
    ['show', 'b/bracket@1.0.0'],
    shelf((manifest) => delete manifest['product']),
  );
  expect(code).toBe(1);
  expect(err).toContain('product is undefined, expected string');
});
