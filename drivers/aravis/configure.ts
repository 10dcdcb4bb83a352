/**
 * The whole configuration of a device, in the order that works: still, whole frames, components, the owner's features,
 * trigger, chunks, packets. Every opening does all of it: a camera that was started anew has forgotten, and one that
 * was not may remember something else.
 */
import type { Modality } from '../frame.ts';
import type { Device } from './device.ts';
import { type Aravis, call, DeviceError } from './library.ts';
import type { CheckedAravis } from './settings.ts';

/** The only key of an action there is a reason for: it tells our cameras from a stranger's, nothing is secret. */
export const actionKeys = { deviceKey: 1, groupKey: 1, groupMask: 1 } as const;

/** `arv_camera_gv_set_stream_options`. */
const withoutPacketSocket = 1;

export function configure(arv: Aravis, opened: Device, settings: CheckedAravis, modalities: readonly Modality[]): void {
  const { camera, features } = opened;
  stopLeftover(arv, opened);
  if (opened.gvcp !== null && call<boolean>(arv, arv.isMultipartSupported, camera)) {
    call(arv, arv.setMultipart, camera, true);
  }
  enableComponents(opened, modalities);
  for (const { name, value } of settings.features) features.write(name, value);
  setTrigger(opened, settings);
  if (settings.count === 'chunk') call(arv, arv.setChunks, camera, settings.countChunk.replace(/^Chunk/, ''));
  if (opened.gvcp === null) return;
  if (settings.packetBytes > 0) call(arv, arv.setPacketSize, camera, settings.packetBytes);
  else call(arv, arv.autoPacketSize, camera);
  arv.setStreamOptions(camera, settings.packetSocket ? 0 : withoutPacketSocket);
}

/** Whoever had it before may have left it running; features are locked then. */
function stopLeftover(arv: Aravis, { camera }: Device): void {
  try {
    call(arv, arv.stopAcquisition, camera);
  } catch (error) {
    // A camera that stands still may say so.
    if (!(error instanceof DeviceError)) throw error;
  }
}

/** Range and confidence for depth, intensity for colour; the owner's features come after and may say otherwise. */
function enableComponents({ features }: Device, modalities: readonly Modality[]): void {
  if (!features.isAvailable('ComponentSelector')) return;
  const wanted: Record<string, boolean> = {
    Range: modalities.includes('depth'),
    Confidence: modalities.includes('depth'),
    Intensity: modalities.includes('rgb'),
  };
  const there = features.entries('ComponentSelector');
  for (const [name, enable] of Object.entries(wanted)) {
    if (!there.includes(name)) continue;
    features.write('ComponentSelector', name);
    if (features.isAvailable('ComponentEnable')) features.write('ComponentEnable', String(enable));
  }
}

function setTrigger({ features }: Device, { trigger, triggerSource }: CheckedAravis): void {
  if (trigger === 'free') {
    if (features.isAvailable('TriggerMode')) features.write('TriggerMode', 'Off');
    return;
  }
  if (features.isAvailable('TriggerSelector') && features.entries('TriggerSelector').includes('FrameStart')) {
    features.write('TriggerSelector', 'FrameStart');
  }
  features.write('TriggerMode', 'On');
  features.write('TriggerSource', trigger === 'software' ? 'Software' : triggerSource);
  if (trigger !== 'action') return;
  features.write('ActionDeviceKey', String(actionKeys.deviceKey));
  if (features.isAvailable('ActionSelector')) features.write('ActionSelector', triggerSource.replace(/^Action/, ''));
  features.write('ActionGroupKey', String(actionKeys.groupKey));
  features.write('ActionGroupMask', String(actionKeys.groupMask));
}
