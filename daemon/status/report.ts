/**
 * What a running daemon says of itself to whoever asks on its machine: one JSON object. Its keys are a promise, as
 * those of the topics are: additions only, and a key once released keeps its meaning. docs/status.md explains each.
 */
import type { InferenceCounters } from '../inference/settings.ts';
import type { BundleName, Decision, Reason } from '../line/verdict.ts';
import type { Cause, LineCounters } from '../publish/status.ts';

export const reportSchema = 'twinspect.daemon/1';

export interface DaemonReport {
  readonly schema: typeof reportSchema;
  /** Of the program. */
  readonly version: string;
  readonly pid: number;
  /** When this was said and when the process began, ISO 8601. */
  readonly at: string;
  readonly startedAt: string;
  readonly phase: 'starting' | 'running' | 'stopping';
  /** The start step it is at; null once all are done. */
  readonly step: string | null;
  readonly configFile: string | null;
  readonly stateFolder: string;
  readonly line: LineReport;
  /** Whether capture and inference are proven to work; null before the camera was started. */
  readonly heartbeat: { readonly steps: boolean; readonly problem: string | null } | null;
  /** What judges; null where nothing does. */
  readonly bundle: (BundleName & { readonly product: string }) | null;
  /** Why the bundle that the configuration or a command asks for does not serve; null where it does. */
  readonly refusal: Problem | null;
  readonly effective: EffectiveReport;
  readonly counters: Readonly<LineCounters> | null;
  /** The process that judges. */
  readonly inference: InferenceReport;
  readonly cameras: readonly CameraReport[];
  /** Ways to the plant: MQTT, OPC UA, the PLC's own server, Sparkplug, the digital output. */
  readonly links: readonly LinkReport[];
  /** Ports it listens on, by the key that sets them. */
  readonly listens: Readonly<Record<string, number>>;
  /** Everything that needs a person. */
  readonly faults: readonly FaultReport[];
  /** The newest verdicts as they went out, newest first. */
  readonly verdicts: readonly VerdictReport[];
  readonly configuration: ConfigurationReport;
}

export interface LineReport {
  readonly id: string;
  readonly opensParts: 'camera' | 'command';
  readonly ready: boolean;
  /** Why it is not ready, for people, and as one word; null exactly when it is. */
  readonly why: string | null;
  readonly cause: Cause | null;
  readonly fault: string | null;
  /** Parts opened and not yet told. */
  readonly open: number;
}

export interface Problem {
  readonly code: string | null;
  readonly text: string;
  readonly action: string | null;
}

/** What the plant's commands and the configuration came to. */
export interface EffectiveReport {
  /** The active recipe; null while its bundle does not serve. */
  readonly recipe: number | null;
  readonly recipeName: string | null;
  /** Of the line now. */
  readonly product: string;
  /** The score from which a part fails; null while nothing judges. */
  readonly threshold: number | null;
  /** True where a command or a recipe set the threshold, false where it is the bundle's own. */
  readonly thresholdSet: boolean;
  readonly execution: 'continuous' | 'single' | 'stopped';
  readonly halted: string | null;
}

export interface InferenceReport extends Readonly<InferenceCounters> {
  readonly problem: string | null;
  readonly pid: number | null;
  /** Of its process, at its last answer. */
  readonly memoryMb: number | null;
}

export interface CameraReport {
  readonly id: string;
  readonly driver: string;
  readonly ok: boolean;
  readonly problem: string | null;
}

export interface LinkReport {
  readonly kind: string;
  readonly name: string;
  readonly ok: boolean;
  readonly problem: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

export interface FaultReport {
  /** Where it is: `line`, `bundle`, `heartbeat`, `inference`, `camera1`, `mqtt` ... */
  readonly source: string;
  /** A code of docs/errors.md; null where there is none. */
  readonly code: string | null;
  readonly text: string;
  /** Since when, ISO 8601; null where nobody noted it. */
  readonly since: string | null;
}

export interface VerdictReport {
  readonly resultId: string;
  readonly at: string;
  readonly partId: string | null;
  readonly trigger: number;
  readonly decision: Decision;
  readonly reason: Reason;
  readonly detail: string | null;
  readonly score: number | null;
  readonly threshold: number | null;
  readonly regions: number;
  readonly challenge: boolean;
  readonly captureToVerdictMs: number | null;
}

export interface ConfigurationReport {
  /** The value that is in force for each key. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Keys that were edited and take effect at the next start. */
  readonly pending: readonly string[];
  /** Why the file as it is now is refused; null where it is not. */
  readonly refused: Problem | null;
}
