/**
 * Layout `pairs`: a picture and a depth image for each part, the simplest interchange and what Twinspect records.
 *
 *   dataset.json              depthMmPerUnit and more: description.ts
 *   {train,validation,test}/{good,KIND}/{rgb,depth,gt}/NAME.png
 * or, for good parts only,
 *   dataset.json, rgb/NAME.png, depth/NAME.png
 *
 * Pictures may be PNG, JPEG or TIFF, depth 16-bit PNG or TIFF of 16 bit or float, masks PNG or TIFF.
 */
import type { FileReader } from '../files.ts';
import { signsOf, toMm } from './depth-signs.ts';
import { type Description, expectKnownParts, readDescription } from './description.ts';
import { depthEndings, expectKnownMasks, foldersIn, imagesIn, maskEndings, pictureEndings } from './listing.ts';
import { readMask, readRawDepth, readRgb } from './read-image.ts';
import { makeSample, missingPartner, type Sample, type Split } from './sample.ts';

const splits: readonly Split[] = ['train', 'validation', 'test'];

interface Where {
  split: Split;
  kind: string;
  folder: string;
}

export async function isPairs(files: FileReader, root: string): Promise<boolean> {
  return (await places(files, root)).length > 0;
}

export async function listPairs(files: FileReader, root: string): Promise<Sample[]> {
  const description = await readDescription(files, root, true);
  const samples: Sample[] = [];
  for (const where of await places(files, root)) samples.push(...(await listFolder(files, where, description)));
  expectKnownParts(
    root,
    description,
    samples.map(({ id }) => id),
  );
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
  const { split, folder } = where;
  const kind = where.kind.normalize('NFC');
  const rgb = await imagesIn(files, `${folder}/rgb`, pictureEndings);
  const depth = await imagesIn(files, `${folder}/depth`, depthEndings);
  const hasTruth = (await foldersIn(files, folder)).includes('gt');
  const truth = hasTruth ? await imagesIn(files, `${folder}/gt`, maskEndings) : new Map<string, string>();
  expectKnownMasks(truth, rgb, depth);
  const { depthRangeMm: rangeMm, acceptDepth: accepted } = description;
  const scale = { mmPerUnit: description.depthMmPerUnit ?? 1, missing: [0, ...description.noReading] };
  return [...new Set([...rgb.keys(), ...depth.keys()])].sort().map((name) => {
    const id = `${split}/${kind}/${name}`;
    const path = (what: string): string => `${folder}/${what}/${name}.png`;
    const [rgbPath, depthPath] = [rgb.get(name) ?? path('rgb'), depth.get(name) ?? path('depth')];
    const truthPath = truth.get(name) ?? path('gt');
    const tile = description.tiles[id];
    const group = description.groups[id] ?? (tile ? `${tile[0]}/${tile[1]}` : undefined);
    // a defect without its truth cannot be counted; a good part needs none
    const truthExpected = hasTruth && kind !== 'good';
    return makeSample({
      ...{ id, split, kind, rgbPath, depthPath, truthPath, depthAnswers: { rangeMm, accepted } },
      ...(group === undefined ? {} : { group }),
      capturedAtMs: description.capturedAtMs[id] ?? null,
      severity: description.severity[id] ?? null,
      calibration: description.calibration,
      loadRgb: rgb.has(name) ? () => readRgb(files, rgbPath) : missingPartner(rgbPath, depthPath),
      loadDepth: depth.has(name)
        ? async () => toMm(await readRawDepth(files, depthPath), scale)
        : missingPartner(depthPath, rgbPath),
      depthSigns: async () => (depth.has(name) ? signsOf(await readRawDepth(files, depthPath), scale) : null),
      loadTruth: truth.has(name)
        ? () => readMask(files, truthPath)
        : truthExpected
          ? missingPartner(truthPath, rgbPath)
          : async () => null,
    });
  });
}
