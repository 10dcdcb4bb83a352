import mqtt from 'mqtt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import type { Actor, LineCommands, Order, Ordered, Role, TriggerRequest } from '../../daemon/command/port.ts';
import { deniedTo } from '../../daemon/command/roles.ts';
import type { AnswerPayload } from '../../daemon/publish/mqtt/answer.ts';
import { responseProblem } from '../../daemon/publish/mqtt/answer.ts';
import { isVerb, parseFields, readCommand, verbs } from '../../daemon/publish/mqtt/command-message.ts';
import { CommandDesk, commandLimits, type Reply } from '../../daemon/publish/mqtt/commands.ts';
import { fail } from '../../errors.ts';
import { startMosquitto } from '../net/mosquitto.ts';
import { range, readableLog, until } from './fixtures.ts';
import { connected, mqttCounters, publish } from './mqtt-rig.ts';
import { checkMessage, fitsCommandSchema, mosquittoVersion, Subscriber, skipMosquitto } from './plant.ts';

/** A line's orders without the line: remembers who asked for what. */
class Orders implements LineCommands {
  readonly denied = deniedTo;
  readonly triggers: { actor: Actor; request: TriggerRequest }[] = [];
  readonly orders: Order[] = [];
  readonly #listeners: ((now: Ordered) => void)[] = [];
  #now: Ordered = { recipe: 1, threshold: null, execution: 'continuous', halted: null };

  trigger(actor: Actor, request: TriggerRequest) {
    this.triggers.push({ actor, request });
    const sequence = this.triggers.length;
    return { sequence, resultId: `line1-${sequence}` };
  }

  async order(_actor: Actor, order: Order): Promise<void> {
    if (order.kind === 'selectRecipe' && order.recipe > 2) throw fail('line/settings', known(order.recipe));
    this.orders.push(order);
    if (order.kind === 'selectRecipe') this.#now = { ...this.#now, recipe: order.recipe };
    if (order.kind === 'setThreshold') this.#now = { ...this.#now, threshold: order.threshold };
    if (order.kind === 'halt') this.#now = { ...this.#now, halted: order.cause };
    for (const listener of this.#listeners) listener(this.#now);
  }

  ordered(): Ordered {
    return this.#now;
  }

  recipes() {
    const row = { product: 'washer', bundle: './washer@1', threshold: null };
    return [
      { number: 1, name: 'small', ...row },
      { number: 2, name: 'large', ...row },
    ];
  }

  onOrdered(listener: (now: Ordered) => void): void {
    this.#listeners.push(listener);
  }
}

const known = (recipe: number) => ({ line: 'line1', field: 'recipe', value: recipe, expected: '1 or 2' });

describe.skipIf(skipMosquitto)(`commands through Mosquitto ${mosquittoVersion() ?? '(not installed)'}`, () => {
  async function room(protocolVersion: 4 | 5, commandRole: Role | null = 'operate') {
    const broker = await startMosquitto();
    const subscriber = await Subscriber.at(broker.port, { protocolVersion });
    const protocol = protocolVersion === 5 ? ('5' as const) : ('3.1.1' as const);
    const publishing = await publish(broker.port, { mqtt: { commandRole, protocol } });
    const orders = new Orders();
    publishing.line('line1').attach(orders, () => {});
    await until('connected', connected(publishing));
    const asks = (verb: string, message: object | string, options: mqtt.IClientPublishOptions = {}) => {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      return subscriber.client?.publishAsync(`twinspect/line1/cmd/${verb}`, text, { qos: 1, ...options });
    };
    return { broker, subscriber, publishing, orders, asks };
  }

  test('MQTT 5: the answer comes to the response topic with its correlation data', async () => {
    const { broker, orders, asks } = await room(5);
    const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 5, reconnectPeriod: 0 });
    onTestFinished(() => client.endAsync(true));
    const answers: { packet: mqtt.IPublishPacket; answer: AnswerPayload }[] = [];
    client.on(
      'message',
      (_topic, payload, packet) => void answers.push({ packet, answer: JSON.parse(String(payload)) }),
    );
    await client.subscribeAsync('mes/answers/7', { qos: 1 });
    const properties = { responseTopic: 'mes/answers/7', correlationData: Buffer.from([1, 2, 255]) };
    await asks('trigger', { requestId: 'a-1', partId: 'washer 12', challenge: true }, { properties });
    await until('answered', () => answers.length === 1);
    const { packet, answer } = answers[0] as (typeof answers)[0];
    checkMessage('cmd/answer', answer);
    expect(answer).toMatchObject({ requestId: 'a-1', verb: 'trigger', ok: true, result: { resultId: 'line1-1' } });
    expect(packet.properties?.correlationData).toEqual(Buffer.from([1, 2, 255]));
    expect(packet.properties?.contentType).toBe('application/json');
    expect(orders.triggers).toMatchObject([
      { actor: { via: 'mqtt', role: 'operate' }, request: { partId: 'washer 12', challenge: true, measId: null } },
    ]);
  });

