/**
 * A PLC as a plant programs it against the tag block: a scan cycle that reads everything in one call and writes
 * everything in one call, a part at a time, an inspection window, and the rule that a part is rejected unless it was
 * proven good. It speaks through a real OPC UA client and knows of the station only what the tags say.
 */
import {
  AttributeIds,
  type ClientSession,
  DataType,
  type DataValue,
  OPCUAClient,
  type StatusCode,
  UserTokenType,
} from 'node-opcua';
import { systemClock } from '../../daemon/clock.ts';
import { patienceMs } from '../patience.ts';

/** Read in this order: the number that is written last comes first, the one that is written first comes last. */
const reads = [
  ...['ResSeq', 'Verdict', 'ReasonCode', 'ResPartId', 'Challenge', 'ConsecutiveRejects', 'Result', 'ResSeqStart'],
  ...['Ready', 'Armed', 'Busy', 'Fault', 'Heartbeat', 'HeartbeatWhy', 'State', 'TrigEcho', 'AckEcho', 'PlcAlive'],
  ...['ResRecipe', 'Unacknowledged', 'MissedParts', 'LateResults', 'RecipeActive', 'LastOrder', 'NotReadyCode'],
] as const;
type ReadName = (typeof reads)[number];
export type Image = Record<ReadName, number | string | boolean>;

const writes = {
  PartId: DataType.String,
  RecipeNo: DataType.Int16,
  Mode: DataType.Int16,
  PlcHeartbeat: DataType.UInt16,
  AckSeq: DataType.UInt32,
  ResetFault: DataType.Boolean,
  // The last one of the call: by then the part's id stands.
  TrigSeq: DataType.UInt32,
} as const;
type WriteName = keyof typeof writes;

export type Gate = 'pass' | 'reject';
export interface Decided {
  readonly sequence: number;
  readonly gate: Gate;
  readonly why: 'proven' | 'verdict' | 'window' | 'heartbeat' | 'notReady';
  readonly image: Image | null;
}

export interface PlcSettings {
  readonly endpoint: string;
  readonly user: { readonly name: string; readonly password: string };
  /** Which face the result is read from: the tags, or the one scalar. */
  readonly face?: 'tags' | 'result';
  readonly windowMs?: number;
  /** The station's heartbeat must have stepped within this. */
  readonly heartbeatMs?: number;
  readonly trigSeq?: number;
}

/** A scan of 20 ms is what PLCs poll with. */
const scanMs = 20;

export class SimulatedPlc {
  readonly #settings: Required<PlcSettings>;
  #client: OPCUAClient | null = null;
  #session: ClientSession | null = null;
  #scanning: Promise<void> = Promise.resolve();
  #running = false;
  #memory: Record<WriteName, number | string | boolean>;
  #heartbeat = { value: -1, atMs: Number.NEGATIVE_INFINITY };
  image: Image | null = null;
  #after: (() => void)[] = [];
  lastWrite: readonly StatusCode[] = [];

  constructor(settings: PlcSettings) {
    this.#settings = { face: 'tags', windowMs: 10_000, heartbeatMs: 3000, trigSeq: 0, ...settings };
    this.#memory = this.#coldMemory(this.#settings.trigSeq);
  }

