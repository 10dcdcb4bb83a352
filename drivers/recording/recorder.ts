/**
 * From cameras to a recording: a sink for each camera, what they say written in the order it came, frames released
 * when they are in the file. Bounded: where the disk is slower than the cameras, frames are dropped, and the recording
 * says which. Everything is on the disk at most `syncEveryMs` after it was written.
 */
import type { CameraSink, DriverClock } from '../camera.ts';
import type { Frame } from '../frame.ts';
import type { RecordedCamera } from './format.ts';
import type { RecordingWriter } from './writer.ts';

/** Frames that wait for the disk; below what cameras lend, so that the recorder says it and no camera stalls. */
export const waitingFramesMax = 24;
/** What a power cut may cost. */
export const syncEveryMs = 1000;

export interface RecorderLimits {
  readonly bytesMax: number;
  /** null: without end. */
  readonly forMs: number | null;
  /** Triggers of the first camera. */
  readonly partsMax: number | null;
  /** Free disk below which it ends, and how to ask for it; absent: down to the last byte. */
  readonly floor?: { readonly bytes: number; free(): Promise<number> };
}

export interface RecordingSummary {
  readonly bytes: number;
  readonly triggers: number;
  readonly frames: number;
  /** Frames that the disk was too slow for. */
  readonly dropped: number;
  /** What ended it. */
  readonly why: 'stopped' | 'bytes' | 'time' | 'parts' | 'ended' | 'room';
}

interface Job {
  write(): Promise<void>;
  done(): void;
}

export class Recorder {
  readonly #writer: RecordingWriter;
  readonly #clock: DriverClock;
  readonly #limits: RecorderLimits;
  readonly #jobs: Job[] = [];
  readonly #ended = new Set<string>();
  readonly #cameras: readonly RecordedCamera[];
  readonly #over = Promise.withResolvers<RecordingSummary['why']>();
  readonly #stopping = new AbortController();
  readonly #counts = { triggers: 0, frames: 0, dropped: 0 };
  #waitingFrames = 0;
  #syncedAtMs: number;
  #pumping: Promise<void> | null = null;
  #syncing = false;
  /** After this many triggers of the first camera the next one ends the recording: its frames are complete then. */
  #full = false;

  constructor(writer: RecordingWriter, cameras: readonly RecordedCamera[], clock: DriverClock, limits: RecorderLimits) {
    this.#writer = writer;
    this.#cameras = cameras;
    this.#clock = clock;
    this.#limits = limits;
    this.#syncedAtMs = clock.nowMs();
    if (limits.forMs !== null) clock.after(limits.forMs, () => this.#over.resolve('time'), this.#stopping.signal);
    // an error is for whoever waits; nobody may yet
    this.#over.promise.catch(() => undefined);
  }

  /** Resolves with the limit that was reached, or when all cameras ended; rejects where the disk refuses. */
  get over(): Promise<RecordingSummary['why']> {
    return this.#over.promise;
  }

  sinkFor(cameraId: string): CameraSink {
    const say = (event: Parameters<RecordingWriter['event']>[2]): void => {
      const atMs = this.#clock.nowMs();
      this.#put({ write: () => this.#writer.event(cameraId, atMs, event), done: () => {} });
    };
    return {
      triggered: (count, partId, happenedAtMs) => {
        if (!this.#count(cameraId)) return;
        say({ kind: 'triggered', count, partId, ...(happenedAtMs !== undefined && { happenedAtMs }) });
      },
      frame: (frame) => {
        const { modality, trigger } = frame;
        if (this.#keep(frame)) return;
        say({ kind: 'dropped', modality, trigger, reason: 'the recorder waits for its disk' });
      },
      dropped: (modality, trigger, reason) => say({ kind: 'dropped', modality, trigger, reason }),
      lost: (reason) => say({ kind: 'lost', reason }),
      recovered: () => say({ kind: 'recovered' }),
      ended: () => {
        say({ kind: 'ended' });
        this.#ended.add(cameraId);
        if (this.#ended.size === this.#cameras.length) this.#over.resolve('ended');
      },
    };
  }

  /** Writes what waits, the index, and closes. Rejects where the disk refused; the file keeps what was whole. */
  async stop(): Promise<RecordingSummary> {
    this.#over.resolve('stopped');
    this.#stopping.abort();
    try {
      const why = await this.#over.promise;
      await this.#pumping;
      await this.#writer.end();
      return { ...this.#counts, bytes: this.#writer.bytes, why };
    } catch (error) {
      await this.#writer.abandon();
      throw error;
    }
  }

  #count(cameraId: string): boolean {
    if (cameraId !== this.#cameras[0]!.id) return true;
    const { partsMax } = this.#limits;
    if (partsMax !== null && this.#counts.triggers === partsMax) {
      this.#full = true;
      this.#over.resolve('parts');
      return false;
    }
    this.#counts.triggers++;
    return true;
  }

  /** Takes a frame, or releases it and says false. */
  #keep(frame: Frame): boolean {
    if (this.#stopping.signal.aborted || this.#full) {
      frame.release();
      return true;
    }
    if (this.#waitingFrames >= waitingFramesMax) {
      this.#counts.dropped++;
      frame.release();
      return false;
    }
    this.#waitingFrames++;
    this.#counts.frames++;
    this.#put({
      write: () => this.#writer.frame(frame),
      done: () => {
        this.#waitingFrames--;
        frame.release();
      },
    });
    return true;
  }

  #put(job: Job): void {
    if (this.#stopping.signal.aborted) {
      job.done();
      return;
    }
    this.#jobs.push(job);
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = null;
    });
  }

  async #pump(): Promise<void> {
    for (let job = this.#jobs.shift(); job; job = this.#jobs.shift()) {
      try {
        await job.write();
        if (this.#clock.nowMs() - this.#syncedAtMs >= syncEveryMs) await this.#sync();
      } catch (error) {
        this.#over.reject(error);
        this.#stopping.abort();
        for (const left of this.#jobs.splice(0)) left.done();
      } finally {
        job.done();
      }
      if (this.#writer.bytes >= this.#limits.bytesMax) this.#over.resolve('bytes');
    }
    this.#syncLater();
  }

  async #sync(): Promise<void> {
    this.#syncedAtMs = this.#clock.nowMs();
    await this.#writer.sync();
    const { floor } = this.#limits;
    if (floor && (await floor.free()) < floor.bytes) this.#over.resolve('room');
  }

  /** The last message of a burst must not wait for the next one to reach the disk. */
  #syncLater(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    this.#clock.after(
      syncEveryMs,
      () => {
        this.#syncing = false;
        this.#sync().catch((error: unknown) => this.#over.reject(error));
      },
      this.#stopping.signal,
    );
  }
}
