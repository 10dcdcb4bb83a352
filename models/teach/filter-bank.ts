/**
 * A teacher that was taught nothing: a bank of filters fitted to the product's own good parts, layer by layer, without
 * a gradient. Each convolution gets the principal directions of the patches it sees, whitened, each with its negative
 * (behind it stands a ReLU, which would drop one half); both modalities give patches, for they share the filters.
 */

import { writeSafetensors } from '../bundle/safetensors.ts';
import { type TeacherLayer, teacherLayers } from '../bundle/teacher-layers.ts';
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { backbone, type FoldedConv, type TeacherSpec } from '../nets/teacher.ts';
import { writeOnnx } from '../onnx/write.ts';
import { type Random, seeded } from '../random.ts';
import { openSession } from '../runtime/session.ts';
import { measureDepth } from './depth-scale.ts';
import { openPreparer, type PartImages, type PreparedPart } from './prepared.ts';
import { principal } from './principal.ts';
import type { TeachOptions } from './teaching.ts';

/** Patches looked at for each convolution, of each modality of each part. */
const patchesPerImage = 128;
/** Added to each variance, as a share of the mean one: noise in the last directions is not blown up. */
const whitenFloor = 0.1;
/** The second convolution of a block adds to what is there: at full size the sum would grow with each block. */
const residualGain = 0.5;

/** Parts looked at: spread over those given. */
const fewParts = 16;

export interface FilterBankOptions
  extends Pick<TeachOptions, 'training' | 'working' | 'roi' | 'datum' | 'seed' | 'threads'> {
  spec: TeacherSpec;
  say(line: string): void;
  signal: AbortSignal;
}

/** The bank as .safetensors bytes with torchvision's names, the normalisation folded in. */
export async function filterBank(options: FilterBankOptions): Promise<Uint8Array> {
  const { spec, seed, say, signal } = options;
  const parts = await prepared(options);
  const fitted = new Map<string, FoldedConv>();
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [i, layer] of teacherLayers(spec, 64).layers.entries()) {
    signal.throwIfAborted();
    say(`fitting ${layer.name}`);
    const patches = await patchesBefore(layer, parts, fitted, options);
    const conv = filtersOf(layer, patches, seed + i);
    fitted.set(layer.name, conv);
    tensors.set(`${layer.name}.weight`, { shape: [...layer.shape], data: conv.weight });
    tensors.set(`${layer.name}.bias`, { shape: [conv.bias.length], data: conv.bias });
  }
  const metadata = {
    format: 'pt',
    source: `filters fitted to ${parts.length} good parts, without training`,
    licence: 'MIT',
    stemPool: String(spec.stemPool),
    seed: String(seed),
  };
  return writeSafetensors(tensors, metadata);
}

/** The parts as the networks will see them. */
async function prepared({ training, working, roi, datum, threads }: FilterBankOptions): Promise<PreparedPart[]> {
  const count = Math.min(fewParts, training.length);
  const images: PartImages[] = [];
  for (let i = 0; i < count; i++) images.push(await training[Math.floor((i * training.length) / count)]!.load());
  const { widthPx, heightPx } = images[0]!;
  const base = { input: { widthPx, heightPx }, roi, working };
  const preparer = await openPreparer({ ...base, ...(await measureDepth(images, base, datum, threads)) }, threads);
  const parts: PreparedPart[] = [];
  for (const each of images) parts.push(await preparer.prepare(each));
  await preparer.release();
  return parts;
}

/** [n, in * kernel * kernel]: what the convolution sees at places drawn from the seed, both modalities. */
async function patchesBefore(
  { name, shape, stride }: TeacherLayer,
  parts: readonly PreparedPart[],
  fitted: ReadonlyMap<string, FoldedConv>,
  { spec, working, seed, threads }: FilterBankOptions,
): Promise<Float32Array> {
  const [, channels, kernel] = shape as [number, number, number];
  const graph = new Graph('before');
  const input = [1, 3, working.heightPx, working.widthPx];
  let seen: Tensor | null = null;
  backbone(graph.input('image', 'float32', input), spec, (x, conv, each) => {
    if (conv === name) seen = x;
    const known = fitted.get(conv);
    const size = [each.out, x.shape[1]!, each.kernel, each.kernel];
    const weight = known?.weight ?? new Float32Array(size.reduce((product, length) => product * length, 1));
    const w = graph.constant(`${conv}.weight`, weight, size);
    const bias = graph.constant(`${conv}.bias`, known?.bias ?? new Float32Array(each.out), [each.out]);
    return o.conv(x, w, { stride: each.stride, pad: (each.kernel - 1) / 2, bias });
  });
  const x = seen! as Tensor;
  graph.output('seen', x);
  const [, , height, width] = x.shape as [number, number, number, number];
  const session = await openSession(writeOnnx(graph), { threads });
  const random = seeded(seed, 29);
  const length = channels * kernel * kernel;
  const all = new Float32Array(2 * parts.length * patchesPerImage * length);
  let at = 0;
  for (const part of parts) {
    for (const image of [part.rgb, part.depth]) {
      const { seen: result } = await session.run({ image: { data: image, shape: input } });
      const map = { data: result!.data as Float32Array, height, width, channels };
      for (let i = 0; i < patchesPerImage; i++, at += length) {
        cutPatch(map, kernel, stride, random, all.subarray(at, at + length));
      }
    }
  }
  await session.release();
  return all;
}

/** One patch at a place of the convolution's own grid, zeros beyond the border as its padding has them. */
function cutPatch(
  map: { data: Float32Array; height: number; width: number; channels: number },
  kernel: number,
  stride: number,
  random: Random,
  out: Float32Array,
): void {
  const { data, height, width, channels } = map;
  const pad = (kernel - 1) / 2;
  const top = Math.floor((random.uniform() * height) / stride) * stride - pad;
  const left = Math.floor((random.uniform() * width) / stride) * stride - pad;
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (let y = top; y < top + kernel; y++) {
      for (let x = left; x < left + kernel; x++) {
        const inside = y >= 0 && y < height && x >= 0 && x < width;
        out[at++] = inside ? data[(c * height + y) * width + x]! : 0;
      }
    }
  }
}

/** Whitened principal directions and their negatives, one after the other. */
function filtersOf({ name, shape }: TeacherLayer, patches: Float32Array, seed: number): FoldedConv {
  const [out, channels, kernel] = shape as [number, number, number];
  const length = channels * kernel * kernel;
  const count = Math.min(length, Math.ceil(out / 2));
  const { mean, directions, variances } = principal(patches, length, count, seed);
  const floor = whitenFloor * (variances.reduce((a, b) => a + b, 0) / count) + 1e-12;
  const gain = /conv2$|downsample/.test(name) ? residualGain : 1;
  const weight = new Float32Array(out * length);
  const bias = new Float32Array(out);
  for (let filter = 0; filter < out; filter++) {
    const k = Math.floor(filter / 2) % count;
    const scale = ((filter % 2 === 0 ? 1 : -1) * gain) / Math.sqrt(variances[k]! + floor);
    let shift = 0;
    for (let i = 0; i < length; i++) {
      weight[filter * length + i] = scale * directions[k]![i]!;
      shift -= scale * directions[k]![i]! * mean[i]!;
    }
    bias[filter] = shift;
  }
  return { weight, bias };
}
