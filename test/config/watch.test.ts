import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { type Change, settleMs, watchConfig } from '../../config/watch.ts';
import { fail } from '../../errors.ts';

/** A folder with one file, its watcher and a clock, all in the hands of the test. */
async function scene(initial: string) {
  let text: string | null = initial;
  let nowMs = 0;
  const timers: { atMs: number; callback: () => void; signal: AbortSignal | undefined }[] = [];
  const told: { changes: readonly Change[]; bundle: string }[] = [];
  const refusals: string[] = [];
  const abort = new AbortController();
  let event: (name: string | null) => void = () => {};
  let failWatch: (error: unknown) => void = () => {};
  let closed = 0;
  const readFile = async (path: string): Promise<string> => {
    if (text === null) throw fail('file/missing', { path });
    return text;
  };
  const file = '/etc/twinspect/line.yaml';
  const current = await loadConfig({ file, env: {}, readFile });
  watchConfig({
    file,
    env: {},
    readFile,
    current,
    signal: abort.signal,
    watchFolder(folder, changed, failed) {
      expect(folder).toBe('/etc/twinspect');
      event = changed;
      failWatch = failed;
      return { close: () => void closed++ };
    },
    after: (delayMs, callback, signal) => void timers.push({ atMs: nowMs + delayMs, callback, signal }),
    changed: ({ config }, changes) => void told.push({ changes, bundle: config.line.bundle }),
    refused: (error) => void refusals.push((error as Error).message),
  });

  const pass = async (durationMs: number): Promise<void> => {
    const endMs = nowMs + durationMs;
    for (;;) {
      // Timers are few; the microtasks of a reload run before the next one is looked for.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      const due = timers.filter((timer) => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      timers.splice(timers.indexOf(due), 1);
      nowMs = due.atMs;
      if (!due.signal?.aborted) due.callback();
    }
    nowMs = endMs;
  };
  return {
    told,
    refusals,
    abort,
    pass,
    write: (next: string | null) => {
      text = next;
    },
    event: (name: string | null) => event(name),
    failWatch: (error: unknown) => failWatch(error),
    pending: () => timers.filter((timer) => !timer.signal?.aborted).length,
    closed: () => closed,
  };
}

describe('watchConfig', () => {
  test('reports what changed, and when each change takes effect', async () => {
    const it = await scene('line: { id: a, bundle: old }');
    it.write('line: { id: b, bundle: new }\nlog: { level: debug }');
    it.event('line.yaml');
    await it.pass(2 * settleMs);
    expect(it.told).toEqual([
      {
        bundle: 'new',
        changes: [
          { path: 'line.id', from: 'a', to: 'b', takes: 'restart' },
          { path: 'line.bundle', from: 'old', to: 'new', takes: 'between parts' },
          { path: 'log.level', from: 'info', to: 'debug', takes: 'live' },
        ],
      },
    ]);
    expect(it.refusals).toEqual([]);
  });

  test("one save in many events is one report; other files' events are none", async () => {
    const it = await scene('line: { id: a }');
    it.event('line.yaml.swp');
    expect(it.pending()).toBe(0);
    it.write(null);
    it.event('line.yaml');
    await it.pass(settleMs - 1);
    it.event('line.yaml~');
    it.write('line: { id: b }');
    it.event('line.yaml');
    it.event(null);
    await it.pass(10 * settleMs);
    expect(it.told).toHaveLength(1);
    expect(it.refusals).toEqual([]);
    expect(it.pending()).toBe(0);
  });

  test('a writer that pauses in the middle is waited for', async () => {
    const it = await scene('line: { id: a, bundle: old }');
    it.write('line:\n  id: a\n');
    it.event('line.yaml');
    await it.pass(settleMs + 1);
    it.write('line:\n  id: a\n  bundle: new\n');
    await it.pass(10 * settleMs);
    expect(it.told.map(({ bundle }) => bundle)).toEqual(['new']);
  });

  test.each([
    ['line: { id: "" }', '1 problem in /etc/twinspect/line.yaml'],
    ['line: {', 'Cannot read /etc/twinspect/line.yaml'],
    ['', 'the file is empty'],
    [null, 'No such file: /etc/twinspect/line.yaml'],
  ])('%j is refused and the old configuration stays the measure', async (text, expected) => {
    const it = await scene('line: { id: a }');
    it.write(text);
    it.event('line.yaml');
    await it.pass(10 * settleMs);
    expect(it.refusals).toEqual([expect.stringContaining(expected)]);
    expect(it.told).toEqual([]);
    it.write('line: { id: a, deadlineMs: 900 }');
    it.event('line.yaml');
    await it.pass(10 * settleMs);
    expect(it.told.map(({ changes }) => changes.map(({ path }) => path))).toEqual([['line.deadlineMs']]);
  });

  test('a comment is no change', async () => {
    const it = await scene('line: { id: a }');
    it.write('# the same\nline: { id: a }');
    it.event('line.yaml');
    await it.pass(10 * settleMs);
    expect(it.told).toEqual([]);
  });

  test('a watch that breaks is told', async () => {
    const it = await scene('');
    it.failWatch(new Error('EMFILE'));
    expect(it.refusals).toEqual(['Cannot watch /etc/twinspect/line.yaml any more']);
  });

  test('ends with the signal: closed, nothing pending, nothing told', async () => {
    const it = await scene('line: { id: a }');
    it.write('line: { id: b }');
    it.event('line.yaml');
    it.abort.abort();
    await it.pass(10 * settleMs);
    expect(it.closed()).toBe(1);
    expect(it.told).toEqual([]);
    expect(it.pending()).toBe(0);
  });
});
