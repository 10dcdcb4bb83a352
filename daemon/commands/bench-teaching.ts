/**
 * `twinspect bench --teaching`: images a second of training steps on this machine: RD4AD with ResNet-18 as a yardstick
 * against other frameworks, and our own student on the default teacher. Weights and pictures are drawn from a seed:
 * how fast a step is does not depend on them.
 */
import { adamDefaults } from '../../models/grad/adam.ts';
import type { Graph } from '../../models/graph/graph.ts';
import { bestRecipe } from '../../models/nets/recipe.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { seeded } from '../../models/random.ts';
import { type Feeds, openSession } from '../../models/runtime/session.ts';
import { compactTeacher } from '../../models/teach/distil.ts';
import { stepGraphs } from '../../models/teach/step.ts';
import { studentFor } from '../../models/teach/teach.ts';
import { yardstick } from '../../models/teach/yardstick.ts';
import { quantile } from './bench-figures.ts';
import type { Context } from './command.ts';

export interface TeachingRate {
  what: string;
  /** Median of the steps. */
  stepMs: number;
  imagesPerSecond: number;
}

const batch = 8;
const sidePx = 256;
const warmSteps = 2;
const steps = 10;

export async function teachingRates(context: Context, threads: number): Promise<TeachingRate[]> {
  return [
    await rate(context, 'RD4AD with ResNet-18, one modality, teacher included', yardstick(batch, sidePx), threads, 1),
    await rate(context, 'our student on the default teacher, both modalities, features cached', ours(), threads, 2),
  ];
}

/** The step that `teach` runs by default. */
function ours(): Graph {
  const channels = (count: number) => ({ mean: new Float32Array(count), spread: new Float32Array(count).fill(1) });
  const [c4, c8, c16] = compactTeacher.channels;
  const statistics = () => [channels(c4), channels(c8), channels(c16)] as const;
  return stepGraphs({
    batch,
    working: { widthPx: sidePx, heightPx: sidePx },
    teacher: compactTeacher,
    student: studentFor(compactTeacher, bestRecipe),
    modalities: ['rgb', 'depth'],
    recipe: bestRecipe,
    statistics: { rgb: statistics(), depth: statistics() },
    adam: adamDefaults,
  }).step;
}

/** Every step starts from the same state: the time is that of a step in the middle of a teaching. */
async function rate(
  { clock, signal }: Context,
  what: string,
  step: Graph,
  threads: number,
  imagesPerPart: number,
): Promise<TeachingRate> {
  const session = await openSession(writeOnnx(step), { threads, spinning: true });
  const feeds = drawn(step);
  const took: number[] = [];
  try {
    for (let i = -warmSteps; i < steps; i++) {
      signal.throwIfAborted();
      const beganMs = clock.nowMs();
      await session.run(feeds);
      if (i >= 0) took.push(clock.nowMs() - beganMs);
    }
  } finally {
    await session.release();
  }
  const stepMs = quantile(took, 0.5);
  return { what, stepMs, imagesPerSecond: (1000 * batch * imagesPerPart) / stepMs };
}

/** Weights as wide as their fan-in wants, everything else standard normal, moments small and positive. */
function drawn(step: Graph): Feeds {
  const random = seeded(1);
  return Object.fromEntries(
    step.inputs.map(({ name, shape }) => {
      const count = shape.reduce((product, length) => product * length, 1);
      const fan = shape.slice(1).reduce((product, length) => product * length, 1);
      const draw = (): number => {
        if (name === 'stepSize' || name === 'valid') return name === 'valid' ? 1 : 1e-3;
        if (/^(?:first|second):/.test(name)) return 1e-3;
        return /weight$|^teacher/.test(name) ? random.normal() / Math.sqrt(fan) : random.normal();
      };
      return [name, { data: Float32Array.from({ length: count }, draw), shape }];
    }),
  );
}

export function teachingTable(rates: readonly TeachingRate[]): string[] {
  return [
    '| step of 8 at 256 x 256 | ms | images/s |',
    '| --- | --- | --- |',
    ...rates.map(
      ({ what, stepMs, imagesPerSecond }) => `| ${what} | ${stepMs.toFixed(0)} | ${imagesPerSecond.toFixed(1)} |`,
    ),
  ];
}
