/**
 * The judge: (bundle, reading) -> decision, reason, regions, mask. Pure.
 *
 * `pass` is the branch that is left when everything was shown: both cameras alive, score and whole map finite, datum
 * inside its limits, no pixel at the threshold, score below it, enough of the part judged. A comparison with NaN is
 * false, so each check asks for the good case. A defect that was seen is `fail` even where the rest could not be
 * judged; but a camera that saw nothing proves no defect: what the networks make of its picture is not the part's.
 *
 * For every other consistent reading (the score is the maximum of the map at working size, so no pixel of the map that
 * was scaled up exceeds it): score >= threshold <=> at least one region <=> `fail`. A map that reaches the threshold
 * under a score that does not contradicts itself and fails too.
 */
import type { Reading, ServedBundle } from '../inference/port.ts';
import type { FaultReason, Outcome } from './part.ts';
import { type Component, components } from './regions.ts';
import type { Mask, Region } from './verdict.ts';

export interface Judgement extends Outcome {
  readonly regions: Region[];
  readonly mask: Mask | null;
}

/** The mask has 8 bits: 0 is fine, 255 is not judged, so at most this many regions have an id of their own. */
export const maxRegions = 254;
const notJudged = 255;

export function judge(bundle: ServedBundle, reading: Reading): Judgement {
  const misfit = misfitOf(bundle, reading);
  if (misfit !== null) return undecided('inference', misfit, null);
  const signs = Object.values(reading.vitals).flatMap(({ share, contrast, grain }) => [share, contrast, grain]);
  if (!signs.every(Number.isFinite)) return undecided('notFinite', 'the signs of life of a camera', null);
  const dead = deadModality(bundle, reading);
  if (dead !== null) return undecided(dead.reason, dead.detail, blankMask(reading));
  const seen = survey(reading);
  if (!seen.finite || !Number.isFinite(reading.score) || !Number.isFinite(reading.judgedShare)) {
    const where = seen.finite ? `score ${reading.score}, judged share ${reading.judgedShare}` : 'the anomaly map';
    return undecided('notFinite', `${where} is not finite`, null);
  }
  const mask = blankMask(reading);
  const datum = datumProblem(bundle, reading);
  if (datum !== null) return undecided('datum', datum, mask);
  if (seen.peakAt < 0) return undecided('coverage', 'no pixel of the part was judged', mask);
  if (reading.score >= bundle.threshold || seen.peak >= bundle.threshold) {
    return failed(bundle, reading, seen.peakAt, mask);
  }
  if (!(reading.judgedShare >= bundle.minJudgedShare)) {
    const { rgb, depth } = reading.vitals;
    const [blind, share] = rgb.share < depth.share ? ['rgb', rgb.share] : ['depth', depth.share];
    const detail = `${blind} saw ${share} of the part, expected ${bundle.minJudgedShare} or more`;
    return undecided('coverage', detail, mask);
  }
  if (reading.score < bundle.threshold && seen.peak < bundle.threshold) {
    return { decision: 'pass', reason: 'good', detail: null, regions: [], mask };
  }
  return undecided('notFinite', `threshold ${bundle.threshold} cannot be compared with`, mask);
}

/** A reading that cannot be of this bundle: sizes must agree before any pixel is looked at. */
function misfitOf(bundle: ServedBundle, reading: Reading): string | null {
  const { widthPx, heightPx } = reading;
  if (widthPx !== bundle.widthPx || heightPx !== bundle.heightPx) {
    return `the map is ${widthPx} x ${heightPx}, expected ${bundle.widthPx} x ${bundle.heightPx}`;
  }
  const pixels = widthPx * heightPx;
  if (reading.map.length !== pixels || reading.judged.length !== pixels) {
    return `the map has ${reading.map.length} and judged ${reading.judged.length} values, expected ${pixels}`;
  }
  return null;
}

/**
 * A modality that shows no life: it saw nothing, or the same everywhere, or nothing that differs from pixel to pixel
 * as what a sensor sees does. Colour is named first where both are dead; the detail names both.
 */
