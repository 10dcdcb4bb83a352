/** What `run` shows people: a line for each verdict, where to subscribe, what it came to. */
import type { Config } from '../../config/schema.ts';
import { type Reason, reasons, type VerdictRecord } from '../line/verdict.ts';

const tagsShown = ['Verdict', 'Reason', 'Score', 'Sequence', 'Ready'];

/** `12:03:44.120Z  P000012  FAIL  defect  score 1.234 / 0.651  2 regions  63 ms`, as it went out. */
export function verdictLine(record: VerdictRecord): string {
  const { closedAtMs, partId, trigger, decision, reason, score, threshold, regions, captureToVerdictMs } = record;
  const shown = [
    new Date(closedAtMs).toISOString().slice(11),
    (partId ?? `#${trigger}`).padEnd(8),
    decision.toUpperCase().padEnd(9),
    reason.padEnd(11),
    score === null ? 'score -' : `score ${score.toPrecision(4)} / ${threshold?.toPrecision(4)}`,
    `${regions.length} ${regions.length === 1 ? 'region' : 'regions'}`,
    captureToVerdictMs === null ? '- ms' : `${captureToVerdictMs.toFixed(0)} ms`,
  ];
  if (record.detail !== null) shown.push(record.detail);
  return shown.join('  ');
}

/** Which programs can listen, and how. */
export function whereToSubscribe(
  { line, mqtt }: Config,
  mqttUrl: string | null,
  opcua: { readonly endpoint: string; readonly access: string } | null,
): string[] {
  const lines: string[] = [];
  if (mqttUrl !== null) {
    const { hostname, port } = new URL(mqttUrl);
    const topics = `${mqtt.prefix}/${line.id}`;
    lines.push(`MQTT    ${mqttUrl}  topics ${topics}/verdict (live), /record, /last, /status, /mask/RESULT`);
    lines.push(`        mosquitto_sub -h ${hostname} -p ${port || 1883} -v -t '${topics}/verdict'`);
  }
  if (opcua !== null) {
    lines.push(`OPC UA  ${opcua.endpoint}  nodes ${tagsShown.map((tag) => `ns=1;s=${line.id}.${tag}`).join(', ')} ...`);
    lines.push(`        ${opcua.access}`);
  }
  return lines;
}

/** Counts only: a run may take months. */
export class RunSummary {
  readonly #decisions = { pass: 0, fail: 0, undecided: 0 };
  readonly #reasons = new Map<Reason, number>();

  get count(): number {
    return this.#decisions.pass + this.#decisions.fail + this.#decisions.undecided;
  }

  add({ decision, reason }: VerdictRecord): void {
    this.#decisions[decision]++;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  lines(): string[] {
    const { pass, fail, undecided } = this.#decisions;
    const why = reasons.filter((reason) => reason !== 'good' && reason !== 'defect' && this.#reasons.has(reason));
    const list = why.map((reason) => `${reason} ${this.#reasons.get(reason)}`).join(', ');
    return [
      `${this.count} parts: ${pass} pass, ${fail} fail, ${undecided} undecided${list === '' ? '' : ` (${list})`}`,
    ];
  }
}
