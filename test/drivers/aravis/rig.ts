/**
 * What the tests of the GenICam driver stand on: whether libaravis is there (absent, they are skipped by name; where CI
 * is set they fail instead), cameras of our simulator, and a sink that keeps what came and lets it go.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { AravisCamera } from '../../../drivers/aravis/camera.ts';
import { loadAravis } from '../../../drivers/aravis/library.ts';
import type { AravisSettings } from '../../../drivers/aravis/settings.ts';
import type { Frame, Modality } from '../../../drivers/frame.ts';
import { exportSynthetic } from '../../../drivers/index.ts';
import { messageOf } from '../../../errors.ts';
import type { CameraModel } from '../../gige/model.ts';
import { CameraRig, type RigOptions } from '../../gige/rig.ts';
import { depthStamp, rgbStamp } from '../../gige/scene.ts';
import { until } from '../../inference/rig.ts';
import { testMaxMs } from '../../patience.ts';
import { RecordingSink } from '../recording-sink.ts';

function aravisVersion(): string | null {
  try {
    return loadAravis('').version;
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return messageOf(error).includes('cannot be used') ? null : 'of another kind';
  }
}

export const aravis = aravisVersion();
export const skipAravis = aravis === null;

/** Slow machines start processes slowly; nothing here is timed. */
export const patience = testMaxMs;

export function colourModel(ip: string, more: Partial<CameraModel> = {}): CameraModel {
  return { ip, serial: `C${ip}`, model: 'Colour', widthPx: 96, heightPx: 64, format: 'RGB8', ...more };
}

export function depthModel(ip: string, more: Partial<CameraModel> = {}): CameraModel {
  const depth = { scale: 0.01, offset: 0, invalid: 0 };
  return { ip, serial: `D${ip}`, model: 'Range', widthPx: 96, heightPx: 64, format: 'Coord3D_C16', depth, ...more };
}

/** A folder of two recorded parts; gone with the test. */
export async function recordedParts(widthPx: number, heightPx: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'twinspect-recorded-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  const none = { validation: 0, testGood: 0, testPerKind: 0 };
  await exportSynthetic(write, { dir, seed: 3, grid: { widthPx, heightPx }, train: 2, ...none });
  return dir;
}

export async function startRig(options: RigOptions): Promise<CameraRig> {
  const rig = await CameraRig.start(options);
  onTestFinished(() => rig.stop());
  return rig;
}

/** Keeps the content of every frame and releases it, as a line does. */
export class ReleasingSink extends RecordingSink {
  readonly seen: { modality: Modality; trigger: number | null; stamp: number; frame: Frame }[] = [];

  override frame(frame: Frame): void {
    super.frame(frame);
    const stamp = frame.modality === 'rgb' ? rgbStamp(frame.pixels) : depthStamp(frame.depthMm);
    this.seen.push({ modality: frame.modality, trigger: frame.trigger, stamp, frame: { ...frame } });
    frame.release();
  }

  count(start: string): number {
    return this.log.filter((line) => line.startsWith(start)).length;
  }
}

/** Keeps every frame until the test releases it. */
export class KeepingSink extends ReleasingSink {
  override frame(frame: Frame): void {
    this.log.push(`${frame.modality} ${frame.trigger}`);
    this.frames.push(frame);
  }
}

export interface Opened {
  readonly camera: AravisCamera;
  readonly sink: ReleasingSink;
}

/** Made and started; stopped with the test. Rejects as the camera does. */
export async function openCamera(
  settings: AravisSettings,
  modalities: readonly Modality[],
  sink: ReleasingSink = new ReleasingSink(),
): Promise<Opened> {
  const { camera } = makeCamera(settings, modalities);
  await camera.start(sink, new AbortController().signal);
  return { camera, sink };
}

export function makeCamera(settings: AravisSettings, modalities: readonly Modality[]): { camera: AravisCamera } {
  const options = { id: settings.address, modalities, slots: 6, clock: systemClock };
  // Loopback carries large packets; trying them out takes a second at each opening.
  const camera = new AravisCamera({ packetBytes: 8000, ...settings }, options);
  onTestFinished(() => camera.stop());
  return { camera };
}

export function running({ camera }: Opened): Promise<void> {
  return until(`${camera.id} runs (${camera.problem})`, () => camera.problem === null);
}
