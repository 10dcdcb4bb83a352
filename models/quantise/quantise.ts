/**
 * A network in eight bits, as ONNX writes it: each tensor of the plan goes through QuantizeLinear and DequantizeLinear,
 * weights are whole numbers with steps of their own, and the runtime keeps whole numbers from one operator to the next.
 * Inputs and outputs stay fp32. Convolutions whose weights are not constant are left as they are.
 */
import * as o from '../graph/build.ts';
import { Graph } from '../graph/graph.ts';
import type { Constant, Node, Tensor } from '../graph/tensor.ts';
import { type Plan, planQuantisation } from './plan.ts';
import type { Range, Ranges } from './ranges.ts';
import { type Form, quantiseBias, quantiseWeights, type Step, stepOf } from './steps.ts';

/** `ranges` holds every measured tensor of the network's plan. */
export function quantise(graph: Graph, ranges: Ranges, form: Form): Graph {
  return new Quantisation(graph, ranges, form).run();
}

/** What stands in the new graph for a tensor of the old. */
interface Stand {
  float: Tensor;
  /** The same as whole numbers, where it goes through them. */
  whole: { tensor: Tensor; step: Step; range: Range } | null;
}

class Quantisation {
  readonly #from: Graph;
  readonly #to: Graph;
  readonly #form: Form;
  readonly #ranges: Ranges;
  readonly #plan: Plan;
  readonly #stands = new Map<Tensor, Stand>();
  readonly #zeros = new Map<number, Tensor>();
  readonly #weights = new Map<Tensor, { whole: Tensor; scales: Float32Array }>();

  constructor(graph: Graph, ranges: Ranges, form: Form) {
    this.#from = graph;
    this.#to = new Graph(graph.name);
    this.#form = form;
    this.#ranges = ranges;
    this.#plan = planQuantisation(graph);
  }

