/**
 * A recorded part, whatever the layout it came from: an id, where it belongs, and how to load its images.
 *
 * Listing a folder opens no image. Each image is loaded on demand, so that a bad file costs one part (replay) or is
 * named at once (teaching), and a missing partner or a size mismatch is an error that names the file.
 */
import { fail } from '../../errors.ts';
import type { DepthAnswers, DepthSigns } from './depth-signs.ts';

export type Split = 'train' | 'validation' | 'test';

export interface RgbImage {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx, 3] */
  rgb: Uint8Array;
}

export interface DepthImage {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx], mm, 0 = no reading */
  depthMm: Float32Array;
}

export interface TruthImage {
  widthPx: number;
  heightPx: number;
  /** [heightPx, widthPx], 1 = defect */
  mask: Uint8Array;
}

export interface LoadedSample extends RgbImage, DepthImage {
  /** [heightPx, widthPx], 1 = defect; null where the recording has no truth for this part */
  truth: Uint8Array | null;
}

export interface Sample {
  /** `split/kind/name`, unique in its folder. */
  readonly id: string;
  readonly split: Split;
  /** `good`, or the kind of defect. */
  readonly kind: string;
  /** Parts of one group are not independent (tiles of one image, one time block): never split across a calibration. */
  readonly group: string;
  /** When it was recorded, on the recording's own clock; null where the layout does not say. */
  readonly capturedAtMs: number | null;
  /** How grave its defect is, in the words of its recording; null where the layout does not say. */
  readonly severity: string | null;
  /** Digest of the calibration it was registered with; null where it came on one grid, or nobody says. */
  readonly calibration: string | null;
  /** What dataset.json answers of its folder's depth. */
  readonly depthAnswers: DepthAnswers;
  loadRgb(): Promise<RgbImage>;
  loadDepth(): Promise<DepthImage>;
  /** What is noticeable about its depth; null where it has none, or nobody looks. */
  depthSigns(): Promise<DepthSigns | null>;
  /** Throws `dataset/truth` where the mask of a defective part marks nothing. */
  loadTruth(): Promise<TruthImage | null>;
  /** All three, checked to be on one grid. */
  load(): Promise<LoadedSample>;
}

export interface SampleParts {
  id: string;
  split: Split;
  kind: string;
  group?: string;
  capturedAtMs?: number | null;
  severity?: string | null;
  calibration?: string | null;
  depthAnswers?: DepthAnswers;
  depthSigns?(): Promise<DepthSigns | null>;
  rgbPath: string;
  depthPath: string;
  truthPath: string | null;
  loadRgb(): Promise<RgbImage>;
  loadDepth(): Promise<DepthImage>;
  loadTruth(): Promise<TruthImage | null>;
}

export function makeSample(parts: SampleParts): Sample {
  const { id, split, kind, loadRgb, loadDepth } = parts;
  const loadTruth = async (): Promise<TruthImage | null> => {
    const truth = await parts.loadTruth();
    if (truth === null || kind === 'good' || truth.mask.includes(1)) return truth;
    throw fail('dataset/truth', { path: parts.truthPath ?? id, problem: `marks nothing; its part is of kind ${kind}` });
  };
  return {
    id,
    split,
    kind,
    group: parts.group ?? id,
    capturedAtMs: parts.capturedAtMs ?? null,
    severity: parts.severity ?? null,
    calibration: parts.calibration ?? null,
    depthAnswers: parts.depthAnswers ?? { rangeMm: null, accepted: [] },
    loadRgb,
    loadDepth,
    depthSigns: parts.depthSigns ?? (async () => null),
    loadTruth,
    async load() {
      const rgb = await loadRgb();
      const depth = await loadDepth();
      expectSize(depth, parts.depthPath, rgb, parts.rgbPath);
      const truth = await loadTruth();
      if (truth) expectSize(truth, parts.truthPath ?? id, rgb, parts.rgbPath);
      return { ...rgb, depthMm: depth.depthMm, truth: truth?.mask ?? null };
    },
  };
}

interface Size {
  widthPx: number;
  heightPx: number;
}

function expectSize(actual: Size, path: string, expected: Size, partner: string): void {
  if (actual.widthPx === expected.widthPx && actual.heightPx === expected.heightPx) return;
  throw fail('image/size', {
    what: path,
    actual: `${actual.widthPx} x ${actual.heightPx}`,
    expected: `${expected.widthPx} x ${expected.heightPx} as ${partner}`,
  });
}

/** Says of a name that one of its files is missing, before the reader says it less clearly. */
export function missingPartner(path: string, partner: string): () => Promise<never> {
  return async () => {
    throw fail('dataset/partner', { path, partner });
  };
}
