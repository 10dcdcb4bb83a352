/** The configuration in the words of the rooms: which key is which setting, and nothing else. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { SecretPlaces } from '../../config/secret.ts';
import type { AravisSettings, Camera, CameraSettings, FileReader } from '../../drivers/index.ts';
import type { InferenceSettings } from '../inference/settings.ts';
import type { LineSettings } from '../line/settings.ts';
import { deviceName } from '../publish/mqtt/device-name.ts';
import type { LineMqtt, SparkplugSettings } from '../publish/mqtt/settings.ts';
import { readTls } from '../publish/mqtt/tls-files.ts';
import type { PublishingOptions } from '../publish/publishing.ts';
import type { StateFolder } from '../state/folder.ts';
import { brokerFiles } from './broker-files.ts';

/** The camera that delivers colour, or both; and the one beside it that delivers depth. */
export const cameraId = 'camera1';
export const depthCameraId = 'camera2';
/** Exposures held beyond those of the parts in flight: ahead of their trigger, being written, and one to spare. */
const spareSlots = 6;
/** A record of evidence is about half a megabyte; more entries than this make the folder itself slow. */
const evidenceEntriesMax = 20_000;

/** One camera for both modalities, or two for one each; the first is the one called `camera`. */
export function cameraSettings(config: Config, cwd: string): CameraSettings[] {
  const { driver, synthetic, replay, aravis, gstreamer } = config.camera;
  const byCommand = config.line.trigger === 'command';
  if (driver === 'synthetic') {
    return [{ id: cameraId, driver, synthetic: { ...synthetic, ...(byCommand && { periodMs: null }) } }];
  }
  if (driver === 'replay') {
    const { folder, split, ...rest } = replay;
    const chosen = { ...rest, folder: resolve(cwd, folder), ...(split !== 'all' && { split }) };
    return [{ id: cameraId, driver, replay: chosen }];
  }
  const { depthCamera, pairing, line } = config;
  const slots = line.maxPartsInFlight + spareSlots;
  const alone = depthCamera.driver === 'none';
  const counts = !byCommand && (alone || pairing.openedBy === 'camera');
  const first: CameraSettings = {
    ...{ id: cameraId, driver, slots, modalities: alone ? ['rgb', 'depth'] : ['rgb'] },
    ...(driver === 'aravis' ? { aravis: located(aravis, cwd) } : { gstreamer: { ...gstreamer, counts } }),
  };
  if (alone) return [first];
  const depth = located(depthCamera.aravis, cwd);
  return [first, { id: depthCameraId, driver: depthCamera.driver, slots, modalities: ['depth'], aravis: depth }];
}

/** A library's path is the file's; a bare name is the system's to find. */
function located(aravis: Config['camera']['aravis'], cwd: string): AravisSettings {
  const { library } = aravis;
  return { ...aravis, library: library.includes('/') ? resolve(cwd, library) : library };
}

/** Whose trigger counter opens parts; null where commands do. */
export function openingCamera(
  { line, pairing }: Pick<Config, 'line' | 'pairing'>,
  ids: readonly string[],
): string | null {
  if (line.trigger === 'command') return null;
  return (pairing.openedBy === 'depthCamera' ? ids[1] : undefined) ?? ids[0] ?? null;
}

/** The same, of the cameras as configured. */
export function configuredOpener(config: Config): string | null {
  return openingCamera(config, config.depthCamera.driver === 'none' ? [cameraId] : [cameraId, depthCameraId]);
}

type Named = Pick<Camera, 'id' | 'modalities'>;

export function lineSettings({ line, pairing, inference, journal }: Config, cameras: readonly Named[]): LineSettings {
  const { windowMs, openedBy, ...matching } = pairing;
  return {
    ...matching,
    lineId: line.id,
    deadlineMs: line.deadlineMs,
    // The verdict is out by the deadline, so the commit's bound lies inside it.
    commitReserveMs: journal.commitTimeoutMs,
    frameWaitMs: Math.min(windowMs, line.deadlineMs - journal.commitTimeoutMs),
    maxPartsInFlight: line.maxPartsInFlight,
    cameras: cameras.map(({ id, modalities }) => ({ id, modalities })),
    triggerFrom: openingCamera(
      { line, pairing },
      cameras.map(({ id }) => id),
    ),
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
  const { quotaMb, minFreeMb, keepEveryNthPass } = evidence;
  const mb = 1024 * 1024;
  return { maxBytes: quotaMb * mb, minFreeBytes: minFreeMb * mb, maxEntries: evidenceEntriesMax, keepEveryNthPass };
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
  readonly files: Pick<FileReader, 'read'>;
  /** Where the name of this device is kept. */
  readonly state: StateFolder;
}

/** Reads password and certificates once, so that a wrong file is said at the start and not to an absent broker. */
export async function mqttSettings(config: Config, around: MqttSurroundings): Promise<LineMqtt> {
  const { mqtt } = config;
  const { url, places, files, state } = around;
  const device = await deviceName(state, (path) => files.read(path));
  const { prefix, username, clientId, protocol, commandRole } = mqtt;
  const named = brokerFiles(mqtt, places, files);
  const tls = named.tls(mqtt.tls);
  await named.readPassword?.();
  await readTls(tls, null);
  return {
    ...{ url, prefix, clientId, device, tls },
    user: username === '' ? null : username,
    password: named.readPassword,
    // The embedded broker speaks 3.1.1 alone.
    protocol: mqtt.url === '' ? '3.1.1' : protocol,
    commandRole: commandRole === 'none' ? null : commandRole,
    sparkplug: sparkplugSettings(config),
  };
}

function sparkplugSettings({ mqtt: { sparkplug }, line }: Config): SparkplugSettings | null {
  const { enabled, group, edge, primaryHost } = sparkplug;
  if (!enabled) return null;
  return { group, edge: edge === '' ? line.id : edge, primaryHost: primaryHost === '' ? null : primaryHost };
}

export function publishingLimits({ mqtt, journal }: Config): NonNullable<PublishingOptions['limits']> {
  return {
    keepaliveS: mqtt.keepaliveS,
    maskExpiryS: mqtt.maskExpiryS,
    inFlightMax: mqtt.maxInFlight,
    recordsMax: journal.maxRecords,
    recordBytesMax: journal.maxBytesMb * 1024 * 1024,
    commitMaxMs: journal.commitTimeoutMs,
    reserveBytes: journal.reserveMb * 1024 * 1024,
  };
}
