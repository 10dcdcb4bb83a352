/**
 * What stands in front of the simulated cameras: parts of the synthetic line or recorded ones, drawn once and shown in
 * turn, each shot stamped with its trigger so that a receiver can prove by content which one it got. And how a scene
 * is encoded into the pixel formats of a camera.
 */
import { diskFiles, listSamples } from '../../drivers/index.ts';
import { renderPart } from '../../drivers/synthetic/part.ts';
import { type ComponentName, formats } from './layout.ts';
import type { CameraModel, Scene } from './model.ts';

export interface SceneChoice {
  /** Synthetic parts of this seed; or the recorded parts of a folder, which must have the cameras' size. */
  readonly seed?: number;
  readonly folder?: string;
  /** How many different ones are shown in turn. */
  readonly scenes: number;
}

/** The depth in mm that the stamp stands on: any a structured-light camera reads. */
const stampMm = 500;
const stampPixels = 8;

/** Draws the scenes of one grid, unstamped. */
export async function drawScenes(choice: SceneChoice, widthPx: number, heightPx: number): Promise<Scene[]> {
  if (choice.folder !== undefined) {
    const samples = (await listSamples(diskFiles, choice.folder)).slice(0, choice.scenes);
    return Promise.all(samples.map(async (sample) => sample.load()));
  }
  const { seed = 1, scenes } = choice;
  return Array.from({ length: scenes }, (_, part) => renderPart({ seed, part: part + 1, grid: { widthPx, heightPx } }));
}

/** The trigger, bit by bit, in the first pixels: black or white, near or far, so that no format blurs it. */
export function stampRgb(rgb: Uint8Array, trigger: number): void {
  for (let bit = 0; bit < 3 * stampPixels; bit++) rgb[bit] = (trigger >>> bit) & 1 ? 255 : 0;
}

export function stampDepth(depthMm: Float32Array, trigger: number): void {
  for (let bit = 0; bit < 3 * stampPixels; bit++) depthMm[bit] = stampMm + ((trigger >>> bit) & 1 ? 64 : 0);
}

export function rgbStamp(rgb: Uint8Array): number {
  let trigger = 0;
  for (let bit = 0; bit < 3 * stampPixels; bit++) if (rgb[bit]! > 127) trigger |= 1 << bit;
  return trigger;
}

export function depthStamp(depthMm: Float32Array): number {
  let trigger = 0;
  for (let bit = 0; bit < 3 * stampPixels; bit++) if (depthMm[bit]! > stampMm + 32) trigger |= 1 << bit;
  return trigger;
}

/** One component of a scene in the camera's format, stamped. */
export function encode(scene: Scene, model: CameraModel, component: ComponentName, trigger: number): Uint8Array {
  if (component === 'Confidence')
    return scene.depthMm.length > 0 ? Uint8Array.from(scene.depthMm, believed) : new Uint8Array();
  if (component === 'Range') return encodeRange(scene, model, trigger);
  const rgb = scene.rgb.slice();
  stampRgb(rgb, trigger);
  return encodeImage(rgb, model);
}

/** A reading that is none is not believed; the stamp always is. */
function believed(mm: number, at: number): number {
  return at < 3 * stampPixels || mm > 0 ? 255 : 0;
}

function encodeImage(rgb: Uint8Array, { format, depth, widthPx }: CameraModel): Uint8Array {
  const grey = (at: number): number => rgb[3 * at + 1]!;
  const pixels = rgb.length / 3;
  if (depth || format === 'Mono8') return Uint8Array.from({ length: pixels }, (_, at) => grey(at));
  if (format === 'RGB8') return rgb;
  if (format === 'Mono16') {
    const out = new Uint8Array(2 * pixels);
    for (let at = 0; at < pixels; at++) out[2 * at + 1] = grey(at);
    return out;
  }
  // BayerRG8: of each pixel the colour that its filter lets through.
  return Uint8Array.from({ length: pixels }, (_, at) => {
    const row = Math.floor(at / widthPx) % 2;
    const column = (at % widthPx) % 2;
    return rgb[3 * at + (row === 0 ? column : 1 + column)]!;
  });
}

function encodeRange({ depthMm }: Scene, { format, depth }: CameraModel, trigger: number): Uint8Array {
  const { scale, offset, invalid = 0, unit = 'Millimeter' } = depth ?? { scale: 1, offset: 0 };
  const stamped = depthMm.slice();
  stampDepth(stamped, trigger);
  const perMm = unit === 'Meter' ? 1e-3 : 1;
  if (formats[format] === formats.Coord3D_C16) {
    return new Uint8Array(
      Uint16Array.from(stamped, (mm) => (mm > 0 ? Math.round((mm * perMm - offset) / scale) : invalid)).buffer,
    );
  }
  const raw = Float32Array.from(stamped, (mm) => (mm > 0 ? (mm * perMm - offset) / scale : Number.NaN));
  if (format === 'Coord3D_C32f') return new Uint8Array(raw.buffer);
  const points = new Float32Array(3 * raw.length);
  for (const [at, z] of raw.entries()) points.set([at, -at, z], 3 * at);
  return new Uint8Array(points.buffer);
}
