/**
 * Gives depth a normalisation of its own behind every shared convolution (adaptive BatchNorm): with the same product's
 * colour statistics as the model, y' = (y - mean_depth) / spread_depth * spread_rgb + mean_rgb per channel, estimated
 * once on good parts, masked, in forward order, no gradient. All layers in one run over a batch, so that each sees the
 * layers before it already corrected.
 */
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import {
  backbone,
  type Convolve,
  type ModalityNorm,
  type ModalityNorms,
  type TeacherSpec,
  type TeacherWeights,
} from '../nets/teacher.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { PreparedPart } from './prepared.ts';

/** A flat part must not have its sensor noise blown up to full scale. */
export const gainLimit = 8;

export async function estimateDepthNorms(
  parts: readonly PreparedPart[],
  working: { widthPx: number; heightPx: number },
  spec: TeacherSpec,
  weights: TeacherWeights,
  threads: number,
): Promise<{ norms: ModalityNorms; clamped: number }> {
  const shape = [parts.length, 3, working.heightPx, working.widthPx];
  const graph = new Graph('norms');
  const rgb = graph.input('rgb', 'float32', shape);
  const depth = graph.input('depth', 'float32', shape);
  const valid = graph.input('valid', 'float32', [parts.length, 1, working.heightPx, working.widthPx]);
  const colour = new Map<string, Moments>();
  const plain = (x: Tensor, name: string, { out, kernel, stride }: Parameters<Convolve>[2], bias: boolean): Tensor => {
    const { weight, bias: shift } = weights.get(name)!;
    const w = graph.constant(`${name}.weight`, weight, [out, x.shape[1]!, kernel, kernel]);
    const b = bias ? { bias: graph.constant(`${name}.bias`, shift, [out]) } : {};
    return o.conv(x, w, { stride, pad: (kernel - 1) / 2, ...b });
  };
  backbone(rgb, spec, (x, name, each) => {
    const y = plain(x, name, each, true);
    colour.set(name, moments(y, null));
    return y;
  });
  backbone(depth, spec, (x, name, each) => {
    const y = plain(x, name, each, false);
    const own = moments(y, o.averagePool(valid, working.heightPx / y.shape[2]!));
    const model = colour.get(name)!;
    const ratio = o.div(model.spread, o.maximum(own.spread, 1e-6));
    const gain = o.minimum(o.maximum(ratio, 1 / gainLimit), gainLimit);
    const bias = o.sub(model.mean, o.mul(gain, own.mean));
    graph.output(`gain:${name}`, gain);
    graph.output(`bias:${name}`, bias);
    return o.add(o.mul(y, gain), bias);
  });
  const session = await openSession(writeOnnx(graph), { threads });
  const gather = (pick: (part: PreparedPart) => Float32Array): Float32Array => {
    const size = pick(parts[0]!).length;
    const all = new Float32Array(size * parts.length);
    for (const [i, part] of parts.entries()) all.set(pick(part), i * size);
    return all;
  };
  const results = await session.run({
    rgb: { data: gather((part) => part.rgb), shape },
    depth: { data: gather((part) => part.depth), shape },
    valid: { data: gather((part) => part.valid), shape: valid.shape },
  });
  await session.release();
  const norms = new Map<string, ModalityNorm>();
  let clamped = 0;
  for (const name of colour.keys()) {
    const gain = results[`gain:${name}`]!.data as Float32Array;
    clamped += gain.filter((g) => g >= gainLimit).length;
    norms.set(name, { gain, bias: results[`bias:${name}`]!.data as Float32Array });
  }
  return { norms, clamped };
}

interface Moments {
  /** [1,C,1,1] */
  mean: Tensor;
  spread: Tensor;
}

/** Per channel over batch and places, weighted by a mask [B,1,h,w] where given. */
function moments(y: Tensor, mask: Tensor | null): Moments {
  const mean = (x: Tensor): Tensor => {
    if (!mask) return o.reduceMean(x, [0, 2, 3], true);
    return o.div(o.reduceMean(o.mul(x, mask), [0, 2, 3], true), o.maximum(o.reduceMean(mask), 1e-6));
  };
  const centre = mean(y);
  const variance = mean(o.square(o.sub(y, centre)));
  return { mean: centre, spread: o.sqrt(o.add(variance, 1e-12)) };
}
