/**
 * One line as a vision system of OPC 40100-1, put together: the object in the address space, and the lane that follows
 * the line and tells clients of it. The line's own events drive the same state machine as the calls do. What is raised
 * or written for one event carries one time.
 */
import type { AddressSpace, ISessionContext, UAObject } from 'node-opcua';
import { messageOf } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import type { Actor, LineCommands } from '../../../command/port.ts';
import type { OpenedPart } from '../../../line/sink.ts';
import type { VerdictRecord } from '../../../line/verdict.ts';
import type { ControlLane, Health, HealthListener, Log } from '../../lane.ts';
import type { LineStatus } from '../../status.ts';
import { type Binder, binder } from './bind.ts';
import { Refused } from './codes.ts';
import { Configurations, configurationOptionals } from './configurations.ts';
import { Control } from './control.ts';
import { VisionEvents } from './events.ts';
import { Jobs } from './jobs.ts';
import { VisionMachine } from './machine.ts';
import { Masks } from './masks.ts';
import type { BundleOf, CameraSetups, KeptRecords } from './ports.ts';
import { RecipeTable } from './recipe-table.ts';
import { Recipes, recipeOptionals } from './recipes.ts';
import { places, ResultFolder } from './result-folder.ts';
import { fieldName, type ResultValue } from './result-values.ts';
import { Results, resultOptionals } from './results.ts';
import { isAutomatic, type Leaf, type Transition } from './states.ts';
import { VisionTypes } from './types.ts';
import { component, StateView, viewOptionals } from './view.ts';

/** What a vision system is made of, besides what every server has. */
export interface VisionSources {
  readonly records: KeptRecords;
  readonly bundleOf: BundleOf;
  readonly setups: CameraSetups;
  /** Who opens the parts of a line that runs: its camera's counter, or commands. */
  readonly opensParts: 'camera' | 'command';
}

export interface VisionSettings extends VisionSources {
  readonly lineId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly actorOf: (context: ISessionContext) => Actor;
}

export class VisionSystem implements ControlLane {
  readonly #settings: VisionSettings;
  readonly #view: StateView;
  readonly #events: VisionEvents;
  readonly #jobs: Jobs;
  readonly #masks: Masks;
  readonly #results: Results;
  readonly #folder: ResultFolder;
  readonly #recipes: Recipes;
  readonly #control: Control;
  readonly #machine = new VisionMachine((transition, from, to) => this.#moved(transition, from, to));
  #status: LineStatus | null = null;
  #commands: LineCommands | null = null;

  constructor(space: AddressSpace, settings: VisionSettings) {
    const { lineId, clock, log } = settings;
    this.#settings = settings;
    const types = new VisionTypes(space);
    const system = instantiate(space, types, lineId);
    const bind = binder(settings.actorOf, log);
    this.#view = new StateView(types, system);
    this.#events = new VisionEvents(types, system, this.#view);
    this.#jobs = new Jobs(lineId, clock.wallMs());
    this.#masks = new Masks(clock);
    const table = new RecipeTable(settings.bundleOf, () => ({
      commands: this.#commands,
      inService: this.#status?.bundle ?? null,
      unprepared: this.#machine.unprepared,
    }));
    const parts = { types, system, bind, clock, table, machine: this.#machine, jobs: this.#jobs, events: this.#events };
    const { opensParts, setups, records } = settings;
    this.#recipes = new Recipes({ ...parts, opensParts, commands: this.#line });
    const configurations = new Configurations({ ...parts, setups });
    this.#results = new Results({
      ...parts,
      ...{ lineId, records, masks: this.#masks, recipes: table, setup: () => configurations.active },
    });
    this.#folder = new ResultFolder(types, component(component(system, 'ResultManagement'), 'Results'));
    this.#control = this.#addControl(types, bind, table);
    this.#view.show(this.#machine.leaf, null, new Date(clock.wallMs()));
  }

  #addControl(types: VisionTypes, bind: Binder, recipes: RecipeTable): Control {
    const { top, automatic } = this.#view;
    const settle = (): void => this.#become();
    const { opensParts } = this.#settings;
    const shared = { machine: this.#machine, jobs: this.#jobs, opensParts, commands: this.#line, settle };
    return new Control({ types, bind, top, automatic, recipes, ...shared });
  }

  readonly #line = (): LineCommands => {
    if (this.#commands) return this.#commands;
    throw new Refused('noCommands', `line ${this.#settings.lineId} takes no commands`);
  };

