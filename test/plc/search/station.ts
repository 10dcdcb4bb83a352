/**
 * The station of a search: the real lane, handshake and count of triggers in front of the thinnest line that tells the
 * truth about parts. It opens a part at each trigger in the tick of the call, tells its verdict in the order of the
 * triggers, and remembers what it judged under which number; cameras, inference and journal are a choice of the search.
 */
import type { Actor, LineCommands, Order, TriggerRequest } from '../../../daemon/command/port.ts';
import { maxMissedTriggers } from '../../../daemon/line/counter.ts';
import { type Decision, openedByCamera, type PartOrigin, type VerdictRecord } from '../../../daemon/line/verdict.ts';
import type { OpcUaLane } from '../../../daemon/publish/opcua/lane.ts';
import { type TagName, tags } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import type { InputTaker, TagPort, TagValues } from '../../../daemon/publish/opcua/tags.ts';
import { newCounters } from '../../../daemon/publish/publisher.ts';
import type { LineStatus } from '../../../daemon/publish/status.ts';

export type Scalar = number | string | boolean | null | object;
export const tagNames = Object.keys(tags) as TagName[];
export const tagAt = Object.fromEntries(tagNames.map((name, at) => [name, at])) as Record<TagName, number>;
const initialTags: Scalar[] = tagNames.map((name) => tags[name].initial as Scalar);
export const ringSlots = Array.from({ length: 16 }, (_, slot) => `Ring${String(slot).padStart(2, '0')}`);

/** One part that was opened and not told yet, or what was told of it. */
export interface Opened {
  readonly sequence: number;
  readonly trigger: number;
  readonly origin: PartOrigin;
  /** The physical part the camera saw; 0 where it saw none. */
  readonly physical: number;
  /** That judged it: the one in force then. */
  recipe: number;
  /** Of the line's life: results of an older one are nobody's. */
  readonly age: number;
  decision: Decision | null;
  /** When it was opened, and told, in the order of these events; 0 not yet. */
  readonly openedAt: number;
  toldAt: number;
}

export class StationTags implements TagPort {
  values = initialTags.slice();
  taker: InputTaker | null = null;
  /** The session that writes; another one at each connection. */
  session = 1;

  show(values: TagValues): void {
    for (const name in values) this.values[tagAt[name as TagName]] = values[name as TagName] as Scalar;
  }

  takeInputsBy(taker: InputTaker): void {
    this.taker = taker;
  }

  /** As the server takes what a session writes: Good or not. */
  write(name: string, value: number | boolean | string): boolean {
    const { taker } = this;
    const input = name as Parameters<InputTaker['take']>[0];
    const before = this.values[tagAt[input]]!;
    if (!taker?.accepts(input, value)) return false;
    this.values[tagAt[input]] = value;
    if (taker.take(input, value, plcActor, String(this.session))) return true;
    this.values[tagAt[input]] = before;
    return false;
  }

  reset(): void {
    this.values = initialTags.slice();
  }
}

/** Parts that went by are forgotten, so that two pasts that lead to the same now are one state. */
const judgedKept = 8;

export const plcActor: Actor = { name: 'plc', via: 'plc', role: 'operate', certificate: null };

/** Nothing the search follows: they have no state that decides anything. */
export class Surroundings {
  nowMs = () => 1000;
  wallMs = () => 1_700_000_000_000;
  after = () => undefined;
  debug = () => undefined;
  info = () => undefined;
  warn = () => undefined;
  error = () => undefined;
}
export const surroundings = new Surroundings();

export type MakeLane = new (deps: ConstructorParameters<typeof OpcUaLane>[0]) => OpcUaLane;

interface Pending {
  readonly recipe: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

export class Station {
  readonly makeLane: MakeLane;
  readonly port: TagPort;
  readonly counters = Object.freeze(newCounters());
  lane!: OpcUaLane;
  /** In trigger order, those that are not told yet. */
  open: Opened[] = [];
  /** What was opened last under each number of the plant. */
  readonly byNumber = new Map<number, Opened>();
  /** What was judged of each physical part; more than once where more than one trigger saw it. */
  readonly judged = new Map<number, readonly Opened[]>();
  pending: Pending | null = null;
  sequence = 0;
  trigger = 0;
  age = 0;
  recipe = 1;
  /** The number of triggers as the station has it, for the search alone. */
  heard: { readonly trigSeq: number; readonly session: number } | null = null;
  /** Counts openings and tellings. */
  events = 0;
  openedLastAt = 0;
  front = 0;
  /** The heartbeat is not proven any more. */
  stands = false;
  challenge = false;
  fault = false;
  refusesTriggers = false;
  /** Steps of the heartbeat since the plant's connection began. */
  beats = 0;

  constructor(makeLane: MakeLane, port: TagPort) {
    this.makeLane = makeLane;
    this.port = port;
    this.start();
  }

  /** A process begins: it knows nothing of what was. Numbers of records go on, with a gap. */
  start(): void {
    const health = () => ({ name: 'opcua', ok: true, problem: null, counters: {} });
    const { port: block } = this;
    const makeLane = this.makeLane;
    const deps = { lineId: 'line1', block, clock: surroundings, log: surroundings, health };
    this.lane = new makeLane(Object.freeze(deps));
    this.open = [];
    this.pending = null;
    this.sequence += 10;
    this.fault = false;
    this.heard = null;
    this.newAge();
    this.lane.attach(this.commands(), (on) => {
      this.challenge = on;
    });
    this.showStatus();
  }

