/**
 * Distances to simple shapes, in mm, negative inside, and the soft steps between them. Square root is the only
 * function used that is not plain arithmetic: it is exact everywhere.
 */

export function discDistance(x: number, y: number, radius: number): number {
  return Math.sqrt(x * x + y * y) - radius;
}

export function roundRectDistance(x: number, y: number, halfX: number, halfY: number, corner: number): number {
  const dx = Math.abs(x) - halfX + corner;
  const dy = Math.abs(y) - halfY + corner;
  const outX = Math.max(dx, 0);
  const outY = Math.max(dy, 0);
  const inside = Math.max(dx, dy);
  return Math.sqrt(outX * outX + outY * outY) + Math.min(inside, 0) - corner;
}

/** Distance to the segment a-b. */
export function segmentDistance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const square = dx * dx + dy * dy;
  const t = square > 0 ? clamp(((x - ax) * dx + (y - ay) * dy) / square, 0, 1) : 0;
  return discDistance(x - ax - t * dx, y - ay - t * dy, 0);
}

/** 1 well inside, 0 well outside, straight over `softMm` around the edge. */
export function cover(distanceMm: number, softMm: number): number {
  return clamp(0.5 - distanceMm / softMm, 0, 1);
}

/** A smooth bell: 1 at the centre, 0 with flat slope from the radius on. */
export function bell(distanceSquare: number, radius: number): number {
  const rest = 1 - distanceSquare / (radius * radius);
  return rest > 0 ? rest * rest : 0;
}

export function smoothstep(value: number): number {
  const t = clamp(value, 0, 1);
  return t * t * (3 - 2 * t);
}

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : Math.min(value, high);
}

export function lerp(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
