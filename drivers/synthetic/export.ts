/**
 * Writes a set of synthetic parts as a folder that `replay`, `teach` and `evaluate` read: RGB + 16-bit depth PNG
 * pairs with their truth, in train, validation and test. The writer is passed in; same settings, same bytes.
 */
import { invariant } from '../../errors.ts';
import { encodeDepthPng16, encodePng } from '../image/png.ts';
import { type DefectKind, type DefectRequest, defectKindNames } from './defects.ts';
import { defaultGrid, type RenderedPart, renderPart } from './part.ts';
import { depthUnitMm } from './sensors.ts';
import type { Grid } from './surface.ts';

export type WriteFile = (path: string, bytes: Uint8Array) => Promise<void>;

export interface ExportSettings {
  dir: string;
  seed: number;
  /** Good parts per split. */
  train: number;
  validation: number;
  testGood: number;
  /** Defective parts per kind, severity rising evenly from `leastSeverity` to 1. */
  testPerKind: number;
  kinds?: readonly DefectKind[];
  leastSeverity?: number;
  grid?: Grid;
  onPart?: (done: number, total: number) => void;
}

interface Entry {
  folder: string;
  name: string;
  defect: DefectRequest | null;
}

/** Returns the number of parts written. `dataset.json` comes last: a folder without it is unfinished. */
export async function exportSynthetic(writeFile: WriteFile, settings: ExportSettings): Promise<number> {
  const { dir, seed, grid = defaultGrid } = settings;
  const entries = listEntries(settings);
  for (const [index, { folder, name, defect }] of entries.entries()) {
    const part = renderPart({ seed, part: index + 1, defect, grid });
    const base = `${dir}/${folder}`;
    await writeFile(`${base}/rgb/${name}.png`, await encodePng(part.rgb, part.widthPx, part.heightPx));
    await writeFile(`${base}/depth/${name}.png`, await encodeDepth(part));
    if (folder.startsWith('test/')) {
      const gt = part.truth.map((mark) => mark * 255);
      await writeFile(`${base}/gt/${name}.png`, await encodePng(gt, part.widthPx, part.heightPx));
    }
    settings.onPart?.(index + 1, entries.length);
  }
  const counts: Record<string, number> = {};
  for (const { folder } of entries) counts[folder] = (counts[folder] ?? 0) + 1;
  const description = {
    depthMmPerUnit: depthUnitMm,
    source: `twinspect synthetic line, seed ${seed}`,
    rgb: `8-bit RGB PNG ${grid.widthPx}x${grid.heightPx}`,
    depth: '16-bit grey PNG, registered to rgb; distance, 0 = no reading',
    gt: '8-bit grey PNG, >0 = defect',
    counts,
  };
  await writeFile(`${dir}/dataset.json`, new TextEncoder().encode(`${JSON.stringify(description, null, 1)}\n`));
  return entries.length;
}

function listEntries(settings: ExportSettings): Entry[] {
  const { train, validation, testGood, testPerKind, kinds = defectKindNames, leastSeverity = 0.3 } = settings;
  const good = (folder: string, count: number): Entry[] =>
    Array.from({ length: count }, (_, i) => ({ folder, name: numbered(i), defect: null }));
  const bad = (kind: DefectKind): Entry[] =>
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
  ];
}

async function encodeDepth({ depthMm, widthPx, heightPx }: RenderedPart): Promise<Uint8Array> {
  const units = Uint16Array.from(depthMm, (mm) => Math.round(mm / depthUnitMm));
  invariant(
    depthMm.every((mm) => mm / depthUnitMm < 65535.5),
    'synthetic depth fits 16 bit',
  );
  return encodeDepthPng16(units, widthPx, heightPx);
}

function numbered(index: number): string {
  return String(index).padStart(3, '0');
}
