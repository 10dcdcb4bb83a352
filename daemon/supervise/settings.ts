/** The configuration in the words of the rooms: which key is which setting, and nothing else. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { readSecret, type SecretPlaces, secretFile } from '../../config/secret.ts';
import type { Camera, CameraSettings } from '../../drivers/index.ts';
import type { InferenceSettings } from '../inference/inference.ts';
import type { LineSettings } from '../line/settings.ts';
import type { LineMqtt } from '../publish/mqtt/settings.ts';
import { readTls } from '../publish/mqtt/tls-files.ts';
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

export function lineSettings(
  { line, pairing, inference, journal }: Config,
  camera: Pick<Camera, 'id' | 'modalities'>,
): LineSettings {
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

export function registeringSettings({ registration }: Config, cwd: string) {
  const { calibration, driftMaxPx } = registration;
  return { calibrationFile: calibration === '' ? null : resolve(cwd, calibration), limitPx: driftMaxPx };
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
  const { enabled, machineVision: _, ...settings } = opcua;
  return enabled ? { ...settings, setting: 'opcua.port' } : null;
}

/** What the MQTT settings need besides the configuration. */
export interface MqttSurroundings {
  /** The broker's: the plant's, or the embedded one's. */
  readonly url: string;
  /** Where a key's file is looked for. */
  readonly places: SecretPlaces;
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Tells this device from another one with the same line id. */
  readonly device: string;
}

/** Reads password and certificates once, so that a wrong file is said at the start and not to an absent broker. */
export async function mqttSettings({ mqtt }: Config, around: MqttSurroundings): Promise<LineMqtt> {
  const { url, places, readFile, device } = around;
  const { prefix, username, passwordFile, clientId, protocol, commandRole } = mqtt;
  const readText = async (path: string): Promise<string> => new TextDecoder().decode(await readFile(path));
  const readPassword = async (): Promise<string> =>
    (await readSecret(secretFile(passwordFile, places), readText)).reveal();
  const path = (file: string): string | null => (file === '' ? null : secretFile(file, places));
  const { caFile, certFile, keyFile, serverName } = mqtt.tls;
  const tls = {
    ...{ caFile: path(caFile), certFile: path(certFile), keyFile: path(keyFile), readFile },
    serverName: serverName === '' ? null : serverName,
  };
  if (passwordFile !== '') await readPassword();
  await readTls(tls, null);
  return {
    ...{ url, prefix, clientId, device, tls },
    user: username === '' ? null : username,
    password: passwordFile === '' ? null : readPassword,
    // The embedded broker speaks 3.1.1 alone.
    protocol: mqtt.url === '' ? '3.1.1' : protocol,
    commandRole: commandRole === 'none' ? null : commandRole,
  };
}

export function publishingLimits({ mqtt, journal }: Config): NonNullable<PublishingOptions['limits']> {
  return {
    keepaliveS: mqtt.keepaliveS,
    maskExpiryS: mqtt.maskExpiryS,
    inFlightMax: mqtt.maxInFlight,
    recordsMax: journal.maxRecords,
    recordBytesMax: journal.maxBytesMb * 1024 * 1024,
    commitMaxMs: journal.commitTimeoutMs,
  };
}
