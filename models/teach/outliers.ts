/**
 * Which good parts look unlike the rest, before the student is taught: a defect that was recorded among them makes it
 * blind to its kind, and a held-out one lifts the threshold. Each place of a part is looked up among places of the
 * other parts in the directions of the frozen teacher's features (nearest neighbours, as PatchCore does), and its tone
 * at the same place of theirs; a part whose strangest place is far stranger than that of the others is named. Parts of
 * one group never vouch for one another: the tiles of one bad picture would. It says which and why, and takes nothing
 * out by itself.
 */
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import { writeOnnx } from '../onnx/write.ts';
import { seeded } from '../random.ts';
import { openSession, type Session } from '../runtime/session.ts';
import type { FeatureName, Features } from './features.ts';
import { leastOthers, type Oddest, oddestTones } from './odd-tones.ts';
import type { PreparedPart } from './prepared.ts';
import { quantile } from './statistics.ts';
import type { UnlikePart } from './teaching.ts';

/** Strides 8 and 16 of each modality; the finest level tells grain from grain. */
const looked = {
  rgb: ['rgb1', 'rgb2'],
  depth: ['depth1', 'depth2'],
} as const satisfies Record<string, readonly FeatureName[]>;
type Sense = keyof typeof looked;

/** Places remembered for each level, of all parts together; more do not move the nearest distance. */
const remembered = 4096;
/** Unlike from here on: spreads above the middle of the others, the mean of both levels, on a logarithmic scale. */
const spreadsApart = 4.5;
/**
 * Good parts spread this far at least: very even ones would accuse one another. A tone is held against a few dozen
 * others, not thousands of places, and glints of good parts stand out by two and a half times.
 */
const leastSpread = { features: 0.05, tone: 0.25 };
/** Added to the square of a vector's length: one of zeros has no direction. */
const leastLength = 1e-9;

export interface LookedAt {
  id: string;
  /** Its own where absent. */
  group?: string;
  side: UnlikePart['side'];
}

/** Of part i: its features, made by the teacher, and what the prepare box gives. */
export interface Looks {
  features(part: number): Promise<Features>;
  prepared(part: number): Promise<Pick<PreparedPart, 'features'>>;
}

/** Those that are unlike, with what sees it and where; a part's own group has no say. */
export async function findUnlike(
  parts: readonly LookedAt[],
  { features, prepared }: Looks,
  teacher: Graph,
  { modalities, seed, threads }: { modalities: readonly Sense[]; seed: number; threads: number },
): Promise<UnlikePart[]> {
  const groups = parts.map(({ group, id }) => group ?? id);
  const names = modalities.flatMap((modality) => [...looked[modality]]);
  const memories = await remember(names, groups, features, teacher, seed);
  const strangest = new Map<FeatureName, Oddest[]>();
  for (const memory of memories) await memory.open(threads);
  for (const [part, group] of groups.entries()) {
    const own = await features(part);
    for (const memory of memories) {
      const found = strangest.get(memory.name) ?? [];
      strangest.set(memory.name, found);
      found.push(await memory.strangest(own[memory.name], group));
    }
  }
  for (const memory of memories) await memory.release();
  const { shape } = teacher.inputs[0]!;
  const [, , heightPx, widthPx] = shape as [number, number, number, number];
  const tones = modalities.includes('rgb') ? await oddestTones(groups, prepared, { widthPx, heightPx }) : null;
  const spreads = (found: readonly Oddest[], part: number, of: keyof typeof leastSpread): number =>
    spreadsAbove(
      found.map(({ distance }) => distance),
      groups,
      part,
      leastSpread[of],
    );
  return parts.flatMap(({ id, side }, part) => {
    const seen = modalities.map((modality) => {
      const levels = looked[modality].map((name) => strangest.get(name)!);
      const apart = levels.reduce((sum, level) => sum + spreads(level, part, 'features'), 0) / levels.length;
      return { modality, apart, at: levels[0]![part]! };
    });
    if (tones) seen.push({ modality: 'rgb', apart: spreads(tones, part, 'tone'), at: tones[part]! });
    const unlike = seen.filter(({ apart }) => apart > spreadsApart).sort((a, b) => b.apart - a.apart);
    if (unlike.length === 0) return [];
    const words = { rgb: 'colour', depth: 'depth' };
    const seenBy = [...new Set(unlike.map(({ modality }) => words[modality]))].join(' and ');
    const { x, y } = unlike[0]!.at;
    const at = { x: x / shape[3]!, y: y / shape[2]! };
    const group = { name: groups[part]!, parts: groups.filter((each) => each === groups[part]).length };
    return [{ id, group, side, seenBy, apart: unlike[0]!.apart, at }];
  });
}

