/**
 * What the daemon tells the service manager that started it: ready, what it is doing, stopping, reloading, alive.
 * Outside of systemd every word goes nowhere, and nothing else is different.
 */
import { messageOf } from '../../errors.ts';
import { openNotifySocket, type SendNotice } from './notify-socket.ts';

export interface Notifier {
  /** The service is up; what waits for it may start. `status` is for people. */
  ready(status: string): void;
  /** What `systemctl status` shows. The same text again is not sent. */
  status(text: string): void;
  /** The configuration is being read again, until `reloaded`. `nowMs` is of the monotonic clock. */
  reloading(nowMs: number): void;
  /** It was read, whatever came of it. */
  reloaded(): void;
  stopping(): void;
  /** A proof of life; without one within `watchdogMs` the service is killed and started again. */
  alive(): void;
  /** How often a proof of life is due at the latest; null where nobody asks for one. */
  readonly watchdogMs: number | null;
}

export interface NotifierLog {
  warn(values: object, text: string): void;
}

/** The part of the environment that systemd sets. */
type Environment = Readonly<Record<string, string | undefined>>;

/** `pid` is this process's own: a watchdog meant for another process is not ours to feed. */
export function openNotifier(env: Environment, pid: number, log: NotifierLog): Notifier {
  const address = env['NOTIFY_SOCKET'] ?? '';
  if (address === '') return nobody;
  try {
    return notifierOf(openNotifySocket(address), watchdogMsOf(env, pid), log);
  } catch (error) {
    // The watchdog will end a service that cannot be heard; until then it judges.
    log.warn({ error }, messageOf(error));
    return nobody;
  }
}

export function notifierOf(send: SendNotice, watchdogMs: number | null, log: NotifierLog): Notifier {
  let told = '';
  let deaf = false;
  let reloading = false;
  const say = (fields: Readonly<Record<string, string | number>>): void => {
    const heard = send(fields);
    if (!heard && !deaf) log.warn({ fields }, 'systemd does not accept our messages');
    deaf = !heard;
  };
  return {
    watchdogMs,
    ready(status) {
      told = status;
      say({ READY: 1, STATUS: status });
    },
    status(text) {
      if (text === told) return;
      told = text;
      say({ STATUS: text });
    },
    reloading(nowMs) {
      reloading = true;
      say({ RELOADING: 1, MONOTONIC_USEC: Math.round(nowMs * 1000) });
    },
    reloaded() {
      if (reloading) say({ READY: 1, STATUS: told });
      reloading = false;
    },
    stopping: () => say({ STOPPING: 1, STATUS: 'stopping' }),
    alive: () => say({ WATCHDOG: 1 }),
  };
}

function watchdogMsOf(env: Environment, pid: number): number | null {
  const us = Number(env['WATCHDOG_USEC'] ?? Number.NaN);
  const meant = env['WATCHDOG_PID'] ?? String(pid);
  return us > 0 && meant === String(pid) ? us / 1000 : null;
}

const nothing = (): void => {};
const nobody: Notifier = {
  ...{
    ready: nothing,
    status: nothing,
    reloading: nothing,
    reloaded: nothing,
    stopping: nothing,
    alive: nothing,
    watchdogMs: null,
  },
};
