/** What a test and the process of its simulated cameras say to each other. Cameras go by their place in the list. */
import type { SentFacts } from './camera.ts';
import type { Faults } from './faults.ts';
import type { CameraModel } from './model.ts';
import type { SceneChoice } from './scene.ts';

export type ToRig =
  | {
      readonly kind: 'start';
      readonly models: readonly CameraModel[];
      readonly scene: SceneChoice;
      readonly seed: number;
    }
  /** One electrical edge to all, or to those named; `offsetsUs` delay each camera's exposure behind it. */
  | { readonly kind: 'edge'; readonly to: readonly number[] | null; readonly offsetsUs: readonly number[] }
  /** So many edges, one each period. */
  | { readonly kind: 'pace'; readonly edges: number; readonly periodMs: number; readonly offsetsUs: readonly number[] }
  | { readonly kind: 'faults'; readonly camera: number; readonly faults: Partial<Faults> }
  | { readonly kind: 'reboot'; readonly camera: number; readonly forMs: number }
  | { readonly kind: 'clock'; readonly camera: number; readonly aheadMs: number; readonly fasterPpm: number }
  | { readonly kind: 'numbers'; readonly camera: number; readonly frameId?: number; readonly count?: number }
  | { readonly kind: 'facts' };

/** `ask`: the number of what was asked; 0 for the first word. */
export type FromRig = { readonly ask: number } & (
  | { readonly kind: 'ready' }
  /** What was asked for is done; facts of every camera with it. */
  | { readonly kind: 'done'; readonly facts: readonly SentFacts[] }
  | { readonly kind: 'failed'; readonly message: string }
);
