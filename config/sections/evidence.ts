/** Pictures of judged parts, within a quota. */
import { pathKey, switchKey, wholeKey } from '../key.ts';

export const evidence = {
  enabled: switchKey({ doc: 'Keep the pictures and maps of judged parts.', default: true, takes: 'restart' }),
  folder: pathKey({
    doc: 'Where they are kept; empty for `evidence` in the state folder.',
    default: '',
    takes: 'restart',
  }),
  quotaMb: wholeKey({
    doc: 'Disk they may take; the oldest give way.',
    default: 2048,
    unit: 'MB',
    min: 16,
    max: 100_000_000,
    takes: 'restart',
  }),
  minFreeMb: wholeKey({
    doc:
      'Free disk below which no evidence is kept and a recording ends: what is left is for the journal, which may ' +
      'grow to `journal.maxBytesMb`.',
    default: 512,
    unit: 'MB',
    min: 0,
    max: 100_000_000,
    takes: 'restart',
  }),
  keepEveryNthPass: wholeKey({
    doc: 'Every fail and undecided is kept; of the passes every Nth. 0 keeps no pass.',
    default: 50,
    unit: 'parts',
    min: 0,
    max: 1_000_000,
    takes: 'restart',
  }),
};
