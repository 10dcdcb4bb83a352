/**
 * How little life a modality may show before it counts as dead, measured on held-out good parts: a tenth of what
 * their median shows, but never above a quarter of what the least living one does. A good part on which a camera was dead
 * already sets no limit; it is named.
 */
import { assembleVitals, type GraphSpec } from '../bundle/assemble.ts';
import { pairFeeds } from '../bundle/golden.ts';
import type { VitalLimits } from '../bundle/manifest.ts';
import { vitalModalities, vitalNames } from '../nets/vitals.ts';
import { writeOnnx } from '../onnx/write.ts';
import { openSession } from '../runtime/session.ts';
import type { PartImages } from './prepared.ts';
import { quantile } from './statistics.ts';

const shareOfMedian = 0.1;
const shareOfLeast = 0.25;
/** Below this share of the median a part shows no life at all. */
const deadShare = 0.02;
/** Levels or mm that arithmetic alone makes of a constant. */
const leastSign = 1e-3;

export interface MeasuredVitals {
  limits: VitalLimits;
  /** What people should know of the parts it was measured on. */
  warnings: string[];
}

export async function measureVitals(
  spec: GraphSpec,
  parts: readonly (PartImages & { id: string })[],
  threads: number,
): Promise<MeasuredVitals> {
  const session = await openSession(writeOnnx(assembleVitals(spec)), { threads });
  const tables: Float32Array[] = [];
  for (const { rgb, depthMm } of parts) {
    const results = await session.run(pairFeeds(rgb, depthMm, spec.input), ['vitals']);
    tables.push(Float32Array.from(results['vitals']!.data as Float32Array));
  }
  await session.release();
  const warnings = new Set<string>();
  const limitOf = (modality: (typeof vitalModalities)[number], name: 'contrast' | 'grain'): number => {
    const at = vitalModalities.indexOf(modality) * vitalNames.length + vitalNames.indexOf(name);
    const values = tables.map((table) => table[at]!);
    const median = quantile(values, 0.5);
    if (!(median > leastSign)) {
      warnings.add(`${modality} is the same everywhere on good parts: a dead camera could not be told from them`);
      return 0;
    }
    const living = values.filter((value, index) => {
      const lives = value > deadShare * median;
      if (!lives) warnings.add(`${modality} looks dead on good part ${parts[index]!.id}`);
      return lives;
    });
    return Math.min(shareOfMedian * median, shareOfLeast * Math.min(...living));
  };
  const limits = {
    rgb: { contrast: limitOf('rgb', 'contrast'), grain: limitOf('rgb', 'grain') },
    depth: { contrast: limitOf('depth', 'contrast'), grain: limitOf('depth', 'grain') },
  };
  return { limits, warnings: [...warnings] };
}
