/**
 * What stands in the way of judging: the line stopped or halted, a camera lost, the recordings over. Whether the next
 * part can be judged, and if not why: one word for the plant, one sentence for people. A part opened in such a state is
 * closed at its trigger, since the plant need not wait for what cannot come.
 */
import type { FaultReason } from './part.ts';
import type { LineSettings } from './settings.ts';
import { openedByCamera, type PartOrigin } from './verdict.ts';

export type ReadyState =
  | { readonly ready: true }
  | {
      readonly ready: false;
      readonly why: 'stopped' | 'halted' | 'cameraLost' | 'ended' | 'noModel' | 'journal';
      readonly detail: string;
    };

/** Why a part is closed at its trigger. */
export interface Refusal {
  readonly reason: FaultReason;
  readonly detail: string;
}

export class LineCondition {
  stopped = false;
  /** Why it is out of operation by command; null where it is not. */
  halted: string | null = null;
  /** Why no bundle in service is for the parts that come now; null where it is. */
  awaited: string | null = null;
  /** Parts that the camera opens are known-bad samples now. */
  challenge = false;
  /** The plant's ids of the run whose parts the camera opens; null where it gave none. */
  job: Pick<PartOrigin, 'measId' | 'productId' | 'jobId'> | null = null;
  /** Camera id -> why it does not deliver. */
  readonly lost = new Map<string, string>();
  /** Cameras whose recording is over. */
  readonly over = new Set<string>();
  readonly #settings: Pick<LineSettings, 'cameras' | 'maxPartsInFlight'>;

  constructor(settings: Pick<LineSettings, 'cameras' | 'maxPartsInFlight'>) {
    this.#settings = settings;
  }

  get ended(): boolean {
    return this.over.size === this.#settings.cameras.length;
  }

  get cameraOrigin(): PartOrigin {
    return { ...openedByCamera, ...this.job, challenge: this.challenge };
  }

  readyState(hasBundle: boolean, journalProblem: string | null): ReadyState {
    if (this.stopped) return { ready: false, why: 'stopped', detail: 'the line was stopped' };
    if (this.halted !== null) return { ready: false, why: 'halted', detail: `halted: ${this.halted}` };
    for (const [camera, reason] of this.lost) {
      return { ready: false, why: 'cameraLost', detail: `camera ${camera}: ${reason}` };
    }
    if (this.ended) return { ready: false, why: 'ended', detail: 'every recording is over' };
    if (this.awaited !== null) return { ready: false, why: 'noModel', detail: this.awaited };
    if (!hasBundle) return { ready: false, why: 'noModel', detail: 'no bundle is in service' };
    if (journalProblem !== null) return { ready: false, why: 'journal', detail: journalProblem };
    return { ready: true };
  }

  /** Null for a part that can be judged. A journal that fails refuses none: the next commit may succeed. */
  refusal(hasBundle: boolean, inFlight: number): Refusal | null {
    const state = this.readyState(hasBundle, null);
    if (!state.ready) {
      const { why, detail } = state;
      return { reason: why === 'stopped' ? 'interrupted' : why === 'ended' ? 'cameraLost' : why, detail };
    }
    const { maxPartsInFlight } = this.#settings;
    if (inFlight < maxPartsInFlight) return null;
    return { reason: 'overrun', detail: `${inFlight} parts in flight, expected fewer than ${maxPartsInFlight}` };
  }
}
