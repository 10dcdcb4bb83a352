/**
 * Layout `pairs`: RGB PNG + 16-bit depth PNG, the simplest interchange and what Twinspect itself records.
 *
 *   dataset.json              depthMmPerUnit; optional tiles, groups, capturedAtMs, severity, calibration
 *   {train,validation,test}/{good,KIND}/{rgb,depth,gt}/NAME.png
 * or, for good parts only,
 *   dataset.json, rgb/NAME.png, depth/NAME.png
 *
 * `tiles` gives [set, image, x, y] per "split/kind/NAME": tiles of one source image are one group. `groups` names the
 * group itself, `capturedAtMs` the instant of recording, `severity` how grave the defect is, each per id;
 * `calibration` is the digest of the one that brought colour onto depth. The unit of depth is never guessed.
 */
import { fail, messageOf } from '../../errors.ts';
import type { FileReader } from '../files.ts';
import { decodeDepthPng16 } from '../image/png.ts';
import { filesIn, foldersIn } from './listing.ts';
import { readMask, readRgb } from './read-image.ts';
import { type DepthImage, makeSample, missingPartner, type Sample, type Split } from './sample.ts';

const splits: readonly Split[] = ['train', 'validation', 'test'];
const descriptionFile = 'dataset.json';

interface Description {
  depthMmPerUnit: number;
  tiles: Record<string, readonly number[]>;
  groups: Record<string, string>;
  capturedAtMs: Record<string, number>;
  severity: Record<string, string>;
  calibration: string | null;
}

interface Where {
  split: Split;
  kind: string;
  folder: string;
}

export async function isPairs(files: FileReader, root: string): Promise<boolean> {
  return (await places(files, root)).length > 0;
}

export async function listPairs(files: FileReader, root: string): Promise<Sample[]> {
  const description = await readDescription(files, `${root}/${descriptionFile}`);
  const samples: Sample[] = [];
  for (const where of await places(files, root)) samples.push(...(await listFolder(files, where, description)));
  return samples;
}

async function places(files: FileReader, root: string): Promise<Where[]> {
  const found: Where[] = [];
  for (const split of splits) {
    for (const kind of await foldersIn(files, `${root}/${split}`)) {
      const folder = `${root}/${split}/${kind}`;
      if (await isPairFolder(files, folder)) found.push({ split, kind, folder });
    }
  }
  if (found.length === 0 && (await isPairFolder(files, root))) {
    found.push({ split: 'train', kind: 'good', folder: root });
  }
  return found;
}

async function isPairFolder(files: FileReader, folder: string): Promise<boolean> {
  const inside = await foldersIn(files, folder);
  return inside.includes('rgb') && inside.includes('depth');
}

async function listFolder(files: FileReader, where: Where, description: Description): Promise<Sample[]> {
  const { split, kind, folder } = where;
  const rgb = new Set(await filesIn(files, `${folder}/rgb`, '.png'));
  const depth = new Set(await filesIn(files, `${folder}/depth`, '.png'));
  const hasTruth = (await foldersIn(files, folder)).includes('gt');
  const truth = new Set(hasTruth ? await filesIn(files, `${folder}/gt`, '.png') : []);
  return [...new Set([...rgb, ...depth])].sort().map((name) => {
    const id = `${split}/${kind}/${name}`;
    const path = (what: string): string => `${folder}/${what}/${name}.png`;
    const tile = description.tiles[id];
    const group = description.groups[id] ?? (tile ? `${tile[0]}/${tile[1]}` : undefined);
    // a defect without its truth cannot be counted; a good part needs none
    const truthExpected = hasTruth && kind !== 'good';
    return makeSample({
      id,
      split,
      kind,
      ...(group === undefined ? {} : { group }),
      capturedAtMs: description.capturedAtMs[id] ?? null,
      severity: description.severity[id] ?? null,
      calibration: description.calibration,
      rgbPath: path('rgb'),
      depthPath: path('depth'),
      truthPath: path('gt'),
      loadRgb: rgb.has(name) ? () => readRgb(files, path('rgb')) : missingPartner(path('rgb'), path('depth')),
      loadDepth: depth.has(name)
        ? () => readDepth(files, path('depth'), description.depthMmPerUnit)
        : missingPartner(path('depth'), path('rgb')),
      loadTruth: truth.has(name)
        ? () => readMask(files, path('gt'))
        : truthExpected
          ? missingPartner(path('gt'), path('rgb'))
          : async () => null,
    });
  });
}

async function readDepth(files: FileReader, path: string, mmPerUnit: number): Promise<DepthImage> {
  const { widthPx, heightPx, units } = await decodeDepthPng16(await files.read(path), path, files.noticed);
  return { widthPx, heightPx, depthMm: Float32Array.from(units, (unit) => unit * mmPerUnit) };
}

async function readDescription(files: FileReader, path: string): Promise<Description> {
  const text = new TextDecoder().decode(await files.read(path));
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw fail('dataset/field', { path, field: 'the file', value: messageOf(error), expected: 'JSON' }, error);
  }
  const given = (typeof raw === 'object' && raw !== null ? raw : {}) as Partial<Description>;
  const { depthMmPerUnit } = given;
  if (typeof depthMmPerUnit !== 'number' || !(depthMmPerUnit > 0) || !Number.isFinite(depthMmPerUnit)) {
    throw fail('dataset/field', {
      path,
      field: 'depthMmPerUnit',
      value: JSON.stringify(depthMmPerUnit) ?? 'missing',
      expected: 'mm per unit of the depth images, above 0',
    });
  }
  const { tiles = {}, groups = {}, capturedAtMs = {}, severity = {}, calibration = null } = given;
  return { depthMmPerUnit, tiles, groups, capturedAtMs, severity, calibration };
}
