/**
 * The cameras of a line, one that delivers both modalities or two that deliver one each, opened, exposed, asked and
 * stopped together. Two start side by side: an absent one says so and goes on trying, and does not hold up the other.
 */
import type { Config } from '../../config/schema.ts';
import { type Camera, type CameraSink, type FileReader, openCamera } from '../../drivers/index.ts';
import type { Clock } from '../clock.ts';
import { cameraSettings } from './settings.ts';

export class LineCameras {
  readonly all: readonly Camera[];
  /** Camera id -> why it delivers nothing now. */
  readonly #problems = new Map<string, string>();

  constructor(all: readonly Camera[]) {
    this.all = all;
  }

  /** For people: the ids of all. */
  get id(): string {
    return this.all.map(({ id }) => id).join(' and ');
  }

  /** The calibration that one of them brings along; null where none does. */
  get calibration(): string | null {
    return this.all.find((camera) => camera.calibration)?.calibration ?? null;
  }

  /** Why a camera delivers nothing now; null while it does, as far as it says. */
  problemOf(id: string): string | null {
    return this.#problems.get(id) ?? null;
  }

  /** Rejects where one is configured as it cannot be; the others are stopped again then. */
  async start(sinkFor: (cameraId: string) => CameraSink, signal: AbortSignal): Promise<void> {
    const started = await Promise.allSettled(
      this.all.map((camera) => camera.start(this.#noting(camera.id, sinkFor(camera.id)), signal)),
    );
    const failed = started.find((each) => each.status === 'rejected');
    if (!failed) return;
    await this.stop();
    throw failed.reason;
  }

  #noting(id: string, sink: CameraSink): CameraSink {
    const problems = this.#problems;
    return {
      ...sink,
      lost(reason) {
        problems.set(id, reason);
        sink.lost(reason);
      },
      recovered() {
        problems.delete(id);
        sink.recovered();
      },
      ended() {
        problems.set(id, 'its recording is over');
        sink.ended();
      },
    };
  }

  /** Asks each to expose; those that hardware triggers need no asking and ignore it. */
  expose(): void {
    for (const camera of this.all) camera.trigger();
  }

  /** Null where each answers that can be asked; else who does not, and why. */
  async probe(): Promise<string | null> {
    const answers = await Promise.all(this.all.map(async (camera) => [camera.id, (await camera.probe?.()) ?? null]));
    const dead = answers.filter(([, problem]) => problem !== null);
    return dead.length === 0 ? null : dead.map(([id, problem]) => `${id}: ${problem}`).join('; ');
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((camera) => camera.stop()));
  }
}

/** As configured, not started. Rejects as `openCamera` does. */
export async function openCameras(config: Config, cwd: string, clock: Clock, files: FileReader): Promise<LineCameras> {
  const all = cameraSettings(config, cwd).map((settings) => openCamera(settings, clock, files));
  return new LineCameras(await Promise.all(all));
}