  /** Told before the handshake takes a number: one that is no count on is the beginning of another life of the PLC. */
  hears(trigSeq: number, session = 0): void {
    const step = this.heard?.session === session ? (trigSeq - this.heard.trigSeq) >>> 0 : Number.NaN;
    if (!(step <= maxMissedTriggers + 1)) this.newAge();
    this.heard = { trigSeq, session };
  }

  newAge(): void {
    this.age++;
    this.byNumber.clear();
  }

  commands(): LineCommands {
    return {
      trigger: (_actor, request) => this.triggered(request),
      order: (_actor, order) => this.ordered(order) as Promise<void>,
      ordered: () => ({ recipe: this.recipe, threshold: null, execution: 'single', halted: null }),
      recipes: () => [],
      onOrdered: () => undefined,
      denied: () => null,
    };
  }

  /** Answered when the search says so; what waits there is told at once, so that nothing happens out of sight. */
  ordered(order: Order): PromiseLike<void> {
    if (order.kind !== 'selectRecipe') return told((done) => done());
    this.newAge();
    return told((done, failed) => {
      this.pending = { recipe: order.recipe, done, failed };
    });
  }

  answerOrder(serves: boolean): void {
    const { pending } = this;
    this.pending = null;
    if (pending === null) return;
    if (serves && pending.recipe !== this.recipe) {
      this.recipe = pending.recipe;
      this.newAge();
    }
    if (serves) pending.done();
    else pending.failed(new Error('refused'));
    this.showStatus();
  }

  triggered({ partId: _, unseen = 0, ...ids }: TriggerRequest): { sequence: number; resultId: string } {
    if (this.refusesTriggers) {
      this.refusesTriggers = false;
      throw new Error('the line was stopped');
    }
    for (let before = unseen; before > 0; before--) {
      const plantSequence = ids.plantSequence === null ? null : (ids.plantSequence - before) >>> 0;
      this.opens({ ...ids, plantSequence, triggerSource: 'command' }, 0).decision = 'undecided';
    }
    const { sequence } = this.opens({ ...ids, triggerSource: 'command' }, this.front);
    return { sequence, resultId: `line1-${sequence}` };
  }

  /** The camera's own trigger; `physical` is what it sees. */
  exposed(physical: number): void {
    this.opens({ ...openedByCamera, challenge: this.challenge }, physical);
  }

  opens(origin: PartOrigin, physical: number): Opened {
    const { recipe, age } = this;
    const [sequence, trigger] = [++this.sequence, ++this.trigger];
    const openedAt = ++this.events;
    this.openedLastAt = openedAt;
    const told = { decision: null, openedAt, toldAt: 0 };
    const part: Opened = { sequence, trigger, origin: Object.freeze(origin), physical, recipe, age, ...told };
    if (this.fault) part.decision = 'undecided';
    const number = origin.triggerSource === 'camera' ? sequence : origin.plantSequence;
    if (number !== null) this.byNumber.set(number, part);
    this.open.push(part);
    const opened = { lineId: 'line1', trigger, partId: null, origin, openedAtMs: 1, deadlineMs: 300 };
    this.lane.opened(opened, sequence);
    return part;
  }

  /** The oldest open part is decided, unless its trigger closed it, and told. */
  close(decision: Decision): void {
    const part = this.open.shift();
    if (!part) return;
    part.decision ??= decision;
    part.recipe = this.recipe;
    part.toldAt = ++this.events;
    if (part.physical !== 0) this.judged.set(part.physical, [...(this.judged.get(part.physical) ?? []), part]);
    this.judged.delete(this.front - judgedKept);
    this.lane.announce(recordOf(part), null, this.counters);
  }

  setFault(on: boolean): void {
    if (on && !this.fault) this.newAge();
    this.fault = on;
    this.showStatus();
  }

  beat(): void {
    if (!this.stands) this.beats++;
    this.lane.beat(this.stands ? 'the inference hangs' : null);
  }

  showStatus(): void {
    const { fault, counters } = this;
    const state: Omit<LineStatus, 'counters'> = fault
      ? { lineId: 'line1', ready: false, why: 'unplugged', cause: 'cameraLost', fault: 'unplugged', bundle: null }
      : { lineId: 'line1', ready: true, why: null, cause: null, fault: null, bundle: null };
    this.lane.showStatus(Object.freeze({ ...state, counters }));
  }
}

function recordOf({ sequence, trigger, origin, decision, recipe }: Opened): VerdictRecord {
  const reason = decision === 'pass' ? 'good' : decision === 'fail' ? 'defect' : 'timeout';
  return {
    ...origin,
    lineId: 'line1',
    epoch: null,
    resultId: `line1-${sequence}`,
    sequence,
    trigger,
    partId: null,
    decision: decision!,
    reason,
    detail: null,
    score: null,
    threshold: null,
    judgedShare: null,
    regions: [],
    bundle: { name: 'demo', version: String(recipe), digest: String(recipe) },
    recipe,
    openedAtMs: 1,
    closedAtMs: 2,
    deadlineMs: 300,
    captureToVerdictMs: null,
    inferMs: null,
  };
}

type Settle = (done: () => void, failed: (error: Error) => void) => void;

/** A promise whose listener is called in the tick of the answer, so that no event of the search is half done. */
function told(settle: Settle): PromiseLike<void> {
  return {
    // biome-ignore lint/suspicious/noThenProperty: it stands for a promise.
    then(done, failed) {
      settle(
        () => void done?.(),
        (error) => void failed?.(error),
      );
      return this as never;
    },
  };
}