/** How many robust spreads the logarithm of one value lies above the middle of the other groups'. */
export function spreadsAbove(
  values: readonly number[],
  groups: readonly string[],
  which: number,
  least = leastSpread.features,
): number {
  const logs = values.map((value) => Math.log(Math.max(value, 1e-6)));
  const others = logs.filter((_, i) => groups[i] !== groups[which]);
  if (others.length < leastOthers) return 0;
  const middle = quantile(others, 0.5);
  const deviations = others.map((log) => Math.abs(log - middle));
  return (logs[which]! - middle) / Math.max(1.4826 * quantile(deviations, 0.5), least);
}

async function remember(
  names: readonly FeatureName[],
  groups: readonly string[],
  features: (part: number) => Promise<Features>,
  teacher: Graph,
  seed: number,
): Promise<Memory[]> {
  const working = teacher.inputs[0]!.shape;
  const memories = names.map((name) => new Memory(name, teacher.outputs.get(name)!.shape, working[2]!));
  const each = Math.ceil(remembered / groups.length);
  for (const [part, group] of groups.entries()) {
    const own = await features(part);
    for (const memory of memories) memory.add(own[memory.name], group, each, seeded(seed, 11, part));
  }
  return memories;
}

/** Places of all parts at one level, and the nearest of them to each place of a part. */
class Memory {
  readonly name: FeatureName;
  readonly #channels: number;
  readonly #columns: number;
  readonly #places: number;
  readonly #stride: number;
  readonly #vectors: Float32Array[] = [];
  readonly #groups: string[] = [];
  #session: Session | null = null;

  constructor(name: FeatureName, shape: readonly number[], workingHeight: number) {
    this.name = name;
    this.#channels = shape[1]!;
    this.#columns = shape[3]!;
    this.#places = shape[2]! * shape[3]!;
    this.#stride = workingHeight / shape[2]!;
  }

  add(made: Float32Array, group: string, count: number, random: ReturnType<typeof seeded>): void {
    const feature = this.#directions(made);
    for (const place of random.shuffled(this.#places).slice(0, count)) {
      this.#vectors.push(Float32Array.from({ length: this.#channels }, (_, c) => feature[c * this.#places + place]!));
      this.#groups.push(group);
    }
  }

  /** |v - m|^2 = |v|^2 - 2 (m v - |m|^2 / 2): the nearest m is the largest of the bracket. */
  async open(threads: number): Promise<void> {
    const count = this.#vectors.length;
    const all = new Float32Array(count * this.#channels);
    for (const [i, vector] of this.#vectors.entries()) all.set(vector, i * this.#channels);
    const halves = Float32Array.from(this.#vectors, (vector) => squares(vector) / 2);
    const graph = new Graph(this.name);
    const feature = graph.input('feature', 'float32', [this.#channels, this.#places]);
    const own = graph.input('own', 'float32', [count, 1]);
    const product = o.matMul(graph.constant('places', all, [count, this.#channels]), feature);
    const bracket = o.sub(product, o.add(graph.constant('halves', halves, [count, 1]), own));
    graph.output('nearest', o.reduceMax(bracket, [0]));
    this.#session = await openSession(writeOnnx(graph), { threads });
  }

  async strangest(made: Float32Array, group: string): Promise<Oddest> {
    const feature = this.#directions(made);
    // Places of its own group are put out of reach.
    const own = Float32Array.from(this.#groups, (each) => (each === group ? 1e30 : 0));
    const results = await this.#session!.run({
      feature: { data: feature, shape: [this.#channels, this.#places] },
      own: { data: own, shape: [own.length, 1] },
    });
    const nearest = results['nearest']!.data as Float32Array;
    let worst = { place: 0, square: 0 };
    for (let place = 0; place < this.#places; place++) {
      let square = -2 * nearest[place]!;
      for (let c = 0; c < this.#channels; c++) square += feature[c * this.#places + place]! ** 2;
      if (square > worst.square) worst = { place, square };
    }
    const [column, row] = [worst.place % this.#columns, Math.floor(worst.place / this.#columns)];
    return { distance: Math.sqrt(worst.square), x: (column + 0.5) * this.#stride, y: (row + 0.5) * this.#stride };
  }

  async release(): Promise<void> {
    await this.#session?.release();
  }

  /** Each place's vector at length 1: how loud a place is says less than what it is, and differs between teachers. */
  #directions(feature: Float32Array): Float32Array {
    const lengths = new Float32Array(this.#places).fill(leastLength);
    for (let at = 0; at < feature.length; at++) lengths[at % this.#places]! += feature[at]! ** 2;
    return feature.map((value, at) => value / Math.sqrt(lengths[at % this.#places]!));
  }
}

function squares(vector: Float32Array): number {
  return vector.reduce((sum, value) => sum + value * value, 0);
}
