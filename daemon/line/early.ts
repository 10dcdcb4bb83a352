/**
 * Frames that ran ahead of their trigger (two cameras, one of which tells of the trigger later, by several parts where
 * its packets have to be sent again). Few, and not for long: what is pushed out or waits too long is given back.
 */
import type { Frame } from '../../drivers/frame.ts';

/** All cameras together, at least: two parts' worth. */
export const leastEarlyFrames = 4;

/** A frame as it came: whether it is news was asked then, against the frame before it. */
export interface Arrival {
  readonly frame: Frame;
  readonly stale: string | null;
  readonly atMs: number;
}

export class EarlyFrames {
  readonly #limitMs: number;
  readonly #most: number;
  #held: Arrival[] = [];

  /** `parts` may be in flight: so many frames may be ahead of them. */
  constructor(limitMs: number, parts: number) {
    this.#limitMs = limitMs;
    this.#most = Math.max(leastEarlyFrames, parts);
  }

  get count(): number {
    return this.#held.length;
  }

  /** Keeps a frame; the one it pushed out, if any. */
  hold(arrival: Arrival): Frame | null {
    this.#held.push(arrival);
    return this.#held.length > this.#most ? this.#held.shift()!.frame : null;
  }

  /** Frames that waited too long. */
  expired(nowMs: number): Frame[] {
    const over = this.#held.filter(({ atMs }) => nowMs - atMs > this.#limitMs);
    if (over.length > 0) this.#held = this.#held.filter(({ atMs }) => nowMs - atMs <= this.#limitMs);
    return over.map(({ frame }) => frame);
  }

  takeAll(): Arrival[] {
    return this.#held.splice(0);
  }
}
