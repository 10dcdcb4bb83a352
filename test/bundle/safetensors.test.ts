/** Weights files: the format, and the teachers that are and are not read from it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { type NamedTensor, readSafetensors, writeSafetensors } from '../../models/bundle/safetensors.ts';
import { root } from '../architecture/source.ts';
import {
  convolutions,
  foldedTensors,
  narrowSpec,
  separateTensors,
  type Tensors,
  tinySpec,
} from '../teach/tiny-teacher.ts';

const refusal = (problem: string | RegExp) => ({
  code: 'weights/unusable',
  values: { path: 'w.safetensors', problem: expect.stringMatching(problem) },
});
function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return 'nothing was thrown';
}

/** A file of any header over any bytes. */
function file(header: unknown, data = new Uint8Array(0)): Uint8Array {
  const head = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + head.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
  bytes.set(head, 8);
  bytes.set(data, 8 + head.length);
  return bytes;
}

describe('the format', () => {
  const tensors: Tensors = new Map([
    ['a', { shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0, 1e-30, -1e30]) }],
    ['größe', { shape: [1], data: new Float32Array([Math.fround(0.1)]) }],
    ['scalar', { shape: [], data: new Float32Array([7]) }],
  ]);

  test('what was written is read, with its metadata, and the same tensors give the same bytes', () => {
    const bytes = writeSafetensors(tensors, { licence: 'MIT' });
    const read = readSafetensors(bytes, 'w.safetensors');
    expect(read.tensors).toEqual(tensors);
    expect(read.metadata).toEqual({ licence: 'MIT' });
    expect(writeSafetensors(tensors, { licence: 'MIT' })).toEqual(bytes);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  test('half precision is read, as IEEE 754 says', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00]);
    const header = { h: { dtype: 'F16', shape: [5], data_offsets: [0, 10] } };
    const { tensors } = readSafetensors(file(header, new Uint8Array(halves.buffer)), 'w.safetensors');
    expect([...tensors.get('h')!.data]).toEqual([1, -2, 2 ** -24, 65504, Number.POSITIVE_INFINITY]);
  });

  test('bfloat16 is read: the upper half of a float32', () => {
    const upper = new Uint16Array([0x3f80, 0xc000, 0x3eab, 0x0001, 0xff80]);
    const header = { h: { dtype: 'BF16', shape: [5], data_offsets: [0, 10] } };
    const { tensors } = readSafetensors(file(header, new Uint8Array(upper.buffer)), 'w.safetensors');
    expect([...tensors.get('h')!.data]).toEqual([1, -2, 0.333984375, 2 ** -133, Number.NEGATIVE_INFINITY]);
  });

  test('counters are passed over', () => {
    const header = { 'bn1.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [0, 8] } };
    expect(readSafetensors(file(header, new Uint8Array(8)), 'w.safetensors').tensors.size).toBe(0);
  });

  const whole = writeSafetensors(tensors, {});
  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each([
    ['nothing', new Uint8Array(0), /too short/],
    ['a picture', Uint8Array.from({ length: 64 }, (_, i) => 137 + i), /header length is impossible/],
    ['half a header', whole.subarray(0, 40), /header length is impossible.*truncated/],
    [
      'half the values',
      whole.subarray(0, whole.length - 4),
      /tensor scalar ends at byte \d+, the file at \d+: truncated/,
    ],
    ['a header that is no JSON', file('{"a":'), /header is not JSON/],
    ['a header that is a list', file([]), /header is no object/],
    ['an entry that is a number', file({ a: 5 }), /does not say where tensor a lies/],
    [
      'an entry without offsets',
      file({ a: { ...entry, data_offsets: undefined } }),
      /does not say where tensor a lies/,
    ],
    ['a negative offset', file({ a: { ...entry, data_offsets: [-8, 0] } }), /does not say where tensor a lies/],
    [
      'another type',
      file({ a: { ...entry, dtype: 'I8' } }, new Uint8Array(8)),
      /tensor a is I8, expected F32, F16, BF16/,
    ],
    [
      'an archive of PyTorch',
      Uint8Array.from([...'PK\x03\x04'].map((c) => c.charCodeAt(0)).concat(Array(9).fill(9))),
      /PyTorch/,
    ],
    ['a pickle', new Uint8Array(64).fill(0x80), /Python pickle/],
    ['another size', file({ a: { ...entry, shape: [3] } }, new Uint8Array(8)), /tensor a has 8 bytes for shape \[3\]/],
  ])('%s is refused with what is wrong', (_, bytes, problem) => {
    expect(thrown(() => readSafetensors(bytes, 'w.safetensors'))).toMatchObject(refusal(problem));
  });
});

