import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../daemon/clock.ts';
import { openedByCamera, reasons, type VerdictRecord } from '../../daemon/line/verdict.ts';
import { startEmbeddedBroker } from '../../daemon/publish/embedded-broker.ts';
import { reasonCodes } from '../../daemon/publish/payload.ts';
import { type Publishing, type PublishingOptions, startPublishing } from '../../daemon/publish/publishing.ts';
import { stateAt } from '../state/at.ts';
import { freePort, judged, range, readableLog, temporaryFolder, until } from './fixtures.ts';
import { Subscriber, Wire } from './plant.ts';

interface Room {
  publishing: Publishing;
  announced: { record: VerdictRecord; committed: boolean }[];
  log: ReturnType<typeof readableLog>;
}

async function room(more: Partial<PublishingOptions> = {}): Promise<Room> {
  const log = readableLog();
  const announced: Room['announced'] = [];
  const publishing = await startPublishing({
    state: stateAt(temporaryFolder()),
    lineIds: ['line1'],
    mqtt: null,
    opcua: null,
    clock: systemClock,
    log,
    encodePng: async (pixels) => pixels.slice(),
    announced: (record, committed) => announced.push({ record, committed }),
    ...more,
    limits: { retryFirstMs: 20, retryLastMs: 50, probeMs: 20, retryMs: 20, ...more.limits },
  });
  onTestFinished(() => publishing.stop());
  publishing.line('line1').setState({ ready: true, why: null, fault: null, bundle: null });
  return { publishing, announced, log };
}

function opened({ publishing }: Room): number {
  const part = { lineId: 'line1', trigger: 7, partId: null, origin: openedByCamera, openedAtMs: 1, deadlineMs: 300 };
  return publishing.line('line1').opened(part);
}

const broker = (port: number) => ({ url: `mqtt://127.0.0.1:${port}`, prefix: 'twinspect', user: null, password: null });

test('a fault of the state folder is a warning: the line is ready, no fault stands in the way of a PLC', async () => {
  const state = stateAt(temporaryFolder());
  const at = await room({ state });
  await state.faults.raise('users', 'users.json is missing');
  const line = at.publishing.line('line1');
  expect(line.status()).toMatchObject({ ready: true, fault: null });
  expect(line.status().warnings).toEqual([expect.stringContaining('users: users.json is missing')]);
  const record = judged(opened(at));
  expect(await line.closed(record, null)).toBe(true);
  expect(at.announced[0]!.record).toMatchObject({ decision: record.decision, epoch: at.publishing.journal.epoch });
  await state.faults.acknowledge('users');
  expect(line.status().warnings).toEqual([]);
});

test("a fault of a lane is shown as the line's, which judges on", async () => {
  let wallMs = 5000;
  const clock: Clock = { ...systemClock, wallMs: () => wallMs };
  const state = stateAt(temporaryFolder());
  const opcua = { host: '127.0.0.1', port: 0, setting: 'opcua.port' };
  const { publishing, log } = await room({ clock, state, opcua });
  expect(publishing.line('line1').status()).toMatchObject({
    ...{ ready: true, why: null },
    fault: expect.stringContaining('The clock says 1970-01-01T00:00:05.000Z'),
  });
  expect(publishing.health().find(({ name }) => name === 'opcua line1')).toMatchObject({
    ok: false,
    problem: expect.stringContaining('opcua/clock'),
  });
  wallMs = systemClock.wallMs();
  expect(publishing.line('line1').status()).toMatchObject({ ready: true, fault: null });
  // What goes wrong while the rest stops is told to no lane: they are gone by now.
  await publishing.stop();
  const before = log.lines.length;
  await state.faults.raise('copy', 'the second copy of sequence.json cannot be written');
  expect(log.lines.slice(before)).toEqual([]);
});

