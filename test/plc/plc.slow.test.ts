/** The station as a PLC meets it: a real daemon with everything in it, a real OPC UA client, a simulated PLC. */
import { join } from 'node:path';
import process from 'node:process';
import { OPCUAClient } from 'node-opcua';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Fault } from '../../drivers/synthetic/faults.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, product, writeBundle } from '../inference/tiny-bundle.ts';
import { syntheticCamera } from '../run/rig.ts';
import { openPlc, openStation, ready, recorded, stateOf, user } from './rig.ts';
import { type Image, SimulatedPlc } from './simulated-plc.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

async function open(faults: (part: number) => Fault | null = () => null) {
  const folder = temporaryFolder();
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
  const camera = syntheticCamera(faults);
  const station = await openStation(stateOf(folder), bundle, camera);
  return { folder, bundle, camera, station };
}

const ids = (station: { records: readonly { plantSequence: number | null; partId: string | null }[] }) =>
  station.records.map(({ plantSequence, partId }) => [plantSequence, partId]);

describe.each(['tags', 'result'] as const)('read from the %s', (face) => {
  test('parts are triggered, judged, acknowledged; what is not proven is thrown out', async () => {
    const { station } = await open((part) => (part === 2 ? { kind: 'lose', of: ['depth'] } : null));
    const plc = await openPlc(station, { face, trigSeq: 41 });
    expect(plc.image).toMatchObject({ Verdict: 0, ResSeq: 0, Result: '0;0;0;-1;0;0;', TrigEcho: 41, PlcAlive: true });
    const decided = [await plc.inspect('A1'), await plc.inspect('A2'), await plc.inspect('A3')];
    expect(decided.map(({ sequence, gate, why }) => [sequence, gate, why])).toEqual([
      [42, 'pass', 'proven'],
      [43, 'reject', 'verdict'],
      [44, 'pass', 'proven'],
    ]);
    const images = decided.map(({ image }) => image as Image);
    expect(images[0]).toMatchObject({ ResPartId: 'A1', ReasonCode: 1, ConsecutiveRejects: 0, Busy: false });
    expect(images[1]).toMatchObject({ Verdict: 3, ReasonCode: 6, ConsecutiveRejects: 1, ResPartId: 'A2' });
    expect(images[2]).toMatchObject({ ResSeq: 44, ResSeqStart: 44, ConsecutiveRejects: 0 });
    expect(String(images[2]!.Result)).toMatch(/^44;1;1;\d+(\.\d{1,6})?;1;0;A3$/);
    await plc.until('the acknowledgement', ({ Unacknowledged, AckEcho }) => !Unacknowledged && AckEcho === 44);
    expect(ids(station)).toEqual([
      [42, 'A1'],
      [43, 'A2'],
      [44, 'A3'],
    ]);
    expect(station.records.every(({ triggerSource, challenge }) => triggerSource === 'command' && !challenge)).toBe(
      true,
    );
  });
});

test('a challenge part is judged and flagged, and counted nowhere as production', async () => {
  const { station } = await open((part) => (part <= 2 ? { kind: 'lose', of: ['rgb'] } : null));
  const plc = await openPlc(station);
  expect(await plc.inspect('real')).toMatchObject({ gate: 'reject', image: { ConsecutiveRejects: 1 } });
  plc.memory.Mode = 1;
  await plc.scans(2);
  const challenge = await plc.inspect('known bad');
  expect(challenge).toMatchObject({ gate: 'reject', image: { Challenge: true, ConsecutiveRejects: 1 } });
  plc.memory.Mode = 0;
  await plc.scans(2);
  expect(await plc.inspect('real again')).toMatchObject({
    gate: 'pass',
    image: { Challenge: false, ConsecutiveRejects: 0 },
  });
  expect(station.records.map((record) => record.challenge)).toEqual([false, true, false]);
  expect(station.daemon.publishing!.line('line1').status().counters).toMatchObject({
    ...{ opened: 3, challenges: 1, pass: 1, fail: 0, undecided: 1 },
  });
  expect(station.daemon.line!.counters()).toMatchObject({ challenges: { undecided: 1 }, decisions: { undecided: 1 } });
  plc.memory.Mode = 2;
  await plc.scans(2);
  expect(plc.lastWrite.map((status) => status.isGood())).toEqual([true, true, false, true, true, true, true]);
});

