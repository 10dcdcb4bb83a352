/** Cameras started for a moment, to look at what they deliver: what they say comes to one place, and is counted. */
import type { Camera, CameraSink, Frame, Modality } from '../../../drivers/index.ts';

export interface Heard {
  triggers: number;
  frames: Record<Modality, number>;
  incomplete: number;
  dropped: number;
  /** Why the last drop, and why it does not run; null where there is nothing to say. */
  lastDrop: string | null;
  lost: string | null;
  ended: boolean;
  /** Instants of exposure of the last two frames of a modality, us: their distance is the period. */
  readonly lastUs: Partial<Record<Modality, number>>;
}

export const nothingHeard = (): Heard => ({
  ...{ triggers: 0, frames: { rgb: 0, depth: 0 }, incomplete: 0, dropped: 0 },
  ...{ lastDrop: null, lost: null, ended: false, lastUs: {} },
});

/** Counts into `heard`; `look` sees each frame before it is released. */
export function listening(heard: Heard, look: (frame: Frame) => void, changed: () => void = () => {}): CameraSink {
  return {
    triggered: () => {
      heard.triggers++;
    },
    frame: (frame) => {
      heard.frames[frame.modality]++;
      if (!frame.complete) heard.incomplete++;
      heard.lastUs[frame.modality] = frame.capturedAtUs;
      look(frame);
      frame.release();
      changed();
    },
    dropped: (_modality, _trigger, reason) => {
      heard.dropped++;
      heard.lastDrop = reason;
    },
    lost: (reason) => {
      heard.lost = reason;
      changed();
    },
    recovered: () => {
      heard.lost = null;
    },
    ended: () => {
      heard.ended = true;
      changed();
    },
  };
}

/** Starts all, does something, and stops all, whatever happens. */
export async function whileRunning<T>(
  cameras: readonly Camera[],
  sinkFor: (camera: Camera) => CameraSink,
  doing: () => Promise<T>,
): Promise<T> {
  const stopping = new AbortController();
  try {
    for (const camera of cameras) await camera.start(sinkFor(camera), stopping.signal);
    return await doing();
  } finally {
    for (const camera of cameras) await camera.stop();
  }
}
