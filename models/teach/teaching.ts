/** What teaching is given, tells on its way, and gives. */
import type { ImportedTeacher } from '../bundle/import-teacher.ts';
import type { Area, Manifest } from '../bundle/manifest.ts';
import type { Recipe } from '../nets/recipe.ts';
import type { Modality } from '../nets/student.ts';
import type { Thresholds } from './calibrate.ts';
import type { PartImages } from './prepared.ts';
import type { SnapshotStore, TrainProgress } from './train.ts';

/** A good part that is loaded when it is needed. */
export interface GoodPart {
  id: string;
  /** Parts of one group are not independent (tiles of one image); its own where absent. */
  group?: string;
  load(): Promise<PartImages>;
}

export interface TeachOptions {
  name: string;
  version: string;
  product: string;
  training: readonly GoodPart[];
  /** Good parts the student never sees: scales and thresholds come from them. */
  heldOut: readonly GoodPart[];
  teacher: ImportedTeacher & { source: string; digest: string };
  modalities: readonly Modality[];
  recipe: Recipe;
  working: { widthPx: number; heightPx: number };
  roi: Area | null;
  ignore: Area[];
  datum: 'fitted' | 'fixed';
  /** Digest of the calibration the parts were registered with; absent where they came on one grid. */
  calibration?: string | null;
  /** `int8` adds a variant of it, and the student learns on the eight-bit teacher's features. Absent: fp32. */
  precision?: 'int8';
  epochs: number;
  batch: number;
  learningRate: number;
  seed: number;
  falseRejectRate: number;
  threads: number;
  /** Most memory the teacher's features may take; beyond it they are computed again when needed. */
  featureCacheMb: number;
}

export interface TeachHooks {
  snapshots: SnapshotStore;
  /** A step of the list began or has news. */
  say(line: string): void;
  progress(progress: TrainProgress): void;
  signal: AbortSignal;
}

/** A good part that looks unlike the rest, to the frozen teacher. */
export interface UnlikePart {
  id: string;
  /** The parts it was recorded with, itself counted. */
  group: { name: string; parts: number };
  side: 'taught' | 'held out';
  /** What sees it: colour, depth or both, the stronger first. */
  seenBy: string;
  /** Robust spreads above the middle of the others. */
  apart: number;
  /** Its strangest place, as shares of the width and height looked at. */
  at: { x: number; y: number };
}

export interface Taught {
  manifest: Manifest;
  /** Every file of the bundle by its path inside, manifest.json among them. */
  files: Map<string, Uint8Array>;
  thresholds: Thresholds;
  /** Good parts that look unlike the rest. */
  unlike: UnlikePart[];
}
