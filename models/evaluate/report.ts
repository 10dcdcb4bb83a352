/**
 * The report of an evaluation: one HTML page that needs nothing beside itself (no script, no font, no network; a
 * content policy in the page forbids them), readable in light and dark and on paper.
 *
 * Takes the figures as `evaluate` made them and PNG bytes of pictures; refuses pictures that are no PNG and cuts, with
 * a line that says so, what exceeds its bounds.
 */
import { Buffer } from 'node:buffer';
import { fail } from '../../errors.ts';
import type { Interval } from './bootstrap.ts';
import { type Detail, type Figures, type JudgedImage, proLimit, type SourceFigures } from './evaluate.ts';
import { type DefectFigures, kindColumns, middleSeverity, summaryOfKinds } from './kinds.ts';
import { escaped, rateChart, type Series, scoreHistogram, teachingChart } from './report-charts.ts';
import { severityCharts } from './report-severity.ts';
import { style } from './report-style.ts';
import { good, sourceNames } from './samples.ts';

/** A part to look at; each picture is a whole PNG. Mask: ground truth of a miss, regions found of a false alarm. */
export interface PicturedPart {
  image: JudgedImage;
  pictures: { rgb: Uint8Array; depth: Uint8Array; map: Uint8Array; mask: Uint8Array };
}

export interface ReportInput {
  bundle: string;
  data: string;
  figures: Figures;
  detail: Detail;
  /** Intervals of combined figures, by group. */
  intervals?: Partial<Record<keyof SourceFigures, Interval>>;
  /** Loss of each epoch, where the bundle tells it. */
  teaching?: readonly number[];
  misses: readonly PicturedPart[];
  falseAlarms: readonly PicturedPart[];
}

/** Twelve parts of four pictures of up to 2 MiB stay below 130 MiB of page; what is beyond is counted on the page. */
export const maxPicturedParts = 12;
export const maxPictureBytes = 2 * 2 ** 20;

/** The page. */
export function reportPage(input: ReportInput): string {
  const { figures, detail } = input;
  const misses = parts(input.misses, 'ground truth', 'No defective part was passed.');
  const falseAlarms = parts(input.falseAlarms, 'regions found', 'No good part failed.');
  const sections = [
    `<header><h1>How ${escaped(input.bundle)} judges ${escaped(input.data)}</h1>`,
    `<p class="soft">${facts(input)}</p>${keyFigures(figures, detail)}</header>`,
    `<section><h2>Figures</h2>${figureTable(input)}${explanation}</section>`,
    `<section><h2>Verdicts</h2>${verdictTable(detail)}</section>`,
    `<section><h2>Kinds of defect</h2>${severityCharts(figures.perKind)}${kindTable(figures)}</section>`,
    `<section><h2>Curves</h2>${charts(input)}</section>`,
    `<section><h2>Worst misses</h2>${misses}</section>`,
    `<section><h2>Worst false alarms</h2>${falseAlarms}</section>`,
  ];
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" ` +
    `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">` +
    `<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(input.bundle)} on ` +
    `${escaped(input.data)}</title><style>${style}</style></head><body>${sections.join('\n')}</body></html>\n`
  );
}

