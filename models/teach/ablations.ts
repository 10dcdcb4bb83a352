/**
 * What is tried against the default recipe, one change at a time. A row that changes only how a map is read is judged
 * with the default's own bundle; every other row is taught anew.
 */
import { blurred } from '../evaluate/blurred.ts';
import type { Sample, Scored } from '../evaluate/samples.ts';
import type { Recipe } from '../nets/recipe.ts';
import type { TeachOptions } from './teaching.ts';

export interface Ablation {
  /** What is different; also the name of its files, so words and dashes only. */
  name: string;
  recipe?: Partial<Recipe>;
  options?(options: TeachOptions): Partial<TeachOptions>;
  /** Another score from the same map. */
  reread?(sample: Sample): Sample;
}

/** Working sizes are whole multiples of this. */
const workingStep = 32;
const resized = (share: number) => (length: number) => workingStep * Math.round((share * length) / workingStep);

export const ablations: readonly Ablation[] = [
  { name: 'default' },
  { name: 'fusion-disagreement', recipe: { fusion: 'disagreement' } },
  { name: 'fusion-energy', recipe: { fusion: 'energy' } },
  { name: 'target-fused-alone', recipe: { targets: 'fused' } },
  { name: 'target-own-alone', recipe: { targets: 'own' } },
  { name: 'prototypes-none', recipe: { prototypes: 0 } },
  { name: 'prototypes-8', recipe: { prototypes: 8 } },
  { name: 'prototypes-128', recipe: { prototypes: 128 } },
  { name: 'interaction-none', recipe: { interaction: 'none' } },
  { name: 'interaction-intra', recipe: { interaction: 'intra' } },
  { name: 'interaction-cross', recipe: { interaction: 'cross' } },
  { name: 'depth-as-height', recipe: { depth: 'height' } },
  { name: 'depth-as-slopes', recipe: { depth: 'slopes' } },
  { name: 'depth-norms-shared', recipe: { ownNorms: false } },
  { name: 'pasted-features', recipe: { pasted: 0.15 } },
  { name: 'no-places', recipe: { places: false } },
  { name: 'rgb-alone', options: () => ({ modalities: ['rgb'] }) },
  { name: 'depth-alone', options: () => ({ modalities: ['depth'] }) },
  { name: 'epochs-double', options: ({ epochs }) => ({ epochs: 2 * epochs }) },
  { name: 'learning-rate-half', options: ({ learningRate }) => ({ learningRate: learningRate / 2 }) },
  { name: 'learning-rate-double', options: ({ learningRate }) => ({ learningRate: 2 * learningRate }) },
  { name: 'batches-half', options: ({ batch }) => ({ batch: batch / 2 }) },
  { name: 'working-size-three-quarters', options: ({ working }) => ({ working: scaled(working, 0.75) }) },
  { name: 'score-top-0.1-percent', reread: (sample) => reread(sample, { score: topMean(0.001) }) },
  { name: 'score-top-0.5-percent', reread: (sample) => reread(sample, { score: topMean(0.005) }) },
  { name: 'score-blurred-2-px', reread: (sample) => reread(sample, { blur: softened(sample, 2) }) },
  { name: 'score-blurred-4-px', reread: (sample) => reread(sample, { blur: softened(sample, 4) }) },
  { name: 'map-blurred-4-px', reread: (sample) => reread(sample, { blur: softened(sample, 4), map: true }) },
];

function scaled({ widthPx, heightPx }: TeachOptions['working'], share: number): TeachOptions['working'] {
  const side = resized(share);
  return { widthPx: side(widthPx), heightPx: side(heightPx) };
}

interface Reading {
  /** Before the score is taken. */
  blur?(map: Float32Array): Float32Array;
  /** Whether the blurred map stands for the map too. */
  map?: boolean;
  /** The maximum where absent. */
  score?(map: Float32Array): number;
}

function reread(sample: Sample, { blur = (map) => map, map = false, score = topMean(0) }: Reading): Sample {
  const again = (scored: Scored): Scored => {
    const soft = blur(scored.map);
    return { map: map ? soft : scored.map, score: score(soft) };
  };
  const { both, network, geometry } = sample.sources;
  return {
    ...sample,
    // The threshold belongs to the maximum of the map as it is: otherwise nothing is decided.
    outcome: 'undecided',
    sources: { both: again(both), network: network && again(network), geometry: geometry && again(geometry) },
  };
}

const softened =
  ({ widthPx }: Sample, sigmaPx: number) =>
  (map: Float32Array): Float32Array =>
    blurred(map, widthPx, sigmaPx);

/** Mean of this share of the largest values, the largest at least; places that were not judged count as nothing. */
const topMean =
  (share: number) =>
  (map: Float32Array): number => {
    const sorted = map.filter((value) => !Number.isNaN(value)).sort();
    const top = sorted.subarray(sorted.length - Math.max(1, Math.round(share * map.length)));
    return top.reduce((sum, value) => sum + value, 0) / top.length;
  };