test('reason codes are total, distinct, and stay what they are', () => {
  expect(Object.keys(reasonCodes).sort()).toEqual([...reasons].sort());
  expect(new Set(Object.values(reasonCodes)).size).toBe(reasons.length);
  expect(reasonCodes).toMatchObject({
    good: 1,
    defect: 2,
    timeout: 3,
    journal: 17,
    interrupted: 18,
    rgbDead: 19,
    depthDead: 20,
  });
});

test('the journal is full: no pass goes out, not ready, fault; undecided and fail do and are counted', async () => {
  const at = await room({ mqtt: broker(await freePort()), limits: { recordsMax: 2 } });
  const line = at.publishing.line('line1');
  expect(await line.closed(judged(opened(at), 'pass'), null)).toBe(true);
  expect(await line.closed(judged(opened(at), 'pass'), null)).toBe(true);
  expect(line.status().ready).toBe(true);
  expect(await line.closed(judged(opened(at), 'pass'), null)).toBe(false);
  expect(await line.closed(judged(opened(at), 'fail'), null)).toBe(false);
  expect(await line.closed(judged(opened(at), 'undecided'), null)).toBe(false);
  expect(at.announced.map(({ record }) => [record.decision, record.reason])).toEqual([
    ['pass', 'good'],
    ['pass', 'good'],
    ['undecided', 'journal'],
    ['fail', 'defect'],
    ['undecided', 'timeout'],
  ]);
  expect(at.announced[2]?.record.detail).toMatch(/full: 2 records/);
  const status = line.status();
  expect(status).toMatchObject({ ready: false, counters: { pass: 2, fail: 1, undecided: 2, unjournaled: 3 } });
  expect(status.fault).toMatch(/full: 2 records/);
  expect(line.health()).toMatchObject({ ok: false });
});

test('once the journal has room the fault ends by itself, and the record lane tells what was announced', async () => {
  const port = await freePort();
  const at = await room({ mqtt: broker(port), limits: { recordsMax: 2 } });
  const line = at.publishing.line('line1');
  for (const _ of range(1, 5)) await line.closed(judged(opened(at), 'pass'), null);
  expect(line.status().ready).toBe(false);
  const embedded = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => embedded.stop());
  const subscriber = await Subscriber.at(embedded.port);
  await Wire.to(embedded.port, port);
  await until('ready again', () => line.status().ready);
  await until('all records', () => subscriber.firstArrivals().length === 5);
  expect(subscriber.firstArrivals()).toEqual(range(1, 5));
  const told = new Map(subscriber.record.map((record) => [record.sequence, record.decision]));
  expect([...told.values()]).toEqual(['pass', 'pass', 'undecided', 'undecided', 'undecided']);
  expect(line.status()).toMatchObject({ fault: null, counters: { recordsLost: 0 } });
  subscriber.expectValid();
});

/** The first bounds of this length have passed at once; the commits themselves take their real time. */
function hasty(boundMs: number, first = 24): Clock {
  let bounds = 0;
  return {
    ...systemClock,
    after(delayMs, callback, signal) {
      if (delayMs !== boundMs || ++bounds > first) return systemClock.after(delayMs, callback, signal);
      // Before the journal's thread can answer: a fast disk has committed within the millisecond a timer takes.
      queueMicrotask(() => {
        if (!signal?.aborted) callback();
      });
    },
  };
}

test('a late commit: the pass is undecided in both lanes, although its first record reached the disk', async () => {
  const embedded = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => embedded.stop());
  const subscriber = await Subscriber.at(embedded.port);
  const at = await room({ mqtt: broker(embedded.port), clock: hasty(777), limits: { commitMaxMs: 777 } });
  const line = at.publishing.line('line1');
  await until('connected', () => at.publishing.health().some(({ name, ok }) => name.startsWith('mqtt') && ok));
  await Promise.all(range(1, 64).map(() => line.closed(judged(opened(at), 'pass'), null)));
  const late = at.announced.filter(({ committed }) => !committed);
  expect(late.length).toBeGreaterThan(0);
  expect(late[0]?.record).toMatchObject({ decision: 'undecided', reason: 'journal' });
  await until('all records', () => subscriber.firstArrivals().length === 64);
  const control = new Map(at.announced.map(({ record }) => [record.sequence, record.decision]));
  for (const record of subscriber.record) {
    expect([record.sequence, record.decision]).toEqual([record.sequence, control.get(record.sequence)]);
  }
  await until('ready again', () => line.status().ready);
});