const decimals = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
const percent = (value: number | null): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
const many = (count: number, noun: string): string => `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

function facts({ detail }: ReportInput): string {
  const told = [
    many(detail.images.length, 'part'),
    `${many(detail.components, 'defect region')} of ${many(detail.defectPixels, 'pixel')}`,
    `${many(detail.okPixels, 'pixel')} outside them`,
    `threshold ${Number(detail.threshold.toPrecision(5))}`,
  ];
  if (detail.notJudgedPixels > 0) told.push(`${many(detail.notJudgedPixels, 'pixel')} not judged, counted as lowest`);
  if (detail.withoutMask > 0)
    told.push(`${many(detail.withoutMask, 'defective part')} without a mask, in image figures only`);
  return told.join(' · ');
}

function keyFigures(figures: Figures, detail: Detail): string {
  const count = (is: (image: JudgedImage) => boolean): number => detail.images.filter(is).length;
  const bad = count((image) => image.kind !== good);
  const misses = count((image) => image.kind !== good && image.outcome === 'pass');
  const rejects = count((image) => image.kind === good && image.outcome === 'fail');
  const undecided = count((image) => image.outcome === 'undecided');
  const rows: [string, string, string][] = [
    ['Image AUROC', decimals(figures.imageAuroc), 'good against defective parts'],
    ['AUPRO@30%', decimals(figures.aupro30), 'where the defects are, exact'],
    ['Missed', percent(figures.missRate), `${misses} of ${bad} defective`],
    ['Rejected falsely', percent(figures.falseRejectRate), `${rejects} of ${detail.images.length - bad} good`],
    ['Undecided', percent(figures.undecidedRate), `${undecided} of ${detail.images.length} parts`],
  ];
  const shown = rows.map(([name, value, of]) => `<div><dt>${name}</dt><dd>${value}<small>${of}</small></dd></div>`);
  return `<dl class="key">${shown.join('')}</dl>`;
}

type Figure = Exclude<keyof SourceFigures, 'perKind' | 'images'>;

const rows: [Figure, string, (value: number | null) => string][] = [
  ['imageAuroc', 'Image AUROC', decimals],
  ['pixelAuroc', 'Pixel AUROC', decimals],
  ['aupro30', 'AUPRO@30%, exact', decimals],
  ['aupro1', 'AUPRO@1%, exact', decimals],
  ['aupro1At100', 'AUPRO@1%, 100 thresholds', decimals],
  ['f1AtThreshold', 'F1 at the threshold', decimals],
  ['f1MaxOnTest', 'F1, best on this test set', decimals],
  ['missRate', 'Missed', percent],
  ['falseRejectRate', 'Rejected falsely', percent],
  ['undecidedRate', 'Undecided', percent],
];

function figureTable({ figures, intervals }: ReportInput): string {
  const body = rows.map(([key, name, format]) => {
    const interval = intervals?.[key];
    const range = interval ? `<small>${format(interval.low)} to ${format(interval.high)}</small>` : '';
    const alone = [figures.networkOnly, figures.geometryOnly].map((source) => format(source?.[key] ?? null));
    return `<tr><td>${name}</td><td>${format(figures[key])}${range}</td><td>${alone[0]}</td><td>${alone[1]}</td></tr>`;
  });
  return (
    '<div class="wide"><table><thead><tr><th></th><th>both</th><th>network only</th>' +
    `<th>geometry only</th></tr></thead><tbody>${body.join('')}</tbody></table></div>`
  );
}

const explanation =
  '<p class="soft note">Every ground-truth pixel counts; one that was not judged has the lowest ' +
  'score. AUPRO weighs every defect region alike, whatever its size. The 100-threshold form is what most published ' +
  'code computes; at 1% it lies far below the exact one and serves comparison only. The best F1 is chosen on the ' +
  'images it is measured on. Network and geometry alone have no threshold of their own unless one is given. Ranges, ' +
  'where shown, come from resampling whole groups of parts.</p>';

function verdictTable({ images }: Detail): string {
  const outcomes = ['pass', 'fail', 'undecided'] as const;
  const body = ([true, false] as const).map((isGood) => {
    const some = images.filter((image) => (image.kind === good) === isGood);
    const cells = outcomes.map((outcome) => `<td>${some.filter((image) => image.outcome === outcome).length}</td>`);
    return `<tr><td>${isGood ? 'good parts' : 'defective parts'}</td>${cells.join('')}<td>${some.length}</td></tr>`;
  });
  const head = [...outcomes, 'all'].map((word) => `<th>${word}</th>`).join('');
  return (
    `<div class="wide"><table><thead><tr><th></th>${head}</tr></thead>` +
    `<tbody>${body.join('')}</tbody></table></div>`
  );
}

const kindMeasures: [keyof DefectFigures, string, (value: number | null) => string][] = [
  ['imageAuroc', 'image AUROC', (value) => value?.toFixed(3) ?? '–'],
  ['aupro30', 'AUPRO@30%', (value) => value?.toFixed(3) ?? '–'],
  ['missRate', 'missed', percent],
];

/** A row for each kind, and in it each figure at each severity. */
function kindTable({ perKind }: Figures): string {
  const kinds = Object.entries(perKind);
  if (kinds.length === 0) return '<p>The test set has no defective part.</p>';
  const { names, of } = kindColumns(perKind);
  const columns = kindMeasures.flatMap((measure) =>
    names.map((name, index) => ({ measure, name, first: index === 0 })),
  );
  const css = (first: boolean): string => (first && names.length > 1 ? ' class="first"' : '');
  const body = kinds.map(([kind, figures]) => {
    const cells = columns.map(({ measure: [key, , format], name, first }) => {
      const value = of(figures, name)?.[key];
      return `<td${css(first)}>${value === undefined ? '' : format(value)}</td>`;
    });
    return `<tr><td>${escaped(kind)}</td><td>${figures.images}</td>${cells.join('')}</tr>`;
  });
  const groups = kindMeasures.map(([, title]) => `<th${css(true)} colspan="${names.length}">${title}</th>`).join('');
  const under = columns.map(({ name, first }) => `<th${css(first)}>${escaped(name)}</th>`).join('');
  const second = names.length > 1 ? `<tr><th></th><th></th>${under}</tr>` : '';
  return (
    `<div class="wide"><table class="kinds"><thead><tr><th></th><th>parts</th>${groups}</tr>${second}</thead>` +
    `<tbody>${body.join('')}</tbody></table></div>${kindExplanation(perKind)}`
  );
}

/** What the kinds come to, at one severity where there are some. */
function kindExplanation(perKind: Figures['perKind']): string {
  const told = ['A kind stands for itself: against all good parts, its AUPRO over good parts and its own.'];
  const hasMiddle = Object.values(perKind).some(({ severities }) => middleSeverity in severities);
  const summary = summaryOfKinds(perKind);
  if (summary !== null) {
    const { mean, worst, worstKind } = summary;
    told.push(
      `Image AUROC over the kinds${hasMiddle ? ` at severity ${middleSeverity}` : ''}: mean ${decimals(mean)}, ` +
        `worst ${decimals(worst)} (${escaped(worstKind)}).`,
    );
  }
  return `<p class="soft note">${told.join(' ')}</p>`;
}

function charts({ detail, teaching }: ReportInput): string {
  const seriesOf = (curve: 'roc' | 'pro'): Series[] =>
    sourceNames.flatMap((name) => {
      const points = detail.curves[name]?.[curve] ?? [];
      return points.length === 0 ? [] : [{ name, css: name, points }];
    });
  // The combined curve is drawn last, above the others.
  const [roc, pro] = [seriesOf('roc').reverse(), seriesOf('pro').reverse()];
  const legend = (series: readonly Series[]): string =>
    series
      .toReversed()
      .map(({ name, css }) => `<i class="swatch ${css}"></i>${name}`)
      .join('');
  const scores = (isGood: boolean): number[] =>
    detail.images.filter((image) => (image.kind === good) === isGood).map((image) => image.scores.both);
  const unscored = detail.images.filter((image) => Number.isNaN(image.scores.both)).length;
  const drawn = [
    figure(
      `<b>Scores</b><i class="swatch good"></i>good, up<i class="swatch bad"></i>defective, down` +
        `${unscored > 0 ? ` · ${many(unscored, 'part')} without a score` : ''}`,
      scoreHistogram(scores(true), scores(false), detail.threshold),
    ),
  ];
  if (roc.length > 0) {
    const axes = {
      title: 'Receiver operating characteristic of the parts',
      x: 'good parts at or above the score',
      xMax: 1,
    };
    drawn.push(figure(`<b>Defective parts found</b>${legend(roc)}`, rateChart(axes, roc)));
  }
  if (pro.length > 0) {
    const marks = [{ x: 0.01, name: '1%' }];
    const axes = { title: 'Per-region overlap', x: 'pixels outside defects above the score', xMax: proLimit, marks };
    drawn.push(figure(`<b>Defect regions covered</b>${legend(pro)}`, rateChart(axes, pro)));
  }
  if (teaching?.some((value) => Number.isFinite(value))) {
    drawn.push(figure('<b>Teaching</b> loss of each epoch', teachingChart(teaching)));
  }
  return `<div class="charts">${drawn.join('')}</div>`;
}

const figure = (caption: string, drawing: string): string =>
  `<figure><figcaption>${caption}</figcaption>${drawing}</figure>`;

function parts(pictured: readonly PicturedPart[], maskIs: string, none: string): string {
  if (pictured.length === 0) return `<p>${none}</p>`;
  const words = { rgb: 'RGB', depth: 'depth', map: 'anomaly map', mask: maskIs };
  const shown = pictured.slice(0, maxPicturedParts).map(({ image, pictures }) => {
    const row = (['rgb', 'depth', 'map', 'mask'] as const).map((name) => {
      const source = pngUrl(image.id, name, pictures[name]);
      const alt = `${name} of ${escaped(image.id)}`;
      return `<figure><img alt="${alt}" src="${source}"><figcaption>${words[name]}</figcaption></figure>`;
    });
    const judged = `${escaped(image.kind)} · ${image.outcome} · score ${Number(image.scores.both.toPrecision(4))}`;
    const heading = `<p>${escaped(image.id)} <span class="soft">${judged}</span></p>`;
    return `<div class="part">${heading}<div class="row">${row.join('')}</div></div>`;
  });
  const left = pictured.length - shown.length;
  return shown.join('') + (left > 0 ? `<p class="soft">${many(left, 'more part')} not shown.</p>` : '');
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function pngUrl(id: string, name: string, bytes: Uint8Array): string {
  if (!pngSignature.every((byte, i) => bytes[i] === byte)) {
    throw fail('evaluate/picture', { id, name, actual: `${bytes.length} bytes of something else`, expected: 'a PNG' });
  }
  if (bytes.length > maxPictureBytes) {
    throw fail('evaluate/picture', {
      id,
      name,
      actual: `${bytes.length} bytes`,
      expected: `at most ${maxPictureBytes}`,
    });
  }
  return `data:image/png;base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`;
}
