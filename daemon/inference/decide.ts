/** Decision settings over a bundle's own: the same bundle, judged by another threshold. Pure. */
import type { ServedBundle } from './port.ts';

/** What judging is told of a bundle that was loaded; the networks are not touched. */
export type Decide = (bundle: ServedBundle) => ServedBundle;

export const asTaught: Decide = (bundle) => bundle;

/**
 * Judged at another score threshold. The outline of a region begins at the same value as before, but never above the
 * threshold itself: else a part could fail without a region.
 */
export function withThreshold(bundle: ServedBundle, threshold: number): ServedBundle {
  return { ...bundle, threshold, pixelThreshold: Math.min(bundle.pixelThreshold, threshold) };
}
