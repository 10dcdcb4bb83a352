/**
 * The tag block of a line in a PLC's own OPC UA server: polls what the PLC writes, writes what stands for it, one call
 * at a time, and connects again by itself for ever. The handshake is the server's own; only where the tags live is
 * another place.
 *
 * Of a trigger that was counted while there was no connection it makes nothing: that part has gone by, and the PLC has
 * thrown it out. A value the PLC holds when a connection begins is where it stands, not something it just did. On a
 * connection "no result" is written first, and only its own session's reads are inputs: what an older one still brings
 * is heard by nobody.
 */
import { messageOf } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import type { Actor } from '../../../command/port.ts';
import type { Health, Log } from '../../lane.ts';
import { type InputName, inputTags, type Scalar, type TagName } from '../plc/tag-table.ts';
import type { InputTaker, TagPort, TagValues } from '../tags.ts';
import { callNodesMax, inputOf, type Learning, learnNodes, type PlcNode, variantFor } from './plc-nodes.ts';
import { type PlcAddress, PlcSession } from './plc-session.ts';
import { TagImage, type Writes } from './tag-image.ts';

export interface PlcLinkDeps {
  readonly address: PlcAddress;
  readonly tags: Learning;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly open?: OpenSession;
}

/** A session, as far as the link uses one; tests put their own. */
export type LinkSession = Pick<PlcSession, 'certificate' | 'read' | 'readValues' | 'write' | 'close'>;
export type OpenSession = (address: PlcAddress, clock: Clock) => Promise<LinkSession>;

const backoffMinMs = 500;
const backoffMaxMs = 10_000;
/** The last writes and the goodbye. */
const closeMaxMs = 3000;

/** Reads of one poll while the PLC counts on. */
const rereadsMax = 3;

/** What is read in each cycle; the count of triggers before the values that belong to it. */
const inputNames: readonly InputName[] = [
  'TrigSeq',
  ...(Object.keys(inputTags) as InputName[]).filter((name) => name !== 'TrigSeq'),
];

export class PlcLink implements TagPort {
  readonly #deps: PlcLinkDeps;
  readonly #image = new TagImage();
  readonly #stopping = new AbortController();
  readonly #counters = { connections: 0, polls: 0, writes: 0, refused: 0 };
  readonly #seen = new Map<InputName, Scalar>();
  readonly #refused = new Map<InputName, Scalar>();
  #taker: InputTaker | null = null;
  /** Whose reads are the inputs; null between two connections. */
  #owner: LinkSession | null = null;
  #problem: string | null = 'not connected yet';
  #wake: (() => void) | null = null;
  #running: Promise<void> | null = null;

  constructor(deps: PlcLinkDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  show(values: TagValues): void {
    this.#image.show(values);
    this.#wake?.();
  }

  takeInputsBy(taker: InputTaker): void {
    this.#taker = taker;
  }

  health(): Health {
    const problem = this.#problem;
    return { name: `plc ${this.#deps.tags.lineId}`, ok: problem === null, problem, counters: { ...this.#counters } };
  }

  /** Leaves "no verdict, not ready" behind, where it can. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#image.reset();
    this.#stopping.abort();
    this.#wake?.();
    const { promise, resolve } = Promise.withResolvers<void>();
    const bound = new AbortController();
    this.#deps.clock.after(closeMaxMs, resolve, bound.signal);
    await Promise.race([this.#running, promise]);
    bound.abort();
  }

  async #run(): Promise<void> {
    const { clock, log, address } = this.#deps;
    let backoffMs = backoffMinMs;
    while (!this.#stopping.signal.aborted) {
      const beganMs = clock.nowMs();
      try {
        await this.#connected();
      } catch (error) {
        const problem = messageOf(error);
        if (problem !== this.#problem) log.warn({ url: address.url, error }, `PLC client: ${problem}`);
        this.#problem = problem;
      }
      this.#owner = null;
      this.#taker?.lost?.();
      // A connection that held for a while was a good one.
      backoffMs = clock.nowMs() - beganMs > backoffMaxMs ? backoffMinMs : Math.min(2 * backoffMs, backoffMaxMs);
      if (!this.#stopping.signal.aborted) await this.#pause(backoffMs, false);
    }
  }

  async #connected(): Promise<void> {
    const { address, clock, log, tags, pollMs } = this.#deps;
    const open = this.#deps.open ?? PlcSession.open;
    const session = await open(address, clock);
    try {
      const nodes = await learnNodes(session, tags);
      log.info({ url: address.url, tags: nodes.size }, 'PLC client: connected');
      this.#counters.connections++;
      this.#problem = null;
      const name = new URL(address.url).host;
      const actor: Actor = { name, via: 'plc', role: 'operate', certificate: session.certificate };
      await this.#begin(session, nodes);
      let first = true;
      for (;;) {
        await this.#flush(session, nodes);
        if (this.#stopping.signal.aborted) {
          // The stop may have come while that was written: what it leaves behind is written all the same.
          await this.#flush(session, nodes);
          return;
        }
        await this.#poll(session, nodes, actor, first);
        first = false;
        // What a trigger changed is written before anything else is waited for.
        if (!this.#image.waits) await this.#pause(pollMs, true);
      }
    } finally {
      await session.close();
    }
  }

  /** Whatever came to pass in between, no result is the first thing that is written. */
  async #begin(session: LinkSession, nodes: ReadonlyMap<TagName, PlcNode>): Promise<void> {
    this.#owner = session;
    this.#seen.clear();
    this.#refused.clear();
    await this.#write(session, nodes, this.#image.noResult());
    // Parts that were opened since, by the camera or another way, are of before the connection too.
    this.#taker?.lost?.();
    this.#image.unknown();
  }

  async #flush(session: LinkSession, nodes: ReadonlyMap<TagName, PlcNode>): Promise<void> {
    await this.#write(session, nodes, this.#image.take());
  }

  async #write(session: LinkSession, nodes: ReadonlyMap<TagName, PlcNode>, calls: readonly Writes[]): Promise<void> {
    for (const writes of calls) {
      const known = prepared(writes, nodes);
      for (let at = 0; at < known.length; at += callNodesMax) {
        this.#counters.writes++;
        await session.write(known.slice(at, at + callNodesMax));
      }
    }
  }