  test('3.1.1: answers on cmd/answer by request id; orders are retained, and said again when they change', async () => {
    const { subscriber, orders, asks } = await room(4, 'configure');
    await asks('select-recipe', { requestId: 'r1', recipe: 2 });
    await until('answered', () => subscriber.answers.length === 1);
    expect(subscriber.answers[0]).toMatchObject({ requestId: 'r1', ok: true, orders: { recipe: 2 }, repeated: false });
    await asks('select-recipe', { requestId: 'r2', recipe: 3 });
    await until('answered', () => subscriber.answers.length === 2);
    expect(subscriber.answers[1]).toMatchObject({ requestId: 'r2', ok: false, code: 'line/settings', result: null });
    expect(subscriber.answers[1]?.problem).toMatch(/recipe is 3, expected 1 or 2/);
    await asks('halt', { requestId: 'r3', cause: 'belt torn' });
    await asks('set-threshold', { requestId: 'r4', threshold: null });
    await asks('reset-counters', { requestId: 'r5' });
    await until('answered', () => subscriber.answers.length === 5);
    expect(orders.orders.map(({ kind }) => kind)).toEqual(['selectRecipe', 'halt', 'setThreshold', 'resetCounters']);
    await until('shown', () => subscriber.orders.at(-1)?.halted === 'belt torn');
    expect(subscriber.orders.at(-1)).toMatchObject({ recipe: 2, recipes: [{ number: 1 }, { number: 2 }] });
    subscriber.expectValid();
  });

  test('the same request id is the same command, done once; with other words it is refused', async () => {
    const { subscriber, orders, publishing, asks } = await room(4);
    for (const _ of range(1, 5)) await asks('trigger', { requestId: 'once', partId: 'p' });
    await until('answered', () => subscriber.answers.length === 5);
    expect(orders.triggers).toHaveLength(1);
    expect(subscriber.answers.map(({ repeated }) => repeated)).toEqual([false, true, true, true, true]);
    expect(new Set(subscriber.answers.map(({ result }) => result?.resultId))).toEqual(new Set(['line1-1']));
    await asks('trigger', { requestId: 'once', partId: 'q' });
    await until('answered', () => subscriber.answers.length === 6);
    expect(subscriber.answers[5]).toMatchObject({ ok: false, code: 'mqtt/command' });
    expect(orders.triggers).toHaveLength(1);
    expect(mqttCounters(publishing)).toMatchObject({ commandsDone: 1, commandsRepeated: 4, commandsRefused: 1 });
  });

  test('a retained command is never done, and said; nor is one given again at a connection', async () => {
    const broker = await startMosquitto();
    const subscriber = await Subscriber.at(broker.port);
    const retained = JSON.stringify({ requestId: 'old' });
    await subscriber.client?.publishAsync('twinspect/line1/cmd/trigger', retained, { qos: 1, retain: true });
    const publishing = await publish(broker.port, { mqtt: { commandRole: 'operate' } });
    const orders = new Orders();
    publishing.line('line1').attach(orders, () => {});
    await until('said', () => subscriber.answers.length === 1);
    expect(subscriber.answers[0]).toMatchObject({ requestId: 'old', ok: false, code: 'mqtt/command' });
    expect(subscriber.answers[0]?.problem).toMatch(/retained/);
    expect(orders.triggers).toEqual([]);
  });

