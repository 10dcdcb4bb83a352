/** Writes the report page of an evaluation, with pictures of the parts that were judged worst. */
import { join } from 'node:path';
import type { Sample as RecordedSample } from '../../drivers/index.ts';
import {
  type Detail,
  type Figures,
  type JudgedImage,
  worstFalseAlarms,
  worstMisses,
} from '../../models/evaluate/evaluate.ts';
import { imageAurocInterval } from '../../models/evaluate/intervals.ts';
import { type PicturedPart, reportPage } from '../../models/evaluate/report.ts';
import { maxPicturedParts } from '../../models/evaluate/report-page.ts';
import { seeded } from '../../models/random.ts';
import type { BundleJudge } from './judge-bundle.ts';
import { partPictures } from './part-pictures.ts';
import { writePage } from './write-page.ts';

export async function writeReport(
  folder: string,
  samples: readonly RecordedSample[],
  judge: BundleJudge,
  { figures, detail }: { figures: Figures; detail: Detail },
  data: string,
): Promise<string> {
  const pictured = async (images: readonly JudgedImage[], mask: 'truth' | 'found'): Promise<PicturedPart[]> => {
    const parts: PicturedPart[] = [];
    for (const image of images) {
      const looked = await judge.look(samples.find(({ id }) => id === image.id)!);
      parts.push({ image, pictures: await partPictures(judge, looked, mask) });
    }
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
  await writePage(path, page);
  return path;
}
