/** The keys of a GenICam camera (driver `aravis`): the same for the camera and for a depth camera beside it. */
import { choiceKey, pathKey, switchKey, textKey, wholeKey } from '../key.ts';

/** Lines of what can be printed; longer is a pasted mistake. */
const featureLines = /^[\P{Cc}\n]{0,8000}$/u;

export const genicam = {
  address: textKey({
    doc:
      'Which camera: its IP address, its serial number, or its name as `twinspect camera list` shows it. An address ' +
      'is opened directly; a name is searched on every interface, which takes a second for each.',
    default: '',
    expected: 'an IP address, a serial number or a name',
    matches: /^[\w .:@/-]{0,128}$/,
    takes: 'restart',
  }),
  library: pathKey({
    doc:
      "Path of libaravis; empty for the system's. 0.8.25 or later is needed; JetPack brings an older one " +
      '(docs/cameras.md says how to build it off the device).',
    default: '',
    takes: 'restart',
  }),
  preset: choiceKey({
    doc: 'Features of a camera family, set before `features`. None of them has been tried on hardware.',
    values: ['none', 'photoneo-motioncam', 'basler-blaze', 'lucid-helios2', 'sick-ruler3000'],
    default: 'none',
    takes: 'restart',
  }),
  features: textKey({
    doc:
      'Features set at every opening, in this order: `Name=value`, one on a line or parted by semicolons; a command ' +
      'by its name alone; `#` begins a comment. `twinspect camera features` lists what the camera has.',
    default: '',
    expected: 'lines of Name=value',
    matches: featureLines,
    takes: 'restart',
  }),
  trigger: choiceKey({
    doc:
      'Who exposes: an electrical edge at the camera, Twinspect by a command to this camera, Twinspect by an action ' +
      'command on the network, or the camera at its own pace.',
    values: ['hardware', 'software', 'action', 'free'],
    default: 'hardware',
    takes: 'restart',
  }),
  triggerSource: textKey({
    doc: 'TriggerSource of a hardware trigger (empty: Line0) or of an action (empty: Action0).',
    default: '',
    expected: 'a trigger source of the camera, or empty',
    matches: /^\w{0,64}$/,
    takes: 'restart',
  }),
  count: choiceKey({
    doc:
      "Where a frame's trigger number comes from: a chunk that counts edges (best: it knows of edges without a " +
      'frame), the frame number, or nowhere (then frames are matched by the instant of exposure).',
    values: ['chunk', 'frameId', 'none'],
    default: 'frameId',
    takes: 'restart',
  }),
  countChunk: textKey({
    doc: 'The chunk that counts triggers; empty: ChunkCounterValue.',
    default: '',
    expected: 'the name of a chunk, or empty',
    matches: /^\w{0,64}$/,
    takes: 'restart',
  }),
  countFeature: textKey({
    doc:
      'A feature that reads the same counter (CounterValue): with `count: chunk` it tells of triggers that made no ' +
      'frame at all. Empty: not read.',
    default: '',
    expected: 'the name of a feature, or empty',
    matches: /^\w{0,64}$/,
    takes: 'restart',
  }),
  packetBytes: wholeKey({
    doc: 'Size of a network packet; 0: the largest that the network carries, tried at every opening.',
    default: 0,
    unit: 'bytes',
    min: 0,
    max: 65_500,
    takes: 'restart',
  }),
  packetSocket: switchKey({
    doc:
      "Take packets before the kernel's network layer: least work, but a frame's last ones wait up to 5 ms. " +
      'Needs the right CAP_NET_RAW; without it the usual sockets are used.',
    default: true,
    takes: 'restart',
  }),
  resend: switchKey({ doc: 'Ask for lost packets again.', default: true, takes: 'restart' }),
  heartbeatMs: wholeKey({
    doc: 'A camera that does not answer for so long is lost; it is asked four times within.',
    default: 1000,
    unit: 'ms',
    min: 200,
    max: 60_000,
    takes: 'restart',
  }),
  stallMs: wholeKey({
    doc: 'A camera that answers but delivers nothing for so long although it is triggered is opened anew.',
    default: 1000,
    unit: 'ms',
    min: 100,
    max: 60_000,
    takes: 'restart',
  }),
  confidenceMin: wholeKey({
    doc: 'Depth readings of a lower confidence are none, where the camera delivers a confidence; 0: all are believed.',
    default: 1,
    min: 0,
    max: 65_535,
    takes: 'restart',
  }),
};
