/** Measures on good parts what the prepare box needs to know: depth centre, height and slope scale, datum limits. */
import type { Datum, DepthScale } from '../bundle/manifest.ts';
import type { PrepareSpec } from '../nets/prepare.ts';
import { openPreparer, type PartImages } from './prepared.ts';
import { quantile, thinned } from './statistics.ts';

/** Parts looked at for scales; more do not move a quantile. */
const mostParts = 64;
/** Height and slope of this share of good pixels lie within 1 after scaling. */
const scaleQuantile = 0.9;
/** A part may leave the taught range of offset and tilt by this many times the range, but at least by the floor. */
const datumSlack = 1;
const datumFloorMm = 1;

export async function measureDepth(
  parts: AsyncIterable<PartImages> | Iterable<PartImages>,
  spec: Pick<PrepareSpec, 'input' | 'roi' | 'working'>,
  datumKind: 'fitted' | 'fixed',
  threads: number,
): Promise<{ datum: Datum; depthScale: DepthScale }> {
  const seen: PartImages[] = [];
  for await (const part of parts) if (seen.length < mostParts) seen.push(part);
  const centreMm = round(
    quantile(
      seen.flatMap((part) => [
        ...thinned(
          part.depthMm.filter((d) => d > 0 && d < 1e6),
          500,
        ),
      ]),
      0.5,
    ),
  );
  const fitted = { kind: 'fitted' } as const;
  const preparer = await openPreparer(
    { ...spec, datum: fitted, depthScale: { centreMm, heightMm: 1, slopeMmPerPx: 1 } },
    threads,
  );
  const heights: number[] = [];
  const slopes: number[] = [];
  const offsets: number[] = [];
  const tilts: number[] = [];
  const width = spec.working.widthPx;
  for (const part of seen) {
    const { heightMm, features, datum } = await preparer.prepare(part);
    heights.push(...thinned(heightMm, 2000).map(Math.abs));
    // The slopes the network will see are those of the blurred height.
    const steps = features.fine.map((h, i) => (i % width > 0 ? h - features.fine[i - 1]! : 0));
    slopes.push(...thinned(steps, 2000).map(Math.abs));
    offsets.push(datum[0]!);
    tilts.push(datum[1]!);
  }
  await preparer.release();
  const depthScale = {
    centreMm,
    heightMm: round(Math.max(quantile(heights, scaleQuantile), 1e-3)),
    slopeMmPerPx: round(Math.max(quantile(slopes, scaleQuantile), 1e-4)),
  };
  const reach = (values: number[]): number => {
    const most = Math.max(...values.map(Math.abs));
    return round(most + Math.max(datumFloorMm, datumSlack * most));
  };
  const datumLimits = { offsetMm: reach(offsets), tiltMmAcross: reach(tilts) };
  const datum: Datum =
    datumKind === 'fitted'
      ? { kind: 'fitted', offsetLimitMm: datumLimits.offsetMm, tiltLimitMmAcross: datumLimits.tiltMmAcross }
      : { kind: 'fixed', offsetMm: round(quantile(offsets, 0.5) + centreMm), slopeXMmAcross: 0, slopeYMmAcross: 0 };
  return { datum, depthScale };
}

/** Kept short in the manifest; four digits are below any sensor's noise. */
const round = (value: number): number => Number(value.toPrecision(6));
