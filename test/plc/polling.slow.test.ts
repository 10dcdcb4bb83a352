/**
 * A PLC that polls a real server while the camera triggers a part every 150 ms: the current result alone loses some to
 * it, the ring none, and no slot is ever read as another part's.
 */
import { AttributeIds, type ClientSession, OPCUAClient } from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { type Decision, openedByCamera } from '../../daemon/line/verdict.ts';
import { ringSize } from '../../daemon/publish/opcua/plc/ring-tags.ts';
import { verdictCodes } from '../../daemon/publish/payload.ts';
import { startPublishing } from '../../daemon/publish/publishing.ts';
import { freePort, judged, readableLog, temporaryFolder } from '../publish/fixtures.ts';
import { stateAt } from '../state/at.ts';

const partMs = 150;
/** From the trigger to the verdict; the rest of the time nothing stands there for a poll to miss. */
const judgeMs = 60;
const parts = 60;
const slots = Array.from({ length: ringSize }, (_, slot) => `Ring${String(slot).padStart(2, '0')}`);
const decisions: readonly Decision[] = ['pass', 'fail', 'pass', 'undecided', 'fail'];

const pause = (forMs: number): Promise<void> => new Promise((resolve) => systemClock.after(forMs, resolve));

async function line() {
  const publishing = await startPublishing({
    state: stateAt(temporaryFolder()),
    lineIds: ['line1'],
    mqtt: null,
    opcua: { host: '127.0.0.1', port: await freePort(), setting: 'opcua.port' },
    clock: systemClock,
    log: readableLog(),
    encodePng: async () => new Uint8Array([137]),
    // The disk may be busy with other programs: that is not what is tested.
    limits: { heartbeatMs: 500, commitMaxMs: 20_000 },
  });
  onTestFinished(() => publishing.stop());
  const publisher = publishing.line('line1');
  publisher.setState({ ready: true, why: null, fault: null, bundle: null });
  const told = new Map<number, number>();
  const run = async (): Promise<void> => {
    const beganMs = systemClock.nowMs();
    const closing: Promise<unknown>[] = [];
    for (let at = 0; at < parts; at++) {
      const trigger = at + 1;
      const opened = { lineId: 'line1', trigger, partId: null, origin: openedByCamera, openedAtMs: 1, deadlineMs: 300 };
      const sequence = publisher.opened(opened);
      await pause(judgeMs);
      const decision = decisions[at % decisions.length]!;
      const record = { ...judged(sequence, decision), trigger };
      closing.push(publisher.closed(record, null));
      told.set(sequence, verdictCodes[decision]);
      await pause(Math.max(0, beganMs + (at + 1) * partMs - systemClock.nowMs()));
    }
    // A verdict is shown when its record is on the disk, which another program may keep busy.
    await Promise.all(closing);
  };
  return { endpoint: publishing.opcuaEndpoint!, run, told };
}

async function connect(endpoint: string): Promise<ClientSession> {
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(endpoint);
  const session = await client.createSession();
  onTestFinished(async () => {
    await session.close();
    await client.disconnect();
  });
  return session;
}

/** What one poll finds under the number of each prefix; only what is whole. */
async function poll(session: ClientSession, prefixes: readonly string[]): Promise<Map<number, number>> {
  const nodes = prefixes.flatMap((prefix) =>
    ['ResSeq', 'Verdict', 'ResSeqStart'].map((name) => ({
      nodeId: `ns=1;s=line1.${prefix}${name}`,
      attributeId: AttributeIds.Value,
    })),
  );
  const values = (await session.read(nodes)).map(({ value }) => value.value as number);
  const found = new Map<number, number>();
  for (let at = 0; at < values.length; at += 3) {
    const [end, verdict, start] = values.slice(at, at + 3);
    if (start === end && verdict !== 0) found.set(end!, verdict!);
  }
  return found;
}

test.each([50, 100])('polled every %i ms, a part every 150 ms: the ring loses nothing', async (pollMs) => {
  const { endpoint, run, told } = await line();
  const session = await connect(endpoint);
  const read = { ring: new Map<number, number>(), current: new Map<number, number>() };
  let running = true;
  const line1 = run().finally(() => {
    running = false;
  });
  for (let last = false; !last; ) {
    last = !running;
    for (const [sequence, verdict] of await poll(session, slots)) {
      expect(read.ring.get(sequence) ?? verdict, 'a slot tells of one part one thing').toBe(verdict);
      read.ring.set(sequence, verdict);
    }
    for (const [sequence, verdict] of await poll(session, [''])) read.current.set(sequence, verdict);
    await pause(pollMs);
  }
  await line1;
  expect(told.size).toBe(parts);
  expect([...read.ring].sort(([a], [b]) => a - b)).toEqual([...told]);
  // The current result alone is not enough, or the ring would be for nothing; it never tells another verdict.
  for (const [sequence, verdict] of read.current) expect(verdict).toBe(told.get(sequence));
});
