/**
 * The fish eye of OpenCV (`cv::fisheye`), ROS (`equidistant`) and Kannala-Brandt with four terms: what counts is the
 * angle from the axis, theta, and the picture's radius is theta (1 + k1 theta2 + k2 theta4 + k3 theta6 + k4 theta8).
 *
 * Directions are (x/z, y/z) here as everywhere, so that a spot must lie in front of the lens: what a lens sees farther
 * than `widestRad` from its axis has no direction and counts as not seen.
 */
interface Place {
  readonly x: number;
  readonly y: number;
}

export const fishEyeTerms = 4;

/** 89 degrees: at 90 a plane in front of the lens is met nowhere. */
export const widestRad = (89 * Math.PI) / 180;

/** The factor from the tangent of an angle, `r`, to the radius in the picture, focal lengths. */
export function fishEyeScale([k1 = 0, k2 = 0, k3 = 0, k4 = 0]: readonly number[], r: number): number {
  const theta = Math.atan(r);
  const t2 = theta * theta;
  const bent = 1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4)));
  // on the axis itself angle and tangent are one
  return r > 0 ? (theta * bent) / r : 1;
}

/** A place in the picture, focal lengths from its centre -> direction; NaN where the lens looks nowhere in front. */
export function fishEyeDirection(terms: readonly number[], { x, y }: Place): Place {
  const radius = Math.hypot(x, y);
  const theta = thetaOf(terms, radius);
  const scale = radius > 0 ? Math.tan(theta) / radius : 1;
  return { x: x * scale, y: y * scale };
}

/** How much faster than on the axis the tangent grows from pixel to pixel, at tangent `r` from it: 1 at the axis. */
export function fishEyeStretch(terms: readonly number[], r: number): number {
  return (1 + r * r) / slopeAt(terms, Math.atan(r));
}

const reaches = new WeakMap<readonly number[], number>();
/** The radius is looked at in steps of a twentieth of a degree: polynomials of real lenses turn slowly. */
const stepRad = Math.PI / 3600;

/** The angle up to which the radius rises, at most `widestRad`: beyond it the terms mean nothing. */
export function fishEyeReach(terms: readonly number[]): number {
  const known = reaches.get(terms);
  if (known !== undefined) return known;
  let reach = 0;
  while (reach + stepRad <= widestRad && slopeAt(terms, reach + stepRad) > 0) reach += stepRad;
  if (slopeAt(terms, widestRad) > 0 && reach + stepRad > widestRad) reach = widestRad;
  reaches.set(terms, reach);
  return reach;
}

/** Halvings, at worst, that bring an angle to this, rad; Newton's steps need about four. */
const rounds = 60;
const settled = 1e-13;

/** The angle of a radius, NaN beyond the reach: Newton's steps, kept between two bounds. */
function thetaOf(terms: readonly number[], radius: number): number {
  let low = 0;
  let high = fishEyeReach(terms);
  if (!(radiusAt(terms, high) >= radius)) return Number.NaN;
  let theta = Math.min(radius, high);
  for (let round = 0; round < rounds; round++) {
    const over = radiusAt(terms, theta) - radius;
    if (over > 0) high = theta;
    else low = theta;
    const next = theta - over / slopeAt(terms, theta);
    const step = (next > low && next < high ? next : (low + high) / 2) - theta;
    theta += step;
    if (Math.abs(step) < settled) break;
  }
  return theta;
}

function radiusAt([k1 = 0, k2 = 0, k3 = 0, k4 = 0]: readonly number[], theta: number): number {
  const t2 = theta * theta;
  return theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))));
}

function slopeAt([k1 = 0, k2 = 0, k3 = 0, k4 = 0]: readonly number[], theta: number): number {
  const t2 = theta * theta;
  return 1 + t2 * (3 * k1 + t2 * (5 * k2 + t2 * (7 * k3 + t2 * 9 * k4)));
}
