/**
 * Whether the line's heartbeat may step: only while it is proven, and not long ago, that capture and inference work.
 *
 * A part that was really judged proves both. While none comes, a golden part of the bundle in service is sent through
 * the live inference and the camera is asked whether it answers; never while a part is open or about to come. A part
 * that failed in inference, or lost its camera, takes the proof away at once. The heartbeat is for the plant to see
 * that somebody is there; it judges nothing: each part has its own deadline.
 */
import type { Camera } from '../../drivers/index.ts';
import { messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { Inference } from '../inference/inference.ts';
import type { Line } from '../line/line.ts';
import type { Reason, VerdictRecord } from '../line/verdict.ts';
import type { Log } from '../log.ts';
import { Rhythm } from './rhythm.ts';

/** How often it is looked at: as often as the heartbeat steps. */
export const lookEveryMs = 500;
/** So long after the last proof the next one is made: a golden part takes tens of milliseconds of one core. */
export const proveAfterMs = 2000;
/** A proof older than this is none: a check that did not fit in and the next one that did. */
export const proofLastsMs = 7000;
/** A golden part that takes longer is a hung inference, as for parts; the camera as well. */
export const checkMaxMs = 1500;

/** What such a part says of the station rather than of itself. */
const disproofs: ReadonlySet<Reason> = new Set(['timeout', 'inference', 'cameraLost']);

export interface HeartbeatDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly camera: Pick<Camera, 'id' | 'probe'>;
  /** Why no part could be judged now; null where one could. */
  readonly notReady: () => string | null;
  /** Has a golden part judged by the live inference. Rejects where its score is another one. */
  readonly checkInference: (signal: AbortSignal) => Promise<void>;
  /** Lets a check have the inference's turn; false where a part is open. */
  readonly whileIdle: (check: (signal: AbortSignal) => Promise<void>, limitMs: number) => Promise<boolean>;
  /** Why the heartbeat stands; null while it may step. */
  readonly show: (problem: string | null) => void;
}

export interface Station {
  readonly line: Line;
  readonly camera: Pick<Camera, 'id' | 'probe'>;
  readonly inference: Inference;
}

/** The heartbeat of a line as it runs. */
export function heartbeatOf(
  { line, camera, inference }: Station,
  given: Pick<HeartbeatDeps, 'clock' | 'log' | 'signal' | 'show'>,
): Heartbeat {
  return new Heartbeat({
    ...given,
    camera,
    notReady() {
      const ready = line.readyState();
      // A journal that fails, or a halt, says nothing of capture and inference.
      if (!ready.ready && ready.why !== 'journal' && ready.why !== 'halted') return ready.detail;
      return inference.problem === null ? null : `inference: ${inference.problem}`;
    },
    checkInference: (signal) => inference.check(signal),
    whileIdle: (check, limitMs) => line.checkWhileIdle(check, limitMs),
  });
}

export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  readonly #rhythm = new Rhythm();
  #provenAtMs = Number.NEGATIVE_INFINITY;
  #doubt = 'not checked yet';
  #shown: string | null = 'not checked yet';
  #checking = false;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
    this.#look();
  }

  /** Why it does not step now; null while it does. */
  get problem(): string | null {
    return this.#shown;
  }

  /** A part was opened. */
  opened(): void {
    this.#rhythm.opened(this.#deps.clock.nowMs());
  }

  /** A part is judged: what it says of the station. */
  judged({ inferMs, reason, detail }: Pick<VerdictRecord, 'inferMs' | 'reason' | 'detail'>): void {
    if (inferMs !== null) this.#provenAtMs = this.#deps.clock.nowMs();
    else if (disproofs.has(reason)) this.#disproven(`a part was ${reason}: ${detail ?? ''}`);
  }

  #look(): void {
    const { clock, signal } = this.#deps;
    const nowMs = clock.nowMs();
    if (nowMs - this.#provenAtMs >= proveAfterMs && !this.#checking && !this.#rhythm.isDue(nowMs, checkMaxMs)) {
      void this.#check();
    }
    this.#show();
    clock.after(lookEveryMs, () => this.#look(), signal);
  }

  async #check(): Promise<void> {
    const { clock, camera, notReady, checkInference, whileIdle } = this.#deps;
    this.#checking = true;
    try {
      const why = notReady();
      if (why !== null) throw new Error(why);
      const idle = await whileIdle(checkInference, checkMaxMs);
      if (!idle) return;
      const dead = await this.#probe(camera);
      if (dead !== null) throw new Error(`camera ${camera.id}: ${dead}`);
      this.#provenAtMs = clock.nowMs();
    } catch (error) {
      this.#disproven(messageOf(error));
    } finally {
      this.#checking = false;
      this.#show();
    }
  }

  /** A camera that cannot be asked is believed until it says that it is lost. */
  async #probe(camera: HeartbeatDeps['camera']): Promise<string | null> {
    if (!camera.probe) return null;
    const answered = new AbortController();
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#deps.clock.after(checkMaxMs, () => resolve(`no answer within ${checkMaxMs} ms`), answered.signal);
    try {
      return await Promise.race([camera.probe(), promise]);
    } finally {
      answered.abort();
    }
  }

  #disproven(why: string): void {
    this.#provenAtMs = Number.NEGATIVE_INFINITY;
    this.#doubt = why;
    this.#show();
  }

  #show(): void {
    const { clock, log, show, signal } = this.#deps;
    if (signal.aborted) return;
    const ageMs = clock.nowMs() - this.#provenAtMs;
    const problem = ageMs <= proofLastsMs ? null : Number.isFinite(ageMs) ? 'nothing proven lately' : this.#doubt;
    if (problem === this.#shown) return;
    if (problem !== null) log.error({ problem }, 'heartbeat stopped: capture and inference are not proven to work');
    else log.info({}, 'heartbeat running: capture and inference work');
    this.#shown = problem;
    show(problem);
  }
}
