/**
 * Which of a bundle's variants runs here. Eight bits pay only where the processor multiplies bytes in one instruction:
 * elsewhere they are slower than fp32 and, on x64, add up with saturation, which is another result.
 */
import { fail } from '../../errors.ts';
import type { Manifest, Variant } from './manifest.ts';

export type Precision = Variant['precision'];
/** `auto`: the fastest that this machine runs well and the bundle holds. */
export type PrecisionWish = Precision | 'auto';

/** What the kernel says of the processor. */
export interface Processor {
  /** As Node names it. */
  arch: string;
  /** The text of /proc/cpuinfo; empty where there is none. */
  cpuInfo: string;
}

/** VNNI on x64, the dot product of ARMv8.2 on arm64. */
export function multipliesBytes({ arch, cpuInfo }: Processor): boolean {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1]?.trim().split(/\s+/));
  if (arch === 'x64') return flags.has('avx512_vnni') || flags.has('avx_vnni');
  return arch === 'arm64' && flags.has('asimddp');
}

/** The precisions that will do, the best first. */
export function acceptable(
  wish: PrecisionWish,
  provider: Variant['provider'],
  processor: Processor,
): readonly Precision[] {
  if (wish !== 'auto') return [wish];
  if (provider === 'tensorrt') return ['fp16', 'int8', 'fp32'];
  return multipliesBytes(processor) ? ['int8', 'fp32'] : ['fp32'];
}

/** The first acceptable variant for a provider; names what there is when none is. */
export function variantFor(
  manifest: Manifest,
  provider: Variant['provider'],
  wanted: readonly Precision[],
  path: string,
): Variant {
  for (const precision of wanted) {
    const variant = manifest.variants.find((each) => each.provider === provider && each.precision === precision);
    if (variant) return variant;
  }
  const have = manifest.variants.map((each) => `${each.provider}/${each.precision}`).join(', ');
  throw fail('bundle/variant', { path, wanted: `${provider} in ${wanted.join(' or ')}`, have });
}