test("the window ends before the verdict: thrown out, and the late verdict is no other part's", async () => {
  const { station } = await open();
  const plc = await openPlc(station);
  await plc.inspect('1');
  await until('no check runs', () => station.daemon.line!.load.untold === 0);
  process.kill(station.daemon.inference.host!.pid!, 'SIGSTOP');
  const missed = await plc.inspect('2', { windowMs: 200 });
  expect(missed).toMatchObject({
    sequence: 2,
    gate: 'reject',
    why: 'window',
    image: { Verdict: 0, ResSeq: 0, Busy: true },
  });
  const late = await plc.until('the verdict at the deadline', ({ ResSeq }) => ResSeq === 2);
  expect(late).toMatchObject({ Verdict: 3, ReasonCode: 3, LateResults: 1 });
  await until('the host is replaced', () => station.daemon.inference.problem === null);
  await ready(plc);
  expect(await plc.inspect('3')).toMatchObject({ sequence: 3, gate: 'pass' });
  expect(station.records.map(({ partId, reason }) => `${partId} ${reason}`)).toEqual(['1 good', '2 timeout', '3 good']);
});

describe('the count of triggers', () => {
  test('begins anew with the PLC, over the wrap too; a jump is parts that were missed', async () => {
    const { station } = await open();
    const plc = await openPlc(station, { trigSeq: 0xffff_fffe });
    expect(station.records).toEqual([]);
    expect(await plc.inspect('a')).toMatchObject({ sequence: 0xffff_ffff, gate: 'pass' });
    expect(await plc.inspect('b')).toMatchObject({ sequence: 0, gate: 'pass' });
    expect(await plc.inspect('c', { skipped: 2 })).toMatchObject({
      sequence: 3,
      gate: 'pass',
      image: { MissedParts: 2 },
    });
    expect(ids(station)).toEqual([
      [0xffff_ffff, 'a'],
      [0, 'b'],
      [1, null],
      [2, null],
      [3, 'c'],
    ]);
    expect(station.records.map(({ reason }) => reason)).toEqual(['good', 'good', 'unmatched', 'unmatched', 'good']);

    // Cold start of the PLC: its zero is no trigger, and neither is a leap.
    plc.coldStart();
    await plc.until('its zero is the baseline', ({ TrigEcho }) => TrigEcho === 0);
    plc.memory.TrigSeq = 5000;
    await plc.until('a leap is a baseline too', ({ TrigEcho }) => TrigEcho === 5000);
    expect(await plc.inspect('d')).toMatchObject({ sequence: 5001, gate: 'pass' });
    expect(station.records).toHaveLength(6);
  });

  test("begins anew with the station: no verdict stands there, and the PLC's number triggers nothing", async () => {
    const { folder, bundle, station } = await open();
    const plc = await openPlc(station, { trigSeq: 7 });
    expect(await plc.inspect('before')).toMatchObject({ sequence: 8, gate: 'pass' });
    await plc.halt();
    await station.daemon.stop();

    const again = await openStation(stateOf(folder), bundle, syntheticCamera());
    plc.image = null;
    await plc.run(again.endpoint);
    await ready(plc);
    expect(plc.image).toMatchObject({ Verdict: 0, ResSeq: 0, ResSeqStart: 1, Result: '0;0;0;-1;0;0;', TrigEcho: 8 });
    expect(again.records).toEqual([]);
    expect(await plc.inspect('after')).toMatchObject({ sequence: 9, gate: 'pass' });
    await recorded(again, 1);
    expect(again.records[0]!.sequence).toBeGreaterThan(station.records[0]!.sequence);
  });
});

