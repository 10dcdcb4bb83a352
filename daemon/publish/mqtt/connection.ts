/**
 * One supervised connection to an MQTT broker. Every connection is a fresh client without memory: mqtt.js would send
 * unacknowledged messages again after a reconnect, and a verdict of the control lane must never be replayed.
 * Reconnecting is ours, for ever, also after a refused login (where mqtt.js gives up); login and certificates are read
 * anew each time.
 */
import mqtt from 'mqtt';
import { fail, messageOf } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import { Complaints } from '../complaints.ts';
import type { Log } from '../lane.ts';
import { connectOptions, describeRefusal, type Will } from './handshake.ts';
import { Link, type Subscription } from './link.ts';
import type { Delivery, Incoming, Outgoing } from './message.ts';
import { ProtocolChoice, protocolName } from './protocol.ts';
import { brokerAddress, type MqttLimits, type MqttSettings } from './settings.ts';
import { type Awaited, describeSocketError, openSocket } from './socket.ts';
import { readTls } from './tls-files.ts';

export interface MqttConnectionOptions {
  readonly settings: MqttSettings;
  /** Said by the broker when this client is gone without a farewell; asked for at every connection. */
  readonly will: () => Will;
  /** Made at every connection. */
  readonly subscriptions: readonly Subscription[];
  readonly received: (message: Incoming) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: MqttLimits;
  /** At every connection, once its subscriptions stand, and at every loss of it. */
  readonly linkChanged: (connected: boolean) => void;
  /** What keeps it from being connected, or is amiss although it is; null while all is well. */
  readonly problemChanged: (problem: string | null) => void;
  /** What becomes of the will at a planned stop; `forgotten` where left out. MQTT 3.1.1 always forgets it. */
  readonly willAtStop?: 'forgotten' | 'said';
}

/** DISCONNECT of MQTT 5, 3.14.2.1: another client came with our id. */
const takenOver = 0x8e;
/** What we say in DISCONNECT: 0 has the broker forget the will, 4 has it say the will. */
const farewells = { forgotten: 0x00, said: 0x04 } as const;
/** Without a reason from the broker, so many short links in a row look like a twin. */
const shortLinksMax = 4;

/** One try: from the socket's opening to its end. */
interface Attempt {
  readonly link: Link;
  reached: boolean;
  cause: string | null;
  /** Of the CONNACK that refused; null where none came. */
  code: number | null;
  disconnectCode: number | null;
}

export class MqttConnection {
  readonly #options: MqttConnectionOptions;
  readonly #stopping = new AbortController();
  readonly #protocol: ProtocolChoice;
  readonly #complaints: Complaints;
  readonly counters = { connections: 0, cuts: 0, refusals: 0, takenOver: 0 };
  #attempt: Attempt | null = null;
  #connected = false;
  #upSinceMs = 0;
  #shortLinks = 0;
  #retryMs: number;
  #problem: string | null = 'not connected yet';

  constructor(options: MqttConnectionOptions) {
    brokerAddress(options.settings.url);
    this.#options = options;
    this.#protocol = new ProtocolChoice(options.settings.protocol ?? 'auto');
    this.#retryMs = options.limits.retryFirstMs;
    this.#complaints = new Complaints(options.clock, options.log, options.limits.complainMs);
  }

  get connected(): boolean {
    return this.#connected;
  }

  get problem(): string | null {
    return this.#problem;
  }

  /** Begins to connect; an absent broker is no error. */
  start(): void {
    const { settings, log } = this.#options;
    const { host, tls } = brokerAddress(settings.url);
    if (settings.user !== null && !tls && !/^(localhost|127\.[\d.]+|::1)$/.test(host)) {
      log.warn({ url: settings.url }, 'the MQTT user and password cross the network in the clear: use mqtts://');
    }
    void this.#connect();
  }