describe('a teacher', () => {
  const read = (tensors: Tensors, metadata: Record<string, string> = {}) =>
    importTeacher(writeSafetensors(tensors, metadata), 'w.safetensors');
  const changed = (change: (tensors: Tensors) => void): Tensors => {
    const tensors = separateTensors();
    change(tensors);
    return tensors;
  };

  test('its layout is read off the shapes, layer4 and classifier left aside', () => {
    const { spec, weights } = read(separateTensors());
    expect(spec).toEqual(tinySpec);
    expect([...weights.keys()].sort()).toEqual(
      convolutions(tinySpec)
        .map(([name]) => name)
        .sort(),
    );
    const deeper = { stem: 8, blocks: [2, 1, 3], channels: [8, 8, 16], stemPool: 2 } as const;
    expect(read(separateTensors(deeper), { stemPool: '2' }).spec).toEqual(deeper);
  });

  test('BatchNorm beside the convolution and folded into it give the same weights', () => {
    const [separate, folded] = [read(separateTensors()), read(foldedTensors())];
    for (const [name, { weight, bias }] of separate.weights) {
      const other = folded.weights.get(name)!;
      for (const [i, w] of weight.entries()) expect(other.weight[i]).toBeCloseTo(w, 6);
      for (const [i, b] of bias.entries()) expect(other.bias[i]).toBeCloseTo(b, 6);
    }
  });

  test.each(['model.', 'backbone.body.'])('under the prefix %s it is the same', (prefix) => {
    const tensors = new Map([...separateTensors()].map(([name, tensor]) => [prefix + name, tensor]));
    const unused = [`${prefix}fc.weight`];
    expect(read(tensors)).toEqual({ ...read(separateTensors()), unused });
  });

  test('of bottlenecks: blocks, channels and widths are read off the shapes', () => {
    for (const tensors of [separateTensors(narrowSpec), foldedTensors(narrowSpec)]) {
      const { spec, weights } = read(tensors);
      expect(spec).toEqual(narrowSpec);
      expect([...weights.keys()]).toEqual(expect.arrayContaining(convolutions(narrowSpec).map(([name]) => name)));
      expect(weights.size).toBe(convolutions(narrowSpec).length);
    }
  });

  test('a bias before a BatchNorm is folded in with it', () => {
    const plain = read(separateTensors()).weights.get('layer1.0.conv1')!;
    const biased = separateTensors();
    const variance = biased.get('layer1.0.bn1.running_var')!.data;
    const gamma = biased.get('layer1.0.bn1.weight')!.data;
    biased.set('layer1.0.conv1.bias', { shape: [4], data: new Float32Array([1, 2, 3, 4]) });
    const { bias } = read(biased).weights.get('layer1.0.conv1')!;
    for (const [c, b] of bias.entries())
      expect(b - plain.bias[c]!).toBeCloseTo(((c + 1) * gamma[c]!) / Math.sqrt(variance[c]! + 1e-5), 5);
  });

  const ones: NamedTensor = { shape: [1, 1, 1, 1], data: new Float32Array([1]) };
  const renamed = (from: RegExp, to: string): Tensors =>
    new Map([...separateTensors()].map(([name, tensor]) => [name.replace(from, to), tensor]));
  test.each([
    ['nothing of a network', () => new Map(), /it has no conv1\.weight: not a ResNet/],
    ['no layer3', () => changed((t) => t.delete('layer3.0.conv1.weight')), /no layer3\.0\.conv1\.weight/],
    ['no second convolution', () => changed((t) => t.delete('layer2.0.conv2.weight')), /no layer2\.0\.conv2\.weight/],
    ['no shortcut', () => changed((t) => t.delete('layer2.0.downsample.0.weight')), /no layer2\.0\.downsample\.0/],
    [
      'half a BatchNorm',
      () => changed((t) => t.delete('layer1.0.bn2.running_var')),
      /neither layer1\.0\.conv2\.bias \(folded\) nor a complete layer1\.0\.bn2/,
    ],
    [
      'a stem of 3 x 3',
      () => changed((t) => t.set('conv1.weight', { shape: [4, 3, 3, 3], data: new Float32Array(108) })),
      /conv1\.weight is \[4,3,3,3\], expected \[n,3,7,7\]/,
    ],
    [
      'one bottleneck among basic blocks',
      () => changed((t) => t.set('layer1.0.conv3.weight', { shape: [1, 1, 1, 1], data: new Float32Array(1) })),
      /no layer2\.0\.conv3\.weight: not a complete ResNet/,
    ],
    [
      'squeeze and excitation',
      () => changed((t) => t.set('layer1.0.se.fc1.weight', ones)),
      /layer1\.0\.se\.fc1\.weight, .*plain/,
    ],
    [
      'grouped convolutions',
      () => changed((t) => t.set('layer2.0.conv2.weight', { shape: [8, 2, 3, 3], data: new Float32Array(144) })),
      /layer2\.0\.conv2\.weight is \[8,2,3,3\], expected \[8,8,3,3\]: grouped convolutions/,
    ],
    ['a stem of three', () => renamed(/^conv1\./, 'conv1.0.'), /no conv1\.weight: a ResNet-D/],
    [
      'the names of another library',
      () => renamed(/^conv1\./, 'embedder.convolution.'),
      /names are not those of torchvision or timm/,
    ],
    [
      'attention',
      () => new Map([['blocks.0.attn.qkv.weight', ones]]),
      /no conv1\.weight: not a ResNet but a transformer; it begins with blocks\.0\.attn\.qkv\.weight/,
    ],
    [
      'a patch embedding',
      () => new Map([['visual.conv1.weight', ones]]),
      /conv1\.weight is \[1,1,1,1\], expected \[n,3,7,7\]/,
    ],
    [
      'a norm of another length',
      () => changed((t) => t.set('bn1.weight', { shape: [3], data: new Float32Array(3) })),
      /bn1\.weight is \[3\], expected \[4\]/,
    ],
    [
      'a block of another width',
      () => changed((t) => t.set('layer2.0.conv2.weight', { shape: [8, 4, 3, 3], data: new Float32Array(288) })),
      /layer2\.0\.conv2\.weight is \[8,4,3,3\], expected \[8,8,3,3\]/,
    ],
    [
      'a NaN',
      () => changed((t) => t.get('layer1.0.conv1.weight')!.data.fill(Number.NaN, 5, 6)),
      /layer1\.0\.conv1 holds no finite numbers/,
    ],
  ])('with %s it is refused with what is missing', (_, tensors, problem) => {
    expect(thrown(() => read(tensors()))).toMatchObject(refusal(problem));
  });

  const real = join(root, '../shared/weights/resnet18-imagenet-folded.safetensors');
  test.skipIf(!existsSync(real))('the pretrained ResNet-18 of ../shared/weights', () => {
    const { spec, weights } = importTeacher(readFileSync(real), real);
    expect(spec).toEqual({ stem: 64, blocks: [2, 2, 2], channels: [64, 128, 256], stemPool: 3 });
    expect(weights.size).toBe(15);
  });
});
