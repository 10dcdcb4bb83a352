/** The figures of an evaluation as lines for people: all parts, then kind by kind, then kind by severity. */
import type { Figures, SourceFigures } from '../../models/evaluate/evaluate.ts';
import { type DefectFigures, type KindFigures, middleSeverity, summaryOfKinds } from '../../models/evaluate/kinds.ts';

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

export function figureLines(figures: Figures): string[] {
  const sources = [figures, figures.networkOnly, figures.geometryOnly];
  const kinds = Object.entries(figures.perKind);
  return [
    labelled(`${figures.images} parts`) + headed(['both', 'network', 'geometry']),
    ...rows.map(([key, label]) => labelled(label) + sources.map((source) => cell(source?.[key])).join('')),
    ...(kinds.length === 0 ? [] : kindLines(kinds)),
  ];
}

function kindLines(kinds: readonly (readonly [string, KindFigures])[]): string[] {
  const severities = [...new Set(kinds.flatMap(([, figures]) => Object.keys(figures.severities)))];
  const columns = ['image AUROC', 'AUPRO@30%', 'missed'] as const;
  const cells = (of: DefectFigures | undefined): string =>
    [of?.imageAuroc, of?.aupro30, of?.missRate].map((value) => cell(value).padStart(12)).join('');
  const lines = [labelled('kind (parts)') + columns.map((name) => name.padStart(12)).join('')];
  for (const [kind, figures] of kinds) {
    lines.push(labelled(`  ${kind} (${figures.images})`) + cells(figures));
    for (const severity of severities) {
      const of = figures.severities[severity];
      if (of !== undefined) lines.push(labelled(`    ${severity} (${of.images})`) + cells(of));
    }
  }
  const at = severities.includes(middleSeverity) ? middleSeverity : null;
  const summary = summaryOfKinds(Object.fromEntries(kinds), at ?? undefined);
  if (summary !== null) {
    const { mean, worst, worstKind } = summary;
    const over = `image AUROC over the kinds${at === null ? '' : `, ${at}`}`;
    lines.push(`${over}: mean ${mean.toFixed(4)}, worst ${worst.toFixed(4)} (${worstKind})`);
  }
  return lines;
}
