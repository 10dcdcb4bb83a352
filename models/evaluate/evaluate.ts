/**
 * The figures of a bundle on a test set: how well parts are told apart, where defects are found, and what the plant
 * sees at the bundle's threshold; for the combined score and for network and geometry alone.
 *
 * A figure that the test set cannot give (no good part, no defect, no mask) is null. Undecided parts count with the
 * score they have; a miss is a defective part that was passed, a false reject a good part that failed, and undecided
 * ones stand apart. Network and geometry alone have no threshold of their own unless one is given.
 */
import { fail } from '../../errors.ts';
import { components } from './components.ts';
import { type KindFigures, kindFigures, severityRank } from './kinds.ts';
import { PixelCollector, type SortedPixels } from './pixels.ts';
import { aupro, auproAt100, proCurve } from './pro.ts';
import { auroc, type CurvePoint, f1At, f1MaxOnTest, falseRejectRate, missRate, rocCurve } from './roc.ts';
import { checkSample, good, type Sample, type SourceName, sourceNames } from './samples.ts';
import { sortScores } from './sorted.ts';

export interface SourceFigures {
  images: number;
  imageAuroc: number | null;
  pixelAuroc: number | null;
  /** Exact, every distinct score. */
  aupro30: number | null;
  aupro1: number | null;
  /** The common 100-threshold form of AUPRO@1%: biased low, for comparison with papers only. */
  aupro1At100: number | null;
  f1AtThreshold: number | null;
  /** The best F1 of any threshold, chosen on this very test set. */
  f1MaxOnTest: number | null;
  missRate: number | null;
  falseRejectRate: number | null;
  undecidedRate: number | null;
  perKind: Record<string, KindFigures>;
}

export interface Figures extends SourceFigures {
  networkOnly: SourceFigures | null;
  geometryOnly: SourceFigures | null;
}

export interface Thresholds {
  threshold: number;
  /** Only where they were calibrated on good parts like the bundle's own. */
  networkThreshold?: number | null;
  geometryThreshold?: number | null;
}

/** One part without its pixels: what stays of it after the pass. */
export interface JudgedImage {
  id: string;
  kind: string;
  severity: string | null;
  group: string;
  outcome: Sample['outcome'];
  scores: Record<SourceName, number>;
}

/** What the report draws. */
export interface Detail {
  threshold: number;
  images: JudgedImage[];
  curves: Record<SourceName, { roc: CurvePoint[]; pro: CurvePoint[] } | null>;
  okPixels: number;
  defectPixels: number;
  components: number;
  notJudgedPixels: number;
  /** Defective parts without a mask: they count in the image figures only. */
  withoutMask: number;
}

/** The false-positive rate up to which curves and the usual AUPRO go, and the strict one. */
export const proLimit = 0.3;
const strictLimit = 0.01;

/** The figures of a test set; parts are read one at a time and may be dropped or reused after they were read. */
export async function evaluate(samples: Iterable<Sample> | AsyncIterable<Sample>, at: Thresholds): Promise<Figures> {
  return (await evaluateInDetail(samples, at)).figures;
}

/** The same figures with the scores and curves behind them. */
export async function evaluateInDetail(
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  at: Thresholds,
): Promise<{ figures: Figures; detail: Detail }> {
  const thresholds = {
    both: at.threshold,
    network: at.networkThreshold ?? null,
    geometry: at.geometryThreshold ?? null,
  };
  for (const name of sourceNames) {
    const value = thresholds[name];
    if (value !== null && !Number.isFinite(value)) throw fail('evaluate/threshold', { source: name, actual: value });
  }
  const { images, collectors, withoutMask } = await collect(samples, at.threshold);
  const [both, network, geometry] = sourceNames.map((name) => {
    const collector = collectors[name];
    return collector === null ? null : ofSource(images, name, collector.finish(), thresholds[name]);
  }) as [SourceResult, SourceResult | null, SourceResult | null];
  const figures: Figures = {
    ...both.figures,
    networkOnly: network?.figures ?? null,
    geometryOnly: geometry?.figures ?? null,
  };
  const curves = { both: both.curves, network: network?.curves ?? null, geometry: geometry?.curves ?? null };
  return { figures, detail: { threshold: at.threshold, images, curves, ...both.counts, withoutMask } };
}

interface Collected {
  images: JudgedImage[];
  collectors: Record<SourceName, PixelCollector | null>;
  withoutMask: number;
}

