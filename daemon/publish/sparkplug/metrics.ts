/**
 * The metrics of a line as a Sparkplug device: names, types and where their values come from. Names once released keep
 * their meaning; what is not in this table is not sent.
 */
import type { Ordered } from '../../command/port.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import { reasonCodes, verdictCodes } from '../payload.ts';
import type { LineCounters, LineStatus } from '../status.ts';
import type { DataType, Metric, MetricValue } from './payload.ts';

/** What a device knows of its line. */
export interface DeviceState {
  readonly record: VerdictRecord | null;
  /** Announced while this session stood; false in a birth, which shows what is known and is no verdict to act on. */
  readonly live: boolean;
  readonly maskTopic: string | null;
  readonly status: LineStatus | null;
  readonly ordered: Ordered | null;
  /** The answer to the last command, as JSON of answer.json. */
  readonly answer: string | null;
}

type Row = readonly [name: string, type: DataType, value: (state: DeviceState) => MetricValue | undefined];

const result: readonly Row[] = [
  ['Result/Id', 'String', ({ record }) => record?.resultId],
  ['Result/Sequence', 'Int64', ({ record }) => record?.sequence],
  ['Result/Live', 'Boolean', ({ live }) => live],
  ['Result/Trigger', 'Int64', ({ record }) => record?.trigger],
  ['Result/PartId', 'String', ({ record }) => record?.partId],
  ['Result/PlantSequence', 'Int64', ({ record }) => record?.plantSequence],
  ['Result/Challenge', 'Boolean', ({ record }) => record?.challenge],
  ['Result/Recipe', 'Int32', ({ record }) => record?.recipe],
  ['Result/Decision', 'String', ({ record }) => record?.decision],
  ['Result/Verdict', 'Int32', ({ record }) => (record ? verdictCodes[record.decision] : 0)],
  ['Result/Reason', 'String', ({ record }) => record?.reason],
  ['Result/ReasonCode', 'Int32', ({ record }) => (record ? reasonCodes[record.reason] : 0)],
  ['Result/Detail', 'String', ({ record }) => record?.detail],
  ['Result/Score', 'Double', ({ record }) => finite(record?.score)],
  ['Result/Threshold', 'Double', ({ record }) => finite(record?.threshold)],
  ['Result/JudgedShare', 'Double', ({ record }) => finite(record?.judgedShare)],
  ['Result/Regions', 'Int32', ({ record }) => record?.regions.length],
  ['Result/MaskTopic', 'String', ({ maskTopic }) => maskTopic],
  ['Result/ClosedAt', 'DateTime', ({ record }) => record?.closedAtMs],
  ['Result/CaptureToVerdictMs', 'Double', ({ record }) => finite(record?.captureToVerdictMs)],
];

/** Total, so that a new counter is a metric too. */
const counters: Readonly<Record<keyof LineCounters, true>> = {
  ...{ opened: true, pass: true, fail: true, undecided: true, challenges: true, rejectsInARow: true },
  ...{ unjournaled: true, recordsLost: true, recordsSent: true, recordsReplayed: true },
  ...{ masksSent: true, masksDropped: true },
};

const state: readonly Row[] = [
  ['State/Ready', 'Boolean', ({ status }) => status?.ready ?? false],
  ['State/Why', 'String', ({ status }) => (status ? status.why : 'starting')],
  ['State/Fault', 'String', ({ status }) => status?.fault],
  ['State/Bundle', 'String', ({ status }) => status?.bundle && `${status.bundle.name}@${status.bundle.version}`],
  ['State/BundleDigest', 'String', ({ status }) => status?.bundle?.digest],
  ...(Object.keys(counters) as (keyof LineCounters)[]).map(
    (name): Row => [`Counters/${name}`, 'Int64', ({ status }) => status?.counters[name] ?? 0],
  ),
];

const orders: readonly Row[] = [
  ['Orders/Recipe', 'Int32', ({ ordered }) => ordered?.recipe],
  ['Orders/Threshold', 'Double', ({ ordered }) => ordered?.threshold],
  ['Orders/Execution', 'String', ({ ordered }) => ordered?.execution],
  ['Orders/Halted', 'String', ({ ordered }) => ordered?.halted],
];

/** Written by DCMD; they have no value of their own and are null in the birth. */
const commands: readonly Row[] = [
  ['Command/RequestId', 'String', () => null],
  ['Command/Trigger', 'Boolean', () => null],
  ['Command/PartId', 'String', () => null],
  ['Command/Challenge', 'Boolean', () => null],
  ['Command/SelectRecipe', 'Int32', () => null],
  ['Command/SetThreshold', 'Double', () => null],
  ['Command/SetExecution', 'String', () => null],
  ['Command/Abort', 'String', () => null],
  ['Command/Halt', 'String', () => null],
  ['Command/Reset', 'String', () => null],
  ['Command/ResetCounters', 'Boolean', () => null],
  ['Command/Answer', 'String', ({ answer }) => answer],
];

/** The time of a result is when its part was closed; of everything else, now. */
export function deviceMetrics(of: DeviceState, nowMs: number): Metric[] {
  const at = (rows: readonly Row[], atMs: number): Metric[] =>
    rows.map(([name, type, value]) => ({ name, type, value: value(of) ?? null, atMs }));
  return [...at(result, of.record?.closedAtMs ?? nowMs), ...at([...state, ...orders, ...commands], nowMs)];
}

/** Those of the birth or data before that are of another value now. */
export function changed(before: ReadonlyMap<string, MetricValue>, now: readonly Metric[]): Metric[] {
  return now.filter(({ name, value }) => before.get(name) !== value);
}

function finite(value: number | null | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
