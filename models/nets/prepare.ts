/**
 * The prepare box: camera units in, network channels out, in the graph, so that the daemon and the teaching see the
 * same. Colour becomes the backbone's mean and spread; depth becomes signed height above a datum and its slopes, with
 * a validity map that travels to the end. No per-image scaling: one burr must not rescale a part. Stays fp32.
 */
import * as o from '../graph/build.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../graph/tensor.ts';
import { blur } from './blur.ts';
import { type FittedPlane, fittedPlane, fixedPlane } from './datum.ts';
import { fillMissing, scaleMasked } from './missing.ts';
import type { DepthView } from './recipe.ts';

/** What prepare needs of a manifest, structurally. */
export interface PrepareSpec {
  input: { widthPx: number; heightPx: number };
  roi: { x: number; y: number; widthPx: number; heightPx: number } | null;
  working: { widthPx: number; heightPx: number };
  datum: { kind: 'fitted' } | { kind: 'fixed'; offsetMm: number; slopeXMmAcross: number; slopeYMmAcross: number };
  depthScale: { centreMm: number; heightMm: number; slopeMmPerPx: number; view?: DepthView };
}

export interface Prepared {
  /** [1,3,h,w], ImageNet-normalised. */
  rgb: Tensor;
  /** [1,3,h,w]: compressed height, slope x, slope y. */
  depth: Tensor;
  /** [1,1,h,w], mm above the datum, towards the camera positive, missing readings filled. */
  heightMm: Tensor;
  /** [1,1,h,w], 1 = a reading. */
  valid: Tensor;
  /** [1,1,h,w], 1 = colour saw something: a dead or covered camera gives black. */
  lit: Tensor;
  /** [2]: offset in mm and tilt in mm across the image; zeros for a fixed datum. */
  datum: Tensor;
}

/** Mean and spread of ImageNet's channels on a 0..1 scale, as every torchvision and timm ResNet expects. */
export const colourMean = [0.485, 0.456, 0.406];
export const colourSpread = [0.229, 0.224, 0.225];
/** The brightest channel of a lit pixel lies above this, of 255. */
const blackLevel = 2;
/** Distances at or beyond this are sensor codes, not readings, mm. */
const farthestMm = 1e6;

/** rgb uint8 [H,W,3], depth float32 [H,W] mm (NaN or 0 = no reading). */
export function prepare(graph: Graph, rgb: Tensor, depth: Tensor, spec: PrepareSpec): Prepared {
  const { widthPx: width, heightPx: height } = spec.working;
  const { colour, lit } = graph.scope('colour', () => {
    const planes = o.reshape(
      o.transpose(o.cast(rgb, 'float32'), 2, 0, 1),
      1,
      3,
      spec.input.heightPx,
      spec.input.widthPx,
    );
    const scaled = scale(crop(planes, spec), height, width);
    const perChannel = (values: number[]): Tensor => graph.constant('channel', Float32Array.from(values), [1, 3, 1, 1]);
    const gain = perChannel(colourSpread.map((spread) => 1 / (255 * spread)));
    const normalised = o.sub(o.mul(scaled, gain), perChannel(colourMean.map((mean, c) => mean / colourSpread[c]!)));
    return { colour: normalised, lit: o.cast(o.greater(o.reduceMax(scaled, [1], true), blackLevel), 'float32') };
  });
  return graph.scope('depth', () => {
    const raw = crop(o.reshape(depth, 1, 1, spec.input.heightPx, spec.input.widthPx), spec);
    // NaN compares false with everything, so it is no reading; chosen by Where before any arithmetic touches it.
    const reading = o.and(o.greater(raw, 0), o.less(raw, farthestMm));
    const centred = o.where(
      reading,
      o.sub(o.where(reading, raw, spec.depthScale.centreMm), spec.depthScale.centreMm),
      0,
    );
    const { value, valid } = scaleMasked(centred, o.cast(reading, 'float32'), height, width);
    const plane: FittedPlane =
      spec.datum.kind === 'fitted'
        ? fittedPlane(value, valid)
        : fixedPlane(value, spec.datum, spec.depthScale.centreMm);
    const heightMm = fillMissing(o.mul(o.sub(plane.surface, value), valid), valid);
    return { rgb: colour, depth: channels(heightMm, spec), heightMm, valid, lit, datum: plane.datum };
  });
}

/** Slopes of raw readings are mostly sensor noise; this much blur, working pixels, leaves the shape. */
const slopeBlurPx = 1.5;

/** Height and slopes [1,1,h,w] mm -> [1,3,h,w] of order one. */
function channels(heightMm: Tensor, { depthScale }: PrepareSpec): Tensor {
  const relative = o.div(heightMm, depthScale.heightMm);
  // sign(x) log(1 + |x|): linear for small heights, compressed for large ones.
  const compressed = o.mul(o.div(relative, o.add(o.abs(relative), 1e-6)), o.log(o.add(o.abs(relative), 1)));
  const slopes = o.div(sobel(blur(heightMm, slopeBlurPx)), depthScale.slopeMmPerPx); // [1,2,h,w]
  const steepness = o.sqrt(o.add(o.reduceSum(o.square(slopes), [1], true), 1));
  const shown = (x: Tensor, hiddenBy: DepthView): Tensor => (depthScale.view === hiddenBy ? o.mul(x, 0) : x);
  return o.concat([shown(compressed, 'slopes'), shown(o.mul(o.div(slopes, steepness), 2), 'height')], 1);
}

/** Smoothed derivative along x and y, mm per pixel: [1,1,h,w] -> [1,2,h,w]. */
function sobel(x: Tensor): Tensor {
  const kernel = [-1, 0, 1, -2, 0, 2, -1, 0, 1].map((tap) => tap / 8);
  const turned = [0, 3, 6, 1, 4, 7, 2, 5, 8].map((i) => kernel[i]!);
  const weights = x.graph.constant('sobel', Float32Array.from([...kernel, ...turned]), [2, 1, 3, 3]);
  return o.conv(o.pad(x, [1, 1, 1, 1], 'edge'), weights);
}

function crop(x: Tensor, { roi }: PrepareSpec): Tensor {
  return roi ? o.slice(x, { 2: [roi.y, roi.y + roi.heightPx], 3: [roi.x, roi.x + roi.widthPx] }) : x;
}

/** Whole-number means first, so that nothing is skipped over, then linear to the exact size. */
function scale(x: Tensor, height: number, width: number): Tensor {
  const factor = Math.max(1, Math.min(Math.floor(x.shape[2]! / height), Math.floor(x.shape[3]! / width)));
  return o.resize(factor > 1 ? o.averagePool(x, factor) : x, height, width);
}
