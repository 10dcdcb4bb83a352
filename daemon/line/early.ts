/**
 * Frames that ran ahead of their trigger (two cameras, one of which tells of the trigger later). Few, and not for
 * long: what is pushed out or waits too long is given back to be dropped.
 */
import type { Frame } from '../../drivers/frame.ts';

/** All cameras together: two parts' worth is a lead no camera should have. */
export const maxEarlyFrames = 4;

/** A frame as it came: whether it is news was asked then, against the frame before it. */
export interface Arrival {
  readonly frame: Frame;
  readonly stale: string | null;
  readonly atMs: number;
}

export class EarlyFrames {
  readonly #limitMs: number;
  #held: Arrival[] = [];

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get count(): number {
    return this.#held.length;
  }

  /** Keeps a frame; the one it pushed out, if any. */
  hold(arrival: Arrival): Frame | null {
    this.#held.push(arrival);
    return this.#held.length > maxEarlyFrames ? this.#held.shift()!.frame : null;
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
