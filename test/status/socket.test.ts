import { fork } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { askDaemon } from '../../daemon/status/ask.ts';
import { pathsToAsk, pathsToOpen, placesFrom, socketPathMaxBytes } from '../../daemon/status/place.ts';
import { reportSchema } from '../../daemon/status/report.ts';
import { openStatusSocket } from '../../daemon/status/socket.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const report = { schema: reportSchema, pid: 4711 };
/** Nobody is waited for longer than a moment. */
const hasty = {
  ...systemClock,
  after: ((ms, callback, signal) => systemClock.after(Math.min(ms, 150), callback, signal)) as typeof systemClock.after,
};

async function open(paths: string[], pid = 1) {
  const warned: string[] = [];
  const log = { warn: (_values: object, text: string) => void warned.push(text) };
  const socket = await openStatusSocket({ paths, lineId: 'a', pid, report: () => report, clock: hasty, log });
  onTestFinished(() => socket.close());
  return socket;
}

const ask = (...paths: string[]) => askDaemon(paths, 'a', hasty);

async function listening(path: string, answer: string | null): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // who asked went away
    if (answer !== null) socket.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return server;
}

/** What SIGKILL leaves of a daemon: a socket that nobody listens on. */
async function killed(path: string): Promise<void> {
  const script = join(folder, 'killed.mjs');
  const listen = `createServer().listen(${JSON.stringify(path)}, () => process.send(1));`;
  writeFileSync(script, `import { createServer } from 'node:net';${listen}`);
  const child = fork(script, { execArgv: [] });
  await new Promise((resolve) => child.once('message', resolve));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
}

