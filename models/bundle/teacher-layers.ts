/**
 * The convolutions of a teacher in forward order, read off the network's own definition: what a weights file has to
 * hold, and what one image costs.
 */
import * as o from '../graph/build.ts';
import { gflop } from '../graph/cost.ts';
import { Graph } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import { backbone, type TeacherSpec } from '../nets/teacher.ts';

export interface TeacherLayer {
  /** torchvision's name of the convolution, and of the normalisation behind it. */
  name: string;
  norm: string;
  /** [out, in, kernel, kernel] */
  shape: Shape;
  stride: number;
  /** [1, out, height, width] for a square image of `sidePx`. */
  output: Shape;
}

export function teacherLayers(spec: TeacherSpec, sidePx: number): { layers: TeacherLayer[]; gflop: number } {
  const graph = new Graph('layers');
  const layers: TeacherLayer[] = [];
  const image = graph.input('image', 'float32', [1, 3, sidePx, sidePx]);
  backbone(image, spec, (x, name, { out, kernel, stride }) => {
    const shape = [out, x.shape[1]!, kernel, kernel];
    const y = o.conv(x, graph.input(`${name}.weight`, 'float32', shape), { stride, pad: (kernel - 1) / 2 });
    layers.push({ name, norm: normOf(name), shape, stride, output: y.shape });
    return y;
  });
  return { layers, gflop: gflop(graph) };
}

/** conv2 -> bn2, downsample.0 -> downsample.1 */
function normOf(conv: string): string {
  return conv.endsWith('downsample.0') ? `${conv.slice(0, -1)}1` : conv.replace(/conv(\d)$/, 'bn$1');
}

/** What people call it; layer4 is never looked at, so a depth is told by the layers before it. */
export function teacherName({ block = 'basic', blocks, widths, stem }: TeacherSpec): string {
  const known: Readonly<Record<string, string>> = {
    'basic 2,2,2 of 64': 'ResNet-18',
    'basic 3,4,6 of 64': 'ResNet-34',
    'bottleneck 3,4,6 of 64': 'ResNet-50',
    'bottleneck 3,4,6 of 128': 'WideResNet-50-2',
    'bottleneck 3,4,23 of 64': 'ResNet-101',
    'bottleneck 3,4,23 of 128': 'WideResNet-101-2',
  };
  return known[`${block} ${blocks} of ${widths?.[0] ?? stem}`] ?? `a ResNet of ${block} blocks`;
}
