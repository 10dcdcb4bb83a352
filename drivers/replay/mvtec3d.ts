/**
 * Layout `mvtec3d`: one category of MVTec 3D-AD.
 *
 *   {train,validation}/good/{rgb/NNN.png, xyz/NNN.tiff}
 *   test/KIND/{rgb/NNN.png, xyz/NNN.tiff, gt/NNN.png}
 *
 * xyz holds metres in float32 with (0,0,0) = no reading; the depth is its z. The values of gt encode the defect's
 * class, so a mask is whatever is above 0.
 */
import type { FileReader } from '../files.ts';
import { decodeXyzTiff } from '../image/tiff.ts';
import { filesIn, foldersIn } from './listing.ts';
import { readMask, readRgb } from './read-image.ts';
import { type DepthImage, makeSample, missingPartner, type Sample, type Split } from './sample.ts';

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
  const samples: Sample[] = [];
  for (const split of splits) {
    for (const kind of await foldersIn(files, `${root}/${split}`)) {
      samples.push(...(await listKind(files, `${root}/${split}/${kind}`, split, kind)));
    }
  }
  return samples;
}

async function listKind(files: FileReader, folder: string, split: Split, kind: string): Promise<Sample[]> {
  const rgb = new Set(await filesIn(files, `${folder}/rgb`, '.png'));
  const xyz = new Set(await filesIn(files, `${folder}/xyz`, '.tiff'));
  const gt = new Set(await filesIn(files, `${folder}/gt`, '.png'));
  return [...new Set([...rgb, ...xyz])].sort().map((name) => {
    const rgbPath = `${folder}/rgb/${name}.png`;
    const depthPath = `${folder}/xyz/${name}.tiff`;
    const truthPath = `${folder}/gt/${name}.png`;
    const truthExpected = split === 'test' && kind !== 'good';
    return makeSample({
      id: `${split}/${kind}/${name}`,
      split,
      kind,
      rgbPath,
      depthPath,
      truthPath,
      loadRgb: rgb.has(name) ? () => readRgb(files, rgbPath) : missingPartner(rgbPath, depthPath),
      loadDepth: xyz.has(name) ? () => readZ(files, depthPath) : missingPartner(depthPath, rgbPath),
      loadTruth: gt.has(name)
        ? () => readMask(files, truthPath)
        : truthExpected
          ? missingPartner(truthPath, rgbPath)
          : async () => null,
    });
  });
}

async function readZ(files: FileReader, path: string): Promise<DepthImage> {
  const { widthPx, heightPx, values } = decodeXyzTiff(await files.read(path), path);
  const depthMm = new Float32Array(widthPx * heightPx);
  for (let i = 0; i < depthMm.length; i++) depthMm[i] = values[i * 3 + 2]! * mmPerMetre;
  return { widthPx, heightPx, depthMm };
}
