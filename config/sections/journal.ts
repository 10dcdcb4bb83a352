/** The journal on disk: how much, how long a commit may take. */
import { wholeKey } from '../key.ts';

export const journal = {
  maxRecords: wholeKey({
    doc: 'Records kept until the broker acknowledges them; a full journal lets no pass out.',
    default: 200_000,
    unit: 'records',
    min: 100,
    max: 100_000_000,
    takes: 'restart',
  }),
  maxBytesMb: wholeKey({
    doc: 'Largest size of the journal on disk; a full journal lets no pass out.',
    default: 512,
    unit: 'MB',
    min: 16,
    max: 1_000_000,
    takes: 'restart',
  }),
  reserveMb: wholeKey({
    doc:
      'Disk set aside for the journal alone: given up when the disk is full, so that everything else stops first. ' +
      '16 MB are some ten thousand records, time to be noticed; 0 sets none aside.',
    default: 16,
    unit: 'MB',
    min: 0,
    max: 100_000,
    takes: 'restart',
  }),
  commitTimeoutMs: wholeKey({
    doc: 'A pass that is not safely on disk this long after judging becomes undecided (journal).',
    default: 200,
    unit: 'ms',
    min: 5,
    max: 60_000,
    takes: 'restart',
  }),
};
