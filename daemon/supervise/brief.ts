/** How long the steps of start and stop may take: the start as configured, the stop by its own bounds. */
import type { Config } from '../../config/schema.ts';

/** A stop that takes longer is given up, and the next one begins. */
const stopMaxMs = 10_000;
/** The last commits, and what the record lane has in flight. */
export const publishingStopMaxMs = 8000;

export interface StepBounds {
  readonly name: string;
  readonly startMaxMs: number;
  readonly stopMaxMs: number;
}

/** The bounds of a step that answers in a moment or not at all: one of the network, the disk or the settings. */
export function brief(name: string, { start }: Pick<Config, 'start'>): StepBounds {
  return { name, startMaxMs: start.stepTimeoutMs, stopMaxMs };
}