  #coldMemory(trigSeq: number): SimulatedPlc['memory'] {
    return { PartId: '', RecipeNo: 0, Mode: 0, PlcHeartbeat: 0, AckSeq: 0, ResetFault: false, TrigSeq: trigSeq };
  }

  get memory(): Record<WriteName, number | string | boolean> {
    return this.#memory;
  }

  async run(endpoint = this.#settings.endpoint): Promise<void> {
    const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    await client.connect(endpoint);
    const { name: userName, password } = this.#settings.user;
    this.#session = await client.createSession({ type: UserTokenType.UserName, userName, password });
    this.#client = client;
    // What was seen on another connection proves nothing of this one.
    this.#heartbeat = { value: -1, atMs: Number.NEGATIVE_INFINITY };
    this.#running = true;
    this.#scanning = this.#cycle();
  }

  /** The cable is pulled, or the program stopped. What is in memory stays. */
  async halt(): Promise<void> {
    this.#running = false;
    await this.#scanning;
    await this.#session?.close().catch(() => undefined);
    await this.#client?.disconnect();
    this.#session = null;
  }

  /** A cold start: all memory is lost. */
  coldStart(): void {
    this.#memory = this.#coldMemory(0);
  }

  /** So many scans from now. */
  async scans(count: number): Promise<void> {
    for (let scan = 0; scan < count; scan++) await new Promise<void>((resolve) => this.#after.push(resolve));
  }

  async until(what: string, holds: (image: Image) => boolean, boundMs = patienceMs): Promise<Image> {
    const endMs = systemClock.nowMs() + boundMs;
    while (this.image === null || !holds(this.image)) {
      if (systemClock.nowMs() > endMs)
        throw new Error(`not within ${boundMs} ms: ${what}: ${JSON.stringify(this.image)}`);
      await this.scans(1);
    }
    return this.image;
  }

  /** A part has come to the station: triggered, waited for, and let through or thrown out. */
  async inspect(
    partId: string,
    { skipped = 0, windowMs = this.#settings.windowMs, always = false } = {},
  ): Promise<Decided> {
    // Numbers that other stations saw, or that were lost on the way.
    const sequence = ((this.#memory.TrigSeq as number) + 1 + skipped) >>> 0;
    const seen = this.image;
    if (!always && (seen === null || seen.Ready !== true || seen.Armed !== true)) {
      return { sequence, gate: 'reject', why: 'notReady', image: seen };
    }
    this.#memory.PartId = partId;
    this.#memory.TrigSeq = sequence;
    const windowEndsMs = systemClock.nowMs() + windowMs;
    // The scan that is under way may have read the result before: the next one writes, the one after it reads.
    await this.scans(2);
    for (;;) {
      const { image } = this;
      const verdict = image === null ? null : this.#verdictOf(image, sequence);
      if (image !== null && verdict !== null) {
        this.#memory.AckSeq = sequence;
        if (verdict !== 1 || !this.#isProduct(image)) return { sequence, gate: 'reject', why: 'verdict', image };
        const fresh = systemClock.nowMs() - this.#heartbeat.atMs <= this.#settings.heartbeatMs;
        return fresh
          ? { sequence, gate: 'pass', why: 'proven', image }
          : { sequence, gate: 'reject', why: 'heartbeat', image };
      }
      if (systemClock.nowMs() >= windowEndsMs) return { sequence, gate: 'reject', why: 'window', image };
      await this.scans(1);
    }
  }

  /** Judged by the recipe asked for, as a part of production, by a station that stands by it. */
  #isProduct(image: Image): boolean {
    const { RecipeNo } = this.#memory;
    const asked = RecipeNo === 0 ? image.RecipeActive : RecipeNo;
    const [, , , , recipe, challenge] = String(image.Result).split(';');
    const own =
      this.#settings.face === 'result'
        ? recipe === String(asked) && challenge === '0'
        : image.ResRecipe === asked && image.Challenge === false;
    return own && image.Ready === true && image.Fault === false;
  }

  /** The verdict on the part of this number; null while there is none. */
  #verdictOf(image: Image, sequence: number): number | null {
    if (this.#settings.face === 'result') {
      const [own, verdict] = String(image.Result).split(';');
      return own === String(sequence) && verdict !== '0' ? Number(verdict) : null;
    }
    const own = image.ResSeqStart === sequence && image.ResSeq === sequence;
    return own && image.Verdict !== 0 ? (image.Verdict as number) : null;
  }

  async #cycle(): Promise<void> {
    while (this.#running && this.#session) {
      try {
        await this.#scan(this.#session);
      } catch {
        // The station is gone: what is in the image is old, and a PLC must not act on it.
        this.image = null;
      }
      for (const resume of this.#after.splice(0)) resume();
      await new Promise<void>((resolve) => systemClock.after(scanMs, resolve));
    }
    for (const resume of this.#after.splice(0)) resume();
  }

  async #scan(session: ClientSession): Promise<void> {
    const values = await session.read(
      reads.map((name) => ({ nodeId: `ns=1;s=line1.${name}`, attributeId: AttributeIds.Value })),
    );
    this.image = Object.fromEntries(
      reads.map((name, at) => [name, (values[at] as DataValue).value.value] as const),
    ) as Image;
    const beat = this.image.Heartbeat as number;
    // The first one seen proves nothing: it may have stood there for hours.
    if (this.#heartbeat.value >= 0 && beat !== this.#heartbeat.value) this.#heartbeat.atMs = systemClock.nowMs();
    this.#heartbeat.value = beat;
    this.#memory.PlcHeartbeat = ((this.#memory.PlcHeartbeat as number) + 1) & 0xffff;
    this.lastWrite = await session.write(
      (Object.keys(writes) as WriteName[]).map((name) => ({
        nodeId: `ns=1;s=line1.${name}`,
        attributeId: AttributeIds.Value,
        value: { value: { dataType: writes[name], value: this.#memory[name] } },
      })),
    );
  }
}
