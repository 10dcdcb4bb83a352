/**
 * Readings that structured light loses besides what geometry costs: patches where the surface shines, single speckles,
 * and edges that fray. Which ones differs from part to part, good or bad, so their absence alone says nothing.
 *
 * A patch covers at most 7 mm2: the least drop-out that counts as a defect has nearly twice that.
 */
import type { SeededRandom } from './random.ts';
import type { Surface } from './surface.ts';

export interface LossSettings {
  /** The part without defect, and its noise-free measurement. */
  surface: Surface;
  distance: Float32Array;
  /** Of the part's pixels without reading, on average over parts. */
  share: number;
  random: SeededRandom;
}

/** How much more or less than the average a part loses. */
const spread = 0.2;
/** Of what is still to be lost: at edges, as speckles; patches take the rest. */
const edgeShare = 0.35;
const speckleShare = 0.25;
/** An edge frays, it does not recede. */
const mostOfEdges = 0.5;
const patchLeastMm = 0.4;
const patchMostMm = 1;
const patchStretch = 2.2;
/** A patch starts on a dull spot this often, on a mirror always. */
const dullChance = 0.25;
const mostPatches = 400;

/** Takes readings away from a depth image, in place. */
export function loseReadings(depthMm: Float32Array, settings: LossSettings): void {
  const { surface, distance, share, random } = settings;
  const part: number[] = [];
  let lost = 0;
  for (let at = 0; at < distance.length; at++) {
    if (surface.cover[at]! < 0.5) continue;
    part.push(at);
    if (distance[at] === 0) lost++;
  }
  const wanted = share * random.between(1 - spread, 1 + spread) * part.length;
  const taken = new Uint8Array(distance.length);
  let left = Math.max(0, Math.round(wanted - lost));
  const take = (at: number): void => {
    if (taken[at] === 1 || distance[at] === 0 || surface.cover[at]! < 0.5) return;
    taken[at] = 1;
    left--;
  };
  fray(part, settings, left * edgeShare, take);
  for (let speckles = Math.round(left * speckleShare); speckles > 0; speckles--) take(part[random.below(part.length)]!);
  for (let patches = 0; patches < mostPatches && left > 0; patches++) patch(part, surface, random, take);
  for (let at = 0; at < depthMm.length; at++) if (taken[at] === 1) depthMm[at] = 0;
}

function fray(part: readonly number[], { surface, distance, random }: LossSettings, px: number, take: Take): void {
  const { widthPx } = surface;
  const edges = part.filter(
    (at) =>
      distance[at] !== 0 && [at - 1, at + 1, at - widthPx, at + widthPx].some((neighbour) => distance[neighbour] === 0),
  );
  const chance = Math.min(mostOfEdges, px / Math.max(1, edges.length));
  for (const at of edges) if (random.unit() < chance) take(at);
}

type Take = (at: number) => void;

function patch(part: readonly number[], surface: Surface, random: SeededRandom, take: Take): void {
  const { widthPx, heightPx, mmPerPx } = surface;
  const centre = part[random.below(part.length)]!;
  if (random.unit() > dullChance + (1 - dullChance) * surface.gloss[centre]!) return;
  const { x: dx, y: dy } = random.direction();
  const acrossPx = random.between(patchLeastMm, patchMostMm) / mmPerPx;
  const alongPx = acrossPx * random.between(1, patchStretch);
  const column = centre % widthPx;
  const row = (centre - column) / widthPx;
  const reach = Math.ceil(alongPx);
  for (let y = Math.max(0, row - reach); y <= Math.min(heightPx - 1, row + reach); y++) {
    for (let x = Math.max(0, column - reach); x <= Math.min(widthPx - 1, column + reach); x++) {
      const along = ((x - column) * dx + (y - row) * dy) / alongPx;
      const across = ((y - row) * dx - (x - column) * dy) / acrossPx;
      if (along * along + across * across <= 1) take(y * widthPx + x);
    }
  }
}
