/**
 * The resident daemon, put together and taken apart in order: state folder, broker, publishing, evidence, bundle,
 * line, camera. Each step is bounded and named; the stop runs the other way, so that no frame comes to a line that is
 * gone and no verdict to a journal that is closed.
 */
import type { Config } from '../../config/schema.ts';
import type { Change } from '../../config/watch.ts';
import { encodePng } from '../../drivers/image/png.ts';
import type { Camera, FileReader } from '../../drivers/index.ts';
import { AuditFile } from '../audit/audit-file.ts';
import type { Clock } from '../clock.ts';
import type { LineOrders } from '../command/line-orders.ts';
import type { LineCommands } from '../command/port.ts';
import type { EvidenceStore } from '../evidence/store.ts';
import { Inference } from '../inference/inference.ts';
import { lastBundle } from '../inference/last-bundle.ts';
import { Line } from '../line/line.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { Log } from '../log.ts';
import { startEmbeddedBroker } from '../publish/embedded-broker.ts';
import type { ControlLane } from '../publish/lane.ts';
import type { LineMqtt } from '../publish/mqtt/settings.ts';
import type { Publisher } from '../publish/publisher.ts';
import { type Publishing, startPublishing } from '../publish/publishing.ts';
import type { Registering } from '../registration/registering.ts';
import type { StateFault } from '../state/faults.ts';
import type { StateFolder } from '../state/folder.ts';
import { brief, publishingStopMaxMs, type StepBounds } from './brief.ts';
import { LineCameras, openCameras } from './cameras.ts';
import { openEvidence } from './evidence.ts';
import { type Heartbeat, heartbeatOf } from './heartbeat.ts';
import { heeding } from './heeding.ts';
import { lineState } from './line-state.ts';
import { auditEdits, lineOrders } from './orders.ts';
import { ownLanes } from './own-lanes.ts';
import { lineRegistering } from './registering.ts';
import { inferenceSettings, lineSettings, mqttSettings, opcUaSettings, publishingLimits } from './settings.ts';
import { lineSink } from './sink.ts';
import { acknowledgeAtReset, machineIdOf, startState, stateFolderOf } from './state-folder.ts';
import { Steps } from './steps.ts';
import { visionOf } from './vision.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly cwd: string;
  /** Where systemd put this service's credentials; null or absent where it has none. */
  readonly credentials?: string | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: FileReader;
  readonly signal: AbortSignal;
  /** A verdict as it went out. */
  readonly announced: (record: VerdictRecord, committed: boolean) => void;
  /** Another camera than the configured one. */
  readonly camera?: Camera;
  /** Further lanes: whoever shows the line's state. */
  readonly lanes?: readonly ControlLane[];
}