async function collect(samples: Iterable<Sample> | AsyncIterable<Sample>, threshold: number): Promise<Collected> {
  const images: JudgedImage[] = [];
  let collectors: Collected['collectors'] | null = null;
  let withoutMask = 0;
  for await (const sample of samples) {
    checkSample(sample, threshold);
    const { id, kind, severity = null, group, outcome, sources, truth } = sample;
    const has = (name: SourceName): PixelCollector | null => (sources[name] === null ? null : new PixelCollector());
    collectors ??= { both: new PixelCollector(), network: has('network'), geometry: has('geometry') };
    const annotated = kind === good || truth !== null;
    if (!annotated) withoutMask++;
    const found = truth === null ? [] : components(truth, sample.widthPx, sample.heightPx);
    const scores = { both: Number.NaN, network: Number.NaN, geometry: Number.NaN };
    for (const name of sourceNames) {
      const [source, collector] = [sources[name], collectors[name]];
      if ((source === null) !== (collector === null)) {
        const [actual, expected] =
          source === null ? ['missing', 'as in the parts before'] : ['there', 'none, as before'];
        throw fail('evaluate/sample', { id, what: `source ${name}`, actual, expected });
      }
      if (source === null || collector === null) continue;
      scores[name] = source.score;
      if (annotated) collector.add(id, { kind, severity }, source.map, truth, found);
    }
    images.push({ id, kind, severity, group, outcome, scores });
  }
  if (collectors === null) throw fail('evaluate/empty');
  return { images, collectors, withoutMask };
}

interface SourceResult {
  figures: SourceFigures;
  curves: { roc: CurvePoint[]; pro: CurvePoint[] };
  counts: { okPixels: number; defectPixels: number; components: number; notJudgedPixels: number };
}

function ofSource(
  images: readonly JudgedImage[],
  name: SourceName,
  pixels: SortedPixels,
  threshold: number | null,
): SourceResult {
  const { ok, classes, components: found, defective } = pixels;
  const regions = found.map((component) => component.scores);
  const scoresOf = (some: readonly JudgedImage[]): Float64Array =>
    sortScores(Float64Array.from(some, (image) => image.scores[name]));
  const goodScores = scoresOf(images.filter((image) => image.kind === good));
  const badImages = images.filter((image) => image.kind !== good);
  const badScores = scoresOf(badImages);
  const figures: SourceFigures = {
    images: images.length,
    imageAuroc: auroc(goodScores, badScores),
    pixelAuroc: auroc(ok, defective),
    aupro30: aupro(ok, regions, proLimit),
    aupro1: aupro(ok, regions, strictLimit),
    aupro1At100: auproAt100(ok, regions, strictLimit),
    f1AtThreshold: threshold === null ? null : f1At(goodScores, badScores, threshold),
    f1MaxOnTest: f1MaxOnTest(goodScores, badScores)?.f1 ?? null,
    missRate: missesOf(badImages, badScores, name, threshold),
    falseRejectRate: falseRejectsOf(images, goodScores, name, threshold),
    undecidedRate: name === 'both' ? share(images, (image) => image.outcome === 'undecided') : null,
    perKind: kindFigures({
      ...{ images, classes, components: found, limit: proLimit, scoresOf },
      missRateOf: (some) => missesOf(some, scoresOf(some), name, threshold),
    }),
  };
  return {
    figures,
    curves: { roc: rocCurve(goodScores, badScores), pro: proCurve(ok, regions, proLimit) },
    counts: {
      okPixels: ok.length,
      defectPixels: defective.length,
      components: found.length,
      notJudgedPixels: pixels.notJudgedPixels,
    },
  };
}

/** The combined score is judged by its outcome (regions and coverage count); a source alone only by its threshold. */
function missesOf(bad: readonly JudgedImage[], scores: Float64Array, name: SourceName, threshold: number | null) {
  if (name === 'both') return share(bad, (image) => image.outcome === 'pass');
  return threshold === null ? null : missRate(scores, threshold);
}

function falseRejectsOf(
  images: readonly JudgedImage[],
  scores: Float64Array,
  name: SourceName,
  threshold: number | null,
) {
  const goods = images.filter((image) => image.kind === good);
  if (name === 'both') return share(goods, (image) => image.outcome === 'fail');
  return threshold === null ? null : falseRejectRate(scores, threshold);
}

function share<T>(items: readonly T[], is: (item: T) => boolean): number | null {
  return items.length === 0 ? null : items.filter(is).length / items.length;
}

/**
 * Defective parts that were passed: the gravest severity first, then one of each kind before another of any, then the
 * surest (lowest score) first.
 */
export function worstMisses(detail: Detail, count: number): JudgedImage[] {
  const missed = detail.images
    .filter((image) => image.kind !== good && image.outcome === 'pass')
    .sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || a.scores.both - b.scores.both);
  const before = new Map<string, number>();
  const ranked = missed.map((image) => {
    const key = JSON.stringify([image.severity, image.kind]);
    const turn = before.get(key) ?? 0;
    before.set(key, turn + 1);
    return { image, turn, grave: severityRank(image.severity) };
  });
  // the sort is stable: within a turn the lowest score stays first
  ranked.sort((a, b) => b.grave - a.grave || a.turn - b.turn);
  return ranked.slice(0, count).map(({ image }) => image);
}

/** Good parts that failed, the surest (highest score) first. */
export function worstFalseAlarms(detail: Detail, count: number): JudgedImage[] {
  const alarmed = detail.images.filter((image) => image.kind === good && image.outcome === 'fail');
  return alarmed.sort((a, b) => b.scores.both - a.scores.both).slice(0, count);
}
