import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { notifierOf, openNotifier } from '../../daemon/systemd/notifier.ts';
import { statusText } from '../../daemon/systemd/status-lane.ts';
import { loadLibrary } from '../../drivers/native/koffi.ts';

const libc = loadLibrary(['libc.so.6']);
const folder = mkdtempSync(join(tmpdir(), 'notify-'));
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** systemd's end of the socket: what came, in order. */
function listenAt(address: string): () => string[] {
  const name = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : address);
  const to = Buffer.concat([Buffer.from([1, 0]), name]);
  const fd = libc.declare('int socket(int, int, int)')(1, 2 | 0o4000, 0) as number;
  expect(libc.declare('int bind(int, void *, uint32_t)')(fd, to, to.length)).toBe(0);
  closing.push(() => libc.declare('int close(int)')(fd));
  const receive = libc.declare('int64_t recv(int, _Out_ uint8_t *, size_t, int)');
  const take = (): string | null => {
    const bytes = Buffer.alloc(4096);
    const length = Number(receive(fd, bytes, bytes.length, 0));
    return length < 0 ? null : bytes.toString('utf8', 0, length);
  };
  return () => {
    const all: string[] = [];
    for (let each = take(); each !== null; each = take()) all.push(each);
    return all;
  };
}

const warnings: string[] = [];
const log = { warn: (_values: object, text: string) => void warnings.push(text) };
const watched = { WATCHDOG_USEC: '10000000', WATCHDOG_PID: '7' };

test.each([join(folder, 'notify'), '@twinspect-test-notify'])('systemd hears each word at %s', (address) => {
  const received = listenAt(address);
  const notifier = openNotifier({ NOTIFY_SOCKET: address, ...watched }, 7, log);
  notifier.ready('line1: ready');
  notifier.status('line1: ready');
  notifier.status('line1: not ready:\ncamera lost');
  notifier.alive();
  notifier.reloading(1.5);
  notifier.reloaded();
  notifier.reloaded();
  notifier.stopping();
  expect(notifier.watchdogMs).toBe(10_000);
  expect(received()).toEqual([
    'READY=1\nSTATUS=line1: ready',
    'STATUS=line1: not ready: camera lost',
    'WATCHDOG=1',
    'RELOADING=1\nMONOTONIC_USEC=1500',
    'READY=1\nSTATUS=line1: not ready: camera lost',
    'STOPPING=1\nSTATUS=stopping',
  ]);
  rmSync(address, { force: true });
});

test('without systemd nothing is sent, and a watchdog of another process is not fed', () => {
  expect(openNotifier({}, 7, log).watchdogMs).toBeNull();
  const other = { NOTIFY_SOCKET: '@twinspect-nobody', WATCHDOG_USEC: '10000000', WATCHDOG_PID: '8' };
  expect(openNotifier(other, 7, log).watchdogMs).toBeNull();
});

test('an address that is none is said, and the line goes on', () => {
  warnings.length = 0;
  const notifier = openNotifier({ NOTIFY_SOCKET: `/${'x'.repeat(200)}` }, 7, log);
  notifier.ready('line1: ready');
  expect(warnings).toEqual([expect.stringMatching(/longer than 107 bytes/)]);
});

test('a systemd that is gone is said once, and again after it was there', () => {
  warnings.length = 0;
  const heard = [false, false, true, false];
  const notifier = notifierOf(() => heard.shift()!, null, log);
  for (let i = 0; i < 4; i++) notifier.alive();
  expect(warnings).toHaveLength(2);
});

test('the status is the state of the line in words', () => {
  const status = { lineId: 'line1', ready: true, why: null, cause: null, fault: null, counters: {} as never };
  const bundle = { name: 'housing', version: '1.0.0', digest: 'd' };
  expect(statusText({ ...status, bundle })).toBe('line1: ready, judging with housing@1.0.0');
  const lost = { ...status, bundle, ready: false, why: 'camera lost', fault: 'disk full' };
  expect(statusText(lost)).toBe('line1: not ready: camera lost; fault: disk full');
});
