/**
 * Batches of procedural frames to distil on: every step sees other crops, mirrored and lit otherwise, of a pool of
 * frames that is drawn once, because drawing one costs more than learning from it. A batch follows from seed and step
 * alone.
 */
import { invariant } from '../../errors.ts';
import { type Random, seeded } from '../random.ts';
import { type Frame, procedural } from './procedural.ts';

/** Frames drawn, and their side as a multiple of a crop's. */
const pooledFrames = 2048;
const frameScale = 1.25;

/** step -> [batch,3,side,side]: colour and relief of half as many frames, the colours first. */
export function frameBatches(seed: number, batch: number, side: number): (step: number) => Float32Array {
  invariant(batch % 2 === 0, 'frameBatches: a frame fills two places of a batch');
  const frameSide = Math.round(frameScale * side);
  const frames = procedural(seed, frameSide);
  const pool = new Map<number, Frame>();
  const pooled = (index: number): Frame => {
    const frame = pool.get(index) ?? frames.frame(index);
    pool.set(index, frame);
    return frame;
  };
  return (step) => {
    const random = seeded(seed, 13, step);
    const size = 3 * side * side;
    const out = new Float32Array(batch * size);
    for (let i = 0; i < batch / 2; i++) {
      const { colour, relief } = pooled((step * (batch / 2) + i) % pooledFrames);
      const view = someView(random, frameSide, side);
      cut(colour, view, recoloured(random), out.subarray(i * size, (i + 1) * size));
      cut(relief, view, reshaped(random, view), out.subarray((batch / 2 + i) * size, (batch / 2 + i + 1) * size));
    }
    return out;
  };
}

interface View {
  frameSide: number;
  side: number;
  left: number;
  top: number;
  flipX: boolean;
  flipY: boolean;
}

function someView(random: Random, frameSide: number, side: number): View {
  const play = frameSide - side + 1;
  return {
    frameSide,
    side,
    left: Math.floor(random.uniform() * play),
    top: Math.floor(random.uniform() * play),
    flipX: random.uniform() < 0.5,
    flipY: random.uniform() < 0.5,
  };
}

/** What a plane of the crop is made of: which plane of the frame, times a gain, plus a shift. */
interface Plane {
  from: number;
  gain: number;
  shift: number;
}

/** The channels in another order, each a little brighter or darker. */
function recoloured(random: Random): Plane[] {
  const gain = 0.7 + 0.6 * random.uniform();
  const shift = 0.4 * random.normal();
  return random.shuffled(3).map((from) => ({
    from,
    gain: gain * (1 + 0.1 * random.normal()),
    shift: shift + 0.1 * random.normal(),
  }));
}

/** Higher or flatter; the slope along a mirrored axis changes its sign. */
function reshaped(random: Random, { flipX, flipY }: View): Plane[] {
  const gain = 0.6 + 0.8 * random.uniform();
  const turned = random.uniform() < 0.5 ? -gain : gain;
  return [turned, flipX ? -turned : turned, flipY ? -turned : turned].map((each, from) => ({
    from,
    gain: each,
    shift: 0,
  }));
}

/** Writes the view of a frame into out [3,side,side]. */
function cut(frame: Float32Array, view: View, planes: readonly Plane[], out: Float32Array): void {
  const { frameSide, side, left, top, flipX, flipY } = view;
  for (const [c, { from, gain, shift }] of planes.entries()) {
    for (let y = 0; y < side; y++) {
      const row = (from * frameSide + top + (flipY ? side - 1 - y : y)) * frameSide + left;
      const at = (c * side + y) * side;
      for (let x = 0; x < side; x++) out[at + x] = gain * frame[row + (flipX ? side - 1 - x : x)]! + shift;
    }
  }
}
