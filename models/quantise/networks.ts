/**
 * Teacher and student in eight bits, calibrated on good parts: the teacher first, then the student on the features of
 * the quantised teacher. How much of the tails to cut is tried out: the cut whose outputs point most nearly where the
 * fp32 ones do wins, since it is directions that the anomaly map compares.
 */
import type { Graph } from '../graph/graph.ts';
import { writeOnnx } from '../onnx/write.ts';
import { type Feeds, openSession, type TensorValue } from '../runtime/session.ts';
import { planQuantisation } from './plan.ts';
import { quantise } from './quantise.ts';
import { type Cut, measureRanges } from './ranges.ts';
import type { Form } from './steps.ts';

/** A prepared good part: [3,h,w] each, and the readings [h,w]. */
export interface CalibrationPart {
  readonly rgb: Float32Array;
  readonly depth: Float32Array;
  readonly valid: Float32Array;
}
export interface Quantised {
  graph: Graph;
  /** How every range was cut. */
  cut: Cut;
  /** Mean cosine distance of its outputs from the fp32 ones, over places and outputs. */
  error: number;
}

/** What is tried. */
const cuts: readonly Cut[] = (['widest', 'usual'] as const).flatMap((of) =>
  [0, 1e-4, 3e-4, 1e-3, 3e-3].map((tail) => ({ tail, of })),
);
/** Good parts that say which is best; ranges come from all. */
const triedParts = 8;

export async function quantiseTeacher(
  teacher: Graph,
  parts: readonly CalibrationPart[],
  form: Form,
  threads: number,
): Promise<Quantised> {
  const shape = teacher.inputs[0]!.shape;
  const feeds = parts.map(({ rgb, depth }): Feeds => ({ rgb: { data: rgb, shape }, depth: { data: depth, shape } }));
  return bestOf(teacher, feeds, form, threads);
}

/** `teacher` is the one the student will stand behind. */
export async function quantiseStudent(
  { teacher, fusion, student }: { teacher: Graph; fusion: Graph; student: Graph },
  parts: readonly CalibrationPart[],
  form: Form,
  threads: number,
): Promise<Quantised> {
  const shape = teacher.inputs[0]!.shape;
  const mask = [1, 1, shape[2]!, shape[3]!];
  const sessions = [
    await openSession(writeOnnx(teacher), { threads }),
    await openSession(writeOnnx(fusion), { threads }),
  ] as const;
  const feeds: Feeds[] = [];
  try {
    for (const { rgb, depth, valid } of parts) {
      const features = await sessions[0].run({ rgb: { data: rgb, shape }, depth: { data: depth, shape } });
      const targets = await sessions[1].run({ ...features, valid: { data: valid, shape: mask } });
      feeds.push(Object.fromEntries(student.inputs.map(({ name }) => [name, targets[`target.${name}`]!])));
    }
  } finally {
    for (const session of sessions) await session.release();
  }
  return bestOf(student, feeds, form, threads);
}

async function bestOf(graph: Graph, feeds: readonly Feeds[], form: Form, threads: number): Promise<Quantised> {
  const ranges = await measureRanges(graph, planQuantisation(graph).measured, feeds, cuts, threads);
  const tried = feeds.slice(0, triedParts);
  const expected = await outputsOf(graph, tried, threads);
  let best: Quantised | null = null;
  for (const [i, cut] of cuts.entries()) {
    const candidate = quantise(graph, ranges[i]!, form);
    const error = meanDistance(await outputsOf(candidate, tried, threads), expected);
    if (best === null || error < best.error) best = { graph: candidate, cut, error };
  }
  return best!;
}

type Outputs = Record<string, TensorValue>;

async function outputsOf(graph: Graph, feeds: readonly Feeds[], threads: number): Promise<Outputs[]> {
  const session = await openSession(writeOnnx(graph), { threads });
  const outputs: Outputs[] = [];
  try {
    for (const feed of feeds) outputs.push(await session.run(feed));
  } finally {
    await session.release();
  }
  return outputs;
}

function meanDistance(actual: readonly Outputs[], expected: readonly Outputs[]): number {
  const each = actual.flatMap((outputs, i) =>
    Object.entries(outputs).map(([name, value]) => cosineDistance(value, expected[i]![name]!)),
  );
  return each.reduce((sum, distance) => sum + distance, 0) / each.length;
}

/** Mean over places of 1 - cos over channels, [1,C,h,w] each. */
function cosineDistance(a: TensorValue, b: TensorValue): number {
  const [, channels, height, width] = a.shape as [number, number, number, number];
  const [x, y] = [a.data as Float32Array, b.data as Float32Array];
  const places = height * width;
  let sum = 0;
  for (let place = 0; place < places; place++) {
    let [dot, xx, yy] = [0, 1e-12, 1e-12];
    for (let at = place; at < channels * places; at += places) {
      dot += x[at]! * y[at]!;
      xx += x[at]! ** 2;
      yy += y[at]! ** 2;
    }
    sum += 1 - dot / Math.sqrt(xx * yy);
  }
  return sum / places;
}
