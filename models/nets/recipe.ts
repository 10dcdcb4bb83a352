/**
 * The choices of the method that were tried against each other, by name. Teaching takes one recipe; the default is what
 * won, and docs/method.md shows by how much. A choice stands in the networks that were taught with it; what shapes the
 * graph around them is kept in the manifest.
 */

/**
 * How both modalities become one target. `sum`: R + v D, v the share of readings. `disagreement`: R + a D,
 * a = v sigmoid(mean_c (R - D)^2). `energy`: each weighted by its share of both's energy at that place, depth's by v.
 */
export type FusionForm = 'sum' | 'disagreement' | 'energy';
/** What the student restores: the fused target, each modality's own, or all of them. */
export type TargetForm = 'fused' | 'own' | 'all';
/** Attention among priors: within a modality, across the two, both, or none. */
export type Interaction = 'none' | 'intra' | 'cross' | 'both';
/** What depth shows the teacher: height and slopes, or one of them; the other's channels are zero. */
export type DepthView = 'both' | 'height' | 'slopes';

export interface Recipe {
  fusion: FusionForm;
  targets: TargetForm;
  /** Learned priors per modality and stride; 0: the queries themselves flow on. */
  prototypes: number;
  interaction: Interaction;
  depth: DepthView;
  /** Whether depth gets a normalisation of its own behind each shared convolution. */
  ownNorms: boolean;
  /** Share of a taught part's places that show the student another part's features, restored all the same. */
  pasted: number;
  /** Whether distances are compared with what good parts have at that place. */
  places: boolean;
}

export const bestRecipe: Recipe = {
  fusion: 'sum',
  targets: 'all',
  prototypes: 32,
  interaction: 'both',
  depth: 'both',
  ownNorms: true,
  pasted: 0,
  places: true,
};
