/**
 * A broker that is gone for 10,000 verdicts, then refuses the password, lets through, goes half-open and restarts: all
 * verdicts arrive, in order, by themselves, and the memory stays what it was.
 *
 *     node test/soak/outage.ts [--records N]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import mqtt from 'mqtt';
import { type Broker, freePort, openBroker } from './broker.ts';
import { Child } from './child.ts';
import { pause, until } from './moments.ts';
import { endAtSignal, isProgram, printFigures, tell, wholeOption } from './program.ts';
import type { FeedWord, SenderFigures, SenderSettings, SenderWord } from './sender-process.ts';
import { openWire, type Wire } from './wire.ts';

const user = { name: 'line1', password: 'right' };
const wrong = { ...user, password: 'another one' };
const recordsMax = 150_000;
/** Long enough for several tries. */
const refusingMs = 4000;
const recoveryMaxMs = 120_000;

export interface OutageFigures {
  outageSent: number;
  outageDelivered: number;
  outageReordered: number;
  /** Arrived more than once, each time but the first marked as replayed. */
  outageArrivedAgain: number;
  /** How much the resident memory grew over the second half of the records: its highest moment, over before. */
  outageRssMb: number;
  outageRssBeforeMb: number;
  outageRssDeliveredMb: number;
  refusedLogins: number;
  cuts: number;
  /** From the healing to the next record that arrived. */
  afterPasswordMs: number;
  afterHalfOpenMs: number;
  afterRestartMs: number;
  broker: string;
}

export interface OutageOptions {
  readonly records: number;
  readonly say?: (line: string) => void;
}

export async function outage(options: OutageOptions): Promise<OutageFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-outage-'));
  const port = await freePort();
  const wire = await openWire(port);
  const sender = new Child<SenderWord>(new URL('./sender-process.ts', import.meta.url), {
    ...{ stateFolder: join(folder, 'state'), url: `mqtt://127.0.0.1:${wire.port}`, user },
  } satisfies SenderSettings);
  const brokers: Broker[] = [];
  const open = async (of: typeof user): Promise<Broker> => {
    const broker = await openBroker({ folder: join(folder, 'broker'), port, user: of });
    brokers.push(broker);
    return broker;
  };
  const plant = new Plant(port);
  try {
    await sender.word('begun');
    return await ordeal(options, { sender, plant, wire, open });
  } finally {
    await sender.kill();
    await plant.end();
    await wire.close();
    for (const broker of brokers) await broker.stop('hard');
    await rm(folder, { recursive: true, force: true });
  }
}

interface Scene {
  readonly sender: Child<SenderWord>;
  readonly plant: Plant;
  readonly wire: Wire;
  open(of: typeof user): Promise<Broker>;
}

async function ordeal(
  { records, say = () => undefined }: OutageOptions,
  { sender, plant, wire, open }: Scene,
): Promise<OutageFigures> {
  const feed = (count: number) => {
    const word: FeedWord = { kind: 'feed', records: count };
    return sender.ask(word, 'fed', recoveryMaxMs);
  };
  const figures = (): Promise<SenderFigures> => sender.ask({ kind: 'figures' }, 'figures');
  // As many first: V8's young generations, of two threads, grow to their size. They wait as the others do.
  const { firstSequence } = await feed(records);
  await pause(1000);
  const before = await figures();
  say(`the broker is gone; ${records} verdicts more`);
  const { lastSequence } = await feed(records);
  const waiting = await figures();

  say('the broker refuses the password');
  const refusing = await open(wrong);
  await pause(refusingMs);
  const refused = (await figures()).mqtt['refusals']! - waiting.mqtt['refusals']!;
  await refusing.stop();
  const first = await open(user);
  const afterPasswordMs = await plant.begin();

  const sent = lastSequence - firstSequence + 1;
  await plant.has(sent / 3);
  say('half-open: both ends believe in the connection');
  wire.freeze();
  const afterHalfOpenMs = await plant.goesOn();
  await plant.has((2 * sent) / 3);
  say('the broker restarts');
  await first.stop();
  await open(user);
  const afterRestartMs = await plant.goesOn();

  await until('all have arrived', () => plant.distinct >= sent, { boundMs: recoveryMaxMs });
  await until('nothing waits', async () => (await figures()).waiting === 0);
  const after = await figures();
  await sender.ask({ kind: 'stop' }, 'stopped');
  return {
    outageSent: sent,
    outageDelivered: plant.distinct,
    outageReordered: plant.reordered,
    outageArrivedAgain: plant.again,
    outageRssMb: Math.max(0, waiting.rssPeakMb - before.rssMb),
    outageRssBeforeMb: before.rssMb,
    outageRssDeliveredMb: after.rssMb,
    refusedLogins: refused,
    cuts: after.mqtt['cuts']!,
    ...{ afterPasswordMs, afterHalfOpenMs, afterRestartMs },
    broker: first.name,
  };
}

/** Whoever keeps the records: a session of its own at the broker, so that a restart loses nothing behind its back. */
class Plant {
  readonly #client: mqtt.MqttClient;
  readonly #seen = new Set<number>();
  #highest = 0;
  reordered = 0;
  again = 0;

  constructor(port: number) {
    this.#client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId: 'plant', clean: false, protocolVersion: 4, username: user.name, password: user.password },
      ...{ reconnectPeriod: 100, reconnectOnConnackError: true },
    });
    this.#client.on('error', () => undefined); // refused or absent for now: it tries again
    this.#client.on('connect', () => this.#client.subscribe('+/line1/record', { qos: 1 }));
    this.#client.on('message', (_topic, payload) => this.#take(JSON.parse(payload.toString())));
  }

  #take({ sequence }: { sequence: number }): void {
    if (this.#seen.has(sequence)) {
      this.again += 1;
      return;
    }
    this.#seen.add(sequence);
    if (sequence < this.#highest) this.reordered += 1;
    this.#highest = Math.max(this.#highest, sequence);
  }

  get distinct(): number {
    return this.#seen.size;
  }

  begin(): Promise<number> {
    return until('the first record', () => this.distinct > 0, { boundMs: recoveryMaxMs });
  }

  async has(count: number): Promise<void> {
    await until(`${count} records`, () => this.distinct >= count, { boundMs: recoveryMaxMs, everyMs: 2 });
  }

  /** Milliseconds until another record comes, after what is on its way now. */
  async goesOn(): Promise<number> {
    await pause(50);
    const { distinct } = this;
    return until('records go on', () => this.distinct > distinct, { boundMs: recoveryMaxMs });
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

if (isProgram(import.meta.url)) {
  endAtSignal();
  const { values } = parseArgs({ options: { records: { type: 'string', default: '10000' } } });
  printFigures(await outage({ records: wholeOption('records', values.records, 30, recordsMax), say: tell }));
}
