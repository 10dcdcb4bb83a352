/** The sink of a line: the plant hears the verdict first, its pictures are kept after, as they were told. */
import type { EvidenceStore } from '../evidence/store.ts';
import { type VerdictSink, withoutCommit } from '../line/sink.ts';
import type { Publisher } from '../publish/publisher.ts';

export function withEvidence(publisher: Publisher, evidence: EvidenceStore | null): VerdictSink {
  return {
    opened: (part) => publisher.opened(part),
    closed: (record, seen) => {
      const committed = publisher.closed(record, seen);
      const told = committed.then((is) => (is ? record : withoutCommit(record, 'the record could not be committed')));
      evidence?.offer(record, seen, told);
      return committed;
    },
  };
}
