/** One connection to a broker as the daemon makes it, with TLS and login, ended as soon as it stands: for checks. */
import mqtt from 'mqtt';
import { messageOf } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import { connectOptions, describeRefusal } from './handshake.ts';
import { ProtocolChoice, type ProtocolVersion, protocolName } from './protocol.ts';
import { brokerAddress, type MqttSettings, mqttLimits } from './settings.ts';
import { type Awaited, describeSocketError, openSocket } from './socket.ts';
import { readTls, type TlsMaterial } from './tls-files.ts';

export type Trial =
  | { readonly kind: 'accepted'; readonly protocol: string }
  /** Nobody answers there now. */
  | { readonly kind: 'absent'; readonly cause: string }
  /** Somebody is there and does not take us, or is not whom we may believe. */
  | { readonly kind: 'refused'; readonly cause: string };

/** A broker on a plant network answers in milliseconds; one that takes this long is as good as absent. */
export const trialMaxMs = 4000;

type Outcome = Trial & { readonly code?: number | null; readonly reached?: boolean };

/** `settings.clientId` must be of nobody else: a client of the same id would be thrown out. */
export async function tryBroker(settings: MqttSettings, clock: Clock): Promise<Trial> {
  const password = typeof settings.password === 'function' ? await settings.password() : settings.password;
  const { tls } = brokerAddress(settings.url);
  const material = tls && settings.tls ? await readTls(settings.tls, clock.wallMs()) : null;
  const protocol = new ProtocolChoice(settings.protocol ?? 'auto');
  for (;;) {
    const outcome = await attempt(settings, password, material, protocol.version, clock);
    if (outcome.kind !== 'refused' || !protocol.refused(outcome.code ?? null, outcome.reached === true)) return outcome;
  }
}

function attempt(
  settings: MqttSettings,
  password: string | null,
  material: TlsMaterial | null,
  version: ProtocolVersion,
  clock: Clock,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = openSocket(settings.url, material, mqttLimits.inboundMaxBytes);
    // Nobody is to hear of a check: there is no will.
    const will = { topic: 'twinspect/check', payload: '', contentType: '', retain: false };
    const { will: _, ...options } = connectOptions({ settings, password, will, limits: mqttLimits, version });
    const client = new mqtt.MqttClient(() => socket, options);
    const bound = new AbortController();
    let awaited: Awaited = brokerAddress(settings.url).tls ? 'TLS' : 'an answer';
    let reached = false;
    const done = (outcome: Outcome): void => {
      bound.abort();
      client.end(true);
      socket.destroy();
      resolve(outcome);
    };
    const failed = (cause: string, code: number | null = null): void =>
      done(reached ? { kind: 'refused', cause, code, reached } : { kind: 'absent', cause });
    socket.once('connect', () => {
      reached = true;
    });
    for (const event of ['secureConnect', 'data']) {
      socket.once(event, () => {
        awaited = null;
      });
    }
    socket.on('error', (error) => failed(describeSocketError(error, awaited)));
    client.on('error', (error) => {
      const { code } = error as { code?: unknown };
      if (typeof code === 'string') failed(describeSocketError(error, awaited));
      else failed(describeRefusal(error) || messageOf(error), typeof code === 'number' ? code : null);
    });
    client.once('close', () => failed('it closed the connection without an answer'));
    client.once('connect', () => done({ kind: 'accepted', protocol: protocolName(version) }));
    clock.after(trialMaxMs, () => failed(`no answer in ${trialMaxMs} ms`), bound.signal);
  });
}
