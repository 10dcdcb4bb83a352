/** A loaded bundle as judging needs to know it: one reading of the manifest for the host and for every tool. */
import type { LoadedBundle } from '../../models/bundle/load.ts';
import type { ServedBundle } from './port.ts';

export function servedBundle({
  manifest,
  digest,
  variant,
}: Pick<LoadedBundle, 'manifest' | 'digest' | 'variant'>): ServedBundle {
  const { name, version, product, input, datum, minJudgedShare } = manifest;
  const { precision, threshold, pixelThreshold, leastAreaPx } = variant;
  return {
    ...{ name, version, digest, product, precision, widthPx: input.widthPx, heightPx: input.heightPx },
    ...{ threshold, pixelThreshold, leastAreaPx, minJudgedShare },
    datumLimits:
      datum.kind === 'fitted' ? { offsetMm: datum.offsetLimitMm, tiltMmAcross: datum.tiltLimitMmAcross } : null,
  };
}
