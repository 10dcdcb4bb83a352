/** The line's state as a StateNumber of OPC 40100-1 (its state machines, 1 to 8), for PLCs that compare numbers. */
import type { Ordered } from '../../../command/port.ts';
import type { LineStatus } from '../../status.ts';

export function stateNumber(status: LineStatus | null, execution: Ordered['execution'], busy: boolean): number {
  const cause = status?.cause ?? null;
  if (status === null || cause === 'starting' || cause === 'stopped') return 1; // Preoperational
  if (cause === 'halted') return 2; // Halted
  if (status.fault !== null) return 3; // Error
  if (!status.ready) return 5; // Initialized
  if (execution === 'continuous') return 8; // ContinuousExecution
  return busy ? 7 : 6; // SingleExecution, Ready
}
