/**
 * A yardstick for teaching speed: one training step of RD4AD (Deng and Li, CVPR 2022) with ResNet-18, one modality, as
 * one graph: frozen teacher, one-class bottleneck, reversed decoder, cosine loss, backward, Adam. It teaches nothing we
 * ship; its images a second can be held against what other frameworks reach with the same network.
 */
import { adamDefaults } from '../grad/adam.ts';
import { gradients } from '../grad/gradients.ts';
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { cosineDistance } from '../nets/distance.ts';
import { TrainingLayers } from '../nets/layers.ts';
import { backbone, type Levels, type TeacherSpec } from '../nets/teacher.ts';
import { adamOutputs } from './step.ts';

const resnet18: TeacherSpec = { stem: 64, blocks: [2, 2, 2], channels: [64, 128, 256], stemPool: 3 };
/** Blocks of the bottleneck and of each stage of the decoder, as published. */
const bottleneckBlocks = 3;
const stageBlocks = 2;

/** Inputs: pictures [batch,3,side,side], the teacher's weights, parameters, moments, stepSize. Output: loss, next:*. */
export function yardstick(batch: number, sidePx: number): Graph {
  const step = new Graph('yardstick');
  const pictures = step.input('pictures', 'float32', [batch, 3, sidePx, sidePx]);
  const levels = backbone(pictures, resnet18, (x, name, { out, kernel, stride }) => {
    const w = step.input(`teacher.${name}`, 'float32', [out, x.shape[1]!, kernel, kernel]);
    return o.conv(x, w, { stride, pad: (kernel - 1) / 2 });
  });
  const layers = new TrainingLayers(step);
  const restored = decoder(layers, bottleneck(layers, levels));
  const terms = restored.map((each, i) => o.reduceMean(cosineDistance(levels[i]!, each)));
  const loss = terms.reduce((sum, term) => o.add(sum, term));
  const slopes = gradients(
    loss,
    layers.parameters.map(({ tensor }) => tensor),
  );
  adamOutputs(step, layers, slopes, adamDefaults);
  step.output('loss', loss);
  return step;
}

/** Three levels at stride 16, then a layer of blocks at stride 32: [B,512,H/32,W/32]. */
function bottleneck(layers: TrainingLayers, [f4, f8, f16]: Levels): Tensor {
  const down = (x: Tensor, name: string, out: number): Tensor =>
    o.relu(layers.convNorm(x, name, { out, kernel: 3, stride: 2 }));
  const gathered = o.concat([down(down(f4, 'bn.4to8', 128), 'bn.4to16', 256), down(f8, 'bn.8to16', 256), f16], 1);
  let y = block(layers, 'bn.0', gathered, 512, 2);
  for (let i = 1; i < bottleneckBlocks; i++) y = block(layers, `bn.${i}`, y, 512, 1);
  return y;
}

/** Level by level back up; each first block doubles the size. Answers the levels at strides 4, 8, 16. */
function decoder(layers: TrainingLayers, embedded: Tensor): Tensor[] {
  let y = embedded;
  const levels: Tensor[] = [];
  for (const [i, out] of [256, 128, 64].entries()) {
    const name = `decoder${i}`;
    const inner = o.relu(doubled(layers, `${name}.0.up`, y, out));
    const outer = layers.convNorm(inner, `${name}.0.conv2`, { out, kernel: 3 });
    y = o.relu(o.add(outer, doubled(layers, `${name}.0.shortcut`, y, out)));
    for (let b = 1; b < stageBlocks; b++) y = block(layers, `${name}.${b}`, y, out, 1);
    levels.unshift(y);
  }
  return levels;
}

/** A transposed convolution of 2 x 2 at stride 2 is this, exactly: a 1 x 1 convolution and pixels laid out. */
function doubled(layers: TrainingLayers, name: string, x: Tensor, out: number): Tensor {
  return o.depthToSpace(layers.convNorm(x, name, { out: 4 * out, kernel: 1 }), 2);
}

function block(layers: TrainingLayers, name: string, x: Tensor, out: number, stride: number): Tensor {
  const inner = o.relu(layers.convNorm(x, `${name}.conv1`, { out, kernel: 3, stride }));
  const outer = layers.convNorm(inner, `${name}.conv2`, { out, kernel: 3 });
  const same = stride === 1 && x.shape[1] === out;
  return o.relu(o.add(outer, same ? x : layers.convNorm(x, `${name}.shortcut`, { out, kernel: 1, stride })));
}
