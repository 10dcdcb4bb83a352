/**
 * How long a host may take to load a bundle: as configured, until two in a row were killed for it. Then a machine that
 * is merely slow would start and kill hosts for ever; the limit widens to what loading was measured to need, from how
 * far the killed one came, and narrows again when loading is as quick as it should be. Nothing else widens: a part's
 * deadline and the bound of an inference are promises to the plant.
 */
import { TwinspectError } from '../../errors.ts';
import type { Clock } from '../clock.ts';

/** Kills in a row before the limit widens: one may be chance. */
const killsMax = 2;
/** Over what was measured: the next loading is not exactly as slow. */
const margin = 1.5;
/** A host that never came anywhere tells nothing of what it needs: its limit doubles. */
const blindFactor = 2;
/** Widest limit, as a multiple of the configured one: a host that hangs must be given up some day. */
export const widestFactor = 10;

export interface LoadLimitsDeps {
  readonly configuredMs: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: { info(values: object, text: string): void; warn(values: object, text: string): void };
}

interface Slow {
  readonly kills: number;
  readonly limitMs: number;
}

/** True where a loading was ended by its limit and not refused: another try may do. */
export function endedByLimit(error: unknown): boolean {
  return error instanceof TwinspectError && error.code === 'inference/slow';
}

export class LoadLimits {
  readonly #deps: LoadLimitsDeps;
  /** Bundles whose last loading was slow, by folder; as many as the recipes name at most. */
  readonly #slow = new Map<string, Slow>();

  constructor(deps: LoadLimitsDeps) {
    this.#deps = deps;
  }

  /** The limit in force for a bundle, ms. */
  of(path: string): number {
    return this.#slow.get(path)?.limitMs ?? this.#deps.configuredMs;
  }

  /** Has a bundle loaded within its limit, and learns from how that went. `loadedShare` is asked after a kill. */
  async within<T>(path: string, load: (limitMs: number) => Promise<T>, loadedShare: () => number): Promise<T> {
    const { clock } = this.#deps;
    const limitMs = this.of(path);
    const beganMs = clock.nowMs();
    try {
      const loaded = await load(limitMs);
      this.#loaded(path, clock.nowMs() - beganMs);
      return loaded;
    } catch (error) {
      if (endedByLimit(error)) this.#killed(path, limitMs, loadedShare());
      throw error;
    }
  }

  #loaded(path: string, tookMs: number): void {
    const slow = this.#slow.get(path);
    if (!slow) return;
    const { configuredMs, log } = this.#deps;
    const neededMs = Math.ceil(tookMs * margin);
    if (neededMs > configuredMs) {
      this.#slow.set(path, { kills: 0, limitMs: Math.min(neededMs, this.#widestMs) });
      return;
    }
    this.#slow.delete(path);
    if (slow.limitMs > configuredMs) {
      log.info({ bundle: path, tookMs, limitMs: configuredMs }, 'loading is as quick as configured again');
    }
  }

  #killed(path: string, limitMs: number, share: number): void {
    const kills = (this.#slow.get(path)?.kills ?? 0) + 1;
    if (kills < killsMax) {
      this.#slow.set(path, { kills, limitMs });
      return;
    }
    const neededMs = share > 0 ? (limitMs / share) * margin : limitMs * blindFactor;
    const widerMs = Math.min(this.#widestMs, Math.max(limitMs, Math.ceil(neededMs)));
    this.#slow.set(path, { kills, limitMs: widerMs });
    const { configuredMs, log } = this.#deps;
    const how = share > 0 ? `${Math.round(100 * share)} % were loaded by then` : 'how far it came is not known';
    log.warn(
      { bundle: path, kills, share, limitMs, widerMs, configuredMs },
      `the host was killed ${kills} times in a row while it loaded; its limit is ${widerMs} ms from now on (${how}); ` +
        'inference.loadTimeoutMs sets where it begins',
    );
  }

  get #widestMs(): number {
    return widestFactor * this.#deps.configuredMs;
  }
}
