/** What a line makes and how long a part may take. */
import { choiceKey, numberKey, pathKey, textKey, wholeKey } from '../key.ts';
import { idExpected, idPattern, shippedPrefix } from '../words.ts';
import { recipeMax } from './recipes.ts';

export const line = {
  id: textKey({
    doc: 'Name of this line; topics, node ids and the journal are keyed by it.',
    default: 'line1',
    expected: idExpected,
    matches: idPattern,
    takes: 'restart',
  }),
  product: textKey({
    doc: 'The product the line makes now; a bundle taught for another product is refused.',
    default: 'first-run',
    expected: idExpected,
    matches: idPattern,
    takes: 'between parts',
  }),
  bundle: pathKey({
    doc:
      `The bundle that judges: a folder NAME@VERSION, or \`${shippedPrefix}NAME@VERSION\` for one that comes ` +
      'with Twinspect. A new bundle is loaded and checked beside the old one, which goes on judging if the new ' +
      'one is refused.',
    default: `${shippedPrefix}first-run@1.0.0`,
    expected: `a path, or ${shippedPrefix}NAME@VERSION`,
    takes: 'between parts',
  }),
  recipe: wholeKey({
    doc: 'The recipe that is active until a command chooses another one: a row of `recipes`, or 1 without that table.',
    default: 1,
    min: 1,
    max: recipeMax,
    takes: 'between parts',
  }),
  thresholdRangePercent: numberKey({
    doc:
      'How far a command may move the score threshold to either side of what the recipe says, or the bundle where ' +
      'the recipe says nothing. 0: not at all.',
    default: 20,
    unit: '%',
    min: 0,
    max: 90,
    takes: 'live',
  }),
  trigger: choiceKey({
    doc:
      'Who opens parts: the trigger counter of the camera, or commands of the plant (PLC tags, OPC UA, MQTT). With ' +
      '`command` the synthetic and the replay camera show one part for each command; a camera that hardware triggers ' +
      'is matched to the commands by `pairing.captureEarlyMs` and `captureLateMs`.',
    values: ['camera', 'command'],
    default: 'camera',
    takes: 'restart',
  }),
  deadlineMs: wholeKey({
    doc: 'A part is closed this long after its trigger at the latest; without a reading it is undecided.',
    default: 1000,
    unit: 'ms',
    min: 20,
    max: 60_000,
    takes: 'restart',
  }),
  maxPartsInFlight: wholeKey({
    doc:
      'Parts open at the same time; a trigger beyond that is undecided (overrun) at once, so that a jam cannot ' +
      'fill the memory.',
    default: 8,
    unit: 'parts',
    min: 1,
    max: 64,
    takes: 'restart',
  }),
};
