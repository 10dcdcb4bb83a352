/** Seeded randomness for teaching: the same seed gives the same numbers on every machine (sfc32, public domain). */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal (sum of twelve uniforms: no transcendental whose last bit differs between engines). */
  normal(): number;
  /** A permutation of 0..count-1. */
  shuffled(count: number): number[];
}

export function seeded(...seed: number[]): Random {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (const each of seed) {
    a ^= each | 0;
    for (let i = 0; i < 12; i++) next();
  }
  const uniform = next;
  return {
    uniform,
    normal() {
      let sum = -6;
      for (let i = 0; i < 12; i++) sum += uniform();
      return sum;
    },
    shuffled(count) {
      const order = Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      return order;
    },
  };
}
