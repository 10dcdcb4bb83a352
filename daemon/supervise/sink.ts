/** Where a line's verdicts go, in this order: the plant, the heartbeat's books, the pictures. */
import type { EvidenceStore } from '../evidence/store.ts';
import { type VerdictSink, withoutCommit } from '../line/sink.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { Heartbeat } from './heartbeat.ts';

/** The heartbeat begins only when the line can be asked; until then its books are nobody's. */
export function lineSink(
  publisher: Publisher,
  evidence: EvidenceStore | null,
  heartbeat: () => Heartbeat | null,
): VerdictSink {
  return {
    opened(part) {
      heartbeat()?.opened();
      return publisher.opened(part);
    },
    acquired: (sequence) => publisher.acquired(sequence),
    closed(record, seen) {
      const committed = publisher.closed(record, seen);
      heartbeat()?.judged(record);
      const told = committed.then((is) => (is ? record : withoutCommit(record, 'the record could not be committed')));
      evidence?.offer(record, seen, told);
      return committed;
    },
    late: (sequence, reading) => evidence?.late(sequence, reading),
  };
}