/** Everything between a camera and the plant. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #steps: Steps;
  readonly #state: StateFolder;
  readonly #inference: Inference;
  readonly #audit: AuditFile;
  readonly #orders: LineOrders;
  #line: Line | null = null;
  #publishing: Publishing | null = null;
  #registering: Registering | null = null;
  #evidence: EvidenceStore | null = null;
  #begun = false;
  readonly #brief = (name: string): StepBounds => brief(name, this.#options.config);
  /** The broker the verdicts go to; null without MQTT. */
  mqttUrl: string | null = null;
  readonly progress: Pick<Steps, 'starting' | 'isStopping'>;
  cameras: LineCameras | null = null;
  heartbeat: Heartbeat | null = null;

  constructor(options: DaemonOptions) {
    this.#options = options;
    const { config, clock, log } = options;
    const state = stateFolderOf(options);
    this.#state = state;
    this.#steps = new Steps({ clock, log: log.child({ room: 'supervise' }), signal: options.signal });
    this.progress = this.#steps;
    this.#inference = new Inference({
      settings: inferenceSettings(config),
      clock,
      log: log.child({ room: 'inference' }),
      last: lastBundle(state, config.line.id),
      betweenParts: async (change) => (this.#line ? this.#line.betweenParts(change) : change()),
      changed: () => {
        this.#showState();
        this.#orders.changed();
      },
    });
    this.#audit = new AuditFile({ state, clock, log: log.child({ room: 'audit' }) });
    this.#orders = lineOrders({
      ...{ config, clock, state, cwd: options.cwd, inference: this.#inference, audit: this.#audit },
      log: log.child({ room: 'command' }),
    });
    this.#orders.onOrdered(() => this.#showState());
    acknowledgeAtReset(state, this.#orders, log);
    this.#orders.onResetCounters(() => this.#publishing?.line(config.line.id).resetRejects());
  }

  get inference(): Inference {
    return this.#inference;
  }

  /** What the plant may ask of the line; triggers only once it is started. */
  get commands(): LineCommands {
    return this.#orders;
  }

  /** The config file was edited. Resolves when the recipe it wishes for now serves or was refused. */
  edited(config: Config, changes: readonly Change[], file: string): Promise<void> {
    auditEdits(this.#audit, this.#options.log, file, changes);
    return this.#orders.edited(config);
  }

  get line(): Line | null {
    return this.#line;
  }

  get publishing(): Publishing | null {
    return this.#publishing;
  }

  /** Rejects with the error of the step that failed; everything before it is stopped again then. */
  async start(): Promise<void> {
    try {
      const kept = { state: this.#state, audit: this.#audit, orders: this.#orders };
      await startState(this.#steps, kept, (name) => this.#brief(name));
      const cameras = await this.#openCameras();
      this.cameras = cameras;
      this.#registering = await this.#steps.start({
        ...this.#brief('calibration'),
        begin: () => lineRegistering(this.#options, this.#state, cameras),
        end: (begun) => begun.close(),
      });
      await this.#startBroker();
      this.#publishing = await this.#startPublishing(await this.#startOwnLanes());
      await this.#startEvidence();
      await this.#startInference();
      await this.#startLine(this.#publishing.line(this.#options.config.line.id), cameras);
      await this.#startCameras(cameras);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Takes everything down, last first, each within its bound. Safe twice, and while it starts. */
  stop(): Promise<void> {
    return this.#steps.stop();
  }

  get faults(): readonly StateFault[] {
    return this.#state.faults.standing;
  }

  async #openCameras(): Promise<LineCameras> {
    const { config, cwd, clock, files, camera } = this.#options;
    if (camera) return new LineCameras([camera]);
    const begin = (): Promise<LineCameras> => openCameras(config, cwd, clock, files);
    return this.#steps.start({ ...this.#brief('camera settings'), begin, end: (cameras) => cameras.stop() });
  }

  async #startBroker(): Promise<void> {
    const { mqtt } = this.#options.config;
    this.mqttUrl = mqtt.enabled ? mqtt.url : null;
    if (this.mqttUrl !== '') return;
    const log = this.#options.log.child({ room: 'broker' });
    const begin = () => startEmbeddedBroker(mqtt.embeddedPort, 'mqtt.embeddedPort', log);
    const broker = await this.#steps.start({
      ...this.#brief('embedded broker'),
      begin,
      end: (running) => running.stop(),
    });
    this.mqttUrl = broker.url;
  }

  /** Before what shows verdicts, so that they are closed after it: by then no pass can come. */
  async #startOwnLanes(): Promise<ControlLane[]> {
    const lanes: ControlLane[] = [...(this.#options.lanes ?? [])];
    for (const { name, open } of ownLanes(this.#options, this.#state)) {
      const own = await this.#steps.start({ ...this.#brief(name), begin: open, end: (lane) => lane?.stop() });
      if (own) lanes.push(own.lane);
    }
    return lanes;
  }

  #startPublishing(lanes: readonly ControlLane[]): Promise<Publishing> {
    const { config, cwd, clock, log, files, announced } = this.#options;
    return this.#steps.start({
      ...this.#brief('journal, MQTT and OPC UA'),
      startMaxMs: this.#options.config.start.publishingTimeoutMs,
      stopMaxMs: publishingStopMaxMs,
      begin: async () =>
        startPublishing({
          state: this.#state,
          machineId: await machineIdOf(files),
          lineIds: [config.line.id],
          mqtt: await this.#mqttSettings(),
          opcua: opcUaSettings(config),
          vision: visionOf({
            ...{ config, cwd, calibration: this.#registering?.digest ?? null },
            ...{ startedAtMs: clock.wallMs(), log: log.child({ room: 'publish' }) },
          }),
          audit: this.#audit,
          clock,
          log: log.child({ room: 'publish' }),
          encodePng,
          announced,
          lanes: () => lanes,
          limits: publishingLimits(config),
        }),
      end: (publishing) => publishing.stop(),
    });
  }

  async #mqttSettings(): Promise<LineMqtt | null> {
    const { config, cwd, credentials = null, files } = this.#options;
    const [url, state] = [this.mqttUrl, this.#state];
    return url === null ? null : mqttSettings(config, { url, places: { cwd, credentials }, files, state });
  }

  async #startEvidence(): Promise<void> {
    const begin = () => openEvidence(this.#options.config, this.#options.cwd, this.#state.path);
    this.#evidence = await this.#steps.start({ ...this.#brief('evidence'), begin, end: (store) => store?.drained() });
  }

  async #startLine(publisher: Publisher, cameras: LineCameras): Promise<void> {
    const { config, clock } = this.#options;
    const settings = lineSettings(config, cameras.all);
    const sink = lineSink(publisher, this.#evidence, () => this.heartbeat);
    const expose = (): void => cameras.expose();
    const register = this.#registering?.register;
    const line = await this.#steps.start({
      ...this.#brief('line'),
      begin: () => new Line({ settings, clock, port: this.#inference, sink, expose, ...(register && { register }) }),
      end: (running) => running.stop(),
    });
    this.#line = line;
    this.#orders.begin(line);
    publisher.attach(this.#orders, (on) => line.setChallenge(on));
    this.#showState();
  }

  /** Before the line, so that it is stopped after it: parts still open then are interrupted, not failed. */
  async #startInference(): Promise<void> {
    const { config, signal } = this.#options;
    const stop = (): void => this.#inference.stop();
    signal.addEventListener('abort', stop, { once: true });
    await this.#steps.start({
      ...this.#brief('bundle'),
      startMaxMs: 2 * config.inference.loadTimeoutMs + config.start.stepTimeoutMs,
      begin: () => this.#inference.start(this.#orders.startWish()),
      end: stop,
    });
    signal.removeEventListener('abort', stop);
  }

  async #startCameras(cameras: LineCameras): Promise<void> {
    const line = this.#line as Line;
    await this.#steps.start({
      ...this.#brief(cameras.all.length > 1 ? 'cameras' : 'camera'),
      startMaxMs: this.#options.config.start.cameraTimeoutMs,
      begin: () => cameras.start((id) => heeding(line.sinkFor(id), () => this.#showState()), this.#options.signal),
      end: () => cameras.stop(),
    });
    this.#begun = true;
    this.#showState();
    const beating = new AbortController();
    await this.#steps.start({
      ...this.#brief('heartbeat'),
      begin: () => this.#beat(line, cameras, beating.signal),
      end: () => beating.abort(),
    });
  }

  #beat(line: Line, camera: LineCameras, signal: AbortSignal): void {
    const { config, clock, log } = this.#options;
    const show = (problem: string | null): void => this.#publishing?.line(config.line.id).setPulse(problem);
    const station = { line, camera, inference: this.#inference };
    this.heartbeat = heartbeatOf(station, { clock, log: log.child({ room: 'heartbeat' }), signal, show });
  }

  #showState(): void {
    const line = this.#line;
    if (!line || !this.#publishing) return;
    const { problem: hostProblem, fault: hostFault, refusal } = this.#inference;
    const [begun, ready, bundle] = [this.#begun, line.readyState(), this.#inference.bundle()];
    this.#registering?.heed(bundle);
    const state = lineState({ begun, ready, bundle, hostProblem, hostFault, refusal });
    this.#publishing.line(this.#options.config.line.id).setState(state);
  }
}
