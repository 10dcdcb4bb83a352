/** A record as the line makes it; apart from the other fixtures, since a child process without vitest needs it too. */
import { systemClock } from '../../daemon/clock.ts';
import { type Decision, openedByCamera, type Reason, type VerdictRecord } from '../../daemon/line/verdict.ts';
import { resultIdOf } from '../../daemon/publish/payload.ts';

export function judged(sequence: number, decision: Decision = 'pass', lineId = 'line1'): VerdictRecord {
  const reason: Reason = decision === 'pass' ? 'good' : decision === 'fail' ? 'defect' : 'timeout';
  const region = { id: 1, x: 4, y: 5, widthPx: 6, heightPx: 7, areaPx: 30, peak: 2.5 };
  const closedAtMs = systemClock.wallMs();
  return {
    ...openedByCamera,
    lineId,
    epoch: null,
    resultId: resultIdOf(lineId, sequence),
    sequence,
    trigger: sequence + 1000,
    partId: sequence % 2 === 0 ? null : `part ${sequence}`,
    decision,
    reason,
    detail: decision === 'undecided' ? 'no reading within 300 ms' : null,
    score: decision === 'undecided' ? null : 0.25,
    threshold: decision === 'undecided' ? null : 0.5,
    judgedShare: decision === 'undecided' ? null : 0.98,
    regions: decision === 'fail' ? [region] : [],
    bundle: { name: 'washer', version: '1.2.0', digest: 'ab'.repeat(32) },
    openedAtMs: closedAtMs - 40,
    closedAtMs,
    deadlineMs: 300,
    captureToVerdictMs: decision === 'undecided' ? null : 38.5,
    inferMs: decision === 'undecided' ? null : 30.25,
  };
}
