/**
 * The report of a teaching: one HTML page that opens offline. How the loss fell, what good parts the student never saw
 * score, where that puts the threshold and how sure that is, which good parts look least like the others, and what was
 * measured on the way. All of it is said by the bundle or by its making; nothing is computed here that is not.
 */
import { scoreHistogram, teachingChart } from '../evaluate/report-charts.ts';
import { figure, keyFigures, many, type PictureRow, page, pictureRows, section } from '../evaluate/report-page.ts';
import { escaped } from '../evaluate/svg.ts';
import { rateChart } from './report-charts.ts';
import { measuredTables } from './report-measured.ts';
import type { Taught } from './teaching.ts';

export interface TeachingReport {
  taught: Taught;
  /** Of the parts that were shown. */
  data: string;
  seconds: number;
  /** What teaching warned of. */
  warnings: readonly string[];
  /** Those of `taught.unlike` that are shown. */
  unlike: readonly PictureRow[];
  /** The held-out good parts with the highest scores, the highest first. */
  highest: readonly PictureRow[];
}

export function teachingPage(report: TeachingReport): string {
  const { taught, data, warnings, unlike, highest } = report;
  const { name, version } = taught.manifest;
  const title = `${name}@${version}`;
  const warned = warnings.map((warning) => `<li>${escaped(warning.replace(/:$/, '.'))}</li>`).join('');
  return page(`Teaching of ${title}`, [
    `<header><h1>How ${escaped(title)} was taught on ${escaped(data)}</h1>`,
    `<p class="soft">${facts(report)}</p>${firstFigures(taught)}</header>`,
    ...(warned === '' ? [] : [section('Warnings', `<ul>${warned}</ul>`)]),
    ...(unlike.length === 0 ? [] : [section('Good parts unlike the rest', pictureRows(unlike, ''))]),
    section('False rejects', falseRejects(taught)),
    section('Teaching', drawings(taught)),
    section(
      'Good parts that score highest',
      '<p class="soft">Held-out good parts, the least like the others first. If one of them has a defect, take it ' +
        'out and teach again: the threshold is above it. In the map red is full at half the threshold, yellow ' +
        `at it.</p>${pictureRows(highest, 'No good part was held out.')}`,
    ),
    section('What was measured', measuredTables(taught.manifest)),
  ]);
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

function facts({ taught: { manifest }, seconds }: TeachingReport): string {
  const { taught, product, working } = manifest;
  const minutes = seconds < 90 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
  return [
    `product ${escaped(product)}`,
    many(taught.parts, 'good part'),
    `${taught.heldOut} more held out`,
    many(taught.epochs, 'epoch'),
    `${working.widthPx} x ${working.heightPx} pixels`,
    `teacher ${escaped(taught.teacher.source)}`,
    `seed ${taught.seed}`,
    `in ${minutes}`,
  ].join(' · ');
}

function firstFigures({ manifest, thresholds: { score } }: Taught): string {
  const { curve, heldOut } = manifest.taught;
  const [low, high] = score.interval95;
  const loss = curve.at(-1);
  return keyFigures([
    ['Good parts that will fail', percent(score.expected), `95 %: ${percent(low)} to ${percent(high)}`],
    [
      'Asked for',
      percent(score.wanted),
      score.partsMissing > 0 ? `needs ${many(score.partsMissing, 'more part')}` : 'supported',
    ],
    ['Calibrated on', `${heldOut}`, 'held-out good parts'],
    ['Threshold', `${Number(score.threshold.toPrecision(4))}`, 'a part that reaches it fails'],
    ['Loss', loss === undefined ? '–' : `${Number(loss.toPrecision(3))}`, 'mean distance at the end'],
  ]);
}

function falseRejects({ thresholds }: Taught): string {
  const { score, heldOutScores } = thresholds;
  const heldOut = heldOutScores.length;
  const { wanted, expected, lowestSupported, partsMissing, interval95 } = score;
  const k = Math.max(1, Math.round(expected * (heldOut + 1)));
  const rank = k === 1 ? 'the highest' : `number ${k} from above`;
  const said = [
    `The threshold lies just above ${rank} of ${heldOut} held-out scores. Of further good parts about ` +
      `${percent(expected)} will fail; with 95 % probability between ${percent(interval95[0])} and ` +
      `${percent(interval95[1])}.`,
    partsMissing > 0
      ? `${heldOut} parts support a rate of ${percent(lowestSupported)} at the lowest: ${partsMissing} more good ` +
        `parts are needed to set it for the ${percent(wanted)} asked for.`
      : '',
    'This holds for parts like these: another batch, light or fixture is not in it.',
  ];
  const drawn = [
    figure(
      `<b>Scores</b><i class="swatch good"></i>${many(heldOutScores.length, 'held-out good part')}`,
      scoreHistogram(heldOutScores, [], score.threshold),
    ),
    figure(
      '<b>False-reject rate</b><i class="swatch belief"></i>95 %',
      rateChart({ k, n: heldOut, wanted, expected, interval95 }),
    ),
  ];
  return `<p>${said.filter((line) => line !== '').join(' ')}</p><div class="charts">${drawn.join('')}</div>`;
}

function drawings({ manifest: { taught } }: Taught): string {
  if (!taught.curve.some((value) => Number.isFinite(value))) return '<p>No epoch was taught.</p>';
  const words =
    'Mean distance between what the student restores and what the teacher sees, over all places of an epoch.';
  const drawn = figure('<b>Loss</b> of each epoch', teachingChart(taught.curve));
  return `<p class="soft">${words}</p><div class="charts">${drawn}</div>`;
}
