/** The words for what a graph is made of, for those who build with tensors and need nothing else of the graph. */
export type { Constant, Node, Tensor } from './graph.ts';
export type { DType, Shape } from './shape.ts';