  test('MQTT 5 shows a live one too; 3.1.1 does it once, and refuses it at the next connection', async () => {
    const five = await room(5);
    await five.asks('trigger', { requestId: 'kept' }, { retain: true });
    await until('said', () => five.subscriber.answers.length === 1);
    expect(five.subscriber.answers[0]).toMatchObject({ requestId: 'kept', ok: false, code: 'mqtt/command' });
    expect(five.subscriber.answers[0]?.problem).toMatch(/retained/);
    // Taking it back is a retained message as well, and asks for nothing.
    await five.asks('trigger', '', { retain: true });
    await five.asks('trigger', { requestId: 'good' });
    await until('answered', () => five.subscriber.answers.length === 2);
    expect(five.subscriber.answers.map(({ requestId }) => requestId)).toEqual(['kept', 'good']);
    const old = await room(4);
    await old.asks('trigger', { requestId: 'kept' }, { retain: true });
    await until('done once', () => old.orders.triggers.length === 1);
    await old.publishing.stop();
    const again = await publish(old.broker.port, { mqtt: { commandRole: 'operate', protocol: '3.1.1' } });
    const orders = new Orders();
    again.line('line1').attach(orders, () => {});
    await until('refused', () => old.subscriber.answers.at(-1)?.ok === false);
    expect(old.subscriber.answers.at(-1)?.problem).toMatch(/retained/);
    expect(orders.triggers).toEqual([]);
  });

  test('without a role in the config every command is refused, with the way to allow it', async () => {
    const { subscriber, orders, asks } = await room(4, null);
    await asks('trigger', { requestId: 'x' });
    await until('answered', () => subscriber.answers.length === 1);
    expect(subscriber.answers[0]).toMatchObject({ requestId: 'x', ok: false, code: 'mqtt/commandsOff' });
    expect(subscriber.answers[0]?.action).toMatch(/mqtt\.commandRole to operate or configure/);
    expect(orders.triggers).toEqual([]);
    subscriber.expectValid();
  });

  test('a thousand malformed commands: bounded, the line undisturbed, a good one still done', async () => {
    const { subscriber, orders, publishing, asks } = await room(5);
    const garbage = [
      '',
      '{',
      '[]',
      'null',
      '"x"',
      '{"requestId":5}',
      'x'.repeat(20_000),
      '\ud800',
      '{"requestId":"a b"}',
    ];
    const sent = range(1, 1000).map((number) => {
      const verb = number % 3 === 0 ? 'trigger' : number % 3 === 1 ? 'explode' : 'halt';
      return asks(verb, garbage[number % garbage.length] as string, { qos: number % 2 === 0 ? 0 : 1 });
    });
    await Promise.all(sent);
    await until('counted', () => {
      const { commandsRefused = 0, commandsFlooded = 0 } = mqttCounters(publishing);
      return commandsRefused + commandsFlooded >= 1000;
    });
    expect(orders.triggers).toEqual([]);
    expect(orders.orders).toEqual([]);
    await until('answered again', async () => {
      await asks('trigger', { requestId: `good-${orders.triggers.length}` });
      return orders.triggers.length > 0;
    });
    expect(mqttCounters(publishing)).toMatchObject({ cuts: 0 });
    subscriber.expectValid();
  });
});

const clock = { ...systemClock, nowMs: () => 1000, wallMs: () => 1_000_000 };

function desk(more: Partial<ConstructorParameters<typeof CommandDesk>[0]> = {}) {
  const replies: Reply[] = [];
  const log = readableLog();
  const made = new CommandDesk({
    ...{ lineId: 'line1', treePrefix: 'p', base: 'p/line1/cmd', role: 'operate', via: 'mqtt', clock, log },
    reply: (reply) => void replies.push(reply),
    limits: commandLimits,
    ...more,
  });
  const take = (verb: string, message: unknown, rest: { responseTopic?: string; correlationData?: Uint8Array } = {}) =>
    made.take({
      topic: `p/line1/cmd/${verb}`,
      payload: new TextEncoder().encode(typeof message === 'string' ? message : JSON.stringify(message)),
      retained: false,
      ...{ responseTopic: null, correlationData: null, ...rest },
    });
  return { made, replies, log, take };
}

