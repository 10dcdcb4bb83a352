/** A sink that writes down everything a camera says, in order, and keeps the frames. */
import type { CameraSink } from '../../drivers/camera.ts';
import type { DepthFrame, Frame, Modality, RgbFrame } from '../../drivers/frame.ts';

export class RecordingSink implements CameraSink {
  readonly log: string[] = [];
  readonly frames: Frame[] = [];

  triggered(count: number, partId: string | null): void {
    this.log.push(`trigger ${count} ${partId}`);
  }
  frame(frame: Frame): void {
    this.log.push(`${frame.modality} ${frame.trigger}`);
    this.frames.push(frame);
  }
  dropped(modality: Modality, trigger: number | null, reason: string): void {
    this.log.push(`dropped ${modality} ${trigger}: ${reason}`);
  }
  lost(reason: string): void {
    this.log.push(`lost: ${reason}`);
  }
  recovered(): void {
    this.log.push('recovered');
  }
  ended(): void {
    this.log.push('ended');
  }

  rgb(trigger: number): RgbFrame | undefined {
    return this.frames.filter((frame) => frame.modality === 'rgb').find((frame) => frame.trigger === trigger);
  }
  depth(trigger: number): DepthFrame | undefined {
    return this.frames.filter((frame) => frame.modality === 'depth').find((frame) => frame.trigger === trigger);
  }
}
