/**
 * Looks at every good part before hours of teaching: all of one size, every modality showing something. What does not
 * fit is refused with the ids of the parts; a modality that is not taught may be blank, with a warning.
 */
import { createHash } from 'node:crypto';
import { fail } from '../../errors.ts';
import type { Modality } from '../nets/student.ts';
import type { PartImages } from './prepared.ts';
import type { GoodPart } from './teaching.ts';

export interface Inspected {
  widthPx: number;
  heightPx: number;
  /** Of every part's id and pixels, in order: two folders of recordings name their parts alike. */
  digest: string;
  /** Of the pixels alone: what a bundle's manifest keeps of its data. */
  dataDigest: string;
  warnings: string[];
}

/** Ids that an error or a warning names; more are counted. */
const mostNamed = 5;

/** Throws `image/size` or `teach/blank`, naming the parts. */
export async function inspectParts(
  parts: readonly GoodPart[],
  modalities: readonly Modality[],
  signal: AbortSignal,
): Promise<Inspected> {
  const [digest, pixels] = [createHash('sha256'), createHash('sha256')];
  const sizes = new Map<string, string[]>();
  const blank: Record<Modality, { id: string; shows: string }[]> = { rgb: [], depth: [] };
  for (const part of parts) {
    signal.throwIfAborted();
    const images = await part.load();
    const { widthPx, heightPx, rgb, depthMm } = images;
    const size = `${widthPx} x ${heightPx}`;
    sizes.set(size, [...(sizes.get(size) ?? []), part.id]);
    const seen = { rgb: blankColour(images), depth: blankDepth(images) };
    for (const modality of ['rgb', 'depth'] as const)
      if (seen[modality] !== null) blank[modality].push({ id: part.id, shows: seen[modality] });
    const depth = new Uint8Array(depthMm.buffer, depthMm.byteOffset, depthMm.byteLength);
    digest.update(part.id).update(rgb).update(depth);
    pixels.update(rgb).update(depth);
  }
  const size = commonSize(sizes);
  const warnings = (['rgb', 'depth'] as const).flatMap((modality) =>
    judgeBlank(modality, blank[modality], parts.length, modalities.includes(modality)),
  );
  const [widthPx, heightPx] = size.split(' x ').map(Number) as [number, number];
  return { widthPx, heightPx, digest: digest.digest('hex'), dataDigest: pixels.digest('hex'), warnings };
}

/** The size most parts have. Throws `image/size` where any has another: the odd ones are named, not the many. */
function commonSize(sizes: ReadonlyMap<string, readonly string[]>): string {
  const [[common, agreeing], ...others] = [...sizes].sort(([, a], [, b]) => b.length - a.length) as [
    [string, string[]],
    ...[string, string[]][],
  ];
  if (others.length === 0) return common;
  const odd = others.flatMap(([size, ids]) => ids.map((id) => ({ id, size })));
  const actual = [...new Set(odd.map(({ size }) => size))].join(', ');
  const expected = `${common} as the other ${agreeing.length} parts`;
  throw fail('image/size', { what: named(odd.map(({ id }) => id)), actual, expected });
}

function judgeBlank(
  modality: Modality,
  blank: readonly { id: string; shows: string }[],
  parts: number,
  taught: boolean,
): string[] {
  if (blank.length === 0) return [];
  const what = { rgb: 'Colour', depth: 'Depth' }[modality];
  const ids = named(blank.map(({ id, shows }) => `${id} (${shows})`));
  // Without a single reading there is no distance that height could be measured from.
  const unusable = modality === 'depth' && blank.length === parts && blank.every(({ shows }) => shows === noReading);
  if (taught || unusable) throw fail('teach/blank', { modality: what, found: blank.length, parts, ids });
  return [`${what.toLowerCase()} shows nothing in ${blank.length} of ${parts} good parts, it is not taught: ${ids}`];
}

const noReading = 'no reading';

/** What a depth image without any relief shows; null for one that has some. */
function blankDepth({ depthMm }: PartImages): string | null {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const mm of depthMm) {
    if (!(mm > 0 && mm < 1e6)) continue;
    least = Math.min(least, mm);
    most = Math.max(most, mm);
  }
  if (least > most) return noReading;
  return least === most ? `${least} mm everywhere` : null;
}

/** What a picture of one colour shows; null for one that has two. */
function blankColour({ rgb }: PartImages): string | null {
  const first = rgb.subarray(0, 3);
  const even = rgb.every((value, i) => value === first[i % 3]);
  return even ? `${first.join(',')} everywhere` : null;
}

export function named(ids: readonly string[]): string {
  const shown = ids.slice(0, mostNamed).join(', ');
  return ids.length > mostNamed ? `${shown} and ${ids.length - mostNamed} more` : shown;
}
