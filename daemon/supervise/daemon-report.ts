/** What a daemon says of itself through its status socket, put together from what its rooms know. Reads only. */
import type { Config } from '../../config/schema.ts';
import { keys } from '../../config/schema.ts';
import { type Change, valueAt } from '../../config/watch.ts';
import { messageOf, TwinspectError } from '../../errors.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { Health } from '../publish/lane.ts';
import type { StateFault } from '../state/faults.ts';
import { redacted } from '../status/redact.ts';
import {
  type ConfigurationReport,
  type DaemonReport,
  type FaultReport,
  type LinkReport,
  type Problem,
  reportSchema,
  type VerdictReport,
} from '../status/report.ts';
import type { Daemon } from './daemon.ts';
import { cameraId } from './settings.ts';

/** Verdicts that are told: enough to see what the line did last. */
const verdictsTold = 10;

/** What the process knows, and no room of the daemon does. */
export interface ProcessFacts {
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly configFile: string | null;
  readonly stateFolder: string;
}

/** Keeps what passes by and is not kept anywhere else: the newest verdicts, what was edited, why an edit is refused. */
export class DaemonDiary {
  readonly #facts: ProcessFacts;
  readonly #started: Config;
  #config: Config;
  #refused: Problem | null = null;
  readonly #pending = new Set<string>();
  #verdicts: VerdictReport[] = [];

  constructor(facts: ProcessFacts, config: Config) {
    this.#facts = facts;
    this.#started = config;
    this.#config = config;
  }

  announced(record: VerdictRecord): void {
    this.#verdicts = [verdictReport(record), ...this.#verdicts].slice(0, verdictsTold);
  }

