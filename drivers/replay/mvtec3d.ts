/**
 * Layout `mvtec3d`: one category of MVTec 3D-AD.
 *
 *   {train,validation}/good/{rgb/NNN.png, xyz/NNN.tiff}
 *   test/KIND/{rgb/NNN.png, xyz/NNN.tiff, gt/NNN.png}
 *
 * xyz holds metres in float32 with (0,0,0) = no reading; the depth is its z. The values of gt encode the defect's
 * class, so a mask is whatever is above 0. A `dataset.json` may stand beside them and say another unit.
 */
import type { FileReader } from '../files.ts';
import { decodeXyzTiff } from '../image/tiff.ts';
import { type RawDepth, signsOf, toMm } from './depth-signs.ts';
import { type Description, expectKnownParts, readDescription } from './description.ts';
import { expectKnownMasks, foldersIn, imagesIn, maskEndings, pictureEndings } from './listing.ts';
import { readMask, readRgb } from './read-image.ts';
import { makeSample, missingPartner, type Sample, type Split } from './sample.ts';

const splits: readonly Split[] = ['train', 'validation', 'test'];
const mmPerMetre = 1000;

export async function isMvtec3d(files: FileReader, root: string): Promise<boolean> {
  for (const split of splits) {
    for (const kind of await foldersIn(files, `${root}/${split}`)) {
      if ((await foldersIn(files, `${root}/${split}/${kind}`)).includes('xyz')) return true;
    }
  }
  return false;
}

export async function listMvtec3d(files: FileReader, root: string): Promise<Sample[]> {
  const description = await readDescription(files, root, false);
  const samples: Sample[] = [];
  for (const split of splits) {
    for (const kind of await foldersIn(files, `${root}/${split}`)) {
      samples.push(...(await listKind(files, { folder: `${root}/${split}/${kind}`, split, kind, description })));
    }
  }
  expectKnownParts(
    root,
    description,
    samples.map(({ id }) => id),
  );
  return samples;
}

async function listKind(
  files: FileReader,
  { folder, split, kind, description }: { folder: string; split: Split; kind: string; description: Description },
): Promise<Sample[]> {
  const rgb = await imagesIn(files, `${folder}/rgb`, pictureEndings);
  const xyz = await imagesIn(files, `${folder}/xyz`, ['.tiff', '.tif']);
  const gt = await imagesIn(files, `${folder}/gt`, maskEndings);
  expectKnownMasks(gt, rgb, xyz);
  const { depthRangeMm: rangeMm, acceptDepth: accepted } = description;
  const scale = { mmPerUnit: description.depthMmPerUnit ?? mmPerMetre, missing: [0, ...description.noReading] };
  return [...new Set([...rgb.keys(), ...xyz.keys()])].sort().map((name) => {
    const id = `${split}/${kind.normalize('NFC')}/${name}`;
    const rgbPath = rgb.get(name) ?? `${folder}/rgb/${name}.png`;
    const depthPath = xyz.get(name) ?? `${folder}/xyz/${name}.tiff`;
    const truthPath = gt.get(name) ?? `${folder}/gt/${name}.png`;
    const truthExpected = split === 'test' && kind !== 'good';
    const group = description.groups[id];
    return makeSample({
      ...{ id, split, kind: kind.normalize('NFC'), rgbPath, depthPath, truthPath },
      ...(group === undefined ? {} : { group }),
      capturedAtMs: description.capturedAtMs[id] ?? null,
      severity: description.severity[id] ?? null,
      calibration: description.calibration,
      depthAnswers: { rangeMm, accepted },
      loadRgb: rgb.has(name) ? () => readRgb(files, rgbPath) : missingPartner(rgbPath, depthPath),
      loadDepth: xyz.has(name)
        ? async () => toMm(await readZ(files, depthPath), scale)
        : missingPartner(depthPath, rgbPath),
      depthSigns: async () => (xyz.has(name) ? signsOf(await readZ(files, depthPath), scale) : null),
      loadTruth: gt.has(name)
        ? () => readMask(files, truthPath)
        : truthExpected
          ? missingPartner(truthPath, rgbPath)
          : async () => null,
    });
  });
}

async function readZ(files: FileReader, path: string): Promise<RawDepth> {
  const { widthPx, heightPx, values } = decodeXyzTiff(await files.read(path), path);
  const units = new Float32Array(widthPx * heightPx);
  for (let i = 0; i < units.length; i++) units[i] = values[i * 3 + 2]!;
  return { widthPx, heightPx, units };
}