  async #poll(session: LinkSession, nodes: ReadonlyMap<TagName, PlcNode>, actor: Actor, first: boolean): Promise<void> {
    const values = await this.#settledRead(session, nodes);
    // What an older session brings is nobody's: its PLC, or its connection, is another one by now.
    if (values === null || this.#owner !== session) return;
    const count = values.get('TrigSeq') ?? null;
    values.delete('TrigSeq');
    // What stands beside a new count is said with it, also where it is what stood there before.
    if (count !== null && count !== this.#seen.get('TrigSeq')) this.#seen.delete('PartId');
    for (const [name, value] of values) this.#take(name, value, actor, first);
    if (count !== null) this.#take('TrigSeq', count, actor, first);
  }

  /**
   * The id is written before the count, so what was read beside a new count may be of the part before: it is read until
   * the count stands. Null where it never does; the next poll sees how far it came.
   */
  async #settledRead(session: LinkSession, nodes: ReadonlyMap<TagName, PlcNode>): Promise<Inputs | null> {
    let before = this.#seen.get('TrigSeq');
    for (let reads = 0; reads <= rereadsMax; reads++) {
      const values = await this.#read(session, nodes);
      const count = values.get('TrigSeq') ?? null;
      if (count === null || count === before) return values;
      before = count;
    }
    return null;
  }

  async #read(session: LinkSession, nodes: ReadonlyMap<TagName, PlcNode>): Promise<Inputs> {
    const names = inputNames.filter((name) => nodes.has(name));
    this.#counters.polls++;
    const read = names.length === 0 ? [] : await session.readValues(names.map((name) => nodes.get(name)!));
    return new Map(names.map((name, at) => [name, inputOf(name, read[at]!)]));
  }

  #take(name: InputName, value: Scalar, actor: Actor, first: boolean): void {
    const before = this.#seen.get(name);
    if (value === null) {
      this.#refuse(name, null, 'its type, range or status in the PLC is not what it should be');
      return;
    }
    if (!first && value === before) return;
    // A reset that stood there before we came was not meant for now.
    const old = name === 'ResetFault' && first && value === true;
    const taker = this.#taker;
    if (!old && taker && !taker.accepts(name, value)) {
      this.#refuse(name, value, 'it is out of range');
    } else if (old || taker?.take(name, value, actor)) {
      this.#seen.set(name, value);
      this.#refused.delete(name);
    } else if (this.#isNew(name, value)) {
      // It stands there still and is offered again: the line may not have been there yet.
      this.#deps.log.info({ tag: name, value }, 'PLC client: what the PLC wrote is not taken');
    }
  }

  /** What the PLC means is not known; what stood there before is not meant. */
  #refuse(name: InputName, value: Scalar, why: string): void {
    // An id is asked for with each trigger, so it is refused with each.
    if (this.#isNew(name, value) || name === 'PartId') this.#taker?.refused?.(name, why);
    this.#seen.delete(name);
  }

  #isNew(name: InputName, value: Scalar): boolean {
    if (this.#refused.has(name) && this.#refused.get(name) === value) return false;
    this.#refused.set(name, value);
    this.#counters.refused++;
    return true;
  }

  /** Ends early at a stop, and where `forWrites` as soon as something is to be written. */
  #pause(forMs: number, forWrites: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const bound = new AbortController();
    this.#wake = () => {
      if (forWrites || this.#stopping.signal.aborted) resolve();
    };
    this.#deps.clock.after(forMs, resolve, bound.signal);
    return promise.finally(() => {
      bound.abort();
      this.#wake = null;
    });
  }
}

type Inputs = Map<InputName, Scalar>;

/** What the PLC does not have is left out. */
function prepared(writes: Writes, nodes: ReadonlyMap<TagName, PlcNode>) {
  return writes.flatMap(([name, value]) => {
    const node = nodes.get(name);
    return node ? [{ node, value: variantFor(node, value) }] : [];
  });
}
