import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { type Change, compareMs, hungMs, settleMs, watchConfig } from '../../config/watch.ts';
import { fail } from '../../errors.ts';

/** A folder with one file, its watcher and a clock, all in the hands of the test. */
async function scene(initial: string, begun: Promise<void> = Promise.resolve()) {
  let text: string | null = initial;
  let nowMs = 0;
  let reads = 0;
  let hung: Promise<void> | null = null;
  const timers: { atMs: number; callback: () => void; signal: AbortSignal | undefined }[] = [];
  const told: { changes: readonly Change[]; bundle: string }[] = [];
  const refusals: string[] = [];
  const hampered: string[] = [];
  const abort = new AbortController();
  let event: (name: string | null) => void = () => {};
  let failWatch: (error: unknown) => void = () => {};
  let [closed, unchanged] = [0, 0];
  const readFile = async (path: string): Promise<string> => {
    reads++;
    await hung;
    if (text === null) throw fail('file/missing', { path });
    return text;
  };
  const file = '/etc/twinspect/line.yaml';
  const current = await loadConfig({ file, env: {}, readFile });
  const watch = watchConfig({
    ...{ file, env: {}, readFile, current, begun },
    signal: abort.signal,
    watchFolder(folder, changed, failed) {
      expect(folder).toBe('/etc/twinspect');
      event = changed;
      failWatch = failed;
      return { close: () => void closed++ };
    },
    after: (delayMs, callback, signal) => void timers.push({ atMs: nowMs + delayMs, callback, signal }),
    changed: ({ config }, changes) => void told.push({ changes, bundle: config.line.bundle }),
    unchanged: () => void unchanged++,
    refused: (error) => void refusals.push((error as Error).message),
    hampered: (error) => void hampered.push((error as Error).message),
  });

  const pass = async (durationMs: number): Promise<void> => {
    const endMs = nowMs + durationMs;
    for (;;) {
      // Timers are few; the microtasks of a reading run before the next one is looked for.
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
    ...{ told, refusals, hampered, abort, pass, watch },
    write: (next: string | null) => {
      text = next;
    },
    hang: (until: Promise<void> | null) => {
      hung = until;
    },
    event: (name: string | null) => event(name),
    failWatch: (error: unknown) => failWatch(error),
    pending: () => timers.filter((timer) => !timer.signal?.aborted).length,
    closed: () => closed,
    unchanged: () => unchanged,
    reads: () => reads,
    paths: () => told.map(({ changes }) => changes.map(({ path }) => path)),
  };
}

describe('an event of the folder', () => {
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
    const reads = it.reads();
    it.event('line.yaml.swp');
    await it.pass(2 * settleMs);
    expect(it.reads()).toBe(reads);
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
    expect(it.pending()).toBe(1);
  });

  test('a stream of events does not put the reading off', async () => {
    const it = await scene('line: { id: a }');
    it.write('line: { id: b }');
    for (let turn = 0; turn < 6; turn++) {
      it.event('line.yaml');
      await it.pass(settleMs / 2);
    }
    expect(it.told).toHaveLength(1);
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
  ])('%j is refused, once, and the old configuration stays the measure', async (text, expected) => {
    const it = await scene('line: { id: a }');
    it.write(text);
    it.event('line.yaml');
    await it.pass(10 * compareMs);
    expect(it.refusals).toEqual([expect.stringContaining(expected)]);
    expect(it.told).toEqual([]);
    it.write('line: { id: a, deadlineMs: 900 }');
    it.event('line.yaml');
    await it.pass(2 * settleMs);
    expect(it.paths()).toEqual([['line.deadlineMs']]);
  });

  test('a comment is no change', async () => {
    const it = await scene('line: { id: a }');
    it.write('# the same\nline: { id: a }');
    it.event('line.yaml');
    await it.pass(10 * settleMs);
    expect(it.told).toEqual([]);
  });
});

