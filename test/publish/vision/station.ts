/**
 * A vision system for the tests: the real journal, publisher and OPC UA server, and a line whose parts the test closes
 * by hand, so that each of its states can be stood in. Its commands do what the port promises and nothing more.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientSession } from 'node-opcua';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import {
  type Actor,
  type JobIds,
  type LineCommands,
  type Order,
  type Ordered,
  type Recipe,
  type Role,
  roles,
  type TriggerRequest,
} from '../../../daemon/command/port.ts';
import { deniedTo } from '../../../daemon/command/roles.ts';
import { openedByCamera, type PartOrigin, type VerdictRecord } from '../../../daemon/line/verdict.ts';
import type { CameraSetup, CameraSetups, RecipeBundle } from '../../../daemon/publish/opcua/vision/ports.ts';
import { resultIdOf } from '../../../daemon/publish/payload.ts';
import type { Publisher } from '../../../daemon/publish/publisher.ts';
import { type Publishing, startPublishing } from '../../../daemon/publish/publishing.ts';
import { fail } from '../../../errors.ts';
import { stateAt } from '../../state/at.ts';
import { freePort, judged, type ReadableLog, readableLog, temporaryFolder } from '../fixtures.ts';
import { type ClientIdentity, clientIdentity, session as openSession, user, writeUsers } from '../opcua/plant.ts';

export const lineId = 'line1';
export const root = `ns=1;s=${lineId}.Vision`;

export const washer: RecipeBundle = { name: 'washer', version: '1.2.0', digest: 'ab'.repeat(32), modifiedAtMs: 1e12 };
export const flange: RecipeBundle = { name: 'flange', version: '3.0.1', digest: 'cd'.repeat(32), modifiedAtMs: 1.1e12 };
export const recipes: readonly Recipe[] = [
  { number: 1, name: 'washer-m8', product: 'washer', bundle: './bundles/washer', threshold: null },
  { number: 2, name: 'flange-60', product: 'flange', bundle: './bundles/flange', threshold: 0.4 },
  { number: 3, name: 'flange-strict', product: 'flange', bundle: './bundles/flange', threshold: 0.2 },
];

/** A line as a vision system sees it, opened by commands or by its camera: what it is told, it does at once. */
export class StandInLine implements LineCommands {
  readonly denied = deniedTo;
  readonly #publisher: Publisher;
  readonly #opensParts: 'camera' | 'command';
  readonly #listeners: ((now: Ordered) => void)[] = [];
  readonly open = new Map<number, PartOrigin & { partId: string | null }>();
  readonly orders: { actor: Actor; order: Order }[] = [];
  #now: Ordered = { recipe: 1, threshold: null, execution: 'continuous', halted: null };
  #job: JobIds | null = null;
  fault: string | null = null;
  /** Its bundle was refused: a fault that another recipe ends. */
  bundleRefused = false;
  ready = true;
  /** The next order is refused with this. */
  refuses: Error | null = null;

  constructor(publisher: Publisher, opensParts: 'camera' | 'command') {
    this.#publisher = publisher;
    this.#opensParts = opensParts;
  }

  trigger(actor: Actor, request: TriggerRequest): { sequence: number; resultId: string } {
    this.#mayOperate(actor);
    if (this.#opensParts === 'camera') throw fail('line/command', { line: lineId, camera: 'camera1' });
    const { partId, ...ids } = request;
    const sequence = this.#open(partId, { triggerSource: 'command', ...ids });
    return { sequence, resultId: resultIdOf(lineId, sequence) };
  }

  /** A hardware trigger. */
  cameraTrigger(): number {
    return this.#open(null, { ...openedByCamera, ...this.#job });
  }

  #open(partId: string | null, origin: PartOrigin): number {
    const openedAtMs = systemClock.wallMs();
    const part = { lineId, trigger: this.open.size + 1, partId, origin, openedAtMs, deadlineMs: 300 };
    const sequence = this.#publisher.opened(part);
    this.open.set(sequence, { ...origin, partId });
    return sequence;
  }

  /** The part is judged, with a mask of the test's own. */
  async close(sequence: number, decision: VerdictRecord['decision'] = 'pass'): Promise<VerdictRecord> {
    const origin = this.open.get(sequence);
    this.open.delete(sequence);
    const record: VerdictRecord = { ...judged(sequence, decision), ...(origin ?? openedByCamera) };
    await this.#publisher.closed(record, { mask: { widthPx: 2, heightPx: 1, pixels: new Uint8Array(2) } });
    return record;
  }

  acquired(sequence: number): void {
    this.#publisher.acquired(sequence);
  }

