/**
 * What a compact teacher may learn on procedural frames: to see what a large pretrained network sees (the recipe of
 * EfficientAD, with frames from a seed in place of a data set), or, with no other network at all, to tell what was
 * under patches painted out of the picture (masked autoencoding, He et al. 2022, with a convolutional network).
 */
import type { ImportedTeacher } from '../bundle/import-teacher.ts';
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { TrainingLayers } from '../nets/layers.ts';
import { backbone, type Levels, siamese } from '../nets/teacher.ts';
import { seeded } from '../random.ts';
import type { Lesson } from './distil.ts';
import { frameBatches } from './frame-batches.ts';

interface Frames {
  seed: number;
  batch: number;
  sidePx: number;
}
const strides = [4, 8, 16] as const;

/** A large network to see with, and what is known of it. */
export type Source = ImportedTeacher & { digest: string; name: string };

const ours = 'MIT; the source weights are not part of it';
const lineageOf = ({ name, digest }: Source): string => `distilled from ${name} (sha256 ${digest})`;

/** Through a linear map per level, what the source makes of the same pictures. Its weights serve the lesson only. */
export function distillation(source: Source, { seed, batch, sidePx }: Frames): Lesson {
  const pictures = frameBatches(seed, batch, sidePx);
  return {
    lineage: { source: `${lineageOf(source)} on procedural RGB-D frames`, licence: ours },
    pose(graph, shape) {
      const seen = picturesOf(graph, 'pictures', shape);
      const targets = targetsOf(graph, source, seen);
      return { pictures: seen, loss: (levels, layers) => distilLoss(levels, targets, layers) };
    },
    feeds: (step) => ({ pictures: { data: pictures(step), shape: [batch, 3, sidePx, sidePx] } }),
  };
}

/** Side of the squares painted out, pixels, and the share of them. */
const patchPx = 16;
const maskedShare = 0.3;

/** At each level, the pixels under the places painted out, whole patches at once through a linear map. */
export function masking(frames: Frames): Lesson {
  return {
    lineage: { source: 'taught to fill masked procedural RGB-D frames', licence: 'MIT' },
    pose(graph, shape) {
      const { seen, whole, masked } = maskedPictures(graph, shape);
      return { pictures: seen, loss: (levels, layers) => fillLoss(levels, whole, masked, layers) };
    },
    feeds: maskedFeeds(frames, () => true),
  };
}

/**
 * Both at once: what the source sees where nothing is painted out, and what was there where something is. The source
 * tells textures apart and forgets how high and how bright a face is; to fill a hole one must remember that.
 */
export function maskedDistillation(source: Source, frames: Frames): Lesson {
  return {
    lineage: { source: `${lineageOf(source)} while filling masked procedural RGB-D frames`, licence: ours },
    pose(graph, shape) {
      const { seen, whole, masked } = maskedPictures(graph, shape);
      const targets = targetsOf(graph, source, whole);
      return {
        pictures: seen,
        loss: (levels, layers) => o.add(distilLoss(levels, targets, layers), fillLoss(levels, whole, masked, layers)),
      };
    },
    // The network will be shown whole pictures.
    feeds: maskedFeeds(frames, (picture) => picture % 2 === 0),
  };
}

/** What the source makes of the pictures, at each level. */
function targetsOf(graph: Graph, source: Source, pictures: Tensor): Levels {
  return graph.scope('source', () => backbone(pictures, source.spec, siamese(graph, source.weights)(null)));
}

function distilLoss(levels: Levels, targets: Levels, layers: TrainingLayers): Tensor {
  return overLevels(levels, (level, i) => {
    const target = targets[i]!;
    const loudness = o.sqrt(o.add(o.reduceMean(o.square(target)), 1e-6));
    const told = layers.conv(level, `head${i}`, { out: target.shape[1]!, kernel: 1 });
    return o.reduceMean(o.square(o.sub(told, o.div(target, loudness))));
  });
}

function fillLoss(levels: Levels, whole: Tensor, masked: Tensor, layers: TrainingLayers): Tensor {
  return overLevels(levels, (level, i) => patchLoss(level, whole, masked, strides[i]!, layers));
}

function maskedPictures(
  graph: Graph,
  shape: { batch: number; sidePx: number },
): Record<'seen' | 'whole' | 'masked', Tensor> {
  return {
    seen: picturesOf(graph, 'pictures', shape),
    whole: picturesOf(graph, 'whole', shape),
    masked: graph.input('masked', 'float32', [shape.batch, 1, shape.sidePx, shape.sidePx]),
  };
}

/** Squares are painted out of those pictures of a batch that `isMasked` names. */
function maskedFeeds({ seed, batch, sidePx }: Frames, isMasked: (picture: number) => boolean): Lesson['feeds'] {
  const pictures = frameBatches(seed, batch, sidePx);
  return (step) => {
    const data = pictures(step);
    const masked = masks(seed, step, batch, sidePx, isMasked);
    const plane = sidePx * sidePx;
    const seen = data.map((value, i) => (masked[Math.floor(i / (3 * plane)) * plane + (i % plane)] ? 0 : value));
    const shape = [batch, 3, sidePx, sidePx];
    return {
      pictures: { data: seen, shape },
      whole: { data, shape },
      masked: { data: masked, shape: [batch, 1, sidePx, sidePx] },
    };
  };
}

function patchLoss(level: Tensor, whole: Tensor, masked: Tensor, stride: number, layers: TrainingLayers): Tensor {
  const out = 3 * stride * stride;
  // A patch of pixels as the channels of one place: a convolution whose filters each pick one pixel.
  const pick = Float32Array.from({ length: out * out }, (_, i) => (Math.floor(i / out) === i % out ? 1 : 0));
  const picks = layers.graph.constant(`pick${stride}`, pick, [out, 3, stride, stride]);
  const target = o.conv(whole, picks, { stride });
  const told = layers.conv(level, `head${stride}`, { out, kernel: 1 });
  const share = o.averagePool(masked, stride);
  const wrong = o.reduceMean(o.square(o.sub(told, target)), [1], true);
  return o.div(o.reduceMean(o.mul(wrong, share)), o.maximum(o.reduceMean(share), 1e-6));
}

/** [batch,1,side,side], 1 = painted out; each picture has squares of its own. */
function masks(
  seed: number,
  step: number,
  batch: number,
  sidePx: number,
  isMasked: (picture: number) => boolean,
): Float32Array {
  const random = seeded(seed, 17, step);
  const across = Math.ceil(sidePx / patchPx);
  const out = new Float32Array(batch * sidePx * sidePx);
  for (let picture = 0; picture < batch; picture++) {
    if (!isMasked(picture)) continue;
    const chosen = new Set(random.shuffled(across * across).slice(0, Math.round(maskedShare * across * across)));
    for (let y = 0; y < sidePx; y++) {
      for (let x = 0; x < sidePx; x++) {
        const square = Math.floor(y / patchPx) * across + Math.floor(x / patchPx);
        if (chosen.has(square)) out[(picture * sidePx + y) * sidePx + x] = 1;
      }
    }
  }
  return out;
}

const picturesOf = (graph: Graph, name: string, { batch, sidePx }: { batch: number; sidePx: number }): Tensor =>
  graph.input(name, 'float32', [batch, 3, sidePx, sidePx]);

function overLevels(levels: Levels, term: (level: Tensor, i: number) => Tensor): Tensor {
  const terms = levels.map(term);
  return o.div(
    terms.reduce((sum, each) => o.add(sum, each)),
    terms.length,
  );
}
