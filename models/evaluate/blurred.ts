/** A map blurred over what was judged: a place that was not stays so, and lends its neighbours nothing. */

/** How far the kernel reaches, in sigmas. */
const reach = 3;

/** map [heightPx, widthPx], NaN = not judged; the Gaussian's sigma in pixels. */
export function blurred(map: Float32Array, widthPx: number, sigmaPx: number): Float32Array {
  const taps = kernel(sigmaPx);
  const known = map.map((value) => (Number.isNaN(value) ? 0 : 1));
  const values = map.map((value) => (Number.isNaN(value) ? 0 : value));
  const [sums, weights] = [values, known].map((plane) => along(along(plane, widthPx, taps, 1), widthPx, taps, widthPx));
  return map.map((value, at) => (Number.isNaN(value) ? value : sums![at]! / weights![at]!));
}

function kernel(sigmaPx: number): Float32Array {
  const radius = Math.ceil(reach * sigmaPx);
  const taps = Float32Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / sigmaPx) ** 2));
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

/** Along rows (step 1) or columns (step widthPx); nothing beyond the border. */
function along(plane: Float32Array, widthPx: number, taps: Float32Array, step: number): Float32Array {
  const radius = (taps.length - 1) / 2;
  const length = step === 1 ? widthPx : plane.length / widthPx;
  return plane.map((_, at) => {
    const place = step === 1 ? at % widthPx : Math.floor(at / widthPx);
    const [first, last] = [Math.max(-radius, -place), Math.min(radius, length - 1 - place)];
    let sum = 0;
    for (let tap = first; tap <= last; tap++) sum += taps[tap + radius]! * plane[at + tap * step]!;
    return sum;
  });
}
