/** What all worlds of the search have: a station, a block, physical parts, a plain course, and the one thing that must
 * never be. */
import type { World } from './explore.ts';
import { Gate, type GateProgram } from './gate.ts';
import type { Digest, Memory } from './memory.ts';
import type { Scalar, Station } from './station.ts';

/** A scan; longer than the window; longer than a heartbeat may stand. */
export const scanMs = 20;
export const windowMs = 1200;
const [windowOverMs, silentMs] = [1300, 4000];

/** A physical part, and the recipe asked for when its edge was seen. */
export interface Seen {
  readonly physical: number;
  readonly recipe: number;
}
export const nobody: Seen = { physical: 0, recipe: 0 };

export type Event<W> = (world: W) => unknown;
export type Course<W> = readonly (readonly [string, Event<W>])[];

/** Values that the worlds share by name; each world adds its own. */
const answers = ['Line.Ready', 'Line.Fault'];
export const sharedInputs = ['Part', 'Recipe', 'Window', 'HasAnswers', 'LinkGood', 'ReadDone', 'Pass', ...answers];

export abstract class PlantFloor implements World {
  abstract readonly station: Station;
  readonly gate: Gate;
  /** Asks for what passes alone, not for what the tags say. */
  gateOnly = false;
  sensor = false;
  /** No parts come. */
  empty = false;
  recipe = 1;
  mode = 0;
  phase = 0;
  round = 0;
  /** The part that passed last. */
  passed: number[] = [];
  /** Of the window of the part whose edge was seen last; it begins with the scan after the edge. */
  windowLeftMs = 0;
  windowBegun = false;
  /** What was wrong in a scan, for its own moment. */
  wrong: string | null = null;

  constructor(program: GateProgram, names: readonly string[]) {
    this.gate = new Gate(program, [...sharedInputs, ...names]);
  }

  /** The plain course: so many events in a round, and one of them. */
  abstract readonly phases: number;
  abstract happen(phase: number): string;
  abstract scan(sinceMs?: number): void;
  /** The part at the gate. */
  abstract atGate(): Seen;
  abstract disturbances(): readonly string[];
  abstract disturb(name: string): void;
  /** What the tags say to others than the block. */
  abstract tagsViolation(): string | null;

  next(): string {
    this.wrong = null;
    const name = this.happen(this.phase);
    this.turn();
    return name;
  }

  turn(): void {
    this.phase = (this.phase + 1) % this.phases;
    if (this.phase === 0) this.round = (this.round + 1) % this.rounds();
  }

  /** Parts between the one that comes and the one at the gate. */
  get behind(): number {
    return 0;
  }

  /** A part comes in one of so many. */
  rounds(): number {
    return 2;
  }

  /** The scan proper, with the inputs all worlds have; what it says is looked at at once. */
  scanned(sinceMs: number): void {
    const { gate, station } = this;
    gate.set('Part', this.sensor);
    gate.set('Recipe', this.recipe);
    if (this.sensor) this.windowLeftMs = windowMs;
    else if (this.windowBegun) this.windowLeftMs = Math.max(0, this.windowLeftMs - sinceMs);
    this.windowBegun = !this.sensor;
    this.sensor = false;
    gate.scan(sinceMs);
    if (!gate.get('Pass')) return;
    const { physical } = this.atGate();
    this.passed = [physical];
    if (this.windowLeftMs === 0) this.wrong = `part ${physical} passes, and its window is over`;
    if (station.beats === 0) this.wrong = `part ${physical} passes, and no heartbeat stepped on this connection`;
    if (!gate.get('LinkGood')) this.wrong = `part ${physical} passes, and the link is lost`;
    if (!gate.get('Line.Ready')) this.wrong = `part ${physical} passes, and the station is not ready`;
    if (gate.get('Line.Fault')) this.wrong = `part ${physical} passes, and the station has a fault`;
  }

  /** Judged as it is: odd parts are good. */
  close(otherwise = false): void {
    const part = this.station.open[0];
    if (part) this.station.close((part.physical % 2 === 1) !== otherwise ? 'pass' : 'fail');
  }

  /** Never so close to the one before that the sensor has not fallen between. */
  mayArrive(): boolean {
    return !this.sensor && !this.gate.get('Part');
  }

  arrive(): void {
    if (this.empty || !this.mayArrive()) return;
    this.station.front++;
    this.sensor = true;
  }

  /** What may stand in disorder until the end of a round is put right. */
  recover(): void {
    if (this.station.pending) this.station.answerOrder(true);
    if (this.station.fault) this.station.setFault(false);
  }

  /** All that a person, or time, puts right; what the gate makes of it is its own. */
  heal(): void {
    this.mode = 0;
    this.station.stands = false;
    this.station.refusesTriggers = false;
    this.recover();
  }

  sharedDisturbances(): string[] {
    const { station } = this;
    const list = ['nothing for once', 'a scan', 'window over', 'silence', 'challenge switched', 'recipe changed'];
    if (!station.stands) list.push('heartbeat stands');
    if (this.mayArrive()) list.push('part comes');
    if (!station.fault) list.push('fault');
    if (station.pending) list.push('recipe refused');
    if (station.open[0] && station.open[0].decision === null) list.push('judged now', 'judged otherwise', 'undecided');
    return list;
  }

  violation(): string | null {
    return this.partViolation() ?? (this.gateOnly ? null : this.tagsViolation());
  }

  partViolation(): string | null {
    if (this.wrong !== null || !this.gate.get('Pass')) return this.wrong;
    const { physical, recipe } = this.atGate();
    const wrongs = (this.station.judged.get(physical) ?? []).map((judged) => {
      if (judged.decision !== 'pass') return `was judged ${judged.decision}`;
      if (judged.recipe !== recipe) return `was judged by recipe ${judged.recipe} instead of ${recipe}`;
      return judged.origin.challenge ? 'is a challenge' : null;
    });
    if (wrongs.includes(null)) return null;
    return `part ${physical} passes and ${wrongs.at(-1) ?? 'was judged by nobody'}`;
  }

  /** Values of tags, of which the block reads a few: the rest decides nothing. */
  abstract readings(): readonly (Scalar[] | null)[];

  digest(digest: Digest, memory: Memory): void {
    const readings = this.readings();
    memory.digest(this, digest, readings);
    for (const values of readings) {
      if (values) for (const { tag } of this.gate.program.reads) digest.add(values[tag]);
    }
  }
}

export const sharedDisturbing: Readonly<Record<string, Event<PlantFloor>>> = {
  'nothing for once': (world) => world.turn(),
  'a scan': (world) => world.scan(),
  'window over': (world) => world.scan(windowOverMs),
  silence: (world) => world.scan(silentMs),
  'challenge switched': (world) => {
    world.mode = 1 - world.mode;
  },
  'recipe changed': (world) => {
    world.recipe = 3 - world.recipe;
  },
  'heartbeat stands': (world) => {
    world.station.stands = true;
  },
  'recipe refused': (world) => world.station.answerOrder(false),
  'part comes': (world) => world.arrive(),
  fault: (world) => world.station.setFault(true),
  'judged now': (world) => world.close(),
  'judged otherwise': (world) => world.close(true),
  undecided: (world) => world.station.close('undecided'),
};

/** By MQTT, by a method: a trigger that is not the PLC's. */
export function triggeredByAnother({ station }: PlantFloor): void {
  const ids = { measId: null, productId: null, jobId: null };
  // A refusal that waits is for whoever triggers next.
  if (station.refusesTriggers) station.refusesTriggers = false;
  else station.triggered({ partId: null, plantSequence: null, ...ids, challenge: false });
}
