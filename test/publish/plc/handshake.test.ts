/** What a PLC writes becomes triggers and orders, and what it reads is of its own part. */
import { StatusCodes } from 'node-opcua';
import { expect, test } from 'vitest';
import { openedByCamera } from '../../../daemon/line/verdict.ts';
import { plcSilentMs } from '../../../daemon/publish/opcua/plc/handshake.ts';
import { tags } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import { settle } from '../../line/rig.ts';
import { judged } from '../fixtures.ts';
import { part, plcRig as rig } from './rig.ts';

test('a trigger clears the standing result and sets busy before the write is answered', async () => {
  const r = await rig();
  r.attach();
  r.lane.showStatus(r.status);
  await r.write('TrigSeq', 41);
  expect(r.value('Armed')).toBe(true);
  r.judge(9, 41);
  expect([r.value('Verdict'), r.value('ResSeqStart'), r.value('ResSeq')]).toEqual([1, 41, 41]);
  const ticks: unknown[] = [];
  r.node('ResSeq').on('value_changed', () => ticks.push('cleared'));
  await r.write('PartId', 'P-1');
  await r.write('Mode', 1);
  const answered = r.write('TrigSeq', 42).then(() => ticks.push('answered'));
  expect(ticks).toEqual(['cleared']);
  expect([r.value('Verdict'), r.value('ResSeqStart'), r.value('ResSeq'), r.value('Busy')]).toEqual([0, 1, 0, true]);
  expect(r.value('Result')).toBe('0;0;0;-1;0;0;');
  await answered;
  const ids = { measId: null, productId: null, jobId: null };
  expect(r.asked.triggers).toEqual([{ ...ids, partId: 'P-1', plantSequence: 42, challenge: true, unseen: 0 }]);
  expect(r.asked.actors).toEqual(['plc']);
  expect(r.value('State')).toBe(7);
  r.lane.announce({ ...judged(1, 'fail'), triggerSource: 'command', plantSequence: 42 }, null, r.counters);
  expect([r.value('Busy'), r.value('State'), r.value('Verdict'), r.value('Unacknowledged')]).toEqual([
    false,
    6,
    2,
    true,
  ]);
  await r.write('AckSeq', 41);
  expect(r.value('Unacknowledged')).toBe(true);
  await r.write('AckSeq', 42);
  expect([r.value('Unacknowledged'), r.value('AckEcho')]).toEqual([false, 42]);
});

test("a part that somebody else triggered is shown, and is no PLC's own", async () => {
  const r = await rig();
  r.attach();
  r.lane.opened({ ...part, origin: { ...openedByCamera, triggerSource: 'command' } }, 1);
  const foreign = { ...judged(1), triggerSource: 'command' as const, plantSequence: null };
  r.lane.announce(foreign, null, r.counters);
  expect(r.value('Verdict')).toBe(1);
  expect(r.value('ResSeqStart')).not.toBe(r.value('ResSeq'));
  expect(String(r.value('Result')).startsWith(';1;')).toBe(true);
  // Where the camera opens parts the record's own sequence numbers them.
  r.lane.opened(part, 5);
  r.lane.announce(judged(5), null, r.counters);
  expect([r.value('ResSeqStart'), r.value('ResSeq')]).toEqual([5, 5]);
});

test('a jump asks for the missed parts; a repeated write, the first and a lower number for none', async () => {
  const r = await rig();
  expect(await r.write('TrigSeq', 7)).toEqual(StatusCodes.BadInvalidState);
  r.attach();
  for (const number of [0xffff_ffff, 0xffff_ffff, 2, 2, 1, 1]) await r.write('TrigSeq', number);
  expect(r.asked.triggers.map(({ plantSequence, unseen }) => [plantSequence, unseen])).toEqual([[2, 2]]);
  expect([r.value('MissedParts'), r.value('TrigEcho')]).toEqual([2, 1]);
});

test('a trigger that opens no part is refused to its writer', async () => {
  const r = await rig();
  r.attach();
  await r.write('TrigSeq', 1);
  r.asked.refuses = new Error('the line was stopped');
  expect(await r.write('TrigSeq', 2)).toEqual(StatusCodes.BadInvalidState);
  expect(r.value('LastOrder')).toBe('TrigSeq 2: the line was stopped');
  expect([r.value('TrigSeq'), r.value('TrigEcho')]).toEqual([1, 1]);
  // Nor is it any better when it is written again.
  expect(await r.write('TrigSeq', 2)).toEqual(StatusCodes.BadInvalidState);
  expect([r.value('TrigEcho'), r.asked.triggers.length]).toEqual([1, 0]);
});

