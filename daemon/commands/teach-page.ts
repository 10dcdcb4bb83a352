/**
 * Writes the page of a teaching: opens the new bundle once more and looks at the good parts that score highest.
 * The bundle is made already: a page that cannot be written is said, and costs nobody the bundle.
 */
import type { Sample } from '../../drivers/index.ts';
import { messageOf } from '../../errors.ts';
import type { PictureRow } from '../../models/evaluate/report-page.ts';
import { teachingPage } from '../../models/teach/report.ts';
import type { Taught } from '../../models/teach/teaching.ts';
import type { Context } from './command.ts';
import type { GoodParts } from './good-parts.ts';
import { type BundleJudge, openBundleJudge } from './judge-bundle.ts';
import { partPictures } from './part-pictures.ts';
import { writePage } from './write-page.ts';

/** Parts shown of each list. */
const shown = 6;

export interface TeachingPageSettings {
  /** The bundle's folder, and where the page goes. */
  out: string;
  path: string;
  /** What the parts are called. */
  data: string;
  seconds: number;
  warnings: readonly string[];
  threads: number;
}

export async function writeTeachingPage(
  context: Context,
  taught: Taught,
  parts: GoodParts,
  settings: TeachingPageSettings,
): Promise<void> {
  const { path, data, seconds, warnings, out, threads } = settings;
  try {
    const judge = await openBundleJudge(context, out, threads);
    try {
      const unlike = await unlikeParts(context, judge, taught, parts);
      const highest = await highestParts(context, judge, taught, parts);
      await writePage(path, teachingPage({ taught, data, seconds, warnings, unlike, highest }));
    } finally {
      await judge.release();
    }
    context.stderr(`report: ${path}`);
  } catch (error) {
    context.signal.throwIfAborted();
    context.stderr(`the bundle is made, its report is not: ${messageOf(error)}`);
  }
}

async function unlikeParts(
  context: Context,
  judge: BundleJudge,
  { unlike }: Taught,
  { training, heldOut }: GoodParts,
): Promise<PictureRow[]> {
  const rows: PictureRow[] = [];
  for (const { id, side, seenBy, apart } of unlike.slice(0, shown)) {
    const part = [...training, ...heldOut].find((each) => each.id === id);
    const said = `${side}, seen by ${seenBy}, ${apart.toFixed(1)} standard deviations from the others`;
    if (part) rows.push(await rowOf(context, judge, part, said));
  }
  return rows;
}

/** By the scores that teaching measured, which are in the order of the parts. */
async function highestParts(
  context: Context,
  judge: BundleJudge,
  { thresholds: { heldOutScores } }: Taught,
  { heldOut }: GoodParts,
): Promise<PictureRow[]> {
  const ranked = heldOut
    .map((part, index) => ({ part, score: heldOutScores[index] ?? Number.NaN }))
    .sort((a, b) => b.score - a.score)
    .slice(0, shown);
  const rows: PictureRow[] = [];
  for (const { part, score } of ranked) {
    const share = Math.round((100 * score) / judge.served.threshold);
    const said = `score ${Number(score.toPrecision(4))}, ${share} % of the threshold`;
    rows.push(await rowOf(context, judge, part, said));
  }
  return rows;
}

async function rowOf(context: Context, judge: BundleJudge, part: Sample, said: string): Promise<PictureRow> {
  context.signal.throwIfAborted();
  const { rgb, depth, map } = await partPictures(judge, await judge.look(part), 'found');
  const pictures = [
    { shows: 'RGB', png: rgb },
    { shows: 'depth', png: depth },
    { shows: 'anomaly map', png: map },
  ];
  return { id: part.id, said, pictures };
}
