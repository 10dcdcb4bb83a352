/**
 * How strongly a line runs through a place: a scratch is narrower than any blur that calms the noise around it, but it
 * is long, so it is averaged along itself and held against what lies on either side. The strongest of a few directions.
 */
import * as o from '../graph/build.ts';
import type { Tensor } from '../graph/tensor.ts';

const directions = 8;
/** Along the line, and sigma across it and of its surroundings; pixels. */
const lengthPx = 15;
const acrossPx = 0.8;
const besidePx = 3 * acrossPx;

/** x [1,1,h,w] -> [1,1,h,w], in units of x: how much brighter or darker than its sides; borders continue. */
export function lines(x: Tensor): Tensor {
  const radius = (lengthPx - 1) / 2;
  const taps = Array.from({ length: directions }, (_, i) => kernel((Math.PI * i) / directions)).flat();
  const filters = x.graph.constant('lines', Float32Array.from(taps), [directions, 1, lengthPx, lengthPx]);
  return o.reduceMax(o.abs(o.conv(o.pad(x, [radius, radius, radius, radius], 'edge'), filters)), [1], true);
}

/** Of one direction: the line less its surroundings, each of sum 1. */
function kernel(angle: number): number[] {
  const radius = (lengthPx - 1) / 2;
  const profile = (sigma: number): number[] => {
    const taps = Array.from({ length: lengthPx ** 2 }, (_, i) => {
      const [x, y] = [(i % lengthPx) - radius, Math.floor(i / lengthPx) - radius];
      const along = x * Math.cos(angle) + y * Math.sin(angle);
      const across = x * Math.sin(angle) - y * Math.cos(angle);
      return Math.abs(along) <= radius ? Math.exp(-0.5 * (across / sigma) ** 2) : 0;
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return taps.map((tap) => tap / sum);
  };
  const beside = profile(besidePx);
  return profile(acrossPx).map((tap, i) => tap - beside[i]!);
}