test('what no tag takes is refused, and the old value stands', async () => {
  const r = await rig();
  r.attach();
  expect(await r.write('Mode', 1)).toEqual(StatusCodes.Good);
  expect(await r.write('Mode', 2)).toEqual(StatusCodes.BadOutOfRange);
  expect(await r.write('PartId', 'x'.repeat(65))).toEqual(StatusCodes.BadOutOfRange);
  expect(await r.write('RecipeNo', -1)).toEqual(StatusCodes.BadOutOfRange);
  expect(await r.write('TrigSeq', 5, tags.Mode.type)).toEqual(StatusCodes.BadTypeMismatch);
  expect(await r.write('Verdict', 1)).toEqual(StatusCodes.BadNotWritable);
  expect(r.challenges).toEqual([false, true]);
  expect([r.value('Mode'), r.value('PartId'), r.value('TrigSeq'), r.value('Verdict')]).toEqual([1, '', 0, 0]);
});

test('recipe and reset are orders, once for each change', async () => {
  const r = await rig();
  r.attach();
  for (const number of [0, 3, 4, 4, 0, 4]) await r.write('RecipeNo', number);
  for (const flag of [true, true, false, true]) await r.write('ResetFault', flag);
  await settle();
  const reset = [{ kind: 'reset', cause: 'the PLC' }, { kind: 'resetCounters' }];
  const select = { kind: 'selectRecipe', recipe: 4 };
  expect(r.asked.orders).toEqual([select, select, ...reset, ...reset]);
  expect(r.value('LastOrder')).toBe('ResetFault: done');
  r.asked.refuses = new Error('no such recipe');
  await r.write('RecipeNo', 9);
  await settle();
  expect(r.value('LastOrder')).toBe('RecipeNo 9: no such recipe');
});

test('a fault clears what stands there; the reason is a number too', async () => {
  const r = await rig();
  r.attach();
  r.lane.showStatus(r.status);
  expect([r.value('Ready'), r.value('RecipeActive'), r.value('NotReadyCode')]).toEqual([true, 3, 0]);
  r.judge(1, 1);
  expect(r.value('Verdict')).toBe(1);
  r.lane.showStatus({ ...r.status, ready: false, why: 'unplugged', cause: 'cameraLost', fault: 'unplugged' });
  expect([r.value('Ready'), r.value('Verdict'), r.value('ResSeq'), r.value('State')]).toEqual([false, 0, 0, 3]);
  expect([r.value('FaultCode'), r.value('NotReadyCode'), r.value('FaultText')]).toEqual([4, 4, 'unplugged']);
  // A verdict that falls under a fault is shown, and stands while the fault does.
  r.judge(2, 2, 'undecided');
  r.lane.showStatus({ ...r.status, ready: false, why: 'unplugged', cause: 'cameraLost', fault: 'unplugged' });
  expect([r.value('Verdict'), r.value('LateResults')]).toEqual([3, 1]);
  r.lane.showStatus({ ...r.status, ready: false, why: 'halted', cause: 'halted' });
  expect(r.value('State')).toBe(2);
});

test('the heartbeat steps only while nothing is wrong, and the PLC is seen to live', async () => {
  const r = await rig();
  r.attach();
  r.lane.beat('the inference hangs');
  expect([r.value('Heartbeat'), r.value('HeartbeatWhy'), r.value('PlcAlive')]).toEqual([
    0,
    'the inference hangs',
    false,
  ]);
  for (let beat = 0; beat < 0x1_0001; beat++) r.lane.beat(null);
  expect([r.value('Heartbeat'), r.value('HeartbeatWhy')]).toEqual([1, '']);
  await r.write('PlcHeartbeat', 1);
  r.lane.beat(null);
  expect(r.value('PlcAlive')).toBe(true);
  r.clock.jump(plcSilentMs + 1);
  r.lane.beat(null);
  expect(r.value('PlcAlive')).toBe(false);
});