  run(): Graph {
    const wanted = this.#wanted();
    for (const { name, dtype, shape } of this.#from.inputs) this.#to.input(name, dtype, shape);
    for (const [i, input] of this.#from.inputs.entries()) this.#settle(input, this.#to.inputs[i]!);
    for (const node of this.#from.nodes.filter((each) => wanted.has(each))) {
      const [first] = node.outputs;
      if (this.#plan.weights.has(node)) this.#settle(first!, this.#convolution(node));
      else if (this.#plan.joins.has(first!)) this.#settle(first!, this.#join(node));
      else for (const [i, copy] of this.#copy(node).entries()) this.#settle(node.outputs[i]!, copy);
    }
    for (const [name, tensor] of this.#from.outputs) this.#to.output(name, this.#float(tensor));
    return this.#to;
  }

  /** Nodes that an output still needs: a gain on weights has become part of their steps. */
  #wanted(): ReadonlySet<Node> {
    const wanted = new Set<Node>();
    const walk = (tensor: Tensor): void => {
      const node = tensor.producer;
      if (!node || wanted.has(node)) return;
      wanted.add(node);
      for (const input of this.#plan.weights.has(node) ? [node.inputs[0]!] : node.inputs) walk(input);
    };
    for (const output of this.#from.outputs.values()) walk(output);
    return wanted;
  }

  #float(tensor: Tensor): Tensor {
    const known = this.#stands.get(tensor);
    if (known) return known.float;
    const float = this.#to.constant(tensor.name, this.#from.constants.get(tensor)!, tensor.shape);
    this.#stands.set(tensor, { float, whole: null });
    return float;
  }

  /** The new value of a tensor, through whole numbers where the plan says so. */
  #settle(tensor: Tensor, value: Tensor): void {
    const owner = this.#plan.stepsOf.get(tensor);
    if (!owner) return void this.#stands.set(tensor, { float: value, whole: null });
    const range = this.#plan.joins.has(tensor) ? joinedRange : this.#ranges.get(owner.name)!;
    const step = stepOf(range, this.#form);
    const whole = o.quantise(value, this.#to.scalar(step.scale), this.#zero(step.zero));
    this.#stands.set(tensor, { float: this.#dequantised(whole, step), whole: { tensor: whole, step, range } });
  }

  #dequantised(whole: Tensor, { scale, zero }: Step): Tensor {
    return o.dequantise(whole, this.#to.scalar(scale), this.#zero(zero));
  }

  #zero(zero: number): Tensor {
    const data = this.#form === 'u8' ? new Uint8Array([zero]) : new Int8Array([zero]);
    const known = this.#zeros.get(zero) ?? this.#to.constant(`zero_${zero}`, data, []);
    this.#zeros.set(zero, known);
    return known;
  }

  #copy(node: Node): readonly Tensor[] {
    const inputs = node.inputs.map((input) => this.#float(input));
    return this.#to.node(node.op, inputs, node.attributes, node.outputs[0]!.name);
  }

  /** Every branch read with steps that reach from -1 to 1, whatever its own are. */
  #join(node: Node): Tensor {
    const branches = node.inputs.map((input) => {
      const { tensor, step, range } = this.#stands.get(input)!.whole!;
      return this.#dequantised(tensor, { ...step, scale: Math.fround(step.scale / reach(range)) });
    });
    return this.#to.node('Concat', branches, node.attributes as never, node.outputs[0]!.name)[0]!;
  }

  #convolution(node: Node): Tensor {
    const [x, , bias] = node.inputs as [Tensor, Tensor, Tensor?];
    const { tensor, gain } = this.#plan.weights.get(node)!;
    const { whole, scales } = this.#quantisedWeights(tensor, x);
    const own = gain ? scales.map((scale, c) => scale * gain[c]!) : scales;
    const name = node.outputs[0]!.name;
    const list = (what: string, data: Constant): Tensor => this.#to.constant(`${name}.${what}`, data, [own.length]);
    const w = o.dequantise(whole, list('scale', own), list('zero', new Int8Array(own.length)));
    const inputs = [this.#float(x), w, ...(bias ? [this.#bias(bias, x, own, list)] : [])];
    return this.#to.node('Conv', inputs, node.attributes as never, name)[0]!;
  }

  /** TensorRT wants a bias in fp32; the CPU adds it to the whole sums. */
  #bias(bias: Tensor, x: Tensor, scales: Float32Array, list: (what: string, data: Constant) => Tensor): Tensor {
    if (this.#form === 's8') return this.#float(bias);
    const { scale } = this.#stands.get(x)!.whole!.step;
    const steps = scales.map((each) => each * scale);
    const values = quantiseBias(this.#from.constants.get(bias) as Float32Array, steps);
    return o.dequantise(
      list('bias', values),
      list('bias.scale', steps),
      list('bias.zero', new Int32Array(steps.length)),
    );
  }

  /** Siamese twins share one set of whole numbers, each with steps of its own. */
  #quantisedWeights(tensor: Tensor, x: Tensor): { whole: Tensor; scales: Float32Array } {
    const known = this.#weights.get(tensor);
    if (known) return known;
    const data = this.#from.constants.get(tensor) as Float32Array;
    const { values, scales } = quantiseWeights(this.#forBranches(data, tensor, x), tensor.shape[0]!);
    const made = { whole: this.#to.constant(tensor.name, values, tensor.shape), scales };
    this.#weights.set(tensor, made);
    return made;
  }

  /** [out, in, kernel, kernel] made to read a join whose branches were brought to one reach. */
  #forBranches(data: Float32Array, { shape }: Tensor, x: Tensor): Float32Array {
    if (!this.#plan.joins.has(x)) return data;
    const reaches = x.producer!.inputs.flatMap((branch) =>
      new Array<number>(branch.shape[1]!).fill(reach(this.#stands.get(branch)!.whole!.range)),
    );
    const [, channels, height, width] = shape as [number, number, number, number];
    return data.map((w, i) => w * reaches[Math.floor(i / (height * width)) % channels]!);
  }
}

/** How far from zero a range reaches. */
const reach = ({ low, high }: Range): number => Math.max(-low, high, 1e-6);
/** A join's branches are brought to it. */
const joinedRange: Range = { low: -1, high: 1 };
