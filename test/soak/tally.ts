/**
 * Triggers against verdicts, from four books that know nothing of one another: what the camera fired and what the
 * journal's thread took (written by the daemon's process before anything can be lost), what lay in the journal's file
 * after each kill, and what a subscriber at the broker received. Pure.
 */
export interface Received {
  readonly topic: 'record' | 'verdict';
  readonly resultId: string;
  readonly sequence: number;
  readonly partId: string;
  readonly decision: string;
  readonly reason: string;
}

/** A trigger as the journal's file has it, open or judged. */
export interface Journaled {
  readonly sequence: number;
  readonly partId: string;
}

export interface Books {
  /** Lines `fired PART` and `opened SEQUENCE PART`, in the order they were written. */
  readonly book: readonly string[];
  readonly journaled: readonly Journaled[];
  /** In the order of arrival. */
  readonly received: readonly Received[];
}

export interface Tally {
  /** Triggers the camera fired. */
  triggersFired: number;
  /** Triggers opened: in the journal's file, or said by its thread to be. */
  triggersOpened: number;
  /** Fired in the moment of a kill, nowhere opened: a PLC sees no verdict and rejects. */
  firedNotOpened: number;
  verdictsRecorded: number;
  /** Opened, and no record of it arrived. */
  verdictsLost: number;
  /** Records that first arrived after one of a higher sequence, or of a part that came later. */
  verdictsReordered: number;
  /** Triggers with records under two ids, and ids with records of two contents. */
  verdictsDoubled: number;
  /** Announced live as a pass, and not recorded as one. */
  passesUnrecorded: number;
  /**
   * Announced live, and recorded otherwise or not at all. A kill leaves one where a commit came too late (announced as
   * undecided / journal), succeeded after all, and its correction was still to be written.
   */
  announcedOtherwise: number;
  /** Records that arrived more than once, as records with `replayed` may. */
  arrivedAgain: number;
  /** Closed as undecided / interrupted: what a kill had left open. */
  interrupted: number;
}

export function tally({ book, journaled, received }: Books): Tally {
  const { fired, opened } = triggers(book, journaled);
  const records = received.filter(({ topic }) => topic === 'record');
  const byId = new Map<string, Received>();
  let otherContent = 0;
  for (const record of records) {
    const before = byId.get(record.resultId);
    if (!before) byId.set(record.resultId, record);
    else if (before.decision !== record.decision || before.partId !== record.partId) otherContent += 1;
  }
  const firsts = [...byId.values()];
  const bySequence = new Map(firsts.map((record) => [record.sequence, record]));
  const openedParts = new Set(opened.values());
  const otherwise = received.filter(
    ({ topic, resultId, decision }) => topic === 'verdict' && byId.get(resultId)?.decision !== decision,
  );
  return {
    triggersFired: fired.size,
    triggersOpened: opened.size,
    firedNotOpened: [...fired].filter((part) => !openedParts.has(part)).length,
    verdictsRecorded: byId.size,
    verdictsLost: [...opened].filter(([sequence, part]) => bySequence.get(sequence)?.partId !== part).length,
    verdictsReordered: reordered(firsts),
    verdictsDoubled: otherContent + firsts.length - new Set(firsts.map(({ partId }) => partId)).size,
    passesUnrecorded: otherwise.filter(({ decision }) => decision === 'pass').length,
    announcedOtherwise: otherwise.length,
    arrivedAgain: records.length - byId.size,
    interrupted: firsts.filter(({ reason }) => reason === 'interrupted').length,
  };
}

/** Part ids; part ids by sequence. */
function triggers(book: readonly string[], journaled: readonly Journaled[]) {
  const fired = new Set<string>();
  const opened = new Map(journaled.map(({ sequence, partId }) => [sequence, partId]));
  for (const line of book) {
    const [what, first, second] = line.split(' ');
    if (what === 'fired') fired.add(first!);
    else opened.set(Number(first), second!);
  }
  return { fired, opened };
}

/** Part ids rise with the parts. */
function reordered(firsts: readonly Received[]): number {
  let count = 0;
  let [sequence, part] = [0, ''];
  for (const record of firsts) {
    if (record.sequence < sequence || record.partId < part) count += 1;
    sequence = Math.max(sequence, record.sequence);
    if (record.partId > part) part = record.partId;
  }
  return count;
}
