/**
 * GenICam cameras (GigE Vision, USB3 Vision) through libaravis, each in a process of its own: what a line needs of
 * them, and what a person at a command line may ask of them while they run.
 */
import type { DriverClock } from '../camera.ts';
import type { Modality } from '../frame.ts';
import { NativeCamera, type NativeLimits } from '../native/camera.ts';
import type { Plain } from '../native/protocol.ts';
import type { FoundDevice } from './discover.ts';
import type { Feature } from './features.ts';
import { type AravisSettings, checkAravis } from './settings.ts';

export interface AravisOptions {
  readonly id: string;
  readonly modalities: readonly Modality[];
  /** Exposures that may be held at a time. */
  readonly slots: number;
  readonly clock: DriverClock;
  readonly limits?: NativeLimits;
}

export class AravisCamera extends NativeCamera {
  /** Throws `camera/setting`. */
  constructor(settings: AravisSettings, options: AravisOptions) {
    const checked = checkAravis(options.id, settings) as unknown as Plain;
    super({ ...options, settings: checked, entry: new URL('./process.ts', import.meta.url) });
  }

  /** Everything the camera's description lists, with values and ranges. Rejects with `camera/away` unless it runs. */
  async features(): Promise<Feature[]> {
    return (await this.ask('features')) as unknown as Feature[];
  }

  /** Rejects with `camera/feature` where there is none. */
  async readFeature(name: string): Promise<Feature> {
    return (await this.ask('feature', name)) as unknown as Feature;
  }

  /** Until the camera is opened anew; lasting settings stand in the configuration. */
  async writeFeature(name: string, value: string): Promise<Feature> {
    return (await this.ask('write', { name, value })) as unknown as Feature;
  }
}

export type { Feature, FoundDevice };
