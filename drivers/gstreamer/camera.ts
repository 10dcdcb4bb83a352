/**
 * Cameras that GStreamer reaches (UVC, CSI, RTSP, files), each pipeline in a process of its own. Colour only. They
 * cannot be hardware-triggered in general: `trigger()` says so, and pairing goes by the instant of capture.
 */
import type { DriverClock } from '../camera.ts';
import { NativeCamera, type NativeLimits } from '../native/camera.ts';
import type { Plain } from '../native/protocol.ts';
import { checkGstreamer, type GstreamerSettings } from './settings.ts';

export interface GstreamerOptions {
  readonly id: string;
  readonly slots: number;
  readonly clock: DriverClock;
  readonly limits?: NativeLimits;
}

export class GstreamerCamera extends NativeCamera {
  /** Throws `camera/setting`. */
  constructor(settings: GstreamerSettings, options: GstreamerOptions) {
    const checked = checkGstreamer(options.id, settings) as unknown as Plain;
    const entry = new URL('./process.ts', import.meta.url);
    super({ ...options, modalities: ['rgb'], settings: checked, entry });
  }

  override trigger(): boolean {
    return false;
  }
}
