/**
 * What the vision system needs of the daemon: records that are kept, what a recipe's bundle is, and the set-ups of its
 * cameras. Declared here, by the one that needs them; nothing here knows OPC UA.
 */
import type { Actor, Recipe } from '../../../command/port.ts';
import type { VerdictRecord } from '../../../line/verdict.ts';

/** The journal, as far as results are read from it. */
export interface KeptRecords {
  /** The newest records of the line with a sequence below `before`, newest first; null = from the newest on. */
  latest(before: number | null, limit: number): Promise<VerdictRecord[]>;
  /** The record of this sequence; null where it is not kept any more. */
  bySequence(sequence: number): Promise<VerdictRecord | null>;
}

/** What the manifest of a recipe's bundle says. */
export interface RecipeBundle {
  readonly name: string;
  readonly version: string;
  /** sha256 of the manifest, hex. */
  readonly digest: string;
  readonly modifiedAtMs: number;
}

/** Looks a recipe's bundle up; null where it cannot be read now (it is asked again at the next list). */
export type BundleOf = (recipe: Recipe) => Promise<RecipeBundle | null>;

/** One set-up of the line's cameras: their settings, and the calibration that brings them onto one grid. */
export interface CameraSetup {
  readonly id: string;
  readonly version: string | null;
  /** sha256 of what it consists of, hex. */
  readonly digest: string;
  readonly modifiedAtMs: number;
  readonly description: string;
}

export interface CameraSetups {
  list(): readonly CameraSetup[];
  /** The id of the one in use. */
  active(): string;
  /** Takes another one into use, between two parts. Rejects and changes nothing otherwise. */
  activate(actor: Actor, id: string): Promise<void>;
  onActive(listener: () => void): void;
}
