/** The teacher and fusion boxes against their definitions. */
import { describe, expect, test } from 'vitest';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import * as o from '../../models/graph/build.ts';
import { Graph } from '../../models/graph/graph.ts';
import { type ChannelStatistics, fusion } from '../../models/nets/fusion.ts';
import { bestRecipe, type FusionForm } from '../../models/nets/recipe.ts';
import { type Levels, type ModalityNorm, teacher } from '../../models/nets/teacher.ts';
import { interpret } from '../graph/interpreter.ts';
import { at, fill, largestDifference, randomValues, seeded, type Values } from '../graph/values.ts';
import { narrowSpec, tinySpec, tinyTeacherFile } from '../teach/tiny-teacher.ts';
import { run } from './run.ts';

const { weights } = importTeacher(tinyTeacherFile(), 'tiny');
const names = ['rgb0', 'rgb1', 'rgb2', 'depth0', 'depth1', 'depth2'] as const;
type Outcome = Record<(typeof names)[number], Values>;
const see = (rgb: Values, depth: Values, norms = new Map<string, ModalityNorm>()): Promise<Outcome> =>
  run({ rgb, depth }, (graph, inputs) => {
    const seen = teacher(graph, inputs['rgb']!, inputs['depth']!, tinySpec, weights, norms);
    return Object.fromEntries(
      names.map((name) => [name, seen[name.slice(0, -1) as 'rgb' | 'depth'][Number(name.at(-1))]!]),
    ) as Record<(typeof names)[number], Levels[0]>;
  });
const image = (seed: number): Values => randomValues([1, 3, 32, 48], seeded(seed), -2, 2);

describe('the teacher', () => {
  test('features at strides 4, 8, 16', async () => {
    const outcome = await see(image(1), image(2));
    for (const modality of ['rgb', 'depth'] as const) {
      expect(outcome[`${modality}0`].shape).toEqual([1, 4, 8, 12]);
      expect(outcome[`${modality}1`].shape).toEqual([1, 8, 4, 6]);
      expect(outcome[`${modality}2`].shape).toEqual([1, 16, 2, 3]);
    }
  });

  test('twins: without a normalisation of its own depth sees what colour sees', async () => {
    const outcome = await see(image(1), image(1));
    for (const i of [0, 1, 2] as const) expect(outcome[`depth${i}`]).toEqual(outcome[`rgb${i}`]);
  });

  test('a normalisation for depth changes depth alone, by gain and bias of each convolution', async () => {
    const { bias } = weights.get('conv1')!;
    const gain = bias.map((_, c) => 1.5 + c);
    const own = new Map([['conv1', { gain, bias: bias.map((b, c) => b * gain[c]!) }]]);
    const [with_, without] = [await see(image(1), image(1), own), await see(image(1), image(1))];
    for (const i of [0, 1, 2] as const) {
      expect(with_[`rgb${i}`]).toEqual(without[`rgb${i}`]);
      expect(largestDifference(with_[`depth${i}`], without[`depth${i}`])).toBeGreaterThan(0.1);
    }
  });

  test('is a plain ResNet, by the definition of its operators', async () => {
    const graph = new Graph('resnet');
    const conv = (x: Levels[0], name: string, out: number, kernel: number, stride: number): Levels[0] => {
      const folded = weights.get(name)!;
      const w = graph.constant(name, folded.weight, [out, x.shape[1]!, kernel, kernel]);
      const bias = graph.constant(`${name}.bias`, folded.bias, [out]);
      return o.conv(x, w, { stride, pad: Math.floor(kernel / 2), bias });
    };
    const block = (x: Levels[0], name: string, out: number, stride: number): Levels[0] => {
      const inner = conv(o.relu(conv(x, `${name}.conv1`, out, 3, stride)), `${name}.conv2`, out, 3, 1);
      return o.relu(o.add(inner, stride === 1 ? x : conv(x, `${name}.downsample.0`, out, 1, stride)));
    };
    const x = graph.input('x', 'float32', [1, 3, 32, 48]);
    const stem = o.maxPool(o.relu(conv(x, 'conv1', 4, 7, 2)), 3, 2, 1);
    const one = block(stem, 'layer1.0', 4, 1);
    const two = block(one, 'layer2.0', 8, 2);
    const three = block(two, 'layer3.0', 16, 2);
    const expected = interpret(graph, { x: image(3) });
    const outcome = await see(image(3), image(4));
    for (const [i, level] of [one, two, three].entries())
      expect(largestDifference(outcome[names[i]!], expected.get(level)!)).toBeLessThan(1e-5);
  });
});

