/**
 * A PLC behind a gateway: it sees the station only through copies, made group by group and at other moments each, hears
 * of no answer and of no lost link. The result is one string, and so one group. What is late stays as it was for some
 * cycles, on the way to the PLC or from it; the block is told a settling time that is longer than that.
 */

import { type TagName, tags as table } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import type { GateProgram } from './gate.ts';
import {
  type Course,
  type Event,
  nobody,
  PlantFloor,
  type Seen,
  scanMs,
  sharedDisturbing,
  triggeredByAnother,
  windowMs,
} from './plant-floor.ts';
import { type MakeLane, type Scalar, Station, StationTags, tagAt, tagNames } from './station.ts';
import { tagsViolation } from './truth.ts';

/** So many cycles, of two scans each, something may be late; and longer than that. */
const lateCycles = 6;
const settleMs = 300;

const groups = {
  result: ['ResSeqStart', 'Verdict', 'ResRecipe', 'Challenge', 'Trigger', 'ResSeq'],
  echo: ['TrigEcho'],
  armed: ['Armed'],
  line: ['Ready', 'Fault', 'Heartbeat'],
} as const satisfies Record<string, readonly TagName[]>;
type Group = keyof typeof groups;
/** The heartbeat alone goes through where all the rest is late. */
type Late = Group | 'inputs' | 'most' | 'nothing';
const groupNames = Object.keys(groups) as Group[];
const initial = tagNames.map((name) => table[name].initial as Scalar);

const names = ['CountLast', 'SettleTime', 'TrigSeq', 'AckSeq'];

export interface GatewayGiven {
  readonly program: GateProgram;
  readonly makeLane: MakeLane;
  readonly trigSeq: number;
}

export class GatewayWorld extends PlantFloor {
  readonly tags = new StationTags();
  readonly station: Station;
  /** What stands in the controller. */
  copies: Scalar[] = initial.slice();
  linked = true;
  /** What the gateway leaves out, for so many cycles. */
  late: Late = 'nothing';
  lateLeft = 0;
  part = nobody;

  constructor({ program, makeLane, trigSeq }: GatewayGiven) {
    super(program, names);
    this.station = new Station(makeLane, this.tags);
    this.gate.set('TrigSeq', trigSeq);
    this.settings();
  }

  settings(): void {
    this.gate.set('Window', windowMs);
    this.gate.set('CountLast', 0xffff_ffff);
    this.gate.set('SettleTime', settleMs);
    this.gate.set('HasAnswers', false);
  }

  readonly phases = plain.length;

  happen(phase: number): string {
    const [name, event] = plain[phase]!;
    event(this);
    return name;
  }

  atGate = (): Seen => this.part;

  scan(sinceMs = scanMs): void {
    const { gate } = this;
    gate.set('LinkGood', true);
    gate.set('ReadDone', true);
    gate.read(this.copies);
    if (this.sensor) this.part = { physical: this.station.front, recipe: this.recipe };
    this.scanned(sinceMs);
  }

  inputs(): void {
    const { tags, gate, station, late } = this;
    if (!this.linked || late === 'inputs' || late === 'most') return;
    tags.write('RecipeNo', this.recipe);
    tags.write('Mode', this.mode);
    tags.write('AckSeq', gate.get('AckSeq') as number);
    const trigSeq = gate.get('TrigSeq') as number;
    station.hears(trigSeq, tags.session);
    tags.write('TrigSeq', trigSeq);
  }

  copy(only: readonly Group[]): void {
    if (!this.linked) return;
    for (const group of only) {
      if (group === this.late || (group !== 'line' && this.late === 'most')) continue;
      for (const name of groups[group]) this.copies[tagAt[name]] = this.tags.values[tagAt[name]]!;
    }
  }

  link(up: boolean): void {
    if (this.linked && !up) {
      this.station.heard = null;
      this.station.newAge();
      this.tags.taker?.lost?.();
    }
    this.linked = up;
    if (up) this.tags.session++;
  }

  override recover(): void {
    this.lateLeft = Math.max(0, this.lateLeft - 1);
    if (this.lateLeft === 0) this.late = 'nothing';
    if (!this.linked) this.link(true);
    super.recover();
  }

  /** The gateway's copies and its session outlive the program. */
  restartPlc(from: 'kept' | 'below' | 'zero'): void {
    const kept = this.gate.get('TrigSeq') as number;
    this.gate.restart();
    this.settings();
    if (from !== 'kept') this.gate.set('TrigSeq', from === 'zero' ? 0 : (kept - 1) >>> 0);
    this.sensor = false;
    this.part = nobody;
    this.station.beats = 0;
  }

  restartStation(): void {
    this.tags.reset();
    this.station.start();
    this.linked = false;
  }

  disturbances(): readonly string[] {
    const list = this.sharedDisturbances();
    list.push('PLC restarts', 'PLC restarts one below', 'PLC restarts at 0', 'station restarts');
    list.push('another one triggers');
    if (this.linked) list.push('link cut');
    if (!this.station.refusesTriggers) list.push('trigger refused');
    if (this.late === 'nothing') list.push(...['inputs', 'most', ...groupNames].map((group) => `late: ${group}`));
    list.push(...groupNames.map((group) => `copied early: ${group}`));
    return list;
  }

  disturb(name: string): void {
    this.wrong = null;
    const [, how, what] = /^(late|copied early): (\w+)$/.exec(name) ?? [];
    if (how === 'late') {
      this.late = what as Late;
      this.lateLeft = lateCycles;
    } else if (how) this.copy([what as Group]);
    else (disturbing[name] ?? sharedDisturbing[name])!(this);
  }

  tagsViolation(): string | null {
    return tagsViolation(this.station, (name) => this.tags.values[tagAt[name]]!);
  }

  readings = () => [this.tags.values, this.copies];
}

const plain: Course<GatewayWorld> = [
  ['inputs', (world) => world.inputs()],
  ['echo, armed and line copied', (world) => world.copy(['echo', 'armed', 'line'])],
  ['scan', (world) => world.scan()],
  ['judged', (world) => world.close()],
  ['result copied', (world) => world.copy(['result'])],
  ['part comes, every second round', (world) => world.round === 1 && world.arrive()],
  ['scan', (world) => world.scan()],
  ['heartbeat', (world) => world.station.beat()],
  ['end of the round', (world) => world.recover()],
];

const disturbing: Readonly<Record<string, Event<GatewayWorld>>> = {
  'PLC restarts': (world) => world.restartPlc('kept'),
  'PLC restarts one below': (world) => world.restartPlc('below'),
  'PLC restarts at 0': (world) => world.restartPlc('zero'),
  'station restarts': (world) => world.restartStation(),
  'another one triggers': triggeredByAnother,
  'link cut': (world) => world.link(false),
  'trigger refused': (world) => {
    world.station.refusesTriggers = true;
  },
};
