/**
 * Every MQTT message, typed by its topic, and the codes a PLC reads. What is here is a promise to the plant:
 * additions only; a field or code once released keeps its meaning. The JSON Schemas beside it say the same to others.
 */
import { fail } from '../../errors.ts';
import type { Ordered, Recipe } from '../command/port.ts';
import type { BundleName, Decision, PartOrigin, Reason, Region, VerdictRecord } from '../line/verdict.ts';
import type { LineCounters, LineStatus } from './status.ts';

/** Where the mask of a part is found. The digest is of the PNG; null in the control lane, which never waits for it. */
export interface MaskReference {
  topic: string;
  sha256: string | null;
  widthPx: number;
  heightPx: number;
}

export interface VerdictPayload extends PartOrigin {
  schema: 'twinspect.verdict/1';
  lineId: string;
  /** Random, of the journal: with `sequence` it is unique on any disk. Null in records of before there were epochs. */
  epoch: string | null;
  resultId: string;
  sequence: number;
  trigger: number;
  partId: string | null;
  decision: Decision;
  reason: Reason;
  reasonCode: number;
  detail: string | null;
  score: number | null;
  threshold: number | null;
  judgedShare: number | null;
  regions: Region[];
  mask: MaskReference | null;
  bundle: BundleName | null;
  openedAtMs: number;
  closedAtMs: number;
  deadlineMs: number;
  captureToVerdictMs: number | null;
  inferMs: number | null;
  /** True where it is history: sent before, judged before this connection was made, or older than the live window. */
  replayed: boolean;
  /** From the closing of the part to the sending of this message. */
  ageMs: number;
}

export interface StatusPayload {
  schema: 'twinspect.status/1';
  lineId: string;
  online: boolean;
  ready: boolean;
  /** Why not ready; null exactly when ready. */
  why: string | null;
  fault: string | null;
  bundle: BundleName | null;
  /** Null in the last will: the broker sends it for a daemon that is gone. */
  counters: LineCounters | null;
  atMs: number | null;
  /** The MQTT client id of who says this; two of them on one topic are two publishers of one line. */
  client: string;
  /** What a person should look at although the line may be ready. */
  warnings: string[];
}

/** What was ordered of the line and what may be: topic `orders`, retained. */
export interface OrdersPayload extends Ordered {
  schema: 'twinspect.orders/1';
  lineId: string;
  recipes: Recipe[];
  atMs: number;
}

/** The payload of each topic below `<prefix>/<lineId>/`. */
export interface Payloads {
  status: StatusPayload;
  orders: OrdersPayload;
  verdict: VerdictPayload;
  record: VerdictPayload;
  last: VerdictPayload;
  /** PNG bytes, on `mask/<resultId>`. */
  mask: Uint8Array;
}

/** One number per reason for PLCs that compare numbers; never renumbered. 0 is "no verdict yet". */
export const reasonCodes: Readonly<Record<Reason, number>> = {
  good: 1,
  defect: 2,
  timeout: 3,
  unpaired: 4,
  noFrames: 5,
  incomplete: 6,
  stale: 7,
  size: 8,
  unmatched: 9,
  coverage: 10,
  datum: 11,
  notFinite: 12,
  inference: 13,
  noModel: 14,
  cameraLost: 15,
  overrun: 16,
  journal: 17,
  interrupted: 18,
  rgbDead: 19,
  depthDead: 20,
  halted: 21,
};

/** As OPC 40001-101 ResultEvaluation: 0 none, 1 OK, 2 NotOK, 3 NotDecidable. */
export const verdictCodes: Readonly<Record<Decision, number>> = { pass: 1, fail: 2, undecided: 3 };

export function resultIdOf(lineId: string, sequence: number): string {
  return `${lineId}-${sequence}`;
}

export function topicOf(prefix: string, lineId: string, leaf: Exclude<keyof Payloads, 'mask'>): string {
  return `${prefix}/${lineId}/${leaf}`;
}

export function maskTopicOf(prefix: string, lineId: string, resultId: string): string {
  return `${prefix}/${lineId}/mask/${resultId}`;
}

