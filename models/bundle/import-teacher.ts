/**
 * Pretrained teacher weights: a ResNet of basic or bottleneck blocks from a .safetensors file with torchvision's or
 * timm's names, BatchNorm separate (`bn1`, `downsample.1`) or already folded (`conv1.bias`). The layout is read off the
 * shapes; layer4 and the classifier are not used. A file that is not such a network is refused, saying what does not
 * fit: what this network would not compute (grouped convolutions, squeeze and excitation, a deep stem) too.
 */
import { fail } from '../../errors.ts';
import type { FoldedConv, TeacherSpec, TeacherWeights } from '../nets/teacher.ts';
import { type NamedTensor, readSafetensors } from './safetensors.ts';
import { teacherLayers } from './teacher-layers.ts';

export interface ImportedTeacher {
  spec: TeacherSpec;
  weights: TeacherWeights;
  /** What the file says of itself: source, licence. */
  metadata: Record<string, string>;
}

type Tensors = ReadonlyMap<string, NamedTensor>;
type Wrong = (problem: string) => never;
type Triple = readonly [number, number, number];

/** Throws `weights/unusable`. `unused` are the tensors that a teacher does not need: layer4, a classifier, others. */
export function importTeacher(bytes: Uint8Array, path: string): ImportedTeacher & { unused: readonly string[] } {
  const { tensors: all, metadata } = readSafetensors(bytes, path);
  const wrong: Wrong = (problem) => {
    throw fail('weights/unusable', { path, problem });
  };
  const prefix = prefixOf(all);
  const tensors: Tensors = new Map(
    [...all].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
  const spec = layoutOf(tensors, metadata, wrong);
  const weights = new Map<string, FoldedConv>();
  const used = new Set<string>();
  for (const { name, norm, shape } of teacherLayers(spec, smallestSide).layers) {
    const found = shapeOf(tensors, name, wrong);
    if (String(found) !== String(shape)) wrong(misfit(name, found, shape));
    weights.set(name, folded(tensors, name, norm, wrong));
    for (const part of [...normParts.map((each) => `${norm}.${each}`), `${name}.weight`, `${name}.bias`])
      used.add(part);
  }
  const unused = [...tensors.keys()].filter((name) => !used.has(name) && !name.endsWith('num_batches_tracked'));
  const foreign = unused.find((name) => /^(?:conv1|bn1|layer[123])\./.test(name));
  if (foreign !== undefined) wrong(`it has ${prefix}${foreign}, which is no part of a plain ResNet`);
  const outside = [...all.keys()].filter((name) => !name.startsWith(prefix));
  if (metadata['license'] !== undefined) metadata['licence'] ??= metadata['license'];
  return { spec, weights, metadata, unused: [...unused.map((name) => prefix + name), ...outside] };
}

/** The network is asked for its layers at a size that costs nothing; the names and shapes do not depend on it. */
const smallestSide = 32;
const normParts = ['weight', 'bias', 'running_mean', 'running_var'] as const;

/** Blocks, channels and widths by the shapes of the first convolutions. */
function layoutOf(tensors: Tensors, metadata: Record<string, string>, wrong: Wrong): TeacherSpec {
  const conv1 = shapeOf(tensors, 'conv1', wrong);
  const [stem, colours, kernel] = conv1;
  if (colours !== 3 || kernel !== 7) wrong(`conv1.weight is [${conv1}], expected [n,3,7,7]`);
  const narrow = tensors.has('layer1.0.conv3.weight');
  const firsts = [1, 2, 3].map((layer) => `layer${layer}.0`);
  const out = (conv: string): Triple =>
    firsts.map((first) => shapeOf(tensors, `${first}.${conv}`, wrong)[0]!) as unknown as Triple;
  const inner = out('conv1');
  const blocks = [1, 2, 3].map((layer) => {
    let count = 0;
    while (tensors.has(`layer${layer}.${count}.conv1.weight`)) count++;
    return count;
  }) as unknown as Triple;
  const stemPool = metadata['stemPool'] === '2' ? 2 : 3;
  const common = { stem: stem!, blocks, stemPool } as const;
  return narrow
    ? { ...common, block: 'bottleneck', channels: out('conv3'), widths: inner }
    : { ...common, channels: inner };
}

function shapeOf(tensors: Tensors, conv: string, wrong: Wrong): readonly number[] {
  const shape =
    tensors.get(`${conv}.weight`)?.shape ??
    wrong(`it has no ${conv}.weight: ${conv === 'conv1' ? guess(tensors) : 'not a complete ResNet'}`);
  if (shape.length !== 4 || shape.includes(0)) wrong(`${conv}.weight is [${shape}], expected four lengths above 0`);
  return shape;
}

function misfit(name: string, found: readonly number[], expected: readonly number[]): string {
  const grouped = [0, 2, 3].every((i) => found[i] === expected[i]) && expected[1]! % found[1]! === 0;
  const hint = grouped ? ': grouped convolutions, as ResNeXt has them, are not taken' : '';
  return `${name}.weight is [${found}], expected [${expected}]${hint}`;
}

/** What a file without a ResNet's layers seems to be, and how its tensors are called. */
function guess(tensors: Tensors): string {
  const names = [...tensors.keys()];
  const some = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const looks = (): string => {
    if (some(/attn|attention|qkv/)) return 'not a ResNet but a transformer';
    if (some(/(?:^|\.)conv1\.0\.weight$/)) return 'a ResNet-D or -S, whose stem of three convolutions is not taken';
    if (some(/convolution\.weight$/)) return 'the names are not those of torchvision or timm';
    return 'not a ResNet';
  };
  return names.length === 0 ? 'not a ResNet' : `${looks()}; it begins with ${names.slice(0, 3).join(', ')}`;
}

/** BatchNorm into the convolution before it: y = g (w x + b - mean) / sqrt(var + eps) + beta. */
function folded(tensors: Tensors, conv: string, norm: string, wrong: Wrong): FoldedConv {
  const { shape, data: weight } = tensors.get(`${conv}.weight`)!;
  const out = shape[0]!;
  const own = (name: string): Float32Array | undefined => {
    const tensor = tensors.get(name);
    if (tensor && tensor.data.length !== out) wrong(`${name} is [${tensor.shape}], expected [${out}]`);
    return tensor?.data;
  };
  const [gamma, beta, mean, variance] = normParts.map((part) => own(`${norm}.${part}`));
  const shift = own(`${conv}.bias`);
  let made: FoldedConv;
  if (gamma && beta && mean && variance) {
    const gain = gamma.map((g, c) => g / Math.sqrt(variance[c]! + 1e-5));
    const perFilter = weight.length / out;
    made = {
      weight: weight.map((w, i) => w * gain[Math.floor(i / perFilter)]!),
      bias: beta.map((b, c) => b + ((shift?.[c] ?? 0) - mean[c]!) * gain[c]!),
    };
  } else made = { weight, bias: shift ?? wrong(`it has neither ${conv}.bias (folded) nor a complete ${norm}`) };
  // A NaN in a weight would make every score NaN, and be seen only after hours of teaching.
  if (![made.weight, made.bias].every((each) => each.every(Number.isFinite))) wrong(`${conv} holds no finite numbers`);
  return made;
}

/** Checkpoints of larger models keep the backbone under a prefix such as `model.` or `backbone.`. */
function prefixOf(tensors: Tensors): string {
  const stem = [...tensors.keys()].find(
    (name) => name === 'conv1.weight' || (name.endsWith('.conv1.weight') && !name.includes('layer')),
  );
  return stem?.slice(0, -'conv1.weight'.length) ?? '';
}