test('the recipe of a number: another bundle judges from the next part on, ready all the while', async () => {
  const folder = temporaryFolder();
  const bundles = await Promise.all(
    ['1.0.0', '2.0.0'].map((version) =>
      writeBundle(join(folder, `a@${version}`), files, (manifest) => ({ ...lenient(manifest), version })),
    ),
  );
  const [one, two] = bundles.map((bundle, at) => ({ name: `R${at + 1}`, product, bundle, threshold: null }));
  const recipes = { 1: one!, 2: two! };
  const station = await openStation(stateOf(folder), bundles[0]!, syntheticCamera(), { recipes });
  const plc = await openPlc(station);
  expect(await plc.inspect('a')).toMatchObject({ gate: 'pass', image: { RecipeActive: 1 } });
  plc.memory.RecipeNo = 2;
  await plc.until('recipe 2', ({ RecipeActive, LastOrder }) => RecipeActive === 2 && LastOrder === 'RecipeNo 2: done');
  expect(plc.image).toMatchObject({ Ready: true, ResSeq: 0, Verdict: 0 });
  expect(await plc.inspect('b')).toMatchObject({ gate: 'pass', image: { ResRecipe: 2 } });
  expect(station.records.map(({ bundle }) => bundle?.version)).toEqual(['1.0.0', '2.0.0']);
});

test('a recipe that is not there is refused with its reason, once, and no other judges instead', async () => {
  const { station } = await open();
  const plc = await openPlc(station);
  const before = plc.image!.RecipeActive;
  plc.memory.RecipeNo = 99;
  const told = await plc.until('the answer', ({ LastOrder }) => String(LastOrder).startsWith('RecipeNo 99: '));
  expect(told.LastOrder).not.toBe('RecipeNo 99: done');
  await plc.scans(5);
  expect(station.said.filter((line) => line.includes('RecipeNo 99 is refused'))).toHaveLength(1);
  expect(plc.image).toMatchObject({ Ready: false, RecipeActive: 0 });
  expect(await plc.inspect('x', { always: true })).toMatchObject({ gate: 'reject', image: { Verdict: 3 } });
  expect(station.records.map(({ reason, partId }) => [reason, partId])).toEqual([['noModel', 'x']]);
  plc.memory.RecipeNo = before as number;
  await ready(plc);
  expect(await plc.inspect('y')).toMatchObject({ gate: 'pass', image: { RecipeActive: before } });
});

test('the heartbeat stops while the inference hangs, though nobody triggers, and no part passes by it', async () => {
  const { station } = await open();
  const plc = await openPlc(station);
  process.kill(station.daemon.inference.host!.pid!, 'SIGSTOP');
  const stands = await plc.until('the reason', ({ HeartbeatWhy }) => HeartbeatWhy !== '');
  expect(station.said.join('')).toContain('heartbeat stopped');
  // Hung, killed, replaced: then it steps again by itself.
  const resumed = await plc.until('it steps again', ({ HeartbeatWhy, Heartbeat }) => {
    return HeartbeatWhy === '' && Heartbeat !== stands.Heartbeat;
  });
  expect(resumed.Heartbeat).not.toBe(stands.Heartbeat);
  expect(station.records).toEqual([]);
});

test('a PLC that sees an old heartbeat passes nothing, whatever the verdict says', async () => {
  const { station } = await open();
  const plc = await openPlc(station, { heartbeatMs: 0 });
  expect(await plc.inspect('1')).toMatchObject({ gate: 'reject', why: 'heartbeat', image: { Verdict: 1 } });
});

test('a camera that is gone: not ready, a fault, no verdict, no heartbeat; then all by itself again', async () => {
  const { camera, station } = await open((part) => (part === 2 ? { kind: 'disconnect', forMs: 1500 } : null));
  const plc = await openPlc(station);
  await plc.inspect('1');
  camera.trigger();
  const gone = await plc.until('not ready', ({ Ready }) => Ready === false);
  expect(gone).toMatchObject({ Fault: true, NotReadyCode: 4, Verdict: 0, ResSeq: 0, State: 3 });
  expect(await plc.inspect('2')).toMatchObject({ gate: 'reject', why: 'notReady' });
  await ready(plc);
  expect(await plc.inspect('3')).toMatchObject({ gate: 'pass' });
});

test('who has not logged in reads and does not write', async () => {
  const { station } = await open();
  const plc = await openPlc(station);
  const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
  await client.connect(station.endpoint);
  await expect(client.createSession()).rejects.toThrow();
  await client.disconnect();
  await expect(
    new SimulatedPlc({ endpoint: station.endpoint, user: { ...user, password: 'wrong' } }).run(),
  ).rejects.toThrow();
  expect(plc.lastWrite.every((status) => status.isGood())).toBe(true);
});
