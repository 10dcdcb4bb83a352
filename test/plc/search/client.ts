/**
 * Client mode: the tags live in the PLC's own server, the block works on them directly, and the station comes as a
 * client. It drives the real client: its image of what is written, its calls, its polls, in their order; a promise of
 * it is answered at once, and between two of its calls, and in the middle of a write, the PLC may scan or the link may
 * break, as the search chooses.
 */
import { StatusCodes } from 'node-opcua';
import type { PlcLink, PlcLinkDeps } from '../../../daemon/publish/opcua/client/plc-link.ts';
import { inputTags, type TagName, tags } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import type { InputTaker } from '../../../daemon/publish/opcua/tags.ts';
import type { GateProgram } from './gate.ts';
import type { Digest, Memory } from './memory.ts';
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
import { type MakeLane, plcActor, type Scalar, Station, surroundings, tagAt, tagNames } from './station.ts';

/** Moments in one cycle of the client: before and in the middle of each call. */
const moments = 8;

const names = ['CountLast', 'TrigSeq', 'AckSeq'];

/** The client with its private names opened and its promises taken out. */
interface OpenedLink extends PlcLink {
  opened_taker: InputTaker | null;
  opened_owner: object | null;
  opened_image: { waits: boolean };
  opened_begin(session: ClientSession, nodes: ReadonlyMap<string, Node>): void;
  opened_flush(session: ClientSession, nodes: ReadonlyMap<string, Node>): void;
  opened_poll(session: ClientSession, nodes: ReadonlyMap<string, Node>, actor: typeof plcActor, first: boolean): void;
}
export type MakeLink = new (deps: PlcLinkDeps) => PlcLink;

interface Node {
  readonly name: TagName;
  readonly type: number;
}
interface Written {
  readonly node: Node;
  readonly value: { readonly value: Scalar };
}

/** What the client talks to; each call is a moment, and each half of a write. */
class ClientSession {
  readonly world: ClientWorld;

  constructor(world: ClientWorld) {
    this.world = world;
  }

  write(writes: readonly Written[]): void {
    this.world.moment();
    const half = Math.floor(writes.length / 2);
    const [one, other] = [writes.slice(0, half), writes.slice(half)];
    // A server need not do the writes of one call in their order.
    const parts = this.world.backwards ? [other, one] : [one, other];
    for (const [at, part] of parts.entries()) {
      if (at === 1 && half > 0) this.world.moment();
      for (const { node, value } of part) this.world.tags[tagAt[node.name]] = value.value;
    }
  }

  readValues(nodes: readonly Node[]) {
    this.world.moment();
    return nodes.map(({ name, type }) => ({
      statusCode: StatusCodes.Good,
      value: { value: this.world.tags[tagAt[name]], dataType: type },
    }));
  }
}

/** Tells the search of a number before the handshake has it. */
class Listening implements InputTaker {
  readonly taker: InputTaker;
  readonly world: ClientWorld;

  constructor(taker: InputTaker, world: ClientWorld) {
    this.taker = taker;
    this.world = world;
  }

  accepts(...given: Parameters<InputTaker['accepts']>) {
    return this.taker.accepts(...given);
  }

  take(...given: Parameters<InputTaker['take']>) {
    if (given[0] === 'TrigSeq') this.world.station.hears(given[1] as number);
    return this.taker.take(...given);
  }

  refused(...given: Parameters<NonNullable<InputTaker['refused']>>) {
    this.taker.refused?.(...given);
  }

  lost(): void {
    this.world.station.heard = null;
    this.world.station.newAge();
    this.taker.lost?.();
  }
}

/** The cable is pulled in the middle of a call. */
class Cut extends Error {}

const nodes: ReadonlyMap<string, Node> = new Map(tagNames.map((name) => [name, { name, type: tags[name].type }]));
/** What the PLC writes and the station reads. */
const inputs = (Object.keys(inputTags) as TagName[]).map((name) => tagAt[name]);
const initial = tagNames.map((name) => tags[name].initial as Scalar);

export interface ClientGiven {
  readonly program: GateProgram;
  readonly makeLane: MakeLane;
  readonly makeLink: MakeLink;
  readonly trigSeq: number;
}

export class ClientWorld extends PlantFloor {
  readonly makeLink: MakeLink;
  readonly session = new ClientSession(this);
  readonly station: Station;
  link!: OpenedLink;
  /** In the PLC's server. */
  tags: Scalar[] = initial.slice();
  connected = false;
  /** The first poll of a connection. */
  first = true;
  /** What happens at which moment of the cycle that is under way; how many went by. */
  plan: 'nothing' | 'scan' | 'cut' = 'nothing';
  planAt = 0;
  wentBy = 0;
  backwards = false;
  part = nobody;

  constructor({ program, makeLane, makeLink, trigSeq }: ClientGiven) {
    super(program, names);
    this.makeLink = makeLink;
    this.station = new Station(makeLane, this.newLink());
    this.listen();
    this.gate.set('TrigSeq', trigSeq);
    this.settings();
  }

  newLink(): OpenedLink {
    const learning = { template: '{tag}', lineId: 'line1', triggered: true };
    const address = { url: 'opc.tcp://plc:4840' } as PlcLinkDeps['address'];
    const deps = { address, tags: learning, pollMs: 20, clock: surroundings, log: surroundings };
    this.link = new this.makeLink(Object.freeze(deps)) as OpenedLink;
    return this.link;
  }

