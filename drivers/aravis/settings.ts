/**
 * The settings of one GenICam camera, checked: what can be wrong without asking the camera is refused here, by name.
 */
import { fail } from '../../errors.ts';
import { type FeatureSetting, parseFeatures } from './feature-list.ts';
import { presetNames, presets } from './presets/index.ts';

/** Who exposes: an electrical edge, our command, a command on the network to all cameras at once, or its own pace. */
export const triggerModes = ['hardware', 'software', 'action', 'free'] as const;
export type TriggerMode = (typeof triggerModes)[number];

/** What a frame's trigger number is read from. */
export const countSources = ['chunk', 'frameId', 'none'] as const;
export type CountSource = (typeof countSources)[number];

export interface AravisSettings {
  /** IP address, serial number, or name as `twinspect camera list` shows it. */
  readonly address: string;
  /** Path of libaravis; empty for the system's. */
  readonly library?: string;
  /** Name of a preset, or `none`. */
  readonly preset?: string;
  /** `Name=value`, one on a line or parted by semicolons, after the preset's. */
  readonly features?: string;
  readonly trigger?: string;
  /** `TriggerSource` of a hardware trigger (`Line0`), or of an action (`Action0`). */
  readonly triggerSource?: string;
  readonly count?: string;
  /** Which chunk counts triggers. */
  readonly countChunk?: string;
  /** A feature that counts trigger edges: tells of triggers that made no frame; empty where there is none. */
  readonly countFeature?: string;
  /** Bytes of a packet; 0: the largest the network carries. */
  readonly packetBytes?: number;
  /** Reads packets before the kernel's own network layer; needs CAP_NET_RAW, costs the least. */
  readonly packetSocket?: boolean;
  /** Asks for lost packets again. */
  readonly resend?: boolean;
  /** A camera that has not answered for so long is lost. */
  readonly heartbeatMs?: number;
  /** Triggered and silent for so long, or for three periods if that is more: stalled. */
  readonly stallMs?: number;
  /** Depth readings whose confidence is below are none; where the camera delivers a confidence. */
  readonly confidenceMin?: number;
}

/** What the camera's process is given: complete, and made of plain values. */
export interface CheckedAravis {
  readonly address: string;
  readonly library: string;
  readonly features: readonly FeatureSetting[];
  readonly trigger: TriggerMode;
  readonly triggerSource: string;
  readonly count: CountSource;
  readonly countChunk: string;
  readonly countFeature: string;
  readonly packetBytes: number;
  readonly packetSocket: boolean;
  readonly resend: boolean;
  readonly heartbeatMs: number;
  readonly stallMs: number;
  readonly confidenceMin: number;
}

/** Throws `camera/setting` for the first setting that cannot be. */
export function checkAravis(id: string, settings: AravisSettings): CheckedAravis {
  const refuse = (setting: string, value: string | number, expected: string): never => {
    throw fail('camera/setting', { id, setting, value, expected });
  };
  const choice = <T extends string>(setting: string, value: string, values: readonly T[]): T =>
    (values as readonly string[]).includes(value)
      ? (value as T)
      : refuse(setting, value, `one of ${values.join(', ')}`);
  const whole = (setting: string, value: number, min: number, max: number): number =>
    Number.isInteger(value) && value >= min && value <= max ? value : refuse(setting, value, `${min} to ${max}`);
  const { address, preset = 'none' } = settings;
  if (address === '')
    refuse('address', 'empty', 'an IP address, a serial number, or a name of "twinspect camera list"');
  const trigger = choice('trigger', settings.trigger ?? 'hardware', triggerModes);
  const presetFeatures = presets[choice('preset', preset, presetNames)]?.features ?? '';
  const packetBytes = settings.packetBytes ?? 0;
  if (packetBytes !== 0) whole('packetBytes', packetBytes, 576, 65_500);
  return {
    address,
    library: settings.library ?? '',
    features: [...parseFeatures(id, presetFeatures), ...parseFeatures(id, settings.features ?? '')],
    trigger,
    triggerSource: settings.triggerSource || (trigger === 'action' ? 'Action0' : 'Line0'),
    count: choice('count', settings.count ?? 'frameId', countSources),
    countChunk: settings.countChunk || 'ChunkCounterValue',
    countFeature: settings.countFeature ?? '',
    packetBytes,
    packetSocket: settings.packetSocket ?? true,
    resend: settings.resend ?? true,
    heartbeatMs: whole('heartbeatMs', settings.heartbeatMs ?? 1000, 200, 60_000),
    stallMs: whole('stallMs', settings.stallMs ?? 1000, 100, 60_000),
    confidenceMin: whole('confidenceMin', settings.confidenceMin ?? 1, 0, 65_535),
  };
}