  /** Fills the Results folder with what the journal has, oldest first. */
  async start(): Promise<void> {
    const newest = await this.#settings.records.latest(null, places);
    for (const record of newest.reverse()) {
      this.#folder.show(record.sequence, this.#results.values(record), new Date(record.closedAtMs));
    }
  }

  attach(commands: LineCommands): void {
    this.#commands = commands;
    commands.onOrdered(() => {
      this.#become();
      this.#recipes.show();
    });
    this.#become();
    this.#recipes.refresh().catch((error: unknown) => {
      this.#settings.log.warn({ cause: messageOf(error) }, 'OPC UA 40100: the recipes cannot be read');
    });
  }

  opened(part: OpenedPart, sequence: number): void {
    this.#jobs.opened(part, sequence);
    this.#become();
  }

  acquired(sequence: number): void {
    const job = this.#jobs.of(sequence);
    if (job !== undefined) this.#events.job('AcquisitionDone', job, this.#settings.clock.wallMs());
  }

  announce(record: VerdictRecord): void {
    const atMs = this.#settings.clock.wallMs();
    this.#masks.announced(record.sequence);
    const values = this.#results.values(record);
    this.#folder.show(record.sequence, values, new Date(atMs));
    this.#events.resultReady(eventFields(values), atMs, `${record.resultId}: ${record.decision}, ${record.reason}`);
    this.#jobs.closed(record.sequence);
    this.#become();
  }

  showMask(record: VerdictRecord, png: Uint8Array): void {
    this.#masks.keep(record.sequence, png);
    const at = new Date(this.#settings.clock.wallMs());
    this.#folder.showAgain(record.sequence, this.#results.values(record), at);
  }

  showStatus(status: LineStatus): void {
    this.#status = status;
    this.#become();
    this.#recipes.show();
  }

  /** The PLC's tags carry the heartbeat. */
  beat(): void {}

  health(): Health {
    const counters = { openFiles: this.#results.openFiles };
    return { name: `opcua 40100 ${this.#settings.lineId}`, ok: true, problem: null, counters };
  }

  /** It is well as long as its server is, which the lane of the tags says. */
  onHealth(_listener: HealthListener): void {}

  stop(): void {
    this.#results.stop();
  }

  #become(): void {
    const status = this.#status;
    const ordered = this.#commands?.ordered();
    this.#machine.become({
      begun: status !== null && status.cause !== 'starting' && status.cause !== 'stopped',
      halted: ordered !== undefined && ordered.halted !== null,
      // A refused bundle wants another recipe, which is prepared where none is, not in Error.
      fault: status !== null && status.fault !== null && status.cause !== 'bundleRefused',
      // An order to stop shows as a halt; whoever starts a job lifts it.
      able: status?.ready === true || (status?.cause === 'halted' && status.bundle !== null),
      execution: ordered?.execution ?? 'continuous',
      job: this.#jobs.working,
    });
  }

  #moved(transition: Transition, from: Leaf, to: Leaf): void {
    const atMs = this.#settings.clock.wallMs();
    this.#view.show(to, transition, new Date(atMs));
    const why = this.#status?.fault ?? this.#status?.why ?? '';
    this.#events.transition('StateChanged', transition, atMs, why);
    if (isAutomatic(from) && !isAutomatic(to)) this.#control.endChallenge();
    for (const effect of transition.effects) {
      if (effect === 'Error' || effect === 'ErrorResolved') this.#events.transition(effect, transition, atMs, why);
      const continuous = from === 'ContinuousExecution' || to === 'ContinuousExecution';
      if (effect === 'JobStarted' || effect === 'Ready') this.#events.job(effect, this.#jobs.current(continuous), atMs);
    }
    if (from === 'ContinuousExecution') this.#jobs.runs(null);
  }
}

function instantiate(space: AddressSpace, types: VisionTypes, lineId: string): UAObject {
  return types.object('VisionSystemType').instantiate({
    browseName: `${lineId}.Vision`,
    nodeId: `s=${lineId}.Vision`,
    namespace: space.getOwnNamespace(),
    organizedBy: space.rootFolder.objects,
    eventSourceOf: space.rootFolder.objects.server,
    optionals: [...viewOptionals, ...recipeOptionals, ...configurationOptionals, ...resultOptionals],
  });
}

function eventFields(values: readonly ResultValue[]) {
  return Object.fromEntries(values.flatMap(({ name, variant }) => (variant ? [[fieldName(name), variant]] : [])));
}