test('a command says when it was sent: an old one and one of tomorrow are refused, one without is taken', async () => {
  const { made, replies, take } = desk();
  const orders = new Orders();
  made.serve(orders);
  take('trigger', { requestId: 'old', sentAtMs: 994_000 });
  take('trigger', { requestId: 'tomorrow', sentAtMs: 1_006_000 });
  expect(replies.map(({ payload }) => payload.problem)).toEqual([
    expect.stringMatching(/sent 6000 ms ago, expected at most 5000 ms/),
    expect.stringMatching(/6000 ms ahead of the clock here/),
  ]);
  take('trigger', { requestId: 'now', sentAtMs: 999_000 });
  take('trigger', { requestId: 'whenever' });
  await until('answered', () => replies.length === 4);
  expect(orders.triggers).toHaveLength(2);
});

test('the role is looked at before the message: who may not ask learns nothing of its mistakes', () => {
  const nonsense = ['{', { requestId: 'a', surprise: 1 }, { requestId: 'a' }, { requestId: 'b', sentAtMs: 1 }];
  for (const [role, code] of [
    [null, 'mqtt/commandsOff'],
    ['observe', 'command/role'],
  ] as const) {
    const { made, replies, take } = desk({ role });
    made.serve(new Orders());
    for (const verb of verbs) for (const message of nonsense) take(verb, message);
    const told = replies.map(({ payload: { verb, code, problem } }) => ({ verb, code, problem }));
    expect(told).toHaveLength(verbs.length * nonsense.length);
    expect(new Set(told.map((each) => each.code))).toEqual(new Set([code]));
    // One and the same sentence for each verb, whatever was wrong.
    expect(new Set(told.map(({ verb, problem }) => `${verb} ${problem}`)).size).toBe(verbs.length);
  }
  const { made, replies, take } = desk({ role: 'operate' });
  made.serve(new Orders());
  take('set-threshold', { requestId: 'a', threshold: 'much' });
  take('halt', { requestId: 'b' });
  expect(replies.map(({ payload }) => payload.code)).toEqual(['command/role', 'mqtt/command']);
});

test('a refused answer is given again too: whoever asked anew with the old id would trigger twice', async () => {
  const { made, replies, take } = desk();
  take('trigger', { requestId: 'early' });
  await until('answered', () => replies.length === 1);
  expect(replies[0]?.payload.code).toBe('mqtt/notServed');
  const orders = new Orders();
  made.serve(orders);
  take('trigger', { requestId: 'early' });
  await until('answered', () => replies.length === 2);
  expect(replies[1]?.payload).toMatchObject({ code: 'mqtt/notServed', repeated: true });
  expect(orders.triggers).toEqual([]);
});

test('an error inside is answered without its text, and logged', async () => {
  const { made, replies, log, take } = desk();
  class Broken extends Orders {
    override trigger(): never {
      throw new Error('secret path');
    }
  }
  made.serve(new Broken());
  take('trigger', { requestId: 'a' });
  await until('answered', () => replies.length === 1);
  expect(replies[0]?.payload).toMatchObject({ ok: false, code: 'internal' });
  expect(JSON.stringify(replies[0])).not.toContain('secret path');
  expect(log.lines.some(({ level }) => level === 'error')).toBe(true);
});

test('orders being carried out are bounded; so are answers to a flood, and lines in the log', async () => {
  const { made, replies, log, take } = desk();
  class Slow extends Orders {
    override order(): Promise<void> {
      return new Promise(() => {});
    }
  }
  made.serve(new Slow());
  for (const number of range(1, 1000)) take('halt', { requestId: `h${number}`, cause: 'x' });
  const refused = replies.map(({ payload }) => payload.code);
  // 16 are being carried out, 84 of the first hundred were too many at once, the rest was not looked at.
  expect(refused.filter((code) => code === 'mqtt/flood')).toHaveLength(84 + 1);
  expect(made.counters).toMatchObject({ commandsFlooded: 900, commandsRefused: 85 });
  expect(log.lines.length).toBeLessThanOrEqual(commandLimits.remarkBurst);
});

