/**
 * The same graph in operators that the runtime computes faster: what is written plainly in the networks is a matrix
 * product here. Results differ by rounding alone, so everything that scores must come through it, or nothing.
 * Measured on one x64 core, first-run bundle, fp32: sums over channels and blurs of one channel took 5.7 ms of the
 * graph, and take about 1.4 as products.
 */
import { Graph } from './graph.ts';
import type { OperatorAttributes } from './operators.ts';
import type { Node, Tensor } from './tensor.ts';

/** Below this many channels a sum is quick as it is. */
const leastChannels = 8;
/** A dense product grows with the sides of the picture, a convolution with its taps: up to so many pixels a tap. */
const pixelsPerTap = 32;

export function lean(graph: Graph): Graph {
  const blurs = blursOf(graph);
  const skipped = new Set([...blurs.values()].flatMap(({ nodes }) => nodes));
  const next = new Graph(graph.name);
  const here = new Map<Tensor, Tensor>();
  for (const input of graph.inputs) here.set(input, next.input(input.name, input.dtype, input.shape));
  const value = (tensor: Tensor): Tensor => {
    const known = here.get(tensor);
    if (known) return known;
    const constant = next.constant(tensor.name, graph.constants.get(tensor)!, tensor.shape);
    here.set(tensor, constant);
    return constant;
  };
  for (const node of graph.nodes) {
    const blur = blurs.get(node);
    const [output] = node.outputs as [Tensor];
    if (blur) here.set(output, product(next, value(blur.x), blur.taps, output.name));
    else if (sumsChannels(node)) here.set(output, weighted(next, value(node.inputs[0]!), node, output));
    else if (!skipped.has(node)) {
      const made = next.node(node.op, node.inputs.map(value), node.attributes, output.name);
      for (const [i, each] of node.outputs.entries()) here.set(each, made[i]!);
    }
  }
  for (const [name, tensor] of graph.outputs) next.output(name, value(tensor));
  return next;
}

function sumsChannels({ op, inputs, attributes }: Node): boolean {
  if (op !== 'ReduceSum' && op !== 'ReduceMean') return false;
  const { axes } = attributes as OperatorAttributes['ReduceSum'];
  const { shape, dtype } = inputs[0]!;
  const one = String(axes) === '1' && shape.length === 4 && shape[0] === 1;
  return one && shape[1]! >= leastChannels && dtype === 'float32';
}

/** [1,C,h,w] -> its sum or mean over channels, as [1,C] x [C,hw]. */
function weighted(graph: Graph, x: Tensor, { op }: Node, { name, shape }: Tensor): Tensor {
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const weight = op === 'ReduceSum' ? 1 : 1 / channels;
  const ones = graph.constant(`${name}.weights`, new Float32Array(channels).fill(weight), [1, channels]);
  const [flat] = graph.node('Reshape', [x], { shape: [channels, height * width] });
  const [sum] = graph.node('MatMul', [ones, flat!], {});
  return graph.node('Reshape', [sum!], { shape }, name)[0]!;
}

interface Blur {
  x: Tensor;
  taps: { across: Float32Array; down: Float32Array };
  /** The nodes it stands for, but the last. */
  nodes: readonly Node[];
}

/** Pad by edge values, one channel convolved across, then down: by the node it ends with. */
function blursOf(graph: Graph): ReadonlyMap<Node, Blur> {
  const readers = new Map<Tensor, number>();
  const count = (tensor: Tensor): void => void readers.set(tensor, (readers.get(tensor) ?? 0) + 1);
  for (const node of graph.nodes) for (const input of node.inputs) count(input);
  for (const output of graph.outputs.values()) count(output);
  const blurs = new Map<Node, Blur>();
  for (const last of graph.nodes) {
    const down = tapsOf(graph, last, 2);
    const first = last.inputs[0]?.producer;
    const across = first && readers.get(last.inputs[0]!) === 1 ? tapsOf(graph, first, 3) : null;
    const pad = first?.inputs[0]?.producer;
    if (!down || !across || !pad || readers.get(first.inputs[0]!) !== 1 || pad.op !== 'Pad') continue;
    const { pads, mode } = pad.attributes as OperatorAttributes['Pad'];
    const [x] = pad.inputs as [Tensor];
    const [rows, columns] = [(down.length - 1) / 2, (across.length - 1) / 2];
    const kept = String(pads) === String([0, 0, rows, columns, 0, 0, rows, columns]) && mode === 'edge';
    const small = x.shape[2]! + x.shape[3]! <= pixelsPerTap * Math.min(down.length, across.length);
    if (kept && small && x.shape[0] === 1) blurs.set(last, { x, taps: { across, down }, nodes: [pad, first] });
  }
  return blurs;
}

/** The kernel of a convolution of one channel along one axis, nothing else about it. */
function tapsOf(graph: Graph, { op, inputs, attributes }: Node, axis: 2 | 3): Float32Array | null {
  if (op !== 'Conv' || inputs.length !== 2) return null;
  const { strides, pads } = attributes as OperatorAttributes['Conv'];
  const { shape } = inputs[1]!;
  const along = shape.every((length, at) => at === axis || length === 1);
  const plain = [...strides].every((stride) => stride === 1) && [...pads].every((pad) => pad === 0);
  const data = graph.constants.get(inputs[1]!);
  return along && plain && data instanceof Float32Array ? data : null;
}

/** down [h,h] x picture [h,w] x across [w,w]; the edges continue with their value within the matrices. */
function product(graph: Graph, x: Tensor, { across, down }: Blur['taps'], name: string): Tensor {
  const [, , height, width] = x.shape as [number, number, number, number];
  const band = (taps: Float32Array, length: number, at: (from: number, to: number) => number): Float32Array => {
    const matrix = new Float32Array(length * length);
    const radius = (taps.length - 1) / 2;
    for (let to = 0; to < length; to++) {
      for (const [t, tap] of taps.entries()) {
        matrix[at(Math.min(length - 1, Math.max(0, to + t - radius)), to)]! += tap;
      }
    }
    return matrix;
  };
  const right = band(across, width, (from, to) => from * width + to);
  const left = band(down, height, (from, to) => to * height + from);
  const [flat] = graph.node('Reshape', [x], { shape: [height, width] });
  const [wide] = graph.node('MatMul', [flat!, graph.constant(`${name}.across`, right, [width, width])], {});
  const [both] = graph.node('MatMul', [graph.constant(`${name}.down`, left, [height, height]), wide!], {});
  return graph.node('Reshape', [both!], { shape: x.shape }, name)[0]!;
}