  async order(actor: Actor, order: Order): Promise<void> {
    this.#mayOperate(actor);
    const refusal = this.refuses;
    this.refuses = null;
    if (refusal) throw refusal;
    this.orders.push({ actor, order });
    switch (order.kind) {
      case 'selectRecipe':
        this.bundleRefused = false;
        this.#become({ recipe: order.recipe });
        break;
      case 'setExecution':
        if (order.execution === 'single' && this.#opensParts === 'camera') {
          throw fail('command/execution', { line: lineId, camera: 'camera1' });
        }
        this.#job = order.job ?? null;
        this.#become({ execution: order.execution });
        break;
      case 'halt':
        this.#become({ halted: order.cause });
        break;
      case 'reset':
        this.fault = null;
        this.#become({ halted: null });
        break;
      case 'abort':
        await Promise.all([...this.open.keys()].map((sequence) => this.close(sequence, 'undecided')));
        break;
      case 'setThreshold':
        this.#become({ threshold: order.threshold });
        break;
      case 'resetCounters':
        break;
    }
    this.show();
  }

  #mayOperate(actor: Actor): void {
    if (actor.role === null || roles.indexOf(actor.role) < roles.indexOf('operate')) {
      throw fail('line/stopped', { line: lineId }); // never reached: the methods' permissions refuse before
    }
  }

  #become(change: Partial<Ordered>): void {
    this.#now = { ...this.#now, ...change };
    for (const listener of this.#listeners) listener(this.#now);
  }

  /** What the line says of itself. */
  show(): void {
    const { halted, recipe, execution } = this.#now;
    const { name, version, digest } = recipe === 1 ? washer : flange;
    const stopped = halted ?? (execution === 'stopped' ? 'execution stopped' : null);
    const refused = this.bundleRefused ? 'bundle refused: digest' : null;
    const why = stopped ?? this.fault ?? refused ?? (this.ready ? null : 'the inference is being replaced');
    const cause = stopped ? 'halted' : this.fault ? 'journal' : refused ? 'bundleRefused' : 'inference';
    const bundle = this.bundleRefused ? null : { name, version, digest };
    // A fault of the journal is shown whatever else is true; one of the bundle where parts could be judged but for it.
    const fault = this.fault ?? (stopped ? null : refused);
    this.#publisher.setState({ ready: why === null, why, cause: why === null ? null : cause, fault, bundle });
  }

  ordered(): Ordered {
    return this.#now;
  }

  recipes(): readonly Recipe[] {
    return recipes;
  }

  onOrdered(listener: (now: Ordered) => void): void {
    this.#listeners.push(listener);
  }
}

/** Two set-ups, of which one is in use. */
export class StandInSetups implements CameraSetups {
  readonly setups: CameraSetup[] = [
    { id: 'camera1', version: '1', digest: '11'.repeat(32), modifiedAtMs: 1e12, description: 'as installed' },
    { id: 'camera1-new', version: '2', digest: '22'.repeat(32), modifiedAtMs: 2e12, description: 'calibrated anew' },
  ];
  readonly #listeners: (() => void)[] = [];
  #active = 'camera1';
  refuses = false;

  list(): readonly CameraSetup[] {
    return this.setups;
  }

  active(): string {
    return this.#active;
  }

  async activate(_actor: Actor, id: string): Promise<void> {
    if (this.refuses) throw temporary('bundle/missing');
    this.#active = id;
    for (const listener of this.#listeners) listener();
  }

  onActive(listener: () => void): void {
    this.#listeners.push(listener);
  }
}

export const png = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7) % 251));

export interface Station {
  readonly publishing: Publishing;
  readonly line: StandInLine;
  readonly setups: StandInSetups;
  readonly log: ReadableLog;
  readonly stateFolder: string;
  /** A session of a user of this role, over an encrypted connection. */
  session(role: Role): Promise<ClientSession>;
}

/** Begun: the line is ready and runs continuously, as one whose camera triggers. */
export async function startStation(
  stateFolder = temporaryFolder(),
  opensParts: 'camera' | 'command' = 'command',
): Promise<Station> {
  writeUsers(stateFolder, await Promise.all(roles.map((role) => user(role, role))));
  const identity = await trustedClient(stateFolder);
  const [setups, log] = [new StandInSetups(), readableLog()];
  const publishing = await startPublishing({
    ...{
      state: stateAt(stateFolder),
      lineIds: [lineId],
      mqtt: null,
      clock: systemClock,
      log,
      encodePng: async () => png,
    },
    opcua: { host: '127.0.0.1', port: await freePort(), setting: 'opcua.port' },
    vision: { setups, opensParts, bundleOf: async ({ number }) => (number === 1 ? washer : flange) },
    limits: { heartbeatMs: 50 },
  });
  onTestFinished(() => publishing.stop());
  const publisher = publishing.line(lineId);
  const line = new StandInLine(publisher, opensParts);
  publisher.attach(line, () => undefined);
  line.show();
  const session = (role: Role) => openSession(publishing.opcuaEndpoint ?? '', { identity, user: role });
  return { publishing, line, setups, log, stateFolder, session };
}

/** Trusted before the server starts. */
async function trustedClient(stateFolder: string): Promise<ClientIdentity> {
  const identity = await clientIdentity();
  const trusted = join(stateFolder, 'opcua', 'trusted', 'certs');
  mkdirSync(trusted, { recursive: true });
  writeFileSync(join(trusted, 'client.pem'), readFileSync(identity.certificateFile));
  return identity;
}

/** An operating error, as an order is refused with. */
export function temporary(code: 'bundle/missing'): Error {
  return fail(code, { path: 'bundles/flange' });
}
