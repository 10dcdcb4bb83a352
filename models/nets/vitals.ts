/**
 * Signs of life of each modality, in the graph: how much of the part it saw, how much what it saw differs from place to
 * place, and from one pixel to the next. A camera that is black, white, stuck at one value or replaced by a constant
 * has next to none of one of them, whatever the networks make of it; the limits come from good parts.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { colourMean, colourSpread, type Prepared } from './prepare.ts';

/** In the order of the graph's output `vitals`, [2,3]: colour's, then depth's. */
export const vitalNames = ['share', 'contrast', 'grain'] as const;
export const vitalModalities = ['rgb', 'depth'] as const;

export interface Vitals {
  /** [2,3] */
  table: Tensor;
  /** [1]: the smaller of the two shares. */
  least: Tensor;
}

/** `area` [1,1,h,w] is 1 where the part is to be judged. Colour in grey levels, depth in mm above its datum. */
export function vitals(graph: Graph, { rgb, lit, heightMm, valid }: Prepared, area: Tensor): Vitals {
  const grey = graph.scope('grey', () => greyLevels(graph, rgb));
  const colour = graph.scope('rgb', () => signs(grey, area, o.mul(lit, area), area));
  const depth = graph.scope('depth', () => {
    const seen = o.mul(valid, area);
    return signs(heightMm, seen, seen, area);
  });
  const table = o.reshape(o.concat([...colour, ...depth], 0), vitalModalities.length, vitalNames.length);
  return { table, least: o.minimum(colour[0], depth[0]) };
}

/** Back from the network's scale to 0..255, the mean of the channels. */
function greyLevels(graph: Graph, rgb: Tensor): Tensor {
  const perChannel = (values: number[]): Tensor => graph.constant('channel', Float32Array.from(values), [1, 3, 1, 1]);
  const [spread, mean] = [colourSpread, colourMean].map((values) => perChannel(values.map((value) => 255 * value)));
  return o.reduceMean(o.add(o.mul(rgb, spread!), mean!), [1], true);
}

/**
 * Share of the area that was seen; standard deviation over the measured places; mean step between neighbours that were
 * both measured. A black place is measured, though nothing was seen there.
 */
function signs(value: Tensor, measured: Tensor, seen: Tensor, area: Tensor): [Tensor, Tensor, Tensor] {
  const mean = (of: Tensor, over: Tensor): Tensor =>
    o.div(o.reduceSum(o.mul(of, over)), o.maximum(o.reduceSum(over), 1));
  const contrast = o.sqrt(mean(o.square(o.sub(value, mean(value, measured))), measured));
  const width = value.shape[3]!;
  const left = (x: Tensor): Tensor => o.slice(x, { 3: [0, width - 1] });
  const right = (x: Tensor): Tensor => o.slice(x, { 3: [1, width] });
  const grain = mean(o.abs(o.sub(left(value), right(value))), o.mul(left(measured), right(measured)));
  const share = mean(seen, area);
  return [o.reshape(share, 1), o.reshape(contrast, 1), o.reshape(grain, 1)];
}