test('of bottlenecks: 1x1, 3x3 with the stride, 1x1, by the definition of its operators', async () => {
  const { spec, weights: own } = importTeacher(tinyTeacherFile(narrowSpec), 'narrow');
  const graph = new Graph('resnet');
  const conv = (x: Levels[0], name: string, out: number, kernel: number, stride = 1): Levels[0] => {
    const { weight, bias } = own.get(name)!;
    const w = graph.constant(name, weight, [out, x.shape[1]!, kernel, kernel]);
    return o.conv(x, w, { stride, pad: Math.floor(kernel / 2), bias: graph.constant(`${name}.bias`, bias, [out]) });
  };
  const block = (x: Levels[0], name: string, width: number, out: number, stride: number, projected = true) => {
    const narrow = o.relu(conv(x, `${name}.conv1`, width, 1));
    const middle = o.relu(conv(narrow, `${name}.conv2`, width, 3, stride));
    const short = projected ? conv(x, `${name}.downsample.0`, out, 1, stride) : x;
    return o.relu(o.add(conv(middle, `${name}.conv3`, out, 1), short));
  };
  const x = graph.input('x', 'float32', [1, 3, 32, 48]);
  const stem = o.maxPool(o.relu(conv(x, 'conv1', 4, 7, 2)), 3, 2, 1);
  const one = block(stem, 'layer1.0', 3, 8, 1);
  const two = block(block(one, 'layer2.0', 4, 12, 2), 'layer2.1', 4, 12, 1, false);
  const three = block(two, 'layer3.0', 5, 16, 2);
  const expected = interpret(graph, { x: image(3) });
  const outcome = await run({ rgb: image(3), depth: image(4) }, (whole, inputs) => {
    const seen = teacher(whole, inputs['rgb']!, inputs['depth']!, spec, own, new Map());
    return { rgb0: seen.rgb[0], rgb1: seen.rgb[1], rgb2: seen.rgb[2] };
  });
  for (const [i, level] of [one, two, three].entries()) {
    const actual = outcome[`rgb${i as 0 | 1 | 2}`];
    expect(actual.shape).toEqual([1, [8, 12, 16][i], 8 >> i, 12 >> i]);
    expect(largestDifference(actual, expected.get(level)!)).toBeLessThan(1e-5);
  }
});

describe('the fusion', () => {
  const statistics = (count: number, mean: number, spread: number): ChannelStatistics => ({
    mean: new Float32Array(count).fill(mean),
    spread: new Float32Array(count).fill(spread),
  });
  const fuse = (r: readonly Values[], d: readonly Values[], valid: Values, form: FusionForm = bestRecipe.fusion) =>
    run({ r0: r[0]!, r1: r[1]!, r2: r[2]!, d0: d[0]!, d1: d[1]!, d2: d[2]!, valid }, (graph, inputs) => {
      const levels = (from: string): Levels => [inputs[`${from}0`]!, inputs[`${from}1`]!, inputs[`${from}2`]!];
      const loud = { rgb: [2, 3, 4].map((c) => statistics(c, 3, 4)), depth: [2, 3, 4].map((c) => statistics(c, 0, 2)) };
      const { fused, rgb, depth } = fusion(graph, levels('r'), levels('d'), inputs['valid']!, loud, form);
      return { fused0: fused[0], fused1: fused[1], fused2: fused[2], rgb0: rgb[0], depth0: depth[0] };
    });
  const levels = (seed: number): Values[] => {
    const random = seeded(seed);
    return [0, 1, 2].map((i) => randomValues([1, 2 + i, 8 >> i, 8 >> i], random, -3, 3));
  };

  test.each([
    ['sum', 'F = R + share D', () => 1],
    ['disagreement', 'F = R + sigmoid(mean_c (R - D)^2) share D', (apart: number) => 1 / (1 + Math.exp(-apart))],
  ] as const)('%s: %s, on features of one loudness, at every level', async (form, _, weight) => {
    const [r, d] = [levels(1), levels(2)];
    const random = seeded(3);
    const valid = fill([1, 1, 32, 32], () => (random() < 0.3 ? 0 : 1));
    const outcome = await fuse(r, d, valid, form);
    for (const level of [0, 1, 2] as const) {
      const stride = 4 << level;
      const channels = 2 + level;
      const expected = fill(r[level]!.shape, (index) => {
        const [, , y, x] = index as [number, number, number, number];
        const loud = (c: number): [number, number] => [
          at(r[level]!, [0, c, y, x]) / 5, // root mean square of mean 3, spread 4
          at(d[level]!, [0, c, y, x]) / 2,
        ];
        let disagreement = 0;
        for (let c = 0; c < channels; c++) disagreement += (loud(c)[0] - loud(c)[1]) ** 2 / channels;
        let share = 0;
        for (let v = 0; v < stride; v++)
          for (let u = 0; u < stride; u++) share += at(valid, [0, 0, y * stride + v, x * stride + u]) / stride ** 2;
        const [own, other] = loud(index[1]!);
        return own + share * weight(disagreement) * other;
      });
      expect(largestDifference(outcome[`fused${level}`], expected)).toBeLessThan(1e-5);
    }
  });

  test('where depth has no reading the fused target is colour alone, to the bit', async () => {
    const valid = fill([1, 1, 32, 32], ([, , , x]) => (x! < 16 ? 0 : 1));
    const { fused0, rgb0 } = await fuse(levels(1), levels(2), valid);
    for (let c = 0; c < 2; c++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) {
          const same = at(fused0, [0, c, y, x]) === at(rgb0, [0, c, y, x]);
          expect(same).toBe(x < 4);
        }
  });

  test('a level keeps its own proportions: one loudness a level, not one a channel', async () => {
    const r = levels(1);
    const { rgb0 } = await fuse(
      r,
      levels(2),
      fill([1, 1, 32, 32], () => 1),
    );
    expect(largestDifference(rgb0, { ...r[0]!, data: r[0]!.data.map((v) => v / 5) })).toBeLessThan(1e-6);
  });
});
