/** The figures of an evaluation as lines for people: all parts, then kind by kind and severity by severity. */
import type { Detail, Figures, SourceFigures } from '../../models/evaluate/evaluate.ts';
import { imageAurocInterval } from '../../models/evaluate/intervals.ts';
import { kindColumns, middleSeverity, summaryOfKinds } from '../../models/evaluate/kinds.ts';
import { sourceNames } from '../../models/evaluate/samples.ts';
import { seeded } from '../../models/random.ts';

const rows: readonly (readonly [keyof SourceFigures, string])[] = [
  ['imageAuroc', 'image AUROC'],
  ['pixelAuroc', 'pixel AUROC'],
  ['aupro30', 'AUPRO@30%'],
  ['aupro1', 'AUPRO@1%, exact'],
  ['aupro1At100', 'AUPRO@1%, 100 thresholds'],
  ['f1AtThreshold', "F1 at the bundle's threshold"],
  ['f1MaxOnTest', 'F1, best on this test set'],
  ['missRate', 'missed defects'],
  ['falseRejectRate', 'false rejects'],
  ['undecidedRate', 'undecided'],
];

const labelled = (label: string): string => label.padEnd(30);
const headed = (names: readonly string[]): string => names.map((name) => name.padStart(10)).join('');
const cell = (value: unknown): string => (typeof value === 'number' ? value.toFixed(4) : '-').padStart(10);

export function figureLines(figures: Figures, detail: Detail): string[] {
  const sources = [figures, figures.networkOnly, figures.geometryOnly];
  return [
    labelled(`${figures.images} parts`) + headed(['both', 'network', 'geometry']),
    ...rows.flatMap(([key, label]) => [
      labelled(label) + sources.map((source) => cell(source?.[key])).join(''),
      ...(key === 'imageAuroc' ? intervalLines(detail) : []),
    ]),
    ...(Object.keys(figures.perKind).length === 0 ? [] : kindLines(figures.perKind)),
  ];
}

function intervalLines(detail: Detail): string[] {
  const intervals = sourceNames.map((name) => imageAurocInterval(detail, name, seeded(1)));
  const groups = intervals[0]?.groups;
  if (groups === undefined) return [];
  const ends = (['low', 'high'] as const).map((end) => intervals.map((interval) => cell(interval?.[end])).join(''));
  return [labelled(`  95 %, ${groups} groups: from`) + ends[0], labelled('  to') + ends[1]];
}

const measures = [
  ['imageAuroc', 'image AUROC'],
  ['aupro30', 'AUPRO@30%'],
  ['missRate', 'missed'],
] as const;

/** A row for each kind, and in it each figure at each severity. */
function kindLines(perKind: Figures['perKind']): string[] {
  const { names, of } = kindColumns(perKind);
  const label = (words: string): string => words.padEnd(18);
  const block = names.length * 9;
  const body = Object.entries(perKind).map(([kind, figures]) => {
    const cells = measures.map(([key]) => names.map((name) => shortCell(of(figures, name)?.[key])).join(''));
    return label(`  ${kind} (${figures.images})`) + cells.join('   ');
  });
  const head = [label('kind (parts)') + measures.map(([, name]) => name.padStart(block)).join('   ')];
  if (names.length > 1) {
    head.push(label('') + measures.map(() => names.map((name) => name.padStart(9)).join('')).join('   '));
  }
  return [...head, ...body, ...summaryLines(perKind, names)];
}

const shortCell = (value: number | null | undefined): string => (value?.toFixed(3) ?? '-').padStart(9);

function summaryLines(perKind: Figures['perKind'], names: readonly string[]): string[] {
  const summary = summaryOfKinds(perKind);
  if (summary === null) return [];
  const { mean, worst, worstKind } = summary;
  const at = names.includes(middleSeverity) ? `, ${middleSeverity}` : '';
  return [`image AUROC over the kinds${at}: mean ${mean.toFixed(4)}, worst ${worst.toFixed(4)} (${worstKind})`];
}
