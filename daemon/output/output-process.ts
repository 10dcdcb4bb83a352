/**
 * The process that holds the pin. It outlives a daemon that was killed and does not hang with one that hangs: the
 * output is released when the daemon's end of the channel closes, and when it was not confirmed for `confirmMaxMs`.
 * A confirmation that comes too late energises nothing; only a new verdict does.
 */
import process from 'node:process';
import { messageOf, TwinspectError } from '../../errors.ts';
import { systemClock } from '../clock.ts';
import { type Device, type DeviceSettings, openDevice } from './device.ts';
import { confirmMaxMs, type OutputAnswer, type OutputAsk } from './protocol.ts';

const settings = JSON.parse(process.argv[2]!) as DeviceSettings;
const answer = (word: OutputAnswer, sent?: () => void): void => void process.send?.(word, undefined, undefined, sent);

let confirmed = new AbortController();
let energised = false;
let device: Device | null = null;
try {
  device = openDevice(settings);
  answer({ kind: 'open' });
} catch (error) {
  refused(error);
}

/** Without its device the process is good for nothing: the daemon starts another one. */
function refused(error: unknown): void {
  device = null;
  const { code = null, values = {} } = error instanceof TwinspectError ? error : {};
  if (!process.connected) process.exit(1);
  answer({ kind: 'refused', code, values, text: messageOf(error) }, () => process.exit(1));
}

function set(on: boolean): void {
  try {
    device?.set(on);
  } catch (error) {
    refused(error);
  }
}

function release(): void {
  confirmed.abort();
  set(false);
}

function wait(): void {
  confirmed.abort();
  confirmed = new AbortController();
  systemClock.after(confirmMaxMs, release, confirmed.signal);
}

process.on('message', (ask: OutputAsk) => {
  if (ask === 'release') {
    energised = false;
    release();
  } else if (ask === 'energise') {
    energised = true;
    wait();
    set(true);
  } else if (energised && !confirmed.signal.aborted) {
    wait();
  }
});

process.on('disconnect', () => {
  release();
  device?.close();
  process.exit(0);
});
// A stop is the daemon's to order: a Ctrl-C in the terminal, or its closing, reaches us too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
