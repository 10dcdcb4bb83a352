/**
 * Watches whether the edges of depth and colour stay where they were when the calibration was new. What was normal
 * then is kept on disk, because light and shape put edges a little apart on every installation: drift is what came
 * since. Looks at few parts and never in the way of a verdict.
 */
import { EdgeDrift } from '../../drivers/registration/edge-drift.ts';
import type { Clock } from '../clock.ts';
import type { PairImages } from '../inference/port.ts';

/** Parts are looked at no more often than this: a look takes some 10 ms of the thread that talks to the plant. */
const lookEveryMs = 2000;
/** A look waits until the part is told, as most are by then. */
const lookAfterMs = 200;
/** Parts whose mean is what is normal from then on. */
const normalParts = 30;
/** A warning ends where the drift has fallen below this share of the limit. */
const calmShare = 0.7;

/** Where the edges lay when the calibration was new, pixels; null along an axis that tells nothing. */
export interface Normal {
  /** Digest of the calibration; `none` where the frames share a grid. */
  readonly calibration: string;
  readonly xPx: number | null;
  readonly yPx: number | null;
}

export interface NormalStore {
  /** Null where nothing is kept, or nothing readable. */
  load(): Promise<Normal | null>;
  save(normal: Normal): Promise<void>;
}

export interface WatchDeps {
  readonly calibration: string;
  /** Drift beyond this is warned of, pixels of the depth grid. */
  readonly limitPx: number;
  readonly clock: Clock;
  readonly store: NormalStore;
  readonly signal: AbortSignal;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

export interface DriftState {
  /** Since the calibration was new; null: not known yet, or an axis without edges. */
  readonly xPx: number | null;
  readonly yPx: number | null;
  readonly parts: number;
  /** The warning in force, in words. */
  readonly warning: string | null;
}

export class RegistrationWatch {
  readonly #deps: WatchDeps;
  readonly #edges = new EdgeDrift();
  #normal: Normal | null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #state: DriftState = { xPx: null, yPx: null, parts: 0, warning: null };

  constructor(deps: WatchDeps, normal: Normal | null) {
    this.#deps = deps;
    this.#normal = normal?.calibration === deps.calibration ? normal : null;
  }

  get state(): DriftState {
    return this.#state;
  }

  /** Offers a registered pair; it is copied where it is looked at. */
  offer(pair: PairImages): void {
    const { clock, signal } = this.#deps;
    const nowMs = clock.nowMs();
    if (nowMs - this.#lookedAtMs < lookEveryMs) return;
    this.#lookedAtMs = nowMs;
    const copy = { ...pair, rgb: pair.rgb.slice(), depthMm: pair.depthMm.slice() };
    clock.after(lookAfterMs, () => this.#look(copy), signal);
  }

  #look(pair: PairImages): void {
    if (!this.#edges.add(pair)) return;
    const found = this.#edges.drift();
    if (found === null) return;
    if (this.#normal === null) {
      if (found.parts >= normalParts) this.#learn(found);
      return;
    }
    const since = (now: number | null, then: number | null): number | null =>
      now === null || then === null ? null : now - then;
    const xPx = since(found.xPx, this.#normal.xPx);
    const yPx = since(found.yPx, this.#normal.yPx);
    this.#state = { xPx, yPx, parts: found.parts, warning: this.#warn(xPx, yPx) };
  }

  #learn({ xPx, yPx }: { xPx: number | null; yPx: number | null }): void {
    const { calibration, store, log } = this.#deps;
    this.#normal = { calibration, xPx, yPx };
    log.info(this.#normal, 'the offset of depth and colour edges as it is now counts as normal for this calibration');
    store.save(this.#normal).catch((error: unknown) => {
      log.warn({ error }, 'what is normal for this calibration cannot be kept: drift over a restart goes unseen');
    });
  }

  #warn(xPx: number | null, yPx: number | null): string | null {
    const { limitPx, log } = this.#deps;
    const far = Math.max(Math.abs(xPx ?? 0), Math.abs(yPx ?? 0));
    const before = this.#state.warning;
    if (far > limitPx || (before !== null && far > limitPx * calmShare)) {
      const shown = (px: number | null): string => (px === null ? 'unknown' : px.toFixed(1));
      const warning =
        `colour has moved against depth by ${shown(xPx)} px across and ${shown(yPx)} px down since the calibration ` +
        `was new (limit ${limitPx} px): check the cameras' mounts, then calibrate again`;
      if (before === null) log.warn({ xPx, yPx, limitPx }, warning);
      return warning;
    }
    if (before !== null) log.info({ xPx, yPx, limitPx }, 'depth and colour match again');
    return null;
  }
}
