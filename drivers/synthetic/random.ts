/**
 * Seeded random numbers: one independent stream per (seed, part, purpose), so that drawing more for one purpose never
 * shifts another. Integer arithmetic only: the same bytes on every machine and engine.
 */

/** What a stream is for. A defect draws from its own stream, so a defective part and its good twin share all else. */
export const streams = {
  placement: 1,
  texture: 2,
  light: 3,
  defect: 4,
  rgbNoise: 5,
  depthNoise: 6,
  schedule: 7,
  product: 8,
  missing: 9,
} as const;
export type Stream = keyof typeof streams;

export class SeededRandom {
  #state: number;

  constructor(seed: number, part: number, stream: Stream) {
    this.#state = mix(mix(mix(seed | 0) ^ (part | 0)) ^ streams[stream]);
  }

  /** 32 random bits: a Weyl sequence through an integer hash. */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mix(this.#state) >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.bits() / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** Uniform in 0 .. count - 1. */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  sign(): 1 | -1 {
    return this.bits() & 1 ? 1 : -1;
  }

  /** A point on the unit circle, without sine or cosine (their last bits differ between engines). */
  direction(): { x: number; y: number } {
    for (;;) {
      const x = this.between(-1, 1);
      const y = this.between(-1, 1);
      const square = x * x + y * y;
      if (square > 0.01 && square <= 1) {
        const length = Math.sqrt(square);
        return { x: x / length, y: y / length };
      }
    }
  }
}

/** An integer hash of good avalanche (xor-shift and odd multiplications). */
export function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/** Gauss-like noise of mean 0 and deviation 1 by table (sum of uniforms: no logarithm), 4096 values. */
export const gaussMask = 4095;
export const gaussTable: Float32Array = makeGaussTable();

function makeGaussTable(): Float32Array {
  const random = new SeededRandom(1, 0, 'product');
  const draws = 12; // the sum of twelve uniforms has variance 1
  return Float32Array.from({ length: gaussMask + 1 }, () => {
    let sum = -draws / 2;
    for (let i = 0; i < draws; i++) sum += random.unit();
    return sum;
  });
}
