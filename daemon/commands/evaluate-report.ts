/** Writes the report page of an evaluation, with pictures of the parts that were judged worst. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '../../drivers/image/png.ts';
import type { Sample as RecordedSample } from '../../drivers/index.ts';
import { fail, messageOf } from '../../errors.ts';
import {
  type Detail,
  type Figures,
  type JudgedImage,
  worstFalseAlarms,
  worstMisses,
} from '../../models/evaluate/evaluate.ts';
import { imageAurocInterval } from '../../models/evaluate/intervals.ts';
import { maxPicturedParts, type PicturedPart, reportPage } from '../../models/evaluate/report.ts';
import { seeded } from '../../models/random.ts';
import { depthPicture, heatPicture, maskPicture, type Picture } from '../evidence/pictures.ts';
import type { BundleJudge } from './judge-bundle.ts';

export async function writeReport(
  folder: string,
  samples: readonly RecordedSample[],
  judge: BundleJudge,
  { figures, detail }: { figures: Figures; detail: Detail },
  data: string,
): Promise<string> {
  const pictured = async (images: readonly JudgedImage[], mask: 'truth' | 'found'): Promise<PicturedPart[]> => {
    const parts: PicturedPart[] = [];
    for (const image of images) parts.push({ image, pictures: await pictures(samples, judge, image, mask) });
    return parts;
  };
  const { name, version, taught } = judge.manifest;
  const interval = imageAurocInterval(detail, 'both', seeded(1));
  const page = reportPage({
    bundle: `${name}@${version}`,
    data,
    figures,
    detail,
    intervals: interval === null ? {} : { imageAuroc: interval },
    teaching: taught.curve,
    misses: await pictured(worstMisses(detail, maxPicturedParts), 'truth'),
    falseAlarms: await pictured(worstFalseAlarms(detail, maxPicturedParts), 'found'),
  });
  const path = join(folder, 'report.html');
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path, page);
  } catch (error) {
    throw fail('file/unwritable', { path, cause: messageOf(error) }, error);
  }
  return path;
}

async function pictures(
  samples: readonly RecordedSample[],
  judge: BundleJudge,
  { id }: JudgedImage,
  mask: 'truth' | 'found',
): Promise<PicturedPart['pictures']> {
  const looked = await judge.look(samples.find((sample) => sample.id === id)!);
  const { widthPx, heightPx, truth, judgement } = looked;
  const blank = { widthPx, heightPx, pixels: new Uint8Array(widthPx * heightPx) };
  const shown = mask === 'truth' ? { ...blank, pixels: truth ?? blank.pixels } : (judgement.mask ?? blank);
  const png = (picture: Picture): Promise<Uint8Array> => encodePng(picture.pixels, widthPx, heightPx);
  return {
    rgb: await png({ widthPx, heightPx, pixels: looked.rgb }),
    depth: await png(depthPicture(looked.depthMm, widthPx, heightPx)),
    map: await png(heatPicture(looked.reading.map, widthPx, heightPx, judge.served.threshold)),
    mask: await png(maskPicture(shown)),
  };
}
