/**
 * Asks about the depth and the truth of a folder before anything is taught or measured on it: whether a value that
 * lies far from all others is a missing reading, whether the unit fits, whether it ever had more than 8 bit, whether it
 * shows anything. `dataset.json` answers (`noReading`, `depthRangeMm`, `acceptDepth`); without an answer it is refused,
 * with the parts and the numbers.
 */
import { fail, TwinspectError } from '../../errors.ts';
import { type DepthAnswers, type DepthSigns, type DoubtName, doubtNames } from './depth-signs.ts';
import type { Sample } from './sample.ts';

/** Where the parts of a line lie, mm from the camera; elsewhere, a wrong unit is likelier than such a place. */
export const usualRangeMm = [80, 3000] as const;
/** A part that is so many times as far as most parts was recorded in another unit. */
const mixedFactor = 5;
/** Fields of units that are taken for one another. */
const unitFactors = [0.001, 0.01, 0.1, 10, 100, 1000];
/** Constant depth is asked about where it is the rule; single parts are for whoever judges them. */
const constantRule = 0.5;
const mostNamed = 3;

export interface Seen {
  id: string;
  signs: DepthSigns;
}

export interface Scope {
  /** Doubts that the caller has an answer of its own for. */
  except?: readonly DoubtName[];
  /** Parts looked at, evenly chosen; all where absent. */
  most?: number;
  signal?: AbortSignal;
}

/**
 * Throws `dataset/unit`, `dataset/loneValue`, `dataset/impossible`, `dataset/eightBit`, `dataset/constant` or
 * `image/eightBit`. Parts whose depth is missing or cannot be read are left to whoever loads them.
 */
export async function expectPlausible(root: string, samples: readonly Sample[], scope: Scope = {}): Promise<void> {
  const { except = [], most = samples.length, signal } = scope;
  const step = Math.max(1, samples.length / Math.max(1, most));
  const seen: Seen[] = [];
  for (let at = 0; at < samples.length; at += step) {
    signal?.throwIfAborted();
    const sample = samples[Math.floor(at)]!;
    const signs = await sample.depthSigns().catch(unlessEightBit);
    if (signs !== null) seen.push({ id: sample.id, signs });
  }
  const answers = samples[0]?.depthAnswers ?? { rangeMm: null, accepted: [] };
  const [first] = depthDoubts(root, seen, answers).filter(({ name }) => !except.includes(name));
  if (first !== undefined) throw first.error;
}

/** A file that cannot be read costs its part, or is named when it is loaded; 8 bit is the whole folder's fault. */
function unlessEightBit(error: unknown): null {
  if (error instanceof TwinspectError && error.code !== 'image/eightBit') return null;
  throw error;
}

export interface Doubt {
  name: DoubtName;
  error: TwinspectError;
}

/** Every doubt that `answers` do not settle, the gravest first. */
export function depthDoubts(root: string, seen: readonly Seen[], { rangeMm, accepted }: DepthAnswers): Doubt[] {
  const errors: Record<DoubtName, TwinspectError | null> = {
    unit: unitDoubt(root, seen, rangeMm),
    loneValue: loneDoubt(root, seen),
    impossible: impossibleDoubt(root, seen),
    eightBit: eightBitDoubt(root, seen),
    constant: constantDoubt(root, seen),
  };
  return doubtNames.flatMap((name) => {
    const error = errors[name];
    return error === null || accepted.includes(name) ? [] : [{ name, error }];
  });
}

function unitDoubt(root: string, seen: readonly Seen[], declared: DepthAnswers['rangeMm']): TwinspectError | null {
  const placed = seen.flatMap(({ id, signs: { medianMm } }) => (medianMm === null ? [] : [{ id, medianMm }]));
  if (placed.length === 0) return null;
  const usual = placed.map(({ medianMm }) => medianMm).sort((a, b) => a - b)[placed.length >> 1]!;
  const [near, far] = declared ?? usualRangeMm;
  const fits = (mm: number): boolean => mm >= near && mm <= far;
  if (!fits(usual)) {
    const factors = unitFactors.filter((factor) => fits(usual * factor));
    const others = factors.map((factor) => `${rounded(usual * factor)} mm with a unit ${times(factor)}`);
    return fail('dataset/unit', {
      path: root,
      found: `${rounded(usual)} mm from the camera in the middle of ${placed.length} parts`,
      expected: `${near} to ${far} mm${others.length > 0 ? ` (it would be ${others.join(', ')})` : ''}`,
    });
  }
  const odd = placed.filter(({ medianMm }) => {
    const ratio = medianMm / usual;
    return !(ratio < mixedFactor && ratio > 1 / mixedFactor);
  });
  if (odd.length === 0) return null;
  return fail('dataset/unit', {
    path: root,
    found: `${rounded(odd[0]!.medianMm)} mm from the camera in ${named(odd)}`,
    expected: `about ${rounded(usual)} mm as in most parts`,
  });
}