/** Line ids become topic levels and node ids: anything MQTT or OPC UA reads as syntax is refused. */
export function checkLineId(lineId: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(lineId)) return lineId;
  throw fail('publish/name', {
    what: 'line id',
    actual: JSON.stringify(lineId),
    expected: '1 to 64 of A-Z a-z 0-9 . _ -',
  });
}

export function checkTopicPrefix(prefix: string): string {
  if (/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+){0,15}$/.test(prefix) && prefix.length <= 256) return prefix;
  throw fail('publish/name', {
    what: 'MQTT topic prefix',
    actual: JSON.stringify(prefix),
    expected: 'levels of A-Z a-z 0-9 . _ - with / between them, at most 16 levels and 256 characters',
  });
}

export function verdictPayload(
  record: VerdictRecord,
  mask: MaskReference | null,
  sending: { replayed: boolean; wallMs: number },
): VerdictPayload {
  return {
    schema: 'twinspect.verdict/1',
    lineId: record.lineId,
    epoch: record.epoch,
    resultId: record.resultId,
    sequence: record.sequence,
    trigger: record.trigger,
    partId: record.partId,
    ...originOf(record),
    decision: record.decision,
    reason: record.reason,
    reasonCode: reasonCodes[record.reason],
    detail: record.detail,
    score: finiteOrNull(record.score),
    threshold: finiteOrNull(record.threshold),
    judgedShare: finiteOrNull(record.judgedShare),
    regions: record.regions,
    mask,
    bundle: bundleName(record.bundle),
    openedAtMs: record.openedAtMs,
    closedAtMs: record.closedAtMs,
    deadlineMs: record.deadlineMs,
    captureToVerdictMs: record.captureToVerdictMs,
    inferMs: record.inferMs,
    replayed: sending.replayed,
    // The wall clock may have been set back since; an age below zero would be a lie of another kind.
    ageMs: Math.max(0, sending.wallMs - record.closedAtMs),
  };
}

/** Who says it, and what is amiss with how it is said. */
export interface Sayer {
  readonly client: string;
  readonly warnings: readonly string[];
}

export function statusPayload(status: LineStatus, wallMs: number, { client, warnings }: Sayer): StatusPayload {
  return {
    schema: 'twinspect.status/1',
    lineId: status.lineId,
    online: true,
    ready: status.ready,
    why: status.why,
    fault: status.fault,
    bundle: bundleName(status.bundle),
    counters: { ...status.counters },
    atMs: wallMs,
    client,
    warnings: [...warnings, ...(status.warnings ?? [])],
  };
}

export function ordersPayload(
  lineId: string,
  { recipe, threshold, execution, halted }: Ordered,
  recipes: readonly Recipe[],
  wallMs: number,
): OrdersPayload {
  const table = recipes.map(({ number, name, product, bundle, threshold: own }) => ({
    ...{ number, name, product, bundle },
    threshold: own,
  }));
  return {
    ...{ schema: 'twinspect.orders/1', lineId, recipe, threshold, execution, halted },
    recipes: table,
    atMs: wallMs,
  };
}

/** What stands on the status topic while no daemon does: last will, and farewell of a planned stop. */
export function offlinePayload(
  lineId: string,
  client: string,
  why: 'offline' | 'stopped',
  gone: { readonly counters: LineCounters | null; readonly atMs: number } | null,
): StatusPayload {
  return {
    schema: 'twinspect.status/1',
    lineId,
    online: false,
    ready: false,
    why,
    fault: null,
    bundle: null,
    counters: gone?.counters ?? null,
    atMs: gone?.atMs ?? null,
    client,
    warnings: [],
  };
}

/** The fields of the origin, whatever else the record carries. */
function originOf({ triggerSource, plantSequence, measId, productId, jobId, challenge }: PartOrigin): PartOrigin {
  return { triggerSource, plantSequence, measId, productId, jobId, challenge };
}

/** JSON has no NaN; a score that is not a number says so by its reason. */
function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** The three fields of the vocabulary, whatever else the object carries. */
function bundleName(bundle: BundleName | null): BundleName | null {
  return bundle && { name: bundle.name, version: bundle.version, digest: bundle.digest };
}
