/**
 * The colour box: what convolutions forget of colour, as the geometry box is of height. A broad, faint change of colour
 * has no edge a convolution would stumble over, and a scratch is lost in the noise of each place. Tone, line and tint
 * are of logarithms less the part's own mean, so that neither brightness nor warmth of the light counts; each is
 * held against what good parts have at that place.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { blur } from './blur.ts';
import { lines } from './lines.ts';
import type { PlaceStatistics } from './places.ts';
import { colourMean, colourSpread } from './prepare.ts';

/** Specks are small, tints are broad and faint: blur of each, working pixels. */
const blurPx = { tone: 1, tint: 4 } as const;
/** Added to a brightness of 0..1 before its logarithm: what is darker is the sensor's noise. */
const darkLevel = 0.03;

/** What is measured: lightness, lines in it, and red and blue against green. */
export const colourFeatureNames = ['tone', 'line', 'tintRed', 'tintBlue'] as const;
export type ColourFeatureName = (typeof colourFeatureNames)[number];
/** What is judged. */
export const colourNames = ['tone', 'line', 'tint'] as const;
export type ColourName = (typeof colourNames)[number];
export type ColourReferences = Record<ColourFeatureName, PlaceStatistics>;

/** rgb [1,3,h,w] in network units -> [1,1,h,w] each, natural logarithms less the part's mean. */
export function colourFeatures(rgb: Tensor): Record<ColourFeatureName, Tensor> {
  const perChannel = (values: readonly number[]): Tensor =>
    rgb.graph.constant('channel', Float32Array.from(values), [1, 3, 1, 1]);
  const brightness = o.add(o.mul(rgb, perChannel(colourSpread)), perChannel(colourMean)); // 0..1
  const logs = o.log(o.add(o.relu(brightness), darkLevel));
  const channel = (c: number): Tensor => o.slice(logs, { 1: [c, c + 1] });
  const [red, green, blue] = [channel(0), channel(1), channel(2)];
  const own = (x: Tensor): Tensor => o.sub(x, o.reduceMean(x, [2, 3], true));
  const lightness = own(o.reduceMean(logs, [1], true));
  return {
    tone: blur(lightness, blurPx.tone),
    line: lines(lightness),
    tintRed: blur(own(o.sub(red, green)), blurPx.tint),
    tintBlue: blur(own(o.sub(blue, green)), blurPx.tint),
  };
}

/** Deviations from good parts in their spreads, [1,1,h,w] each, 0 = as expected. */
export function colour(graph: Graph, rgb: Tensor, references: ColourReferences): Record<ColourName, Tensor> {
  const features = colourFeatures(rgb);
  const deviation = (name: ColourFeatureName): Tensor =>
    graph.scope(name, () => {
      const place = (values: Float32Array, what: string): Tensor => graph.constant(what, values, features[name].shape);
      const { mean, spread } = references[name];
      return o.div(o.sub(features[name], place(mean, 'mean')), place(spread, 'spread'));
    });
  const [red, blue] = [deviation('tintRed'), deviation('tintBlue')];
  // No line where good parts have one is not told by its strength: the strongest of all directions is never missed.
  const line = o.relu(deviation('line'));
  return { tone: o.abs(deviation('tone')), line, tint: o.sqrt(o.add(o.square(red), o.square(blue))) };
}