function deadModality(
  { vitalLimits }: ServedBundle,
  { vitals }: Reading,
): { reason: FaultReason; detail: string } | null {
  const problems = (['rgb', 'depth'] as const).flatMap((modality) => {
    const { share, contrast, grain } = vitals[modality];
    const limits = vitalLimits?.[modality] ?? { contrast: 0, grain: 0 };
    if (!(share > 0)) return [{ modality, detail: `${modality} saw nothing of the part` }];
    const unit = modality === 'rgb' ? 'levels' : 'mm';
    const low = (name: string, value: number, limit: number): string =>
      `${modality} ${name} ${Number(value.toPrecision(3))} ${unit}, expected ${Number(limit.toPrecision(3))} or more`;
    if (!(contrast >= limits.contrast)) return [{ modality, detail: low('contrast', contrast, limits.contrast) }];
    if (!(grain >= limits.grain)) return [{ modality, detail: low('grain', grain, limits.grain) }];
    return [];
  });
  const first = problems[0];
  if (first === undefined) return null;
  return {
    reason: first.modality === 'rgb' ? 'rgbDead' : 'depthDead',
    detail: problems.map(({ detail }) => detail).join('; '),
  };
}

interface Survey {
  finite: boolean;
  /** The largest value of a judged pixel and its index; -1 where no pixel was judged. */
  peak: number;
  peakAt: number;
}

/** One pass over the map. A sum of float32 in float64 cannot overflow at these sizes: finite iff all terms are. */
function survey(reading: Reading): Survey {
  const { map, judged } = reading;
  let sum = 0;
  let peak = Number.NEGATIVE_INFINITY;
  let peakAt = -1;
  for (let at = 0; at < map.length; at++) {
    const value = map[at]!;
    sum += value;
    if (judged[at] === 1 && value > peak) {
      peak = value;
      peakAt = at;
    }
  }
  return { finite: Number.isFinite(sum), peak, peakAt };
}

function datumProblem(bundle: ServedBundle, reading: Reading): string | null {
  const limits = bundle.datumLimits;
  if (limits === null) return null;
  if (reading.datum === null) return 'the reading names no pose reference, but the bundle limits it';
  const { offsetMm, tiltMmAcross } = reading.datum;
  const inside = Math.abs(offsetMm) <= limits.offsetMm && Math.abs(tiltMmAcross) <= limits.tiltMmAcross;
  if (inside) return null;
  return (
    `offset ${offsetMm} mm, tilt ${tiltMmAcross} mm across; expected within ` +
    `${limits.offsetMm} mm and ${limits.tiltMmAcross} mm across`
  );
}

function failed(bundle: ServedBundle, reading: Reading, peakAt: number, mask: Mask): Judgement {
  const found = components({
    widthPx: reading.widthPx,
    heightPx: reading.heightPx,
    map: reading.map,
    judged: reading.judged,
    low: bundle.pixelThreshold,
    high: bundle.threshold,
    seed: peakAt,
  })
    .filter((component) => component.holdsSeed || component.pixels.length >= bundle.leastAreaPx)
    .sort((a, b) => b.peak - a.peak);
  const regions: Region[] = [];
  for (const [rank, component] of found.entries()) {
    const id = Math.min(rank + 1, maxRegions);
    for (const at of component.pixels) mask.pixels[at] = id;
    if (rank < maxRegions) regions.push(regionOf(id, component));
    else widen(regions[maxRegions - 1]!, component);
  }
  const detail =
    found.length > maxRegions ? `${found.length} regions; id ${maxRegions} stands for the weakest together` : null;
  return { decision: 'fail', reason: 'defect', detail, regions, mask };
}

function regionOf(id: number, component: Component): Region {
  const { x, y, widthPx, heightPx, peak } = component;
  return { id, x, y, widthPx, heightPx, areaPx: component.pixels.length, peak };
}

/** The last id gathers what has none of its own, so that no defect pixel of the mask reads as fine. */
function widen(region: Region, component: Component): void {
  const right = Math.max(region.x + region.widthPx, component.x + component.widthPx);
  const bottom = Math.max(region.y + region.heightPx, component.y + component.heightPx);
  region.x = Math.min(region.x, component.x);
  region.y = Math.min(region.y, component.y);
  region.widthPx = right - region.x;
  region.heightPx = bottom - region.y;
  region.areaPx += component.pixels.length;
}

function blankMask(reading: Reading): Mask {
  const { widthPx, heightPx, judged } = reading;
  const pixels = new Uint8Array(judged.length);
  // Most often everything was judged, and the search is native code.
  if (!judged.includes(0)) return { widthPx, heightPx, pixels };
  for (let at = 0; at < pixels.length; at++) pixels[at] = judged[at] === 1 ? 0 : notJudged;
  return { widthPx, heightPx, pixels };
}

function undecided(reason: FaultReason, detail: string, mask: Mask | null): Judgement {
  return { decision: 'undecided', reason, detail, regions: [], mask };
}
