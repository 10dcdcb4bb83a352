/** How long each step of the start may take; a step that takes longer ends the start, with its name. */
import { wholeKey } from '../key.ts';

const max = 3_600_000;

export const start = {
  stepTimeoutMs: wholeKey({
    doc:
      'Each start step that has no key of its own: state folder, commands in force, calibration, embedded broker, ' +
      'evidence, line. The step of the bundle may take twice `inference.loadTimeoutMs` and this: the bundle asked ' +
      'for, and the last good one.',
    default: 10_000,
    unit: 'ms',
    min: 1000,
    max,
    takes: 'restart',
  }),
  publishingTimeoutMs: wholeKey({
    doc: 'The start step of journal, MQTT and OPC UA; the OPC UA server makes its key at the first start.',
    default: 30_000,
    unit: 'ms',
    min: 1000,
    max,
    takes: 'restart',
  }),
  cameraTimeoutMs: wholeKey({
    doc: 'The start step of the cameras: the search on several interfaces, and the configuration of a real camera.',
    default: 30_000,
    unit: 'ms',
    min: 1000,
    max,
    takes: 'restart',
  }),
};
