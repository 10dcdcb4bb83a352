/**
 * Layout `eyecandies`: one class of Eyecandies.
 *
 *   {train,val,test_public}/data/NNN_{image_4.png, depth.png, info_depth.yaml, mask.png, bumps_mask.png, ...}
 *
 * `image_4` is the picture the field uses (one light from the left). depth.png is 16 bit, stretched between the min
 * and max (metres) of info_depth.yaml; every pixel has a reading. The kind of a test part is told from its masks, so
 * listing reads those. `test_private` has no labels and is left out.
 */
import { fail } from '../../errors.ts';
import type { FileReader } from '../files.ts';
import { decodeDepthPng16 } from '../image/png.ts';
import { type DepthScale, type RawDepth, signsOf, toMm } from './depth-signs.ts';
import { type Description, descriptionFile, expectKnownParts, readDescription } from './description.ts';
import { filesIn, foldersIn } from './listing.ts';
import { readMask, readRgb } from './read-image.ts';
import { makeSample, missingPartner, type Sample, type Split } from './sample.ts';

const folders: readonly (readonly [string, Split])[] = [
  ['train', 'train'],
  ['val', 'validation'],
  ['test_public', 'test'],
];
const kinds = ['bumps', 'dents', 'colors', 'normals'] as const;
const mmPerMetre = 1000;
const largestUnit = 65535;

export async function isEyecandies(files: FileReader, root: string): Promise<boolean> {
  for (const [folder] of folders) {
    if (!(await foldersIn(files, `${root}/${folder}`)).includes('data')) continue;
    if ((await filesIn(files, `${root}/${folder}/data`, '_info_depth.yaml')).length > 0) return true;
  }
  return false;
}

export async function listEyecandies(files: FileReader, root: string): Promise<Sample[]> {
  const samples: Sample[] = [];
  const description = await readDescription(files, root, false);
  if (description.depthMmPerUnit !== null) {
    const path = `${root}/${descriptionFile}`;
    const expected = 'nothing: info_depth.yaml of each part says its unit';
    throw fail('dataset/field', { path, field: 'depthMmPerUnit', value: description.depthMmPerUnit, expected });
  }
  for (const [folder, split] of folders)
    samples.push(...(await listSplit(files, { data: `${root}/${folder}/data`, split, description })));
  expectKnownParts(
    root,
    description,
    samples.map(({ id }) => id),
  );
  return samples;
}

async function listSplit(
  files: FileReader,
  { data, split, description }: { data: string; split: Split; description: Description },
): Promise<Sample[]> {
  const { depthRangeMm: rangeMm, acceptDepth: accepted, noReading, calibration } = description;
  const entries = new Set(await filesIn(files, data, ''));
  const numbers = [...entries].flatMap((name) => /^(\d+)_(image_4|depth)\.png$/.exec(name)?.[1] ?? []);
  const samples: Sample[] = [];
  for (const number of [...new Set(numbers)].sort()) {
    const path = (what: string): string => `${data}/${number}_${what}`;
    const has = (what: string): boolean => entries.has(`${number}_${what}`);
    const kind = split === 'test' && has('mask.png') ? await kindOf(files, path, has) : 'good';
    const hasDepth = has('depth.png') && has('info_depth.yaml');
    const missing = ['image_4.png', 'depth.png', 'info_depth.yaml'].find((what) => !has(what));
    const lacking = missingPartner(path(missing ?? ''), path(missing === 'image_4.png' ? 'depth.png' : 'image_4.png'));
    const id = `${split}/${kind}/${number}`;
    const group = description.groups[id];
    samples.push(
      makeSample({
        ...{ id, split, kind, calibration },
        ...(group === undefined ? {} : { group }),
        capturedAtMs: description.capturedAtMs[id] ?? null,
        severity: description.severity[id] ?? null,
        rgbPath: path('image_4.png'),
        depthPath: path('depth.png'),
        truthPath: path('mask.png'),
        loadRgb: has('image_4.png') ? () => readRgb(files, path('image_4.png')) : lacking,
        depthAnswers: { rangeMm, accepted },
        loadDepth: hasDepth
          ? () => readDepth(files, path, noReading).then(({ raw, scale }) => toMm(raw, scale))
          : lacking,
        depthSigns: async () => {
          if (!hasDepth) return null;
          const { raw, scale } = await readDepth(files, path, noReading);
          return signsOf(raw, scale);
        },
        loadTruth: has('mask.png') ? () => readMask(files, path('mask.png')) : async () => null,
      }),
    );
  }
  return samples;
}

async function kindOf(
  files: FileReader,
  path: (what: string) => string,
  has: (what: string) => boolean,
): Promise<string> {
  const marked = async (what: string): Promise<boolean> =>
    has(what) && (await readMask(files, path(what))).mask.includes(1);
  if (!(await marked('mask.png'))) return 'good';
  const found: string[] = [];
  for (const kind of kinds) if (await marked(`${kind}_mask.png`)) found.push(kind);
  return found.length === 1 ? found[0]! : found.length === 0 ? 'bad' : 'combined';
}

async function readDepth(
  files: FileReader,
  path: (what: string) => string,
  missing: readonly number[],
): Promise<{ raw: RawDepth; scale: DepthScale }> {
  const { min, max } = parseRange(
    new TextDecoder().decode(await files.read(path('info_depth.yaml'))),
    path('info_depth.yaml'),
  );
  const depthPath = path('depth.png');
  const raw = await decodeDepthPng16(await files.read(depthPath), depthPath, files.noticed);
  const mmPerUnit = ((max - min) / largestUnit) * mmPerMetre;
  return { raw, scale: { mmPerUnit, offsetMm: min * mmPerMetre, missing } };
}

/** The whole file is `normalization:` with a `min` and a `max`, in block or flow style. */
function parseRange(text: string, path: string): { min: number; max: number } {
  const read = (field: 'min' | 'max'): number => {
    const found = new RegExp(`(?:^|[\\s{,])${field}\\s*:\\s*([^\\s,}]+)`, 'm').exec(text)?.[1];
    const value = Number(found);
    if (found === undefined || !Number.isFinite(value)) {
      throw fail('dataset/field', {
        path,
        field: `normalization.${field}`,
        value: found ?? 'missing',
        expected: 'metres',
      });
    }
    return value;
  };
  const range = { min: read('min'), max: read('max') };
  if (range.max > range.min) return range;
  throw fail('dataset/field', {
    path,
    field: 'normalization.max',
    value: range.max,
    expected: `more than min (${range.min})`,
  });
}
