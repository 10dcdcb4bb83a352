/** Chooses and runs a new bundle's golden parts: good ones, a painted defect of either modality, one near the threshold. */
import { assemble, type Networks, type GraphSpec as Spec } from '../bundle/assemble.ts';
import { type Golden, pairFeeds, thinMap } from '../bundle/golden.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { Scales } from './calibrate.ts';
import { paintDent, paintStain } from './paint.ts';
import type { PartImages } from './prepared.ts';

/** The part near the threshold scores within this share above it. */
const nearShare = 0.05;
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
  const [first, second = first] = goods as [PartImages, PartImages?];
  const deepMm = 20 * spec.depthScale.heightMm;
  let near = await run('near-threshold', paintDent(first, deepMm));
  let [low, high] = [0, deepMm];
  for (let i = 0; i < mostBisections && !(near.score >= threshold && near.score < threshold * (1 + nearShare)); i++) {
    const middle = (low + high) / 2;
    near = await run('near-threshold', paintDent(first, middle));
    if (near.score < threshold) low = middle;
    else high = middle;
  }
  const golden = [await run('good-1', first), await run('good-2', second)];
  golden.push(await run('stain', paintStain(second, 0.9)), await run('dent', paintDent(second, deepMm)), near);
  await session.release();
  // A part this close to the threshold could flip by rounding alone: it would accuse the device, not the model.
  return golden.filter(({ score }) => Math.abs(score / threshold - 1) > 1e-3);
}
