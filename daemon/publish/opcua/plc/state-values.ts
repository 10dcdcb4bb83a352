/** The line's state as the values of its tags. Pure. */
import type { Ordered } from '../../../command/port.ts';
import { causeCodes, type LineStatus } from '../../status.ts';
import type { TagValues } from '../tags.ts';
import { stateNumber } from './state-number.ts';

export interface LineNow {
  readonly status: LineStatus;
  readonly ordered: Pick<Ordered, 'recipe' | 'execution'>;
  readonly rejectsInARow: number;
  readonly busy: boolean;
}

export function stateValues({ status, ordered, rejectsInARow, busy }: LineNow): TagValues {
  const cause = status.cause ?? null;
  const code = cause === null ? 0 : causeCodes[cause];
  return {
    Fault: status.fault !== null,
    FaultCode: status.fault === null ? 0 : code,
    // What waits for a person and stops nothing is text alone: Fault stays 0.
    FaultText: status.fault ?? status.warnings?.join('; ') ?? '',
    WhyNotReady: status.why ?? '',
    NotReadyCode: code,
    State: stateNumber(status, ordered.execution, busy),
    RecipeActive: ordered.recipe ?? 0,
    ConsecutiveRejects: Math.min(rejectsInARow, 0xffff),
    Ready: status.ready,
  };
}
