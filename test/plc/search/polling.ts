/**
 * A PLC that polls the station's server, the listing's block in it, and the line in front of both. The plain course is
 * a round of write and read with a scan before each answer; every second round a part comes, good and bad by turns.
 */
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
import { Reader } from './reader.ts';
import { type MakeLane, Station, StationTags, tagAt } from './station.ts';
import { tagsViolation } from './truth.ts';

interface Write {
  readonly trigSeq: number;
  readonly recipe: number;
  readonly mode: number;
  readonly ackSeq: number;
  answer: 'none' | 'good' | 'bad';
}

const names = ['CountLast', 'WriteDone', 'WriteGood', 'TrigSeq', 'AckSeq', 'StartWrite', 'StartRead'];

export interface PollingGiven {
  readonly program: GateProgram;
  readonly makeLane: MakeLane;
  readonly trigSeq: number;
}

export class PollingWorld extends PlantFloor {
  readonly tags = new StationTags();
  readonly station: Station;
  readonly reader = new Reader();
  linked = true;
  /** The link was lost since the last scan: the calls that were under way have failed. */
  failed = false;
  write: Write | null = null;
  part = nobody;

  constructor({ program, makeLane, trigSeq }: PollingGiven) {
    super(program, names);
    this.station = new Station(makeLane, this.tags);
    this.gate.set('TrigSeq', trigSeq);
    this.settings();
  }

  settings(): void {
    this.gate.set('Window', windowMs);
    this.gate.set('CountLast', 0xffff_ffff);
    this.gate.set('HasAnswers', true);
  }

  readonly phases = plain.length;

  happen(phase: number): string {
    const [name, event] = plain[phase]!;
    event(this);
    return name;
  }

  atGate = (): Seen => this.part;

  scan(sinceMs = scanMs): void {
    const { gate, write } = this;
    const answered = write !== null && write.answer !== 'none';
    gate.set('LinkGood', this.linked && !this.failed);
    this.failed = false;
    gate.set('WriteDone', answered);
    gate.set('WriteGood', write?.answer === 'good');
    gate.set('ReadDone', this.reader.found(gate));
    if (answered) this.write = null;
    if (this.sensor) this.part = { physical: this.station.front, recipe: this.recipe };
    this.scanned(sinceMs);
    if (gate.get('StartWrite')) this.startWrite();
    if (gate.get('StartRead')) this.reader.ask();
  }

  startWrite(): void {
    const [trigSeq, ackSeq] = [this.gate.get('TrigSeq') as number, this.gate.get('AckSeq') as number];
    this.write = { trigSeq, ackSeq, recipe: this.recipe, mode: this.mode, answer: 'none' };
  }

  takeWrite(): void {
    const { write, tags } = this;
    if (!this.linked || write === null || write.answer !== 'none') return;
    tags.write('RecipeNo', write.recipe);
    tags.write('Mode', write.mode);
    tags.write('AckSeq', write.ackSeq);
    this.station.hears(write.trigSeq, tags.session);
    const good = tags.write('TrigSeq', write.trigSeq);
    this.write = { ...write, answer: good ? 'good' : 'bad' };
  }

  link(up: boolean): void {
    this.linked = up;
    this.failed ||= !up;
    this.write = null;
    this.reader.drop();
    if (up) {
      this.station.beats = 0;
      this.tags.session++;
    }
  }

  /** The station hears that whoever wrote is gone; of a pulled cable it hears when the next one writes. */
  linkEnds(): void {
    this.link(false);
    this.station.heard = null;
    this.station.newAge();
    this.tags.taker?.lost?.();
  }

  override recover(): void {
    if (!this.linked) this.link(true);
    super.recover();
  }

  /** Behind a gateway the session outlives the program. */
  restartPlc(from: 'kept' | 'below' | 'zero', sameSession = false): void {
    const kept = this.gate.get('TrigSeq') as number;
    this.gate.restart();
    this.settings();
    if (from !== 'kept') this.gate.set('TrigSeq', from === 'zero' ? 0 : (kept - 1) >>> 0);
    this.sensor = false;
    this.part = nobody;
    if (sameSession) this.tags.session--;
    this.link(true);
  }

  restartStation(): void {
    this.tags.reset();
    this.station.start();
    this.link(false);
  }

  disturbances(): readonly string[] {
    const list = this.sharedDisturbances();
    list.push('PLC restarts', 'PLC restarts one below', 'PLC restarts at 0', 'station restarts');
    list.push('PLC restarts one below, same session');
    list.push('another one triggers');
    if (this.linked) list.push('link cut', 'link ends');
    if (!this.station.refusesTriggers) list.push('trigger refused');
    if (this.reader.begins) list.push('read begun: 1', 'read begun: 3', 'read begun: all but 1');
    return list;
  }

  disturb(name: string): void {
    this.wrong = null;
    (disturbing[name] ?? sharedDisturbing[name])!(this);
  }

  tagsViolation(): string | null {
    return tagsViolation(this.station, (name) => this.tags.values[tagAt[name]]!);
  }

  readings = () => [this.tags.values, this.reader.values, this.reader.early];
}

const plain: Course<PollingWorld> = [
  ['write taken', (world) => world.takeWrite()],
  ['scan', (world) => world.scan()],
  ['judged', (world) => world.close()],
  ['read answered', (world) => world.linked && world.reader.answer(world.tags.values, world.gate)],
  ['part comes, every second round', (world) => world.round === 1 && world.arrive()],
  ['scan', (world) => world.scan()],
  ['heartbeat', (world) => world.station.beat()],
  ['end of the round', (world) => world.recover()],
];

const disturbing: Readonly<Record<string, Event<PollingWorld>>> = {
  'PLC restarts': (world) => world.restartPlc('kept'),
  'PLC restarts one below': (world) => world.restartPlc('below'),
  'PLC restarts one below, same session': (world) => world.restartPlc('below', true),
  'PLC restarts at 0': (world) => world.restartPlc('zero'),
  'station restarts': (world) => world.restartStation(),
  'another one triggers': triggeredByAnother,
  'link cut': (world) => world.link(false),
  'link ends': (world) => world.linkEnds(),
  'trigger refused': (world) => {
    world.station.refusesTriggers = true;
  },
  'read begun: 1': (world) => world.reader.begin(world.tags.values, 1),
  'read begun: 3': (world) => world.reader.begin(world.tags.values, 3),
  'read begun: all but 1': (world) => world.reader.begin(world.tags.values, world.gate.program.reads.length - 1),
};
