/**
 * The teacher box: a frozen ResNet, conv1..layer3, seen by both modalities as siamese twins. The convolutions are one
 * set of weights; each modality has a normalisation of its own behind each of them (MMRD abstract; shapes: He et al.
 * 2016). Blocks are basic or bottlenecks, the latter with the stride in their 3x3 convolution, as torchvision and timm
 * have it. Features are taken at strides 4, 8 and 16.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';

export interface TeacherSpec {
  /** Channels of conv1. */
  stem: number;
  /** Two 3x3 convolutions, or 1x1, 3x3, 1x1; basic where absent. */
  block?: 'basic' | 'bottleneck';
  /** Blocks in layer1, layer2, layer3. */
  blocks: readonly [number, number, number];
  /** Channels at strides 4, 8, 16. */
  channels: readonly [number, number, number];
  /** Channels inside the bottlenecks of each layer; basic blocks have none. */
  widths?: readonly [number, number, number];
  /** Window of the maximum behind conv1: 3 as He et al., or 2, whose windows tile (and so can be taught through). */
  stemPool: 2 | 3;
}

/** Features at strides 4, 8, 16. */
export type Levels = readonly [Tensor, Tensor, Tensor];

/** One convolution and its normalisation, by torchvision's name of the convolution. */
export type Convolve = (x: Tensor, name: string, shape: { out: number; kernel: number; stride: number }) => Tensor;

/** x [B,3,H,W] -> [[B,c4,H/4,W/4], [B,c8,H/8,W/8], [B,c16,H/16,W/16]] */
export function backbone(x: Tensor, spec: TeacherSpec, convolve: Convolve): Levels {
  const { stem, blocks, channels, stemPool } = spec;
  let y = o.relu(convolve(x, 'conv1', { out: stem, kernel: 7, stride: 2 })); // [B,stem,H/2,W/2]
  y = o.maxPool(y, stemPool, 2, stemPool === 3 ? 1 : 0); // [B,stem,H/4,W/4]
  const levels = channels.map((out, level) => {
    for (let block = 0; block < blocks[level]!; block++) {
      const stride = block === 0 && level > 0 ? 2 : 1;
      const name = `layer${level + 1}.${block}`;
      y =
        spec.block === 'bottleneck'
          ? bottleneck(y, name, { inner: spec.widths![level]!, out, stride }, convolve)
          : basicBlock(y, name, out, stride, convolve);
    }
    return y;
  });
  return levels as unknown as Levels;
}

/** relu(conv(relu(conv(x))) + x) */
function basicBlock(x: Tensor, name: string, out: number, stride: number, convolve: Convolve): Tensor {
  const inner = o.relu(convolve(x, `${name}.conv1`, { out, kernel: 3, stride }));
  const outer = convolve(inner, `${name}.conv2`, { out, kernel: 3, stride: 1 });
  return o.relu(o.add(outer, shortcut(x, name, out, stride, convolve)));
}

/** relu(1x1(relu(3x3(relu(1x1(x))))) + x): narrow inside, the stride in the 3x3. */
function bottleneck(
  x: Tensor,
  name: string,
  { inner, out, stride }: { inner: number; out: number; stride: number },
  convolve: Convolve,
): Tensor {
  const narrow = o.relu(convolve(x, `${name}.conv1`, { out: inner, kernel: 1, stride: 1 }));
  const middle = o.relu(convolve(narrow, `${name}.conv2`, { out: inner, kernel: 3, stride }));
  const wide = convolve(middle, `${name}.conv3`, { out, kernel: 1, stride: 1 });
  return o.relu(o.add(wide, shortcut(x, name, out, stride, convolve)));
}

/** x as it is, projected where the shape changes. */
function shortcut(x: Tensor, name: string, out: number, stride: number, convolve: Convolve): Tensor {
  const same = stride === 1 && x.shape[1] === out;
  return same ? x : convolve(x, `${name}.downsample.0`, { out, kernel: 1, stride });
}

/** One convolution with its ImageNet normalisation folded in. */
export interface FoldedConv {
  /** [out, in, kernel, kernel] */
  weight: Float32Array;
  /** [out] */
  bias: Float32Array;
}
export type TeacherWeights = ReadonlyMap<string, FoldedConv>;

/** What a modality's own normalisation makes of a shared convolution: y = gain * (w * x) + bias, [out] each. */
export interface ModalityNorm {
  gain: Float32Array;
  bias: Float32Array;
}
export type ModalityNorms = ReadonlyMap<string, ModalityNorm>;

/** The siamese convolution: the shared weights, with the modality's own gain and bias where it has them. */
export function siamese(graph: Graph, weights: TeacherWeights): (norms: ModalityNorms | null) => Convolve {
  const shared = new Map<string, Tensor>();
  return (norms) =>
    (x, name, { out, kernel, stride }) => {
      const { weight, bias } = weights.get(name)!;
      const w = shared.get(name) ?? graph.constant(`${name}.weight`, weight, [out, x.shape[1]!, kernel, kernel]);
      shared.set(name, w);
      const norm = norms?.get(name);
      // The gain multiplies a constant: the runtime folds it once at load, the file keeps one set of weights.
      const own = norm ? o.mul(w, graph.constant(`${name}.gain`, norm.gain, [out, 1, 1, 1])) : w;
      const shift = graph.constant(`${name}.bias`, norm ? norm.bias : bias, [out]);
      return o.conv(x, own, { stride, pad: (kernel - 1) / 2, bias: shift });
    };
}

/** teacher.onnx: rgb, depth [B,3,H,W] -> rgb4, rgb8, rgb16, depth4, depth8, depth16. */
export function teacher(
  graph: Graph,
  rgb: Tensor,
  depth: Tensor,
  spec: TeacherSpec,
  weights: TeacherWeights,
  depthNorms: ModalityNorms,
): { rgb: Levels; depth: Levels } {
  const twin = siamese(graph, weights);
  return {
    rgb: graph.scope('rgb', () => backbone(rgb, spec, twin(null))),
    depth: graph.scope('depth', () => backbone(depth, spec, twin(depthNorms))),
  };
}
