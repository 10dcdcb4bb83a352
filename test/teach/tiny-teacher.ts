/**
 * A tiny ResNet as a .safetensors file with torchvision's names: seeded weights, each convolution with
 * a BatchNorm of its own that is far from neutral, so that folding it wrongly shows.
 */
import { type NamedTensor, writeSafetensors } from '../../models/bundle/safetensors.ts';
import type { TeacherSpec } from '../../models/nets/teacher.ts';
import { seeded } from '../../models/random.ts';

export const tinySpec: TeacherSpec = { stem: 4, blocks: [1, 1, 1], channels: [4, 8, 16], stemPool: 3 };
/** The same, of bottlenecks: two blocks in layer2, so that one of them keeps its shape. */
export const narrowSpec: TeacherSpec = {
  ...{ stem: 4, block: 'bottleneck', blocks: [1, 2, 1], channels: [8, 12, 16], widths: [3, 4, 5], stemPool: 3 },
};
export type Tensors = Map<string, NamedTensor>;

/** Name of each convolution, the name of its normalisation, and the shape [out, in, kernel, kernel]. */
export function convolutions({ stem, blocks, channels, widths }: TeacherSpec): [string, string, number[]][] {
  const list: [string, string, number[]][] = [['conv1', 'bn1', [stem, 3, 7, 7]]];
  let before = stem;
  for (const [level, out] of channels.entries())
    for (let block = 0; block < blocks[level]!; block++) {
      const name = `layer${level + 1}.${block}`;
      const width = widths?.[level];
      if (width === undefined)
        list.push(
          [`${name}.conv1`, `${name}.bn1`, [out, before, 3, 3]],
          [`${name}.conv2`, `${name}.bn2`, [out, out, 3, 3]],
        );
      else
        list.push(
          [`${name}.conv1`, `${name}.bn1`, [width, before, 1, 1]],
          [`${name}.conv2`, `${name}.bn2`, [width, width, 3, 3]],
          [`${name}.conv3`, `${name}.bn3`, [out, width, 1, 1]],
        );
      if (block === 0 && (level > 0 || before !== out))
        list.push([`${name}.downsample.0`, `${name}.downsample.1`, [out, before, 1, 1]]);
      before = out;
    }
  return list;
}

/** BatchNorm beside each convolution, as torchvision saves it, with the parts a teacher does not use. */
export function separateTensors(spec = tinySpec, seed = 1): Tensors {
  const random = seeded(seed);
  const tensors: Tensors = new Map();
  for (const [conv, norm, shape] of convolutions(spec)) {
    const [out, into, kernel] = shape as [number, number, number];
    const fan = into * kernel ** 2;
    const each = (of: () => number): Float32Array => Float32Array.from({ length: out }, of);
    const data = Float32Array.from({ length: out * fan }, () => Math.sqrt(2 / fan) * random.normal());
    tensors.set(`${conv}.weight`, { shape, data });
    tensors.set(`${norm}.weight`, { shape: [out], data: each(() => 0.8 + 0.4 * random.uniform()) });
    tensors.set(`${norm}.bias`, { shape: [out], data: each(() => 0.2 * random.normal()) });
    tensors.set(`${norm}.running_mean`, { shape: [out], data: each(() => 0.3 * random.normal()) });
    tensors.set(`${norm}.running_var`, { shape: [out], data: each(() => 0.5 + random.uniform()) });
  }
  tensors.set('fc.weight', { shape: [2, 1], data: new Float32Array(2) });
  return tensors;
}

/** The same network, each BatchNorm worked into the convolution before it: y = g (x - m) / s + b. */
export function foldedTensors(spec = tinySpec, seed = 1): Tensors {
  const separate = separateTensors(spec, seed);
  const tensors: Tensors = new Map();
  for (const [conv, norm, shape] of convolutions(spec)) {
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (part) => separate.get(`${norm}.${part}`)!.data,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const gain = [...gamma].map((g, c) => g / Math.sqrt(variance[c]! + 1e-5));
    const { data } = separate.get(`${conv}.weight`)!;
    const perFilter = data.length / gain.length;
    tensors.set(`${conv}.weight`, { shape, data: data.map((w, i) => w * gain[Math.floor(i / perFilter)]!) });
    tensors.set(`${conv}.bias`, { shape: [gain.length], data: beta.map((b, c) => b - mean[c]! * gain[c]!) });
  }
  return tensors;
}

export function tinyTeacherFile(spec = tinySpec, seed = 1): Uint8Array {
  return writeSafetensors(separateTensors(spec, seed), { licence: 'test', stemPool: String(spec.stemPool) });
}