  async #connect(): Promise<void> {
    const { settings, limits, clock } = this.#options;
    try {
      const password = typeof settings.password === 'function' ? await settings.password() : settings.password;
      const { tls } = brokerAddress(settings.url);
      const material = tls && settings.tls ? await readTls(settings.tls, clock.wallMs()) : null;
      if (this.#stopping.signal.aborted) return;
      const { version } = this.#protocol;
      const socket = openSocket(settings.url, material, limits.inboundMaxBytes);
      const client = new mqtt.MqttClient(
        () => socket,
        connectOptions({ settings, password, will: this.#options.will(), limits, version }),
      );
      const link = new Link({ client, socket, version, limits, received: this.#options.received });
      this.#watch({ link, reached: false, cause: null, code: null, disconnectCode: null });
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#failed(messageOf(error));
    }
  }

  #watch(attempt: Attempt): void {
    const { link } = attempt;
    const { client, socket } = link;
    this.#attempt = attempt;
    let awaited: Awaited = brokerAddress(this.#options.settings.url).tls ? 'TLS' : 'an answer';
    // Those without a code it keeps to itself.
    socket.on('error', (error) => {
      attempt.cause ??= describeSocketError(error, awaited);
    });
    socket.once('connect', () => {
      attempt.reached = true;
    });
    for (const event of ['secureConnect', 'data']) {
      socket.once(event, () => {
        awaited = null;
      });
    }
    // The library passes the socket's errors on; they carry a word as code, the protocol's a number.
    client.on('error', (error) => {
      const { code } = error as { code?: unknown };
      attempt.code ??= typeof code === 'number' ? code : null;
      attempt.cause ??= typeof code === 'string' ? describeSocketError(error, awaited) : describeRefusal(error);
      // A malformed packet is an error after which the library would go on.
      link.end();
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      attempt.disconnectCode = reasonCode;
      attempt.cause = `the broker ended the session: ${mqtt.ReasonCodes[reasonCode as 0] || `reason ${reasonCode}`}`;
    });
    client.once('connect', (connack) => void this.#up(attempt, connack));
    client.once('close', () => this.#down(attempt));
  }

  async #up(attempt: Attempt, connack: mqtt.IConnackPacket): Promise<void> {
    const { log, settings, subscriptions, linkChanged, clock, limits } = this.#options;
    const { link } = attempt;
    link.open(connack);
    this.#protocol.accepted();
    const subscribed = new AbortController();
    const silent = (): void => {
      attempt.cause ??= 'it does not answer a subscription';
      link.end();
    };
    clock.after(limits.connectMaxMs, silent, subscribed.signal);
    const refused = await link.subscribe(subscriptions);
    subscribed.abort();
    if (attempt !== this.#attempt) return;
    this.#connected = true;
    this.#upSinceMs = clock.nowMs();
    this.counters.connections += 1;
    this.#complaints.forget();
    const protocol = protocolName(link.version);
    log.info({ url: settings.url, clientId: settings.clientId, protocol }, `MQTT ${protocol} connected`);
    for (const { problem } of refused) log.info({ clientId: settings.clientId }, problem);
    this.#setProblem(refused.find(({ needed }) => needed)?.problem ?? null);
    linkChanged(true);
  }

  #down(attempt: Attempt): void {
    if (attempt !== this.#attempt) return;
    const { settings, linkChanged } = this.#options;
    this.#attempt = null;
    const was = this.#connected;
    this.#connected = false;
    this.counters[was ? 'cuts' : 'refusals'] += 1;
    const { cause, other } = this.#explain(attempt, was);
    attempt.link.close(fail('mqtt/link', { url: settings.url, cause }));
    if (this.#stopping.signal.aborted) return;
    this.#failed(cause, other);
    if (was) linkChanged(false);
  }

  /** Why it ended, and whether to try the other protocol version at once. */
  #explain(attempt: Attempt, was: boolean): { cause: string; other: boolean } {
    const { settings, limits, clock, log } = this.#options;
    const steady = was && clock.nowMs() - this.#upSinceMs >= limits.steadyMs;
    if (steady) this.#retryMs = limits.retryFirstMs;
    this.#shortLinks = was && !steady ? this.#shortLinks + 1 : 0;
    let cause = attempt.cause ?? (was ? 'the connection was closed' : 'it closed the connection without an answer');
    const twin = `another client uses the client id ${settings.clientId}`;
    if (attempt.disconnectCode === takenOver) {
      this.counters.takenOver += 1;
      this.#retryMs = limits.retryLastMs;
      cause = `${twin}, and took the session over`;
    } else if (this.#shortLinks >= shortLinksMax)
      cause += `, ${this.#shortLinks} times soon after connecting: ${twin}?`;
    const before = this.#protocol.version;
    const other = !was && this.#protocol.refused(attempt.code, attempt.reached);
    const { version } = this.#protocol;
    if (version !== before) {
      const [not, now] = [protocolName(before), protocolName(version)];
      log.info({ url: settings.url, cause }, `the broker does not take MQTT ${not}; trying MQTT ${now}`);
    }
    return { cause, other };
  }

  #failed(cause: string, atOnce = false): void {
    const { settings, limits, clock } = this.#options;
    const error = fail('mqtt/link', { url: settings.url, cause });
    if (!atOnce) {
      this.#complaints.say({ clientId: settings.clientId }, `${error.message}; trying again until it answers`);
      this.#setProblem(error.message);
    }
    clock.after(atOnce ? 0 : this.#retryMs, () => void this.#connect(), this.#stopping.signal);
    this.#retryMs = Math.min(limits.retryLastMs, this.#retryMs * 2);
  }

  #setProblem(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.problemChanged(problem);
  }

  /**
   * QoS 1 resolves on the broker's acknowledgement, QoS 0 when it is handed to the network. Rejects with `mqtt/link`
   * when the connection ends first, with `mqtt/refused` when the broker does not want the message.
   */
  publish(message: Outgoing): Promise<Delivery> {
    const link = this.#attempt?.link;
    // Also before it counts as connected: a command may come with the subscription, and is answered.
    if (link?.isOpen) return link.publish(message);
    return Promise.reject(fail('mqtt/link', { url: this.#options.settings.url, cause: 'not connected' }));
  }

  /** Ends this connection without a farewell, so that the broker says the will; then as after any cut. */
  drop(cause: string): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    attempt.cause = cause;
    attempt.link.end();
  }

  /** Says farewell where there is a link, and ends within the bound where the broker does not answer. */
  async stop(farewell: Outgoing): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    const link = this.#attempt?.link;
    if (!link) return;
    const late = Promise.withResolvers<void>();
    const bound = new AbortController();
    this.#options.clock.after(this.#options.limits.stopMaxMs, () => late.resolve(), bound.signal);
    await Promise.race([this.#leave(link, farewell), late.promise]);
    bound.abort();
    link.end();
  }

  async #leave(link: Link, farewell: Outgoing): Promise<void> {
    if (!this.#connected) return;
    try {
      await link.publish(farewell);
      const reasonCode = farewells[this.#options.willAtStop ?? 'forgotten'];
      await (link.version === 5 ? link.client.endAsync(false, { reasonCode }) : link.client.endAsync());
    } catch {
      // Cut while leaving: the broker sends the last will instead.
    }
  }
}
