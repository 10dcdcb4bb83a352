/** Adam as nodes, against the loop of the paper; and a small network taught with it in the runtime. */
import { describe, expect, test } from 'vitest';
import { adam, adamDefaults, adamStepSize } from '../../models/grad/adam.ts';
import { gradients } from '../../models/grad/gradients.ts';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import type { Shape, Tensor } from '../../models/graph/tensor.ts';
import { writeOnnx } from '../../models/onnx/write.ts';
import { type Feeds, openSession, type TensorValue } from '../../models/runtime/session.ts';
import { interpret } from '../graph/interpreter.ts';
import { randomValues, seeded, toRuntime, type Values } from '../graph/values.ts';

describe('Adam', () => {
  test('five steps are the steps of the hand-written loop', () => {
    const { beta1, beta2, epsilon } = { ...adamDefaults, epsilon: 1e-3 };
    const graph = new Graph('adam');
    const input = (name: string, shape: Shape): Tensor => graph.input(name, 'float32', shape);
    const [w, g, m, v] = ['w', 'g', 'm', 'v'].map((name) => input(name, [6])) as [Tensor, Tensor, Tensor, Tensor];
    const next = adam(w, g, { first: m, second: v }, input('stepSize', []), { beta1, beta2, epsilon });

    const random = seeded(3);
    const zeros = (): Values => ({ shape: [6], data: new Float64Array(6) });
    let state = { w: randomValues([6], random), m: zeros(), v: zeros() };
    const hand = { w: [...state.w.data], m: [...zeros().data], v: [...zeros().data] };
    for (let t = 1; t <= 5; t++) {
      const gradient = randomValues([6], random, -3, 3);
      const stepSize = { shape: [], data: new Float64Array([adamStepSize(0.01, t, adamDefaults)]) };
      const values = interpret(graph, { ...state, g: gradient, stepSize });
      state = { w: values.get(next.parameter)!, m: values.get(next.first)!, v: values.get(next.second)! };
      for (const [i, slope] of gradient.data.entries()) {
        hand.m[i] = beta1 * hand.m[i]! + (1 - beta1) * slope;
        hand.v[i] = beta2 * hand.v[i]! + (1 - beta2) * slope ** 2;
        const alpha = (0.01 * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
        hand.w[i] = hand.w[i]! - (alpha * hand.m[i]!) / (Math.sqrt(hand.v[i]!) + epsilon);
      }
      for (const name of ['w', 'm', 'v'] as const)
        for (const [i, value] of state[name].data.entries()) expect(value).toBeCloseTo(hand[name][i]!, 7);
    }
  });

  test('the first step has the size of the learning rate, whatever the gradient', () => {
    const slope = 37;
    const first = (1 - adamDefaults.beta1) * slope;
    const second = (1 - adamDefaults.beta2) * slope ** 2;
    expect((adamStepSize(0.02, 1, adamDefaults) * first) / Math.sqrt(second)).toBeCloseTo(0.02, 12);
  });
});

/** Two convolutions with batch normalisation between; forward, backward and Adam in one graph. */
function stepGraph(batch: number): { graph: Graph; parameters: readonly Tensor[] } {
  const graph = new Graph('step');
  const parameter = (name: string, shape: Shape): Tensor => graph.input(name, 'float32', shape);
  const parameters = [
    parameter('w1', [4, 1, 3, 3]),
    parameter('gamma', [4]),
    parameter('beta', [4]),
    parameter('w2', [1, 4, 3, 3]),
    parameter('b2', [1]),
  ];
  const [w1, gamma, beta, w2, b2] = parameters as [Tensor, Tensor, Tensor, Tensor, Tensor];
  const x = graph.input('x', 'float32', [batch, 1, 8, 8]);
  const target = graph.input('target', 'float32', [batch, 1, 8, 8]);
  const hidden = o.relu(o.batchNormTraining(o.conv(x, w1, { pad: 1 }), gamma, beta, 1e-5)[0]);
  const error = o.sub(o.conv(hidden, w2, { pad: 1, bias: b2 }), target);
  const loss = o.reduceMean(o.square(error));
  graph.output('loss', loss);
  const stepSize = graph.input('stepSize', 'float32', []);
  for (const [i, gradient] of gradients(loss, parameters).entries()) {
    const tensor = parameters[i]!;
    const moments = {
      first: parameter(`${tensor.name}.m`, tensor.shape),
      second: parameter(`${tensor.name}.v`, tensor.shape),
    };
    const next = adam(tensor, gradient, moments, stepSize, adamDefaults);
    graph.output(`next ${tensor.name}`, next.parameter);
    graph.output(`next ${tensor.name}.m`, next.first);
    graph.output(`next ${tensor.name}.v`, next.second);
  }
  return { graph, parameters };
}

/** Random pictures and their edge strength, which no single convolution gives. */
function lesson(batch: number, random: () => number): { x: TensorValue; target: TensorValue } {
  const x = randomValues([batch, 1, 8, 8], random);
  const graph = new Graph('lesson');
  const kernel = graph.constant('edge', new Float32Array([0, 0, 0, -1, 0, 1, 0, 0, 0]), [1, 1, 3, 3]);
  const edges = o.abs(o.conv(graph.input('x', 'float32', x.shape), kernel, { pad: 1 }));
  return { x: toRuntime(x), target: toRuntime(interpret(graph, { x }).get(edges)!) };
}

describe('a network taught in the runtime', () => {
  const steps = 300;
  async function teach(): Promise<{ losses: number[]; last: Float32Array }> {
    const random = seeded(21);
    const { graph, parameters } = stepGraph(8);
    const { x, target } = lesson(8, random);
    let state: Feeds = {};
    for (const { name, shape } of parameters) {
      const start = { gamma: 1, beta: 0, b2: 0 }[name];
      const values = randomValues(shape, random, -0.5, 0.5);
      state[name] = toRuntime(start === undefined ? values : { shape, data: values.data.fill(start) });
      for (const moment of ['m', 'v'])
        state[`${name}.${moment}`] = toRuntime({ shape, data: new Float64Array(values.data.length) });
    }
    const session = await openSession(writeOnnx(graph), { threads: 1 });
    const losses: number[] = [];
    for (let t = 1; t <= steps; t++) {
      const stepSize = { shape: [], data: new Float32Array([adamStepSize(0.02, t, adamDefaults)]) };
      const { loss, ...next } = await session.run({ ...state, x, target, stepSize });
      losses.push(loss!.data[0] as number);
      state = Object.fromEntries(Object.entries(next).map(([name, value]) => [name.replace('next ', ''), value]));
    }
    await session.release();
    return { losses, last: state['w1']!.data as Float32Array };
  }

  test('its loss falls more than tenfold, twice to the same bytes', async () => {
    const [one, two] = [await teach(), await teach()];
    process.stdout.write(
      `taught in ${steps} steps: loss ${one.losses[0]!.toFixed(3)} -> ${one.losses.at(-1)!.toFixed(4)}\n`,
    );
    expect(one.losses.at(-1)!).toBeLessThan(one.losses[0]! / 10);
    expect(two.losses).toEqual(one.losses);
    expect(two.last).toEqual(one.last);
  });
});