describe('without an event', () => {
  test('an edit is found by comparing, within the interval and the second reading', async () => {
    const it = await scene('line: { id: a }');
    it.write('line: { id: b }');
    await it.pass(compareMs + settleMs - 1);
    expect(it.told).toEqual([]);
    await it.pass(1);
    expect(it.paths()).toEqual([['line.id']]);
  });

  test('a text that was there for one reading only is never taken', async () => {
    const it = await scene('line: { id: a }');
    it.write('line: { id: half');
    await it.pass(compareMs);
    it.write('line: { id: b }');
    await it.pass(2 * settleMs);
    expect(it.refusals).toEqual([]);
    expect(it.paths()).toEqual([['line.id']]);
    it.write(null);
    await it.pass(compareMs);
    it.write('line: { id: b }');
    await it.pass(5 * compareMs);
    expect(it.refusals).toEqual([]);
    expect(it.told).toHaveLength(1);
  });

  test('where there is no watch this is said, and the file is followed all the same', async () => {
    const it = await scene('line: { id: a }');
    it.failWatch(new Error('ENOSPC: no inotify watch left'));
    expect(it.hampered).toEqual([
      'The system does not report changes of /etc/twinspect/line.yaml: ENOSPC: no inotify watch left',
    ]);
    it.write('line: { id: b }');
    await it.pass(compareMs + settleMs);
    expect(it.paths()).toEqual([['line.id']]);
  });

  test('a reading that hangs is said once and waited for; no other begins beside it', async () => {
    const it = await scene('line: { id: a }');
    const { promise, resolve } = Promise.withResolvers<void>();
    it.hang(promise);
    it.write('line: { id: b }');
    await it.pass(compareMs);
    const reads = it.reads();
    for (let turn = 0; turn < 20; turn++) {
      it.event('line.yaml');
      it.watch.reread();
      await it.pass(compareMs);
    }
    expect(it.reads()).toBe(reads);
    expect(it.hampered).toEqual([`Reading /etc/twinspect/line.yaml has not ended for ${hungMs} ms`]);
    expect(it.pending()).toBe(0);
    it.hang(null);
    resolve();
    await it.pass(settleMs);
    expect(it.paths()).toEqual([['line.id']]);
  });
});

describe('during the start', () => {
  test('edits are held back and told as one when it is done, from the text that was read first', async () => {
    const start = Promise.withResolvers<void>();
    const it = await scene('line: { id: a, bundle: old }', start.promise);
    it.write('line: { id: a, bundle: new }');
    await it.pass(2 * compareMs);
    it.write('line: { id: b, bundle: newer }');
    await it.pass(2 * compareMs);
    expect(it.told).toEqual([]);
    start.resolve();
    await it.pass(0);
    expect(it.told.map(({ bundle }) => bundle)).toEqual(['newer']);
    expect(it.told[0]!.changes.map(({ from }) => from)).toEqual(['a', 'old']);
    await it.pass(5 * compareMs);
    expect(it.told).toHaveLength(1);
  });

  test('an edit before the first comparison is found, whenever the start is done', async () => {
    const it = await scene('line: { id: a }');
    it.write('line: { id: b }');
    await it.pass(compareMs + settleMs);
    expect(it.paths()).toEqual([['line.id']]);
  });

  test('an edit that was taken back by then is none', async () => {
    const start = Promise.withResolvers<void>();
    const it = await scene('line: { id: a }', start.promise);
    it.write('line: { id: b }');
    await it.pass(2 * compareMs);
    it.write('line: { id: a }');
    await it.pass(2 * compareMs);
    start.resolve();
    await it.pass(5 * compareMs);
    expect(it.told).toEqual([]);
  });

  test('an edit that is refused is said at once', async () => {
    const it = await scene('line: { id: a }', new Promise(() => {}));
    it.write('line: {');
    await it.pass(2 * compareMs);
    expect(it.refusals).toHaveLength(1);
  });
});

describe('asked to read again', () => {
  test('takes what is new, and says where nothing is', async () => {
    const it = await scene('line: { id: a }');
    it.watch.reread();
    await it.pass(2 * settleMs);
    expect([it.unchanged(), it.told]).toEqual([1, []]);
    it.write('line: { id: b }');
    it.watch.reread();
    await it.pass(2 * settleMs);
    expect(it.paths()).toEqual([['line.id']]);
    expect(it.unchanged()).toBe(1);
  });

  test('a file that is still wrong is refused again', async () => {
    const it = await scene('line: { id: a }');
    it.write('line: {');
    await it.pass(2 * compareMs);
    it.watch.reread();
    await it.pass(2 * settleMs);
    expect(it.refusals).toHaveLength(2);
  });
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
