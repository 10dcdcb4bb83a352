/** The digital output that says OK. */
import { choiceKey, switchKey, textKey, wholeKey } from '../key.ts';

export const output = {
  driver: choiceKey({
    doc:
      'What says OK besides the network: a pin of a GPIO chip (`gpiod`, with libgpiod 1.x), or a file `ok-<line>` in ' +
      'the state folder that holds 1 or 0 (`simulated`). Energised only for a committed pass of the part triggered ' +
      'last; released by a trigger, a fault, a stop, and when the daemon dies or hangs. Not for the safety of people.',
    values: ['none', 'simulated', 'gpiod'],
    default: 'none',
    takes: 'restart',
  }),
  chip: textKey({
    doc: 'The GPIO chip: its name below /dev, as `gpiodetect` lists it.',
    default: 'gpiochip0',
    expected: 'a name of 1 to 64 letters, digits, "-", "_"',
    matches: /^[A-Za-z0-9_-]{1,64}$/,
    takes: 'restart',
  }),
  pin: wholeKey({
    doc: 'The pin on that chip, as `gpioinfo` numbers it.',
    default: 0,
    min: 0,
    max: 1023,
    takes: 'restart',
  }),
  activeLow: switchKey({
    doc: 'Energised is low. Then a cut wire or a missing supply may look like OK; wire it so that it does not.',
    default: false,
    takes: 'restart',
  }),
  holdMs: wholeKey({
    doc: 'OK is shown for so long at most, and never longer than until the next trigger. 0: until then.',
    default: 0,
    unit: 'ms',
    min: 0,
    max: 60_000,
    takes: 'restart',
  }),
};
