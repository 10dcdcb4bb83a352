/**
 * Painted defects for golden parts: a dark stain only colour sees, a dent only depth sees, and fading one into a good
 * part until its score lies just above the threshold. They test arithmetic, not detection.
 */
import type { PartImages } from './prepared.ts';

/** Radius of a painted defect as a share of the shorter side. */
const radiusShare = 0.08;

/** strength 0..1: towards black in a disc a third into the image. */
export function paintStain(part: PartImages, strength: number): PartImages {
  const rgb = Uint8Array.from(part.rgb);
  for (const { place, weight } of disc(part, 1 / 3)) {
    for (let c = 0; c < 3; c++) rgb[3 * place + c] = Math.round(rgb[3 * place + c]! * (1 - strength * weight));
  }
  return { ...part, rgb };
}

/** depthMm is moved away from the camera by up to `deepMm` in a disc two thirds into the image. */
export function paintDent(part: PartImages, deepMm: number): PartImages {
  const depthMm = Float32Array.from(part.depthMm);
  for (const { place, weight } of disc(part, 2 / 3)) if (depthMm[place]! > 0) depthMm[place]! += deepMm * weight;
  return { ...part, depthMm };
}

/** Places of a disc and their weight, 1 in the middle, falling to 0 at the rim. */
function* disc({ widthPx, heightPx }: PartImages, at: number): Generator<{ place: number; weight: number }> {
  const radius = radiusShare * Math.min(widthPx, heightPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const r2 = ((x - at * widthPx) ** 2 + (y - at * heightPx) ** 2) / radius ** 2;
      if (r2 < 1) yield { place: y * widthPx + x, weight: 1 - r2 };
    }
  }
}
