/**
 * Writes a set of synthetic parts as a folder that `replay`, `teach` and `evaluate` read: RGB + 16-bit depth PNG
 * pairs with their truth, in train, validation and test. The writer is passed in; same settings, same bytes.
 */
import { invariant } from '../../errors.ts';
import { encodeDepthPng16, encodePng } from '../image/png.ts';
import type { Level } from './amounts.ts';
import { type DefectKind, type DefectRequest, defectKindNames } from './defects.ts';
import { defaultGrid, type RenderedPart, renderPart } from './part.ts';
import { depthUnitMm } from './sensors.ts';
import type { Grid } from './surface.ts';

export type WriteFile = (path: string, bytes: Uint8Array) => Promise<void>;

/** One part of a set: which one is rendered, and where it is written. */
export interface SetEntry {
  part: number;
  folder: string;
  name: string;
  defect: DefectRequest | null;
  level?: Level;
  /** Parts of one group are not independent. */
  group?: string;
}

export interface PartSet {
  entries: readonly SetEntry[];
  /** As in `PartRequest`. */
  missingShare?: number;
  /** What else `dataset.json` says. */
  facts?: Readonly<Record<string, unknown>>;
}

export interface WriteSettings {
  dir: string;
  seed: number;
  grid?: Grid;
  onPart?: (done: number, total: number) => void;
}

export interface ExportSettings extends WriteSettings {
  /** Good parts per split. */
  train: number;
  validation: number;
  testGood: number;
  /** Defective parts per kind, severity rising evenly from `leastSeverity` to 1. */
  testPerKind: number;
  kinds?: readonly DefectKind[];
  leastSeverity?: number;
}

export function exportSynthetic(writeFile: WriteFile, settings: ExportSettings): Promise<number> {
  return writeSet(writeFile, { entries: risingEntries(settings) }, settings);
}

/** Returns the number of parts written. `dataset.json` comes last: a folder without it is unfinished. */
export async function writeSet(writeFile: WriteFile, set: PartSet, settings: WriteSettings): Promise<number> {
  const { dir, seed, grid = defaultGrid, onPart } = settings;
  const { entries, missingShare = null, facts = {} } = set;
  let writing: Promise<unknown> = Promise.resolve();
  for (const [index, entry] of entries.entries()) {
    const part = renderPart({ seed, part: entry.part, defect: entry.defect, grid, missingShare });
    await writing; // encoded by other threads while the next one is rendered
    writing = writePart(writeFile, dir, entry, part);
    writing.catch(() => {}); // it is awaited above or below
    onPart?.(index + 1, entries.length);
  }
  await writing;
  const description = {
    depthMmPerUnit: depthUnitMm,
    source: `twinspect synthetic line, seed ${seed}`,
    rgb: `8-bit RGB PNG ${grid.widthPx}x${grid.heightPx}`,
    depth: '16-bit grey PNG, registered to rgb; distance, 0 = no reading',
    gt: '8-bit grey PNG, >0 = defect',
    ...facts,
    ...perPart(entries),
  };
  await writeFile(`${dir}/dataset.json`, new TextEncoder().encode(`${JSON.stringify(description, null, 1)}\n`));
  return entries.length;
}

async function writePart(
  writeFile: WriteFile,
  dir: string,
  { folder, name }: SetEntry,
  part: RenderedPart,
): Promise<void> {
  const base = `${dir}/${folder}`;
  const { widthPx, heightPx, rgb, truth } = part;
  const writes = [
    encodePng(rgb, widthPx, heightPx).then((png) => writeFile(`${base}/rgb/${name}.png`, png)),
    encodeDepth(part).then((png) => writeFile(`${base}/depth/${name}.png`, png)),
  ];
  if (folder.startsWith('test/')) {
    const gt = encodePng(
      truth.map((mark) => mark * 255),
      widthPx,
      heightPx,
    );
    writes.push(gt.then((png) => writeFile(`${base}/gt/${name}.png`, png)));
  }
  await Promise.all(writes);
}

function perPart(entries: readonly SetEntry[]): Record<string, unknown> {
  const counts: Record<string, number> = {};
  const severity: Record<string, string> = {};
  const groups: Record<string, string> = {};
  for (const { folder, name, level, group } of entries) {
    counts[folder] = (counts[folder] ?? 0) + 1;
    if (level !== undefined) severity[`${folder}/${name}`] = level;
    if (group !== undefined) groups[`${folder}/${name}`] = group;
  }
  const some = (of: Record<string, string>): boolean => Object.keys(of).length > 0;
  return { counts, ...(some(severity) && { severity }), ...(some(groups) && { groups }) };
}

function risingEntries(settings: ExportSettings): SetEntry[] {
  const { train, validation, testGood, testPerKind, kinds = defectKindNames, leastSeverity = 0.3 } = settings;
  const good = (folder: string, count: number): Omit<SetEntry, 'part'>[] =>
    Array.from({ length: count }, (_, i) => ({ folder, name: numbered(i), defect: null }));
  const bad = (kind: DefectKind): Omit<SetEntry, 'part'>[] =>
    Array.from({ length: testPerKind }, (_, i) => ({
      folder: `test/${kind}`,
      name: numbered(i),
      defect: { kind, severity: leastSeverity + ((1 - leastSeverity) * (i + 0.5)) / testPerKind },
    }));
  return [
    ...good('train/good', train),
    ...good('validation/good', validation),
    ...good('test/good', testGood),
    ...kinds.flatMap(bad),
  ].map((entry, index) => ({ ...entry, part: index + 1 }));
}

async function encodeDepth({ depthMm, widthPx, heightPx }: RenderedPart): Promise<Uint8Array> {
  const units = Uint16Array.from(depthMm, (mm) => Math.round(mm / depthUnitMm));
  invariant(
    depthMm.every((mm) => mm / depthUnitMm < 65535.5),
    'synthetic depth fits 16 bit',
  );
  return encodeDepthPng16(units, widthPx, heightPx);
}

/** Three digits, as names of files that sort. */
export function numbered(index: number): string {
  return String(index).padStart(3, '0');
}
