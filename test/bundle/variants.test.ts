import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { acceptable, multipliesBytes, variantFor } from '../../models/bundle/variants.ts';

const x64 = (flags: string) => ({
  arch: 'x64',
  cpuInfo: `processor\t: 0\nflags\t\t: fpu sse ${flags}\nbugs\t\t: none\n`,
});
const arm64 = (flags: string) => ({ arch: 'arm64', cpuInfo: `processor\t: 0\nFeatures\t: fp ${flags}\n` });

describe('a processor that multiplies bytes', () => {
  test.each([
    ['x64 with AVX-512 VNNI', x64('avx512f avx512_vnni'), true],
    ['x64 with AVX VNNI', x64('avx2 avx_vnni'), true],
    ['x64 with AVX2 alone', x64('avx2'), false],
    ['a flag whose name only begins so', x64('avx_vnni_int16'), false],
    ['arm64 with the dot product', arm64('asimd asimddp'), true],
    ['arm64 without', arm64('asimd'), false],
    ['a flag of the other kind', arm64('avx_vnni'), false],
    ['nothing known', { arch: 'x64', cpuInfo: '' }, false],
    ['another kind', { arch: 'riscv64', cpuInfo: 'flags : avx_vnni' }, false],
  ])('%s: %s', (_, processor, expected) => {
    expect(multipliesBytes(processor)).toBe(expected);
  });
});

const of = (...variants: [string, string][]): Manifest =>
  ({ variants: variants.map(([provider, precision]) => ({ provider, precision })) }) as unknown as Manifest;
const both = of(['cpu', 'fp32'], ['cpu', 'int8'], ['tensorrt', 'fp16']);

describe('the variant that runs', () => {
  test.each([
    ['auto, fast bytes', 'auto', 'cpu', x64('avx_vnni'), 'int8'],
    ['auto, slow bytes', 'auto', 'cpu', x64('avx2'), 'fp32'],
    ['asked for, whatever the machine', 'int8', 'cpu', x64('avx2'), 'int8'],
    ['fp32 asked for', 'fp32', 'cpu', x64('avx_vnni'), 'fp32'],
    ['auto on TensorRT', 'auto', 'tensorrt', x64(''), 'fp16'],
  ] as const)('%s', (_, wish, provider, processor, expected) => {
    const variant = variantFor(both, provider, acceptable(wish, provider, processor), 'b');
    expect(variant).toMatchObject({ provider, precision: expected });
  });

  test('auto takes fp32 where the bundle holds no other', () => {
    expect(variantFor(of(['cpu', 'fp32']), 'cpu', acceptable('auto', 'cpu', x64('avx_vnni')), 'b').precision).toBe(
      'fp32',
    );
  });

  test('what is asked for and not there is refused with what there is', () => {
    expect(() => variantFor(of(['cpu', 'fp32']), 'cpu', ['int8'], 'shelf/b')).toThrow(
      'Bundle shelf/b: no variant for cpu in int8; it has cpu/fp32',
    );
  });
});
