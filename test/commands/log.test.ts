import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLog, type LogLevel, openLineWriter } from '../../daemon/log.ts';
import { fail } from '../../errors.ts';

function logged(level: LogLevel) {
  const lines: string[] = [];
  const log = createLog({ level, sink: { write: (line) => void lines.push(line) } });
  return { log, read: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('a line is one JSON object with level, time, fields and message', () => {
  const { log, read } = logged('info');
  log.child({ component: 'mqtt', line: 'line1' }).warn({ queued: 3 }, 'broker away');
  expect(read()).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-/),
      component: 'mqtt',
      line: 'line1',
      queued: 3,
      msg: 'broker away',
    },
  ]);
});

test('the level holds for children born before it was changed', () => {
  const { log, read } = logged('warn');
  const child = log.child({ component: 'a' });
  log.info({}, '1');
  child.info({}, '2');
  child.error({}, '3');
  log.setLevel('debug');
  child.debug({}, '4');
  log.setLevel('error');
  child.warn({}, '5');
  expect(read().map(({ msg }) => msg)).toEqual(['3', '4']);
  expect(log.level).toBe('error');
});

test('an operating error is its code and action; its stack only at debug, a fault always', () => {
  const { log, read } = logged('info');
  log.error({ error: fail('file/missing', { path: 'p' }, new Error('why')) }, 'a');
  log.error({ error: new TypeError('x') }, 'b');
  log.setLevel('debug');
  log.error({ error: fail('file/missing', { path: 'p' }) }, 'c');
  const [known, fault, debug] = read().map(({ error }) => error as Record<string, string>);
  expect(known).toEqual({ code: 'file/missing', action: expect.any(String), message: 'No such file: p', cause: 'why' });
  expect(fault!['stack']).toContain('log.test.ts');
  expect(debug!['stack']).toContain('log.test.ts');
});

test('fields that sound like secrets are blanked', () => {
  const { log, read } = logged('info');
  log.info({ password: 'hunter2', broker: { password: 'hunter2', url: 'u' } }, 'x');
  expect(JSON.stringify(read())).not.toContain('hunter2');
  expect(read()[0]).toMatchObject({ broker: { url: 'u' } });
});

test('lines reach the file; a broken one is told once, and what comes after is counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  try {
    const path = join(folder, 'out');
    const problems: Error[] = [];
    const writer = openLineWriter(openSync(path, 'w'), (error) => void problems.push(error));
    for (let line = 0; line < 100; line++) writer.write(`line ${line}\n`);
    await writer.flush();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(101);
    expect(writer.dropped()).toBe(0);

    const readOnly = openLineWriter(openSync(path, 'r'), (error) => void problems.push(error));
    readOnly.write('x\n');
    await readOnly.flush();
    readOnly.write('y\n');
    readOnly.write('z\n');
    expect(problems.map((problem) => (problem as NodeJS.ErrnoException).code)).toEqual(['EBADF']);
    expect(readOnly.dropped()).toBe(2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