const times = (factor: number): string =>
  factor < 1 ? `${Math.round(1 / factor)} times smaller` : `${factor} times larger`;

function loneDoubt(root: string, seen: readonly Seen[]): TwinspectError | null {
  const parts = seen.flatMap(({ id, signs: { lone } }) => (lone === null ? [] : [{ id, ...lone }]));
  const [first] = parts;
  if (first === undefined) return null;
  const alike = parts.filter(({ unit }) => unit === first.unit);
  const share = alike.reduce((sum, part) => sum + part.share, 0) / alike.length;
  return fail('dataset/loneValue', {
    ...{ path: root, unit: first.unit, mm: rounded(first.mm), percent: rounded(share * 100) },
    ...{ nearMm: rounded(first.restMm[0]), farMm: rounded(first.restMm[1]) },
    ...{ count: alike.length, parts: seen.length, ids: named(alike) },
  });
}

function impossibleDoubt(root: string, seen: readonly Seen[]): TwinspectError | null {
  const parts = seen.filter(({ signs }) => signs.impossibleShare > 0);
  if (parts.length === 0) return null;
  const share = parts.reduce((sum, { signs }) => sum + signs.impossibleShare, 0) / parts.length;
  const percent = rounded(share * 100);
  return fail('dataset/impossible', {
    path: root,
    percent,
    count: parts.length,
    parts: seen.length,
    ids: named(parts),
  });
}

function eightBitDoubt(root: string, seen: readonly Seen[]): TwinspectError | null {
  const parts = seen.filter(({ signs }) => signs.eightBit);
  if (parts.length === 0) return null;
  return fail('dataset/eightBit', { path: root, count: parts.length, parts: seen.length, ids: named(parts) });
}

function constantDoubt(root: string, seen: readonly Seen[]): TwinspectError | null {
  const flat = seen.filter(({ signs: { leastMm, mostMm } }) => leastMm === mostMm);
  if (flat.length === 0 || flat.length < constantRule * seen.length) return null;
  const mm = flat[0]!.signs.medianMm;
  const shows = mm === null ? 'no reading' : `${rounded(mm)} mm everywhere`;
  return fail('dataset/constant', { path: root, count: flat.length, parts: seen.length, shows, ids: named(flat) });
}

/** Names of kinds under which people keep good parts. */
const goodWords = /^(good|ok|okay|normal|pass|passed|io|gut)$/i;

/** Kinds that count as defects and sound as if they did not. */
export function mistakenKinds(samples: readonly { kind: string }[]): string[] {
  return [...new Set(samples.map(({ kind }) => kind))].filter((kind) => kind !== 'good' && goodWords.test(kind));
}

/** Good parts under another name would not be taught, and measured as missed defects. Throws `dataset/names`. */
export function expectKinds(root: string, samples: readonly Sample[]): void {
  const [kind] = mistakenKinds(samples);
  if (kind === undefined) return;
  const { split } = samples.find((sample) => sample.kind === kind)!;
  const problem = `counts as a kind of defect; good parts lie in ${split}/good`;
  throw fail('dataset/names', { path: `${root}/${split}/${kind}`, problem });
}

/** Defective parts whose mask marks nothing are counted as missed defects, or not at all. Throws `dataset/truth`. */
export async function expectTruth(samples: readonly Sample[], signal?: AbortSignal): Promise<void> {
  for (const sample of samples) {
    signal?.throwIfAborted();
    if (sample.kind !== 'good') await sample.loadTruth();
  }
}

export function named(parts: readonly { id: string }[]): string {
  const shown = parts.slice(0, mostNamed).map(({ id }) => id);
  return parts.length > mostNamed ? `${shown.join(', ')} and ${parts.length - mostNamed} more` : shown.join(', ');
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