test('where answers may not go: nobody has us write onto topics of the lines', () => {
  const answers = 'p/line1/cmd/answer';
  const at = (topic: string) => responseProblem(topic, 'p', answers);
  for (const topic of ['p', 'p/line1/status', 'p/line2/cmd/trigger', 'p/line1/cmd/answers', '$SYS/x', '', 'a/#', '+']) {
    expect([topic, at(topic)]).toEqual([topic, expect.any(String)]);
  }
  for (const topic of [answers, `${answers}/mes`, 'mes/answers', 'plant/p/line1'])
    expect([topic, at(topic)]).toEqual([topic, null]);
  const { replies, take } = desk();
  take('trigger', { requestId: 'a' }, { responseTopic: 'p/line2/cmd/trigger', correlationData: new Uint8Array(4) });
  expect(replies).toMatchObject([{ topic: answers, correlationData: null, payload: { requestId: 'a', ok: false } }]);
  take('trigger', { requestId: 'b' }, { responseTopic: 'mes/x', correlationData: new Uint8Array(1000) });
  expect(replies[1]).toMatchObject({ topic: answers, payload: { ok: false } });
});

/** Field by field, what both the reader and the schema must take or refuse alike. */
const cases: [verb: string, message: unknown, fits: boolean][] = [
  ['trigger', { requestId: 'a' }, true],
  ['trigger', { requestId: 'a', partId: null, sentAtMs: null, challenge: null }, true],
  [
    'trigger',
    { requestId: 'a', partId: 'Teil 7/ä', plantSequence: 4_294_967_295, measId: 'm', productId: 'p', jobId: 'j' },
    true,
  ],
  ['trigger', { requestId: 'a', plantSequence: 4_294_967_296 }, false],
  ['trigger', { requestId: 'a', plantSequence: -1 }, false],
  ['trigger', { requestId: 'a', plantSequence: 1.5 }, false],
  ['trigger', { requestId: 'a', partId: '' }, false],
  ['trigger', { requestId: 'a', partId: 'x'.repeat(129) }, false],
  ['trigger', { requestId: 'a', partId: 'a\nb' }, false],
  ['trigger', { requestId: 'a', partId: 7 }, false],
  ['trigger', { requestId: 'a', challenge: 'yes' }, false],
  ['trigger', { requestId: 'a', recipe: 1 }, false],
  ['trigger', { requestId: 'a', sentAtMs: -1 }, false],
  ['trigger', { requestId: 'a', sentAtMs: '2026' }, false],
  ['trigger', {}, false],
  ['trigger', { requestId: '' }, false],
  ['trigger', { requestId: 'x'.repeat(65) }, false],
  ['trigger', { requestId: 'a b' }, false],
  ['trigger', { requestId: null }, false],
  ['trigger', [], false],
  ['trigger', null, false],
  ['select-recipe', { requestId: 'a', recipe: 0 }, true],
  ['select-recipe', { requestId: 'a', recipe: 32_767 }, true],
  ['select-recipe', { requestId: 'a', recipe: 32_768 }, false],
  ['select-recipe', { requestId: 'a', recipe: null }, false],
  ['select-recipe', { requestId: 'a' }, false],
  ['set-threshold', { requestId: 'a', threshold: 0.5 }, true],
  ['set-threshold', { requestId: 'a', threshold: null }, true],
  ['set-threshold', { requestId: 'a', threshold: '0.5' }, false],
  ['set-threshold', { requestId: 'a' }, false],
  ['set-execution', { requestId: 'a', execution: 'single' }, true],
  ['set-execution', { requestId: 'a', execution: 'faster' }, false],
  ['abort', { requestId: 'a', cause: 'x' }, true],
  ['halt', { requestId: 'a', cause: 'x'.repeat(256) }, true],
  ['halt', { requestId: 'a', cause: 'x'.repeat(257) }, false],
  ['reset', { requestId: 'a', cause: '' }, false],
  ['reset', { requestId: 'a' }, false],
  ['reset-counters', { requestId: 'a' }, true],
  ['reset-counters', { requestId: 'a', cause: 'x' }, false],
];

test.each(cases)('reader and schema agree: %s %j', (verb, message, fits) => {
  expect(fitsCommandSchema(verb, message)).toBe(fits);
  const parsed = parseFields(new TextEncoder().encode(JSON.stringify(message)));
  const read = (): unknown => {
    if (typeof parsed === 'string') throw new Error(parsed);
    if (!isVerb(verb)) throw new Error(verb);
    return readCommand(verb, parsed.fields);
  };
  if (fits) expect(read).not.toThrow();
  else expect(read).toThrow(/expected|not a JSON object/);
});

test('every verb has its definition in the schema, and every definition is a verb', () => {
  expect([...verbs].sort()).toEqual([...new Set(cases.map(([verb]) => verb))].sort());
});
