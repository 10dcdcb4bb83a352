/** A new bundle's golden parts: good ones, a painted defect of either modality, one near the threshold. */
import { assemble, type Networks, type GraphSpec as Spec } from '../bundle/assemble.ts';
import { type Golden, pairFeeds, thinMap } from '../bundle/golden.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { Scales } from './calibrate.ts';
import { paintDent, paintStain } from './paint.ts';
import type { PartImages } from './prepared.ts';

/** The part near the threshold scores within this share above it. */
const nearShare = 0.05;
/** A part this close to the threshold could flip by rounding alone: it would accuse the device, not the model. */
const clearShare = 1e-3;
const goodCount = 2;
const mostBisections = 14;

export async function goldenParts(
  spec: Spec,
  scales: Scales,
  networks: Networks,
  goods: readonly PartImages[],
  threshold: number,
  threads: number,
): Promise<Golden[]> {
  const session = await openSession(writeOnnx(assemble(spec, scales, networks)), { threads });
  const run = async (name: string, { rgb, depthMm }: PartImages): Promise<Golden> => {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input), ['score', 'map']);
    const map = thinMap(results['map']!.data as Float32Array, spec.input.widthPx, spec.input.heightPx);
    return { name, rgb, depthMm, map, score: (results['score']!.data as Float32Array)[0]! };
  };
  const clear = ({ score }: Golden): boolean => Math.abs(score / threshold - 1) > clearShare;
  // The threshold is the score of a held-out part, so that part is clear of it by nothing and holds no example.
  const chosen: { images: PartImages; golden: Golden }[] = [];
  for (const images of goods) {
    const golden = await run(`good-${chosen.length + 1}`, images);
    if (golden.score < threshold && clear(golden)) chosen.push({ images, golden });
    if (chosen.length === goodCount) break;
  }
  const first = chosen[0]?.images ?? goods[0]!;
  const second = chosen[1]?.images ?? first;
  const deepMm = 20 * spec.depthScale.heightMm;
  let near = await run('near-threshold', paintDent(first, deepMm));
  let [low, high] = [0, deepMm];
  const least = threshold * (1 + 2 * clearShare);
  for (let i = 0; i < mostBisections && !(near.score > least && near.score < threshold * (1 + nearShare)); i++) {
    const middle = (low + high) / 2;
    near = await run('near-threshold', paintDent(first, middle));
    if (near.score <= least) low = middle;
    else high = middle;
  }
  const golden = chosen.map((each) => each.golden);
  golden.push(await run('stain', paintStain(second, 0.9)), await run('dent', paintDent(second, deepMm)), near);
  await session.release();
  return golden.filter(clear);
}
