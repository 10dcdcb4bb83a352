/**
 * A line whose camera opens the parts, and a PLC that sees the same edge, counts it and polls the ring. The plain
 * course is a round of two scans and one read; every third round a part comes, good and bad by turns. Triggers may be
 * missed, come too often or be heard late.
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
  windowMs,
} from './plant-floor.ts';
import { Reader } from './reader.ts';
import { type MakeLane, ringSlots, Station, StationTags, tagAt } from './station.ts';
import { tagsViolation } from './truth.ts';

/** One scan: a trigger is heard before the second scan after its edge. */
const edgeTimeMs = 20;
/** No more edges count than lie between camera and gate. */
const edgesKept = 16;

const names = ['Resync', 'Distance', 'EdgeTime', 'ResyncRequest', 'StartRead'];

export interface CameraGiven {
  readonly program: GateProgram;
  readonly makeLane: MakeLane;
  /** Parts between camera and gate. */
  readonly distance: number;
}

export class CameraWorld extends PlantFloor {
  readonly tags = new StationTags();
  readonly station: Station;
  readonly reader = new Reader();
  readonly distance: number;
  linked = true;
  /** The link was lost since the last scan: the calls that were under way have failed. */
  failed = false;
  resync = false;
  /** As the PLC saw them, the latest last. */
  edges: Seen[] = [];
  /** Seen by the camera and not heard by the station yet; 0 none. */
  late = 0;
  /** What becomes of the next trigger. */
  nextTrigger: 'heard' | 'late' | 'missed' = 'heard';
  /** Since the last edge. A missed trigger and a surplus one between the same two parts nobody can count. */
  surplus = false;

  constructor({ program, makeLane, distance }: CameraGiven) {
    super(program, names);
    this.station = new Station(makeLane, this.tags);
    this.distance = distance;
    this.settings();
  }

  settings(): void {
    this.gate.set('Window', windowMs);
    this.gate.set('EdgeTime', edgeTimeMs);
    this.gate.set('Distance', this.distance);
    this.gate.set('HasAnswers', true);
  }

  override get behind(): number {
    return this.distance;
  }

  readonly phases = plain.length;
  override rounds = () => 3;

  happen(phase: number): string {
    const [name, event] = plain[phase]!;
    event(this);
    return name;
  }

  atGate = (): Seen => this.edges.at(-1 - this.distance) ?? nobody;

  scan(sinceMs = scanMs): void {
    const { gate } = this;
    // A trigger is heard within the time that the block was told.
    if (!this.sensor) this.hearLate();
    gate.set('Resync', this.resync);
    gate.set('LinkGood', this.linked && !this.failed);
    this.failed = false;
    gate.set('ReadDone', this.reader.found(gate));
    if (this.resync) this.edges = [];
    if (this.sensor) {
      const seen = { physical: this.station.front, recipe: this.recipe };
      this.edges = [...this.edges, seen].slice(-edgesKept);
    }
    this.resync = false;
    this.scanned(sinceMs);
    if (gate.get('StartRead')) this.reader.ask();
  }

  takeWrite(): void {
    if (!this.linked) return;
    this.tags.write('RecipeNo', this.recipe);
    this.tags.write('Mode', this.mode);
    this.tags.write('ResyncRequest', this.gate.get('ResyncRequest') as number);
  }

  override arrive(): void {
    if (this.empty || !this.mayArrive()) return;
    super.arrive();
    this.hearLate();
    this.surplus = false;
    if (this.nextTrigger === 'late') this.late = this.station.front;
    if (this.nextTrigger === 'heard') this.station.exposed(this.station.front);
    this.nextTrigger = 'heard';
  }

  hearLate(): void {
    const { late } = this;
    this.late = 0;
    if (late !== 0) this.station.exposed(late);
  }

  link(up: boolean): void {
    this.linked = up;
    this.failed ||= !up;
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

  restartPlc(): void {
    this.gate.restart();
    this.settings();
    this.sensor = false;
    this.edges = [];
    this.link(true);
  }

  restartStation(): void {
    this.tags.reset();
    this.station.start();
    this.link(false);
  }

  disturbances(): readonly string[] {
    const list = this.sharedDisturbances();
    list.push('PLC restarts', 'station restarts');
    const heard = this.nextTrigger === 'heard';
    if (heard) list.push('surplus trigger');
    if (heard && !this.surplus) list.push('next trigger missed', 'next trigger late');
    if (this.linked) list.push('link cut', 'link ends');
    // Nothing is on the line, so a person may say so. The station may have a part open that nobody sees.
    if (heard && !this.sensor && this.late === 0) list.push('line empty');
    if (this.reader.begins) list.push('read begun: 1', 'read begun: numbers', 'read begun: most');
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

const plain: Course<CameraWorld> = [
  ['write taken', (world) => world.takeWrite()],
  ['scan', (world) => world.scan()],
  ['judged', (world) => world.close()],
  ['read answered', (world) => world.linked && world.reader.answer(world.tags.values, world.gate)],
  ['part comes, every third round', (world) => world.round === 2 && world.arrive()],
  ['scan', (world) => world.scan()],
  ['heartbeat', (world) => world.station.beat()],
  ['end of the round', (world) => world.recover()],
];

const begin = (count: number) => (world: CameraWorld) => world.reader.begin(world.tags.values, count);

const disturbing: Readonly<Record<string, Event<CameraWorld>>> = {
  'PLC restarts': (world) => world.restartPlc(),
  'station restarts': (world) => world.restartStation(),
  'surplus trigger': (world) => {
    world.surplus = true;
    world.station.exposed(world.station.front);
  },
  'next trigger missed': (world) => {
    world.nextTrigger = 'missed';
  },
  'next trigger late': (world) => {
    world.nextTrigger = 'late';
  },
  'link cut': (world) => world.link(false),
  'link ends': (world) => world.linkEnds(),
  'line empty': (world) => {
    world.resync = true;
  },
  'read begun: 1': begin(1),
  'read begun: numbers': begin(1 + ringSlots.length),
  'read begun: most': (world) => begin(world.gate.program.reads.length - ringSlots.length)(world),
};