  listen(): void {
    this.link.opened_taker = new Listening(this.link.opened_taker!, this);
  }

  settings(): void {
    const { gate } = this;
    gate.set('Window', windowMs);
    gate.set('CountLast', 0xffff_ffff);
    gate.set('HasAnswers', false);
  }

  readonly phases = plain.length;

  happen(phase: number): string {
    const [name, event] = plain[phase]!;
    event(this);
    return name;
  }

  atGate = (): Seen => this.part;

  /** The block works on what stands in the PLC's server, and its outputs stand there after the scan. */
  scan(sinceMs = scanMs): void {
    const { gate } = this;
    gate.set('LinkGood', true);
    gate.set('ReadDone', true);
    gate.read(this.tags);
    if (this.sensor) this.part = { physical: this.station.front, recipe: this.recipe };
    this.scanned(sinceMs);
    this.tags[tagAt.RecipeNo] = this.recipe;
    this.tags[tagAt.Mode] = this.mode;
    this.tags[tagAt.AckSeq] = gate.get('AckSeq') as number;
    this.tags[tagAt.TrigSeq] = gate.get('TrigSeq') as number;
  }

  /** One cycle of the client: what waits is written, then the inputs are read. */
  cycle(plan: ClientWorld['plan'] = 'nothing', planAt = 0): void {
    this.plan = plan;
    this.planAt = planAt;
    this.wentBy = 0;
    try {
      if (!this.connected) this.connect();
      this.link.opened_flush(this.session, nodes);
      this.link.opened_poll(this.session, nodes, plcActor, this.first);
      this.first = false;
      if (this.link.opened_image.waits) this.link.opened_flush(this.session, nodes);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
      this.cut();
    }
    this.backwards = false;
    this.wentBy = 0;
  }

  /** A step that nobody hears is none for the PLC; the value it finds at the next connection is not one either. */
  beat(): void {
    const { station } = this;
    const { beats } = station;
    station.beat();
    if (!this.connected) station.beats = beats;
  }

  connect(): void {
    this.connected = true;
    this.first = true;
    this.link.opened_begin(this.session, nodes);
  }

  cut(): void {
    this.connected = false;
    this.link.opened_owner = null;
    this.link.opened_taker!.lost!();
  }

  moment(): void {
    if (this.wentBy++ !== this.planAt) return;
    if (this.plan === 'cut') throw new Cut();
    if (this.plan === 'scan') this.scan();
  }

  /** The tags of its server are retained, or begin anew. */
  restartPlc(from: 'kept' | 'below' | 'zero', tagsKept: boolean): void {
    const kept = this.gate.get('TrigSeq') as number;
    this.gate.restart();
    this.settings();
    if (from !== 'kept') this.gate.set('TrigSeq', from === 'zero' ? 0 : (kept - 1) >>> 0);
    if (!tagsKept) this.tags = initial.slice();
    this.sensor = false;
    this.part = nobody;
    this.station.beats = 0;
    if (this.connected) this.cut();
  }

  restartStation(): void {
    Object.assign(this.station, { port: this.newLink() });
    this.connected = false;
    this.station.start();
    this.listen();
  }

  disturbances(): readonly string[] {
    const list = this.sharedDisturbances();
    list.push('PLC restarts', 'PLC restarts one below', 'PLC restarts one below, tags anew', 'PLC restarts at 0');
    list.push('station restarts', 'another one triggers');
    if (this.connected) list.push('link cut');
    if (plain[this.phase]![0] !== 'cycle') return list;
    for (let at = 0; at < moments; at++) list.push(`scan at ${at}`, `scan at ${at}, backwards`, `cut at ${at}`);
    return list;
  }

  disturb(name: string): void {
    this.wrong = null;
    const at = /^(scan|cut) at (\d)(, backwards)?$/.exec(name);
    if (at) {
      this.backwards = at[3] !== undefined;
      this.cycle(at[1] as 'scan' | 'cut', Number(at[2]));
      this.turn();
    } else (disturbing[name] ?? sharedDisturbing[name])!(this);
  }

  /** In the PLC's own server they may be old; what the block makes of them is what counts. */
  tagsViolation = () => null;

  readings = () => [this.tags];

  override digest(digest: Digest, memory: Memory): void {
    super.digest(digest, memory);
    for (const tag of inputs) digest.add(this.tags[tag]);
  }
}

const plain: Course<ClientWorld> = [
  ['cycle', (world) => world.cycle()],
  ['judged', (world) => world.close()],
  ['cycle', (world) => world.cycle()],
  ['part comes, every second round', (world) => world.round === 1 && world.arrive()],
  ['scan', (world) => world.scan()],
  ['heartbeat', (world) => world.beat()],
  ['end of the round', (world) => world.recover()],
];

const disturbing: Readonly<Record<string, Event<ClientWorld>>> = {
  'PLC restarts': (world) => world.restartPlc('kept', true),
  'PLC restarts one below': (world) => world.restartPlc('below', true),
  'PLC restarts one below, tags anew': (world) => world.restartPlc('below', false),
  'PLC restarts at 0': (world) => world.restartPlc('zero', true),
  'station restarts': (world) => world.restartStation(),
  'another one triggers': triggeredByAnother,
  'link cut': (world) => world.cut(),
};
