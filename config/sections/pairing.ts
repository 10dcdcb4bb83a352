/** How triggers and frames are told apart. */
import { choiceKey, wholeKey } from '../key.ts';

export const pairing = {
  openedBy: choiceKey({
    doc:
      'With two cameras, whose triggers open parts (`line.trigger: camera`): better the one whose frames come first, ' +
      'so that the deadline counts from near the exposure.',
    values: ['camera', 'depthCamera'],
    default: 'camera',
    takes: 'restart',
  }),
  windowMs: wholeKey({
    doc: 'From the trigger until both frames of the part must be there; then it is undecided (unpaired, noFrames).',
    default: 300,
    unit: 'ms',
    min: 1,
    max: 60_000,
    takes: 'restart',
  }),
  skewExpectedUs: wholeKey({
    doc: 'Exposure of depth minus exposure of RGB: a constant of the installation.',
    default: 0,
    unit: 'us',
    min: -10_000_000,
    max: 10_000_000,
    takes: 'restart',
  }),
  skewMaxUs: wholeKey({
    doc: 'How far the two exposures of a part may stray from that; beyond it the frames show different moments.',
    default: 20_000,
    unit: 'us',
    min: 1,
    max: 10_000_000,
    takes: 'restart',
  }),
  captureEarlyMs: wholeKey({
    doc:
      'A frame without a trigger count, and a camera trigger where commands open parts, belongs to a part opened at ' +
      'most this long after it. 0 where the command always comes first: then nothing waits for a later one.',
    default: 10,
    unit: 'ms',
    min: 0,
    max: 60_000,
    takes: 'restart',
  }),
  captureLateMs: wholeKey({
    doc:
      'A frame without a trigger count, and a camera trigger where commands open parts, belongs to a part opened at ' +
      'most this long before it. Keep the sum of both below the shortest time between parts: what fits two parts ' +
      'judges neither.',
    default: 100,
    unit: 'ms',
    min: 0,
    max: 60_000,
    takes: 'restart',
  }),
  edgeWindowMs: wholeKey({
    doc:
      'Counters of two cameras that advance within this time have heard one trigger. Less than half the shortest ' +
      'time between parts.',
    default: 20,
    unit: 'ms',
    min: 1,
    max: 10_000,
    takes: 'restart',
  }),
};
