/**
 * `twinspect camera snap`: what each camera sees, as PNG. Fires a software trigger where the camera takes one; else it
 * waits for the next frame, and says what it waited for in vain.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodePng } from '../../../drivers/image/png.ts';
import type { Camera, Frame, Modality } from '../../../drivers/index.ts';
import { fail } from '../../../errors.ts';
import { writeWhole } from '../../write-whole.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { chooseCameras } from './chosen.ts';
import { depthView } from './depth-view.ts';
import { type Heard, listening, nothingHeard, whileRunning } from './listening.ts';

/** Opening a camera takes a second or two; a structured-light exposure another. */
const waitMaxMs = 15_000;

interface Shot {
  readonly camera: string;
  readonly modality: Modality;
  readonly file: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly complete: boolean;
  readonly nearMm?: number;
  readonly farMm?: number;
  readonly missingShare?: number;
}

export async function snapCameras(context: Context, args: Args): Promise<void> {
  args.atMost(2);
  const { cameras } = await chooseCameras(context, args, args.positionals[1]);
  const folder = resolve(context.cwd, args.text('out') ?? '.');
  await mkdir(folder, { recursive: true });
  for (const { id, modalities } of cameras)
    for (const each of modalities) await requireFree(pictureOf(folder, id, each));
  const shots: Shot[] = [];
  for (const camera of cameras) shots.push(...(await snap(context, camera, folder)));
  if (args.flag('json')) return context.stdout(JSON.stringify(shots, null, 2));
  for (const shot of shots) context.stdout(describe(shot));
}

function pictureOf(folder: string, camera: string, modality: Modality): string {
  return join(folder, `${camera}-${modality}.png`);
}

/** An earlier picture may be the one that somebody compares with. */
async function requireFree(path: string): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) throw fail('file/exists', { path });
}

async function snap(context: Context, camera: Camera, folder: string): Promise<Shot[]> {
  const pictures = new Map<
    Modality,
    { draw(): Promise<Uint8Array>; facts: Omit<Shot, 'camera' | 'modality' | 'file'> }
  >();
  const heard = nothingHeard();
  const done = Promise.withResolvers<void>();
  const changed = (): void => {
    if (pictures.size === camera.modalities.length || heard.ended) done.resolve();
  };
  const sink = listening(
    heard,
    (frame) => pictures.has(frame.modality) || pictures.set(frame.modality, drawn(frame)),
    changed,
  );
  const stop = (): void => done.resolve();
  context.signal.addEventListener('abort', stop, { once: true });
  await whileRunning(
    [camera],
    () => sink,
    async () => {
      camera.trigger();
      const waiting = new AbortController();
      context.clock.after(waitMaxMs, stop, waiting.signal);
      await done.promise;
      waiting.abort();
    },
  );
  context.signal.throwIfAborted();
  const missing = camera.modalities.filter((modality) => !pictures.has(modality));
  if (missing.length > 0) {
    throw fail('camera/nothing', {
      id: camera.id,
      what: missing.join(' and '),
      seconds: waitMaxMs / 1000,
      cause: why(heard),
    });
  }
  const shots: Shot[] = [];
  for (const [modality, { draw, facts }] of pictures) {
    const file = pictureOf(folder, camera.id, modality);
    await writeWhole(file, await draw());
    shots.push({ camera: camera.id, modality, file, ...facts });
  }
  return shots;
}

/** Copies what it needs: the frame is released when it returns. */
function drawn(frame: Frame) {
  const { widthPx, heightPx, complete } = frame;
  const size = { widthPx, heightPx, complete };
  if (frame.modality === 'rgb') {
    const pixels = frame.pixels.slice();
    return { draw: () => encodePng(pixels, widthPx, heightPx), facts: size };
  }
  const { pixels, nearMm, farMm, missingShare, ...canvas } = depthView(frame);
  return {
    draw: () => encodePng(pixels, canvas.widthPx, canvas.heightPx),
    facts: { ...size, nearMm, farMm, missingShare },
  };
}

function why({ lost, lastDrop, ended, triggers }: Heard): string {
  if (lost !== null) return lost;
  if (lastDrop !== null) return `the last one was dropped: ${lastDrop}`;
  if (ended) return 'the recording is over';
  return triggers > 0 ? `${triggers} triggers came` : 'no trigger came';
}

function describe({ file, modality, widthPx, heightPx, complete, nearMm, farMm, missingShare }: Shot): string {
  const size = `${file}: ${modality} ${widthPx} x ${heightPx}${complete ? '' : ', INCOMPLETE'}`;
  if (nearMm === undefined || farMm === undefined || missingShare === undefined) return size;
  const range = `${nearMm.toFixed(1)} to ${farMm.toFixed(1)} mm`;
  return `${size}, ${range}, ${(missingShare * 100).toFixed(1)} % without a reading`;
}
