/**
 * What a simulated camera can be told to do wrong. Each fault names how many frames or for how long; counts are used
 * up. Everything that is drawn comes from a seed.
 */
export interface Faults {
  /** Share of payload packets that are not sent, 0..1. */
  loss: number;
  /** Requests for packets are not answered. */
  resendRefused: boolean;
  /** So many next frames are exposed, counted, and never sent. */
  vanish: number;
  /** So many next triggers are not heard: neither counted nor exposed. */
  deaf: number;
  /** So many next frames are sent twice, under one number. */
  twice: number;
  /** The next frames come so much later. */
  lateMs: number;
  /** So many next frames have another size than announced. */
  wrongSize: number;
  /** So many next multipart frames lack their range part, or all of their parts. */
  withoutRange: number;
  withoutParts: number;
  /** So many next frames carry no chunk, or timestamp 0. */
  withoutChunk: number;
  withoutTime: number;
  /** Leaders and trailers of so many next frames are lost. */
  withoutLeader: number;
  withoutTrailer: number;
  /** Neither answers nor sends, but goes on existing. */
  frozen: boolean;
  /** Answers, but does not send. */
  mute: boolean;
}

export const noFaults: Faults = {
  ...{ loss: 0, resendRefused: false, vanish: 0, deaf: 0, twice: 0, lateMs: 0, wrongSize: 0, withoutRange: 0 },
  ...{ withoutParts: 0, withoutChunk: 0, withoutTime: 0, withoutLeader: 0, withoutTrailer: 0 },
  ...{ frozen: false, mute: false },
};

type Counted = { [K in keyof Faults]: Faults[K] extends number ? K : never }[keyof Faults];

/** One of so many: uses it up. */
export function takes(faults: Faults, name: Exclude<Counted, 'loss' | 'lateMs'>): boolean {
  if (faults[name] <= 0) return false;
  faults[name]--;
  return true;
}

/** A linear congruential generator: one number for each packet, the same in every run. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  unit(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}
