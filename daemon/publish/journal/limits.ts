/** The bounds of the journal, each with its reason. */
export interface JournalLimits {
  /** Records that may wait for the broker: eleven hours of outage at 5 parts/s. */
  readonly recordsMax: number;
  /** Bytes of records that may wait; a record is about 1 KB, one with many regions 20 KB. */
  readonly recordBytesMax: number;
  /** Bytes of masks that may wait; beyond it the oldest are given up, a mask never holds a verdict back. */
  readonly maskBytesMax: number;
  /** Acknowledged records kept per line for the result store. */
  readonly keepLatest: number;
  /** Commit durations kept for the figures. */
  readonly durationsMax: number;
  /** Sequence numbers set aside on disk ahead of use: none is used twice even if its entry was never written. */
  readonly reserve: number;
  /** Bytes set aside on the disk and given up when it is full, so that the journal is the last to stop; 0: none. */
  readonly reserveBytes: number;
}

export const journalLimits: JournalLimits = {
  recordsMax: 200_000,
  recordBytesMax: 512 * 1024 * 1024,
  maskBytesMax: 256 * 1024 * 1024,
  keepLatest: 1000,
  durationsMax: 1024,
  reserve: 1000,
  reserveBytes: 0,
};