describe('asked', () => {
  test('it answers with its report, to user and group alone, and takes nothing', async () => {
    const path = join(folder, 'a.sock');
    const socket = await open([path]);
    expect(await ask(path)).toEqual({ path, report });
    expect(lstatSync(path).mode & 0o777).toBe(0o660);
    const sent = connect(path);
    sent.on('error', () => undefined); // it may be closed while we write
    sent.write('stop\n'.repeat(10_000));
    const text = await new Promise<string>((resolve) => {
      let all = '';
      sent.on('data', (chunk) => {
        all += chunk;
      });
      sent.on('close', () => resolve(all));
    });
    expect(text).toBe(`${JSON.stringify(report)}\n`);
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  test('those who do not hang up fill it for a moment, and are cut off then', async () => {
    const path = join(folder, 'a.sock');
    await open([path]);
    const idle = Array.from({ length: 16 }, () => connect({ path, allowHalfOpen: true }));
    for (const each of idle) each.on('error', () => undefined); // cut off
    onTestFinished(() => {
      for (const each of idle) each.destroy();
    });
    await Promise.all(idle.map((each) => new Promise((resolve) => each.once('data', resolve))));
    await expect(ask(path)).rejects.toMatchObject({ code: 'status/foreign' });
    await new Promise<void>((resolve) => systemClock.after(300, resolve));
    expect(await ask(path)).toMatchObject({ report });
  });

  test('nobody there, one killed, one that hangs, one of another kind: each by its name', async () => {
    const [none, stale, hung] = [join(folder, 'none'), join(folder, 'stale'), join(folder, 'hung')];
    const [other, silent, file] = [join(folder, 'other'), join(folder, 'silent'), join(folder, 'file')];
    await killed(stale);
    await listening(hung, null);
    await listening(other, '{"schema":"twinspect.daemon/2"}\n');
    await listening(silent, '');
    writeFileSync(file, '');
    await expect(ask(none)).rejects.toMatchObject({ code: 'status/none' });
    await expect(ask(stale)).rejects.toMatchObject({ code: 'status/stale' });
    await expect(ask(hung)).rejects.toMatchObject({ code: 'status/hung' });
    await expect(ask(other)).rejects.toMatchObject({
      code: 'status/foreign',
      message: expect.stringContaining('answered as "twinspect.daemon/2", expected twinspect.daemon/1'),
    });
    await expect(ask(silent)).rejects.toMatchObject({ code: 'status/foreign' });
    await expect(ask(file)).rejects.toMatchObject({ code: 'status/foreign' });
    const long = join(folder, 'x'.repeat(120));
    await expect(ask(long)).rejects.toMatchObject({ code: expect.stringMatching(/^status\/(path|none)$/) });
    // What is there and hangs matters more than what was left behind, and that more than nothing.
    await expect(ask(none, stale)).rejects.toMatchObject({ code: 'status/stale' });
    await expect(ask(none, stale, hung)).rejects.toMatchObject({ code: 'status/hung' });
  });

  test.skipIf(process.getuid?.() === 0)('a user who may not is told so', async () => {
    const path = join(folder, 'a.sock');
    await open([path]);
    chmodSync(path, 0o000);
    await expect(ask(path)).rejects.toMatchObject({ code: 'status/denied' });
  });
});

describe('opened', () => {
  test('over one that a killed daemon left behind', async () => {
    const path = join(folder, 'a.sock');
    await killed(path);
    await open([path]);
    expect(await ask(path)).toMatchObject({ report });
  });

  test('not beside another daemon, whether it answers or hangs, in whichever folder', async () => {
    const [first, second] = [join(folder, 'a.sock'), join(folder, 'b.sock')];
    await open([second], 1);
    await expect(open([first, second], 2)).rejects.toMatchObject({
      code: 'status/running',
      message: expect.stringContaining('process 4711'),
    });
    await listening(first, null);
    await expect(open([first], 3)).rejects.toMatchObject({ code: 'status/running' });
    expect(await ask(second)).toMatchObject({ report });
  });

  test('not over a file of somebody else, which stays', async () => {
    const path = join(folder, 'a.sock');
    writeFileSync(path, 'mine');
    await expect(open([path])).rejects.toMatchObject({ code: 'status/foreign' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test('in the next place where the first cannot be used; with what was wrong there where none can', async () => {
    const long = join(folder, 'x'.repeat(120), 'a.sock');
    const path = join(folder, 'a.sock');
    expect((await open([long, path])).path).toBe(path);
    await expect(open([long])).rejects.toMatchObject({ code: 'status/path' });
    writeFileSync(join(folder, 'file'), '');
    await expect(open([join(folder, 'file', 'a.sock')])).rejects.toMatchObject({ code: 'status/unusable' });
  });

  test('closed, it leaves alone what a later daemon put there', async () => {
    const path = join(folder, 'a.sock');
    const first = await open([path]);
    rmSync(path);
    await open([path], 2);
    await first.close();
    expect(await ask(path)).toMatchObject({ report });
  });
});

describe('its place', () => {
  const of = { stateFolder: '/var/lib/twinspect', lineId: 'line1' };

  test('is the runtime folder of the service, else that of the user, else the state folder; asked in all', () => {
    const name = /^line1-[0-9a-f]{8}\.sock$/;
    const service = placesFrom({ RUNTIME_DIRECTORY: '/run/tw:/run/b', XDG_RUNTIME_DIR: '/run/user/7' }, of);
    const folders = (paths: string[]) => paths.map((path) => path.slice(0, path.lastIndexOf('/')));
    expect(folders(pathsToOpen(service))).toEqual(['/run/tw', '/run/user/7/twinspect', '/var/lib/twinspect']);
    expect(folders(pathsToOpen(placesFrom({}, of)))).toEqual(['/var/lib/twinspect']);
    const asked = ['/run/twinspect/press', '/run/twinspect', '/var/lib/twinspect'];
    expect(folders(pathsToAsk(placesFrom({}, of), ['press']))).toEqual(asked);
    for (const path of pathsToOpen(service)) expect(path.slice(path.lastIndexOf('/') + 1)).toMatch(name);
  });

  test('differs by state folder and by line, and stays short', () => {
    const path = (given: Partial<typeof of>) => pathsToOpen(placesFrom({}, { ...of, ...given }))[0]!;
    const longest = path({ lineId: 'l'.repeat(64) });
    expect(Buffer.byteLength(longest)).toBeLessThan(socketPathMaxBytes - 10);
    const names = [path({}), path({ lineId: 'line2' }), path({ stateFolder: '/s' })].map((each) =>
      each.slice(each.lastIndexOf('/')),
    );
    expect(new Set(names).size).toBe(3);
  });
});
