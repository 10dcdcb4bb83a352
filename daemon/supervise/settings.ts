/** The configuration in the words of the rooms: which key is which setting, and nothing else. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { readSecret } from '../../config/secret.ts';
import type { Camera, CameraSettings } from '../../drivers/index.ts';
import type { InferenceSettings } from '../inference/inference.ts';
import type { LineSettings } from '../line/settings.ts';
import type { PublishingOptions } from '../publish/publishing.ts';

/** The one camera of this release. */
export const cameraId = 'camera1';
/** A record of evidence is about half a megabyte; more entries than this make the folder itself slow. */
const evidenceEntriesMax = 20_000;

export function cameraSettings({ camera, line }: Config, cwd: string): CameraSettings {
  const { driver, synthetic, replay } = camera;
  const byCommand = line.trigger === 'command';
  if (driver === 'synthetic') {
    return { id: cameraId, driver, synthetic: { ...synthetic, ...(byCommand && { periodMs: null }) } };
  }
  const { folder, split, ...rest } = replay;
  return { id: cameraId, driver, replay: { ...rest, folder: resolve(cwd, folder), ...(split !== 'all' && { split }) } };
}

export function lineSettings({ line, pairing, inference, journal }: Config, camera: Camera): LineSettings {
  const { windowMs, ...matching } = pairing;
  return {
    ...matching,
    lineId: line.id,
    deadlineMs: line.deadlineMs,
    // The verdict is out by the deadline, so the commit's bound lies inside it.
    commitReserveMs: journal.commitTimeoutMs,
    frameWaitMs: Math.min(windowMs, line.deadlineMs - journal.commitTimeoutMs),
    maxPartsInFlight: line.maxPartsInFlight,
    cameras: [{ id: camera.id, modalities: camera.modalities }],
    triggerFrom: line.trigger === 'camera' ? camera.id : null,
    // The inference itself ends a run that was given up, long before this.
    abandonAfterMs: inference.timeoutMs,
  };
}

export function inferenceSettings({ inference }: Config): InferenceSettings {
  const { threads, ...rest } = inference;
  return { ...rest, threads: threads === 0 ? availableParallelism() : threads };
}

export function evidenceSettings({ evidence }: Config) {
  const { quotaMb, keepEveryNthPass } = evidence;
  return { maxBytes: quotaMb * 1024 * 1024, maxEntries: evidenceEntriesMax, keepEveryNthPass };
}

/** Null where the server is switched off. */
export function opcUaSettings({ opcua }: Config): PublishingOptions['opcua'] {
  const { enabled, ...settings } = opcua;
  return enabled ? { ...settings, setting: 'opcua.port' } : null;
}

/** `url` is the broker's: the plant's, or the embedded one's. */
export async function mqttSettings(
  { mqtt }: Config,
  url: string,
  cwd: string,
  readText: (path: string) => Promise<string>,
): Promise<NonNullable<PublishingOptions['mqtt']>> {
  const { prefix, username, passwordFile } = mqtt;
  const password = passwordFile === '' ? null : await readSecret(resolve(cwd, passwordFile), readText);
  return { url, prefix, user: username === '' ? null : username, password: password?.reveal() ?? null };
}

export function publishingLimits({ mqtt, journal }: Config): NonNullable<PublishingOptions['limits']> {
  return {
    keepaliveS: mqtt.keepaliveS,
    inFlightMax: mqtt.maxInFlight,
    recordsMax: journal.maxRecords,
    recordBytesMax: journal.maxBytesMb * 1024 * 1024,
    commitMaxMs: journal.commitTimeoutMs,
  };
}
