/** A loaded bundle as judging needs to know it, and its outputs: one reading of both for the host and every tool. */
import type { LoadedBundle } from '../../models/bundle/load.ts';
import { vitalModalities, vitalNames } from '../../models/nets/vitals.ts';
import type { Reading, ServedBundle, Vital } from './port.ts';

/** The graph's output `vitals` by name. */
export function vitalsOf(table: ArrayLike<number>): Reading['vitals'] {
  const [rgb, depth] = vitalModalities.map((_, row) =>
    Object.fromEntries(vitalNames.map((name, column) => [name, table[row * vitalNames.length + column]!])),
  ) as unknown as [Vital, Vital];
  return { rgb, depth };
}

export function servedBundle({
  manifest,
  digest,
  variant,
}: Pick<LoadedBundle, 'manifest' | 'digest' | 'variant'>): ServedBundle {
  const { name, version, product, input, datum, minJudgedShare, vitals = null, calibration } = manifest;
  const { precision, threshold, pixelThreshold, leastAreaPx } = variant;
  return {
    ...{ name, version, digest, product, precision, widthPx: input.widthPx, heightPx: input.heightPx },
    ...{ threshold, pixelThreshold, leastAreaPx, minJudgedShare, vitalLimits: vitals, calibration },
    datumLimits:
      datum.kind === 'fitted' ? { offsetMm: datum.offsetLimitMm, tiltMmAcross: datum.tiltLimitMmAcross } : null,
  };
}
