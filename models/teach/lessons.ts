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

/** Through a linear map per level, what the source makes of the same pictures. Its weights serve the lesson only. */
export function distillation(
  source: ImportedTeacher & { digest: string; name: string },
  { seed, batch, sidePx }: Frames,
): Lesson {
  const pictures = frameBatches(seed, batch, sidePx);
  return {
    lineage: {
      source: `distilled from ${source.name} (sha256 ${source.digest}) on procedural RGB-D frames`,
      licence: 'MIT; the source weights are not part of it',
    },
    pose(graph, shape) {
      const seen = picturesOf(graph, 'pictures', shape);
      const targets = graph.scope('source', () => backbone(seen, source.spec, siamese(graph, source.weights)(null)));
      return {
        pictures: seen,
        loss: (levels, layers) =>
          overLevels(levels, (level, i) => {
            const target = targets[i]!;
            const loudness = o.sqrt(o.add(o.reduceMean(o.square(target)), 1e-6));
            const told = layers.conv(level, `head${i}`, { out: target.shape[1]!, kernel: 1 });
            return o.reduceMean(o.square(o.sub(told, o.div(target, loudness))));
          }),
      };
    },
    feeds: (step) => ({ pictures: { data: pictures(step), shape: [batch, 3, sidePx, sidePx] } }),
  };
}

/** Side of the squares painted out, pixels, and the share of them. */
const patchPx = 16;
const maskedShare = 0.3;

/** At each level, the pixels under the places painted out, whole patches at once through a linear map. */
export function masking({ seed, batch, sidePx }: Frames): Lesson {
  const pictures = frameBatches(seed, batch, sidePx);
  return {
    lineage: { source: 'taught to fill masked procedural RGB-D frames', licence: 'MIT' },
    pose(graph, shape) {
      const seen = picturesOf(graph, 'pictures', shape);
      const whole = picturesOf(graph, 'whole', shape);
      const masked = graph.input('masked', 'float32', [shape.batch, 1, shape.sidePx, shape.sidePx]);
      return {
        pictures: seen,
        loss: (levels, layers) =>
          overLevels(levels, (level, i) => patchLoss(level, whole, masked, strides[i]!, layers)),
      };
    },
    feeds(step) {
      const data = pictures(step);
      const masked = masks(seed, step, batch, sidePx);
      const plane = sidePx * sidePx;
      const seen = data.map((value, i) => (masked[Math.floor(i / (3 * plane)) * plane + (i % plane)] ? 0 : value));
      const shape = [batch, 3, sidePx, sidePx];
      return {
        pictures: { data: seen, shape },
        whole: { data, shape },
        masked: { data: masked, shape: [batch, 1, sidePx, sidePx] },
      };
    },
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
function masks(seed: number, step: number, batch: number, sidePx: number): Float32Array {
  const random = seeded(seed, 17, step);
  const across = Math.ceil(sidePx / patchPx);
  const out = new Float32Array(batch * sidePx * sidePx);
  for (let picture = 0; picture < batch; picture++) {
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