  /** The file was edited and is valid. */
  edited(config: Config, changes: readonly Change[]): void {
    this.#config = config;
    this.#refused = null;
    for (const { path, takes, to } of changes) {
      if (takes !== 'restart') continue;
      // Edited back to what runs, it is no difference any more.
      if (JSON.stringify(to) === JSON.stringify(valueAt(this.#started, path))) this.#pending.delete(path);
      else this.#pending.add(path);
    }
  }

  /** The file is again what it was. */
  unchanged(): void {
    this.#refused = null;
  }

  refused(error: unknown): void {
    this.#refused = problemOf(error);
  }

  /** No secret is in it. */
  report(daemon: Daemon, nowMs: number): DaemonReport {
    const { version, pid, startedAtMs, configFile, stateFolder } = this.#facts;
    const { starting: step, isStopping } = daemon.progress;
    const { heartbeat, inference } = daemon;
    const bundle = inference.bundle();
    const publisher = daemon.publishing?.line(this.#config.line.id) ?? null;
    const status = publisher?.status() ?? null;
    // The publisher is the way to the disk: what it says stands in the line's fault and the counters.
    const health = (daemon.publishing?.health() ?? []).filter(({ name }) => !name.startsWith('publisher '));
    const refusal = inference.refusal && problemOf(inference.refusal);
    const phase = isStopping ? 'stopping' : heartbeat === null ? 'starting' : 'running';
    const told: Omit<DaemonReport, 'faults'> = {
      schema: reportSchema,
      ...{ version, pid, at: iso(nowMs), startedAt: iso(startedAtMs), phase, step, configFile, stateFolder },
      line: {
        id: this.#config.line.id,
        opensParts: this.#started.line.trigger,
        ready: status?.ready === true,
        why: status ? status.why : 'starting',
        cause: status ? (status.cause ?? null) : 'starting',
        fault: status?.fault ?? null,
        open: daemon.line?.load.untold ?? 0,
      },
      heartbeat: heartbeat && { steps: heartbeat.problem === null, problem: heartbeat.problem },
      bundle: bundle && pick(bundle),
      refusal,
      effective: this.#effective(daemon),
      counters: status && { ...status.counters },
      inference: {
        ...inference.counters(),
        problem: inference.problem,
        pid: inference.host?.pid ?? null,
        memoryMb: inference.host ? Math.round(inference.host.rssBytes / 1024 / 1024) : null,
      },
      cameras: this.#cameras(daemon),
      links: health.map(linkOf),
      listens: listensOf(daemon, this.#started.mqtt.url === ''),
      verdicts: this.#verdicts,
      configuration: this.#configuration(),
    };
    return redacted({ ...told, faults: [...stateFaults(daemon.faults), ...faultsOf(told)] });
  }

  #effective(daemon: Daemon): DaemonReport['effective'] {
    const { recipe, threshold, execution, halted } = daemon.commands.ordered();
    const row = daemon.commands.recipes().find(({ number }) => number === recipe);
    return {
      recipe,
      recipeName: row?.name ?? null,
      product: row?.product ?? this.#config.line.product,
      threshold: daemon.inference.bundle()?.threshold ?? null,
      thresholdSet: threshold !== null,
      execution,
      halted,
    };
  }

  #cameras({ cameras, heartbeat }: Daemon): DaemonReport['cameras'] {
    const { camera, depthCamera } = this.#started;
    // The heartbeat is begun behind the cameras.
    const starting = heartbeat === null ? 'not started yet' : null;
    return (cameras?.all ?? []).map(({ id }) => {
      const problem = cameras?.problemOf(id) ?? starting;
      return { id, driver: id === cameraId ? camera.driver : depthCamera.driver, ok: problem === null, problem };
    });
  }

  /** A key that takes effect at the next start has the value it was started with. */
  #configuration(): ConfigurationReport {
    const inForce = (path: string): Config => (keys.get(path)!.takes === 'restart' ? this.#started : this.#config);
    const values = [...keys.keys()].map((path) => [path, valueAt(inForce(path), path)] as const);
    return { values: Object.fromEntries(values), pending: [...this.#pending], refused: this.#refused };
  }
}

function pick({ name, version, digest, product }: NonNullable<DaemonReport['bundle']>): DaemonReport['bundle'] {
  return { name, version, digest, product };
}

function linkOf({ name, ok, problem, fault, counters }: Health): LinkReport {
  return { kind: name.split(' ')[0]!, name, ok, problem: problem ?? fault ?? null, counters };
}

/** `embedded`: the broker is one of ours. */
function listensOf({ mqttUrl, publishing }: Daemon, embedded: boolean): Record<string, number> {
  const found: Record<string, number> = {};
  const port = (url: string | null | undefined): number => Number(/:(\d+)(?:\/|$)/.exec(url ?? '')?.[1] ?? 0);
  if (embedded && mqttUrl !== null) found['mqtt.embeddedPort'] = port(mqttUrl);
  if (publishing?.opcuaEndpoint) found['opcua.port'] = port(publishing.opcuaEndpoint);
  return found;
}

/** What waits to be acknowledged; the line judges meanwhile. */
function stateFaults(faults: readonly StateFault[]): FaultReport[] {
  return faults.map(({ id, text, sinceMs }) => {
    return { source: `state ${id}`, code: null, text, since: iso(sinceMs) };
  });
}

function faultsOf(told: Omit<DaemonReport, 'faults'>): FaultReport[] {
  const { line, refusal, heartbeat, inference, cameras, links, configuration } = told;
  const faults: FaultReport[] = [];
  const add = (source: string, problem: string | null, code: string | null = null): void => {
    if (problem === null || faults.some(({ text }) => text === problem)) return;
    faults.push({ source, code, text: problem, since: null });
  };
  if (refusal) add('bundle', refusal.text, refusal.code);
  if (told.phase !== 'starting') for (const { id, problem } of cameras) add(id, problem);
  add('inference', inference.problem);
  add('heartbeat', heartbeat?.problem ?? null);
  for (const { kind, problem } of links) add(kind, problem);
  if (configuration.refused) add('configuration', configuration.refused.text, configuration.refused.code);
  // Last: what it says is mostly one of those before, in other words.
  add('line', line.fault);
  return faults;
}

function verdictReport(record: VerdictRecord): VerdictReport {
  const { resultId, closedAtMs, partId, trigger, decision, reason, detail, score, threshold, regions } = record;
  const { challenge, captureToVerdictMs } = record;
  return {
    ...{ resultId, at: iso(closedAtMs), partId, trigger, decision, reason, detail, score, threshold },
    ...{ regions: regions.length, challenge, captureToVerdictMs },
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof TwinspectError) return { code: error.code, text: error.message, action: error.action };
  return { code: null, text: messageOf(error), action: null };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
