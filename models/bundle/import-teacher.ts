/**
 * Pretrained teacher weights: a ResNet of basic blocks from a .safetensors file with torchvision's or timm's names,
 * BatchNorm separate (`bn1`, `downsample.1`) or already folded (`conv1.bias`). The layout is read off the shapes;
 * layer4 and the classifier are not used. A file that is not such a network is refused, saying what is missing.
 */
import { fail } from '../../errors.ts';
import type { FoldedConv, TeacherSpec, TeacherWeights } from '../nets/teacher.ts';
import { type NamedTensor, readSafetensors } from './safetensors.ts';

export interface ImportedTeacher {
  spec: TeacherSpec;
  weights: TeacherWeights;
  /** What the file says of itself: source, licence. */
  metadata: Record<string, string>;
}

export function importTeacher(bytes: Uint8Array, path: string): ImportedTeacher {
  const { tensors: named, metadata } = readSafetensors(bytes, path);
  const tensors = withoutPrefix(named);
  const wrong = (problem: string): never => {
    throw fail('weights/unusable', { path, problem });
  };
  const shapeOf = (name: string): readonly number[] =>
    tensors.get(`${name}.weight`)?.shape ?? wrong(`it has no ${name}.weight: not a ResNet`);
  const stemShape = shapeOf('conv1');
  if (stemShape[1] !== 3 || stemShape[2] !== 7) wrong(`conv1.weight is [${stemShape}], expected [n,3,7,7]`);
  if (tensors.has('layer1.0.conv3.weight'))
    wrong('it has bottleneck blocks (ResNet-50 or larger), expected basic blocks (ResNet-18, -34)');
  const weights = new Map<string, FoldedConv>();
  const take = (name: string, norm: string, expected: readonly number[]): void => {
    const shape = shapeOf(name);
    if (String(shape) !== String(expected)) wrong(`${name}.weight is [${shape}], expected [${expected}]`);
    const folded = fold(tensors, name, norm, wrong);
    // A NaN in a weight would make every score NaN, and be seen only after hours of teaching.
    if (![folded.weight, folded.bias].every((each) => each.every(Number.isFinite)))
      wrong(`${name} holds no finite numbers`);
    weights.set(name, folded);
  };
  const stem = stemShape[0]!;
  take('conv1', 'bn1', [stem, 3, 7, 7]);
  let before = stem;
  const blocks: number[] = [];
  const channels: number[] = [];
  for (const layer of [1, 2, 3]) {
    const out = shapeOf(`layer${layer}.0.conv1`)[0]!;
    let block = 0;
    for (; tensors.has(`layer${layer}.${block}.conv1.weight`); block++) {
      const name = `layer${layer}.${block}`;
      take(`${name}.conv1`, `${name}.bn1`, [out, before, 3, 3]);
      take(`${name}.conv2`, `${name}.bn2`, [out, out, 3, 3]);
      if (block === 0 && (layer > 1 || before !== out))
        take(`${name}.downsample.0`, `${name}.downsample.1`, [out, before, 1, 1]);
      before = out;
    }
    blocks.push(block);
    channels.push(out);
  }
  const stemPool = metadata['stemPool'] === '2' ? 2 : 3;
  return { spec: { stem, blocks: blocks as never, channels: channels as never, stemPool }, weights, metadata };
}

/** BatchNorm into the convolution before it: y = g (w x - mean) / sqrt(var + eps) + b. */
function fold(
  tensors: ReadonlyMap<string, NamedTensor>,
  conv: string,
  norm: string,
  wrong: (problem: string) => never,
): FoldedConv {
  const weight = tensors.get(`${conv}.weight`)!.data;
  const folded = tensors.get(`${conv}.bias`)?.data;
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(
    (part) => tensors.get(`${norm}.${part}`)?.data,
  );
  if (!gamma || !beta || !mean || !variance) {
    if (!folded) return wrong(`it has neither ${conv}.bias (folded) nor a complete ${norm}`);
    return { weight, bias: folded };
  }
  const gain = gamma.map((g, c) => g / Math.sqrt(variance[c]! + 1e-5));
  const perFilter = weight.length / gain.length;
  return {
    weight: weight.map((w, i) => w * gain[Math.floor(i / perFilter)]!),
    bias: beta.map((b, c) => b - mean[c]! * gain[c]!),
  };
}

/** Checkpoints of larger models keep the backbone under a prefix such as `model.` or `backbone.`. */
function withoutPrefix(tensors: ReadonlyMap<string, NamedTensor>): ReadonlyMap<string, NamedTensor> {
  const stem = [...tensors.keys()].find(
    (name) => name === 'conv1.weight' || (name.endsWith('.conv1.weight') && !name.includes('layer')),
  );
  const prefix = stem?.slice(0, -'conv1.weight'.length) ?? '';
  if (prefix === '') return tensors;
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}