test('kill -9 of the whole: the record lane loses nothing, moves nothing, and closes what was open once', async () => {
  const embedded = await startEmbeddedBroker(0, 'mqtt.port', readableLog());
  onTestFinished(() => embedded.stop());
  const subscriber = await Subscriber.at(embedded.port);
  const stateFolder = temporaryFolder();
  const script = join(import.meta.dirname, 'publishing-child.ts');
  const announced: number[] = [];
  for (const kill of [25, 40]) {
    const child = spawn(process.execPath, [script, stateFolder, embedded.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    let said = 0;
    lines.on('line', (line) => {
      announced.push(Number(line));
      said += 1;
      if (said === kill) child.kill('SIGKILL');
    });
    await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  }
  const at = await room({ state: stateAt(stateFolder), mqtt: broker(embedded.port) });
  await until('drained', async () => (await at.publishing.journal.figures()).waitingRecords === 0);
  const arrivals = () => subscriber.firstArrivals();
  await until('all announced', () => announced.every((sequence) => arrivals().includes(sequence)));
  expect(arrivals()).toEqual([...arrivals()].sort((a, b) => a - b));
  const interrupted = subscriber.record.filter((record) => record.reason === 'interrupted');
  const open = new Set(interrupted.map((record) => record.sequence));
  expect(open.size).toBeGreaterThanOrEqual(2); // one at least per kill
  expect(interrupted.every((record) => record.replayed)).toBe(true);
  expect(announced.filter((sequence) => open.has(sequence))).toEqual([]);
  // No interrupted part came to the control lane, and none of it came twice.
  const verdicts = subscriber.verdict.map((verdict) => verdict.sequence);
  expect(verdicts).toEqual([...new Set(verdicts)].sort((a, b) => a - b));
  expect(verdicts.filter((sequence) => open.has(sequence))).toEqual([]);
  subscriber.expectValid();
});

describe('without a broker', () => {
  test('records are kept for the result store and nothing waits', async () => {
    const at = await room();
    for (const _ of range(1, 3)) await at.publishing.line('line1').closed(judged(opened(at), 'pass'), null);
    expect((await at.publishing.journal.figures()).waitingRecords).toBe(0);
    expect((await at.publishing.journal.latest('line1', 2)).map((record) => record.sequence)).toEqual([3, 2]);
  });

  test('parts left open are closed at the next start, said in the log and not announced as verdicts', async () => {
    const stateFolder = temporaryFolder();
    const first = await room({ state: stateAt(stateFolder) });
    opened(first);
    await first.publishing.stop();
    const second = await room({ state: stateAt(stateFolder) });
    expect(second.announced).toEqual([]);
    expect(second.log.lines.find((line) => line.text.includes('left open'))?.values).toMatchObject({
      results: ['line1-1'],
    });
    expect((await second.publishing.journal.latest('line1', 1))[0]).toMatchObject({ reason: 'interrupted' });
    expect(opened(second)).toBe(2);
  });

  test('the mask is copied before the call returns, and an encoder that fails costs the mask only', async () => {
    const seen: Uint8Array[] = [];
    const at = await room({
      encodePng: async (pixels) => {
        seen.push(pixels);
        throw new Error('no encoder');
      },
    });
    const pixels = new Uint8Array([1, 2, 3, 4]);
    const closing = at.publishing
      .line('line1')
      .closed(judged(opened(at), 'fail'), { mask: { widthPx: 2, heightPx: 2, pixels } });
    pixels.fill(9);
    expect(await closing).toBe(true);
    await until('dropped', () => at.publishing.line('line1').status().counters.masksDropped === 1);
    expect(seen).toEqual([new Uint8Array([1, 2, 3, 4])]);
  });
});
