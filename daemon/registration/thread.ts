/**
 * Registration on a thread of its own: it takes some 16 ms a pair, and the thread that talks to the plant must not be
 * away for so long. A pair is copied into memory both threads see, so that its frames may go whenever they have to;
 * its colour comes back as memory of its own. One pair at a time. A thread that ended is replaced with the next pair.
 */
import { Worker } from 'node:worker_threads';
import type { Calibration } from '../../drivers/registration/calibration.ts';
import { type DepthImage, expectPair, type PairImage, type RgbImage } from '../../drivers/registration/registration.ts';
import { messageOf } from '../../errors.ts';

/** What the thread is given: where pairs are put for it. */
export interface SharedPair {
  readonly calibration: Calibration;
  /** [heightPx, widthPx, 3] of the RGB camera, and [heightPx, widthPx] of the depth camera, mm. */
  readonly rgb: Uint8Array<SharedArrayBuffer>;
  readonly depthMm: Float32Array<SharedArrayBuffer>;
}

/** Its first word, when it has made its tables; then an answer for each pair. */
export type FromThread = 'ready' | Uint8Array<ArrayBuffer>;

export class RegistrationThread {
  readonly #shared: SharedPair;
  #worker: Worker | null = null;
  #waiting: { resolve(word: FromThread): void; reject(error: Error): void } | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(calibration: Calibration) {
    const { rgb, depth } = calibration;
    this.#shared = {
      calibration,
      rgb: new Uint8Array(new SharedArrayBuffer(rgb.widthPx * rgb.heightPx * 3)),
      depthMm: new Float32Array(new SharedArrayBuffer(depth.widthPx * depth.heightPx * 4)),
    };
  }

  /** Resolves when it could register: some 100 ms. */
  static async open(calibration: Calibration): Promise<RegistrationThread> {
    const thread = new RegistrationThread(calibration);
    await thread.#heard(() => thread.#begin());
    return thread;
  }

  /** The result shares `depthMm` with the frame and owns its `rgb`. Rejects with `image/size`, or as it ends. */
  register(rgb: RgbImage, depth: DepthImage): Promise<PairImage> {
    const registered = this.#turn.then(async () => {
      expectPair(this.#shared.calibration, rgb, depth);
      if (this.#worker === null) await this.#heard(() => this.#begin());
      this.#shared.rgb.set(rgb.pixels);
      this.#shared.depthMm.set(depth.depthMm);
      const word = await this.#heard(() => this.#worker?.postMessage('register'));
      const { widthPx, heightPx, depthMm } = depth;
      return { widthPx, heightPx, depthMm, rgb: word as Uint8Array<ArrayBuffer> };
    });
    this.#turn = registered.catch(() => undefined);
    return registered;
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #heard(ask: () => void): Promise<FromThread> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      ask();
    });
  }

  #begin(): void {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      name: 'registration',
      workerData: this.#shared,
      // The test runner's loaders and flags are not for this thread.
      execArgv: [],
    });
    this.#worker = worker;
    const ended = (cause: string): void => {
      if (this.#worker !== worker) return;
      this.#worker = null;
      this.#waiting?.reject(new Error(`the registration thread ${cause}`));
    };
    worker.on('message', (word: FromThread) => this.#waiting?.resolve(word));
    worker.on('error', (error) => ended(`failed: ${messageOf(error)}`));
    worker.on('exit', () => ended('ended'));
  }
}
