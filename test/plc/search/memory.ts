/**
 * The state of everything mutable that can be reached from one object: saved, put back in place, and told apart from
 * others. Plain objects, arrays, maps, sets and instances of the classes given are followed; all else (functions,
 * clocks, programs) belongs to the surroundings and stays as it is.
 */

type Contents = readonly unknown[];
export type Saved = readonly (readonly [object, Contents])[];

export class Memory {
  readonly #followed: Set<object>;

  constructor(classes: readonly object[]) {
    this.#followed = new Set([...classes, Object.prototype, Array.prototype, Map.prototype, Set.prototype]);
  }

  #counts(value: unknown): value is object {
    return typeof value === 'object' && value !== null && this.#followed.has(Object.getPrototypeOf(value));
  }

  /** What is frozen tells states apart and is never put back. */
  #changes(value: unknown): value is object {
    return this.#counts(value) && !Object.isFrozen(value);
  }

  save(root: object): Saved {
    const seen = new Set<object>([root]);
    const saved: (readonly [object, Contents])[] = [];
    for (const each of seen) {
      const contents = contentsOf(each);
      saved.push([each, contents]);
      for (const value of contents) if (this.#changes(value)) seen.add(value);
    }
    return saved;
  }

  restore(saved: Saved): void {
    for (const [object, contents] of saved) {
      if (Array.isArray(object)) {
        object.length = contents.length;
        for (let at = 0; at < contents.length; at++) object[at] = contents[at];
      } else if (object instanceof Map) {
        object.clear();
        for (let at = 0; at < contents.length; at += 2) object.set(contents[at], contents[at + 1]);
      } else if (object instanceof Set) {
        object.clear();
        for (const value of contents) object.add(value);
      } else {
        const fields = object as Record<string, unknown>;
        let at = 0;
        for (const name of Object.keys(fields)) fields[name] = contents[at++];
      }
    }
  }

  /** Adds all of it to the digest of a state, but for lists whose owner adds what counts of them. */
  digest(root: object, digest: Digest, apart: readonly (object | null)[] = []): void {
    const numbers = new Map<object, number>();
    const add = (value: unknown): void => {
      if (!this.#counts(value) || apart.includes(value)) {
        digest.add(value);
        return;
      }
      const known = numbers.get(value);
      if (known !== undefined) {
        digest.add(known);
        return;
      }
      numbers.set(value, numbers.size);
      const contents = contentsOf(value);
      digest.begin(value).add(contents.length);
      for (const each of contents) add(each);
    };
    add(root);
  }
}

/** Fields keep the order in which the constructor made them. */
function contentsOf(object: object): Contents {
  if (Array.isArray(object)) return object.slice();
  if (object instanceof Map) {
    const flat: unknown[] = [];
    for (const [key, value] of object) flat.push(key, value);
    return flat;
  }
  if (object instanceof Set) return [...object];
  return Object.values(object);
}

/**
 * 53 bits of the scalars of a state, in their order: with a million states, two are taken for one with a chance of one
 * in ten thousand. Objects that are not followed count as one and the same.
 */
export class Digest {
  static readonly #texts = new Map<string, number>();
  #high = 0xdead_beef;
  #low = 0x41c6_ce57;

  add(value: unknown): this {
    if (typeof value === 'number') {
      this.#mix(value | 0);
      if ((value | 0) !== value) this.#mix(Math.floor(value / 4_294_967_296) + 7);
    } else if (typeof value === 'boolean') this.#mix(value ? 0x5bd1_e995 : 0x1b87_3593);
    else if (typeof value === 'string') {
      // The same few texts come again and again: numbered in the order in which they came first.
      const known = Digest.#texts.get(value) ?? Digest.#texts.size;
      Digest.#texts.set(value, known);
      this.#mix(known + 0x1000_0000);
    } else this.#mix(value === null ? 0x2c1b_3c6d : value === undefined ? 0x297a_2d39 : 0x7feb_352d);
    return this;
  }

  /** What follows is of a list, a map, a set or an object. */
  begin(object: object): this {
    const kind = [Array, Map, Set].findIndex((each) => object instanceof each);
    this.#mix(0x3ade_68b1 + kind);
    return this;
  }

  get value(): number {
    let [high, low] = [this.#high, this.#low];
    high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
    low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
    return 4_294_967_296 * (0x1f_ffff & low) + (high >>> 0);
  }

  #mix(code: number): void {
    this.#high = Math.imul((this.#high ^ code) + (this.#low >>> 7), 2_654_435_761);
    this.#low = Math.imul((this.#low ^ code) + (this.#high >>> 9), 1_597_334_677);
  }
}
