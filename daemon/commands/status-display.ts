/** A daemon's report for people. What a terminal would obey, perhaps from the network, is shown as a question mark. */
import type { DaemonReport, LinkReport, VerdictReport } from '../status/report.ts';

/** Counters that say something at zero as well. */
const alwaysShown: readonly string[] = ['sessions', 'connections', 'liveSent'];

export function statusLines(report: DaemonReport): string[] {
  const { line, bundle, effective, refusal, inference, heartbeat, cameras, links, faults, verdicts } = report;
  const state = line.ready ? 'READY' : `NOT READY (${line.cause ?? 'other'}): ${line.why}`;
  const step = report.step === null ? '' : `, at start step "${report.step}"`;
  const rows: [string, string][] = [
    ['line', `${line.id}  ${state}${step}`],
    ['daemon', `process ${report.pid}, version ${report.version}, since ${report.startedAt}`],
    ['config', `${report.configFile ?? 'no file: defaults and environment'}, state in ${report.stateFolder}`],
    ['bundle', bundle ? `${bundle.name}@${bundle.version}  product ${bundle.product}` : 'none: nothing is judged'],
  ];
  if (bundle) rows.push(['digest', bundle.digest]);
  if (refusal) rows.push(['refused', refusal.text]);
  rows.push(['recipe', recipe(effective)]);
  const memory = inference.memoryMb === null ? '' : `, ${inference.memoryMb} MB`;
  const lost = `${inference.hostDeaths} lost, ${inference.swaps} bundles switched, ${inference.refusals} refused`;
  rows.push(['inference', `${inference.problem ?? (inference.pid === null ? 'none' : 'runs')}${memory}; ${lost}`]);
  if (heartbeat) rows.push(['heartbeat', heartbeatText(heartbeat)]);
  rows.push(['parts', parts(report)]);
  for (const { id, driver, problem } of cameras) rows.push(['camera', `${id} (${driver})  ${problem ?? 'delivers'}`]);
  for (const link of links) rows.push(['link', linkText(link)]);
  for (const { source, text } of faults) rows.push(['FAULT', `${source}: ${text}`]);
  if (report.configuration.pending.length > 0)
    rows.push(['pending', `${report.configuration.pending.join(', ')}: edited, takes effect at the next start`]);
  const shown = rows.map(([name, text]) => `${name.padEnd(10)}${text}`);
  if (verdicts.length > 0) shown.push('last verdicts, newest first:', ...verdicts.map(verdictText));
  return shown.map(plain);
}

function heartbeatText({ problem }: NonNullable<DaemonReport['heartbeat']>): string {
  return problem === null ? 'runs: capture and inference work' : `stopped: ${problem}`;
}

function recipe({ recipe: number, recipeName, threshold, thresholdSet, execution, halted }: DaemonReport['effective']) {
  const name = number === null ? 'none serves' : `${number} ${recipeName ?? ''}`.trimEnd();
  const own = thresholdSet ? 'set' : "the bundle's own";
  const score = threshold === null ? '' : `, fail from score ${threshold.toPrecision(4)} (${own})`;
  return `${name}${score}, ${execution}${halted === null ? '' : `, halted: ${halted}`}`;
}

function parts({ counters, line }: DaemonReport): string {
  if (counters === null) return 'none yet';
  const { opened, pass, fail, undecided, challenges, rejectsInARow, unjournaled, recordsSent } = counters;
  return (
    `${opened} opened, ${line.open} open now: ${pass} pass, ${fail} fail, ${undecided} undecided, ` +
    `${challenges} challenges; ${rejectsInARow} rejects in a row; ` +
    `${recordsSent} records sent, ${unjournaled} unjournaled`
  );
}

function linkText({ name, problem, counters }: LinkReport): string {
  const counted = Object.entries(counters)
    .filter(([what, count]) => count > 0 || alwaysShown.includes(what))
    .map(([what, count]) => `${what} ${count}`);
  return [name, problem ?? 'works', counted.join(', ')].join('  ').trimEnd();
}

function verdictText(verdict: VerdictReport): string {
  const { at, resultId, partId, trigger, decision, reason, detail, score, threshold, challenge } = verdict;
  const scored = score === null ? '-' : `${score.toPrecision(4)} / ${threshold?.toPrecision(4) ?? '-'}`;
  const more = [detail, challenge ? 'challenge' : null].filter((each) => each !== null);
  return ['', at, resultId, partId ?? `#${trigger}`, decision.toUpperCase(), reason, scored, ...more].join('  ');
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '?');
}
