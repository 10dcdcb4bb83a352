/** No result of another part, an older count or another recipe is ever left where a PLC could take it for its own. */
import { DataType, StatusCodes, VariantArrayType } from 'node-opcua';
import { describe, expect, test } from 'vitest';
import { openedByCamera } from '../../../daemon/line/verdict.ts';
import type { TagName } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import { settle } from '../../line/rig.ts';
import { judged } from '../fixtures.ts';
import { part, plcRig } from './rig.ts';

type Rig = Awaited<ReturnType<typeof plcRig>>;

async function running(from: number): Promise<Rig> {
  const r = await plcRig();
  r.attach();
  r.lane.showStatus(r.status);
  await r.write('TrigSeq', from);
  return r;
}

const tell = (r: Rig, sequence: number, plantSequence: number): void =>
  r.lane.announce({ ...judged(sequence), triggerSource: 'command', plantSequence }, null, r.counters);

/** Verdict and both numbers of the current result and of a slot. */
const stands = (r: Rig, slot: string): unknown[] =>
  (['Verdict', 'ResSeqStart', 'ResSeq'] as const).flatMap((name) => [
    r.value(name),
    r.value(`Ring${slot}${name}` as TagName),
  ]);
const cleared = [0, 0, 1, 1, 0, 0];

describe('what makes a result nobody', () => {
  const ways: [string, (r: Rig) => unknown][] = [
    ['a baseline', (r) => r.write('TrigSeq', 1_000_001)],
    ['another session that counts', (r) => r.write('TrigSeq', 1_000_003, DataType.UInt32, 'another')],
    ['a fault', (r) => r.lane.showStatus({ ...r.status, ready: false, why: 'x', cause: 'cameraLost', fault: 'x' })],
    ['another recipe is asked for', (r) => r.write('RecipeNo', 4)],
    [
      'another recipe came into force on another way',
      (r) => {
        r.asked.now = { ...r.asked.now, recipe: 5 };
        r.lane.showStatus(r.status);
      },
    ],
  ];
  test.each(ways)('%s clears all of them, and what is in flight is not shown', async (_name, happen) => {
    const r = await running(1_000_001);
    await r.write('TrigSeq', 1_000_002, DataType.UInt32, 'one');
    tell(r, 1, 1_000_002);
    expect(stands(r, '02')).toEqual([1, 1, 1_000_002, 1_000_002, 1_000_002, 1_000_002]);
    await r.write('TrigSeq', 1_000_003, DataType.UInt32, 'one');
    expect(stands(r, '02')[1], 'its own slot stays while another part opens').toBe(1);
    await happen(r);
    expect(stands(r, '02')).toEqual(cleared);
    tell(r, 2, 1_000_003);
    expect(stands(r, '03')).toEqual(cleared);
    expect(r.value('Busy')).toBe(false);
  });

  test('a number given again after a baseline is the new part alone', async () => {
    const r = await running(41);
    await r.write('TrigSeq', 42);
    await r.write('TrigSeq', 41);
    await r.write('TrigSeq', 42);
    tell(r, 1, 42);
    expect(stands(r, '10')).toEqual(cleared);
    r.lane.announce({ ...judged(2, 'fail'), triggerSource: 'command', plantSequence: 42 }, null, r.counters);
    expect(stands(r, '10')).toEqual([2, 2, 42, 42, 42, 42]);
  });
});

test('a result stands in the slot of its number, whole, until the part that comes 16 later opens', async () => {
  const r = await running(0xffff_fff7);
  for (let count = 1; count <= 16; count++) {
    await r.write('TrigSeq', (0xffff_fff7 + count) >>> 0);
    tell(r, count, (0xffff_fff7 + count) >>> 0);
  }
  const slots = Array.from({ length: 16 }, (_, slot) =>
    r.value(`Ring${String(slot).padStart(2, '0')}ResSeq` as TagName),
  );
  expect(slots).toEqual([0, 1, 2, 3, 4, 5, 6, 7, ...Array.from({ length: 8 }, (_, at) => 0xffff_fff8 + at)]);
  expect(r.value('Ring07Result')).toBe(r.value('Result'));
  await r.write('TrigSeq', 8);
  expect([r.value('Ring08Verdict'), r.value('Ring08ResSeqStart'), r.value('Ring08ResSeq')]).toEqual([0, 1, 0]);
  expect([r.value('Ring07Verdict'), r.value('Ring09Verdict')]).toEqual([1, 1]);
});

test('the recipe that judged and a challenge are told with each result', async () => {
  const r = await running(6);
  await r.write('TrigSeq', 7);
  const record = { ...judged(1), triggerSource: 'command' as const, plantSequence: 7, recipe: 12, challenge: true };
  r.lane.announce({ ...record, partId: 'Prüfling ä;ö' }, null, r.counters);
  expect([r.value('ResRecipe'), r.value('Ring07ResRecipe'), r.value('Ring07Challenge')]).toEqual([12, 12, true]);
  expect(String(r.value('Result'))).toMatch(/^7;1;1;[\d.]+;12;1;Prüfling ä;ö$/);
});

test('score and threshold are no numbers before the first verdict', async () => {
  const r = await plcRig();
  expect([r.value('Score'), r.value('Threshold'), r.value('CaptureToVerdictMs')]).toEqual([NaN, NaN, NaN]);
});

describe('the id of a part', () => {
  const idsOf = (r: Rig) => r.asked.triggers.map(({ partId }) => partId);

  test('is used by one trigger; written again, even the same, it is used again', async () => {
    const r = await running(1);
    await r.write('PartId', 'A');
    for (const number of [2, 2, 3]) await r.write('TrigSeq', number);
    await r.write('PartId', 'A');
    await r.write('TrigSeq', 4);
    // Of the number that was only a baseline.
    await r.write('PartId', 'B');
    for (const number of [2, 3]) await r.write('TrigSeq', number);
    expect(idsOf(r)).toEqual(['A', null, 'A', null]);
  });

  test.each<[string, unknown, StatusCodeOf, Variation]>([
    ['65 characters', 'x'.repeat(65), StatusCodes.BadOutOfRange, {}],
    ['193 bytes', '😀'.repeat(49), StatusCodes.BadOutOfRange, {}],
    ['no UTF-8', 'M\ufffdller', StatusCodes.BadOutOfRange, {}],
    ['the picture of a line end, which a line end is drawn as', 'A1␍', StatusCodes.BadOutOfRange, {}],
    ['a number', 7, StatusCodes.BadTypeMismatch, { dataType: DataType.Int16 }],
    ['a list', ['B'], StatusCodes.BadTypeMismatch, { arrayType: VariantArrayType.Array }],
    ['a bad status', 'B', StatusCodes.BadWriteNotSupported, { statusCode: StatusCodes.Bad }],
    ['an uncertain one', 'B', StatusCodes.BadWriteNotSupported, { statusCode: StatusCodes.Uncertain }],
  ])('%s is refused, and the part behind it has none', async (_name, value, status, how) => {
    const r = await running(1);
    await r.write('PartId', 'A');
    await r.write('TrigSeq', 2);
    await r.write('PartId', 'A');
    expect(await r.writeAs('PartId', value, how)).toEqual(status);
    expect(r.value('LastOrder')).toMatch(/^PartId: refused, /);
    await r.write('TrigSeq', 3);
    expect(idsOf(r)).toEqual(['A', null]);
    expect(r.value('LastOrder')).toBe('TrigSeq 3: judged without an id, its PartId was refused');
    expect(r.log.lines.some(({ level, text }) => level === 'warn' && text.includes('has no id'))).toBe(true);
  });

  test('is kept as it is written: 64 characters of any script', async () => {
    const r = await running(1);
    for (const [at, id] of ['ä', 'ö', '界'.repeat(64), 'A1\r', 'é', 'e\u0301'].entries()) {
      expect(await r.write('PartId', id)).toEqual(StatusCodes.Good);
      await r.write('TrigSeq', 2 + at);
    }
    expect(idsOf(r)).toEqual(['ä', 'ö', '界'.repeat(64), 'A1␍', 'é', 'e\u0301']);
  });

  test('of a count that was refused is of no later part', async () => {
    const r = await running(1);
    await r.write('PartId', 'B');
    expect(await r.writeAs('TrigSeq', 2, { statusCode: StatusCodes.Bad })).toEqual(StatusCodes.BadWriteNotSupported);
    await r.write('TrigSeq', 2);
    expect(idsOf(r)).toEqual([null]);
  });
});

type StatusCodeOf = (typeof StatusCodes)[keyof typeof StatusCodes];
type Variation = Parameters<Rig['writeAs']>[2];

test.each<TagName>(['PartId', 'RecipeNo', 'Mode', 'TrigSeq', 'AckSeq', 'PlcHeartbeat', 'ResetFault', 'ResyncRequest'])(
  '%s takes no list, no other type and no value that is said to be bad, and keeps the one it had',
  async (name) => {
    const r = await running(1);
    const before = r.value(name);
    const good = name === 'PartId' ? 'B' : name === 'ResetFault' ? true : 1;
    const list = { arrayType: VariantArrayType.Array };
    expect(await r.writeAs(name, [good, good], list)).toEqual(StatusCodes.BadTypeMismatch);
    expect(await r.writeAs(name, [good], list)).toEqual(StatusCodes.BadTypeMismatch);
    expect(await r.writeAs(name, 1.5, { dataType: DataType.Double })).toEqual(StatusCodes.BadTypeMismatch);
    expect(await r.writeAs(name, null, { dataType: DataType.Null })).toEqual(StatusCodes.BadTypeMismatch);
    expect(await r.writeAs(name, good, { statusCode: StatusCodes.BadNotConnected })).toEqual(
      StatusCodes.BadWriteNotSupported,
    );
    expect(r.value(name)).toEqual(before);
  },
);

test.each<[TagName, unknown]>([
  ['Mode', 2],
  ['RecipeNo', -1],
])('a refused %s triggers nothing until a good one is written', async (name, wrong) => {
  const r = await running(1);
  expect(await r.write(name, wrong)).toEqual(StatusCodes.BadOutOfRange);
  expect(await r.write('TrigSeq', 2)).toEqual(StatusCodes.BadInvalidState);
  expect(r.value('LastOrder')).toContain(name);
  await r.write(name, 0);
  expect(await r.write('TrigSeq', 3)).toEqual(StatusCodes.Good);
  expect(r.asked.triggers.map(({ plantSequence }) => plantSequence)).toEqual([3]);
});

test('a recipe that is chosen in the call of its trigger, before it or behind it, leaves no result', async () => {
  const r = await running(1);
  const loading = Promise.withResolvers<void>();
  r.asked.waits = loading.promise;
  await r.write('TrigSeq', 2);
  await r.write('RecipeNo', 4);
  tell(r, 1, 2);
  expect(r.asked.orders).toEqual([{ kind: 'selectRecipe', recipe: 4 }]);
  expect(stands(r, '02')).toEqual(cleared);
  // Back to the one that serves while the other one loads: asked for all the same, or the other one would come.
  await r.write('RecipeNo', 3);
  expect(r.asked.orders).toHaveLength(2);
  loading.resolve();
  await settle();
  await r.write('RecipeNo', 0);
  await r.write('RecipeNo', 3);
  expect(r.asked.orders, 'it serves').toHaveLength(2);
});

describe('where the camera opens the parts', () => {
  const open = (r: Rig, trigger: number, sequence: number): void =>
    r.lane.opened({ ...part, trigger, origin: openedByCamera }, sequence);
  const agreed = (r: Rig): unknown[] => [r.value('ResyncEcho'), r.value('ResyncTrigger'), r.value('ResyncSeq')];

  test('an empty line is agreed on: the numbers of the part opened last', async () => {
    const r = await plcRig();
    r.attach();
    r.lane.showStatus(r.status);
    expect(await r.write('ResyncRequest', 5), 'as it stood before the start').toEqual(StatusCodes.Good);
    expect(await r.write('ResyncRequest', 6), 'nothing to count from').toEqual(StatusCodes.BadInvalidState);
    open(r, 7, 40);
    expect(r.value('TriggerCount')).toBe(7);
    expect(await r.write('ResyncRequest', 6), 'a part is open').toEqual(StatusCodes.BadInvalidState);
    expect([r.value('LastOrder'), ...agreed(r)]).toEqual(['ResyncRequest 6: a part is open', 0, 0, 0]);
    r.lane.announce({ ...judged(40), trigger: 7 }, null, r.counters);
    expect([r.value('ResSeq'), r.value('Ring08Verdict'), r.value('Ring08Trigger')]).toEqual([40, 1, 7]);
    expect(await r.write('ResyncRequest', 6)).toEqual(StatusCodes.Good);
    expect(agreed(r)).toEqual([6, 7, 40]);
    expect(stands(r, '08')).toEqual(cleared);
    r.lane.showStatus({ ...r.status, ready: false, why: 'x', cause: 'cameraLost', fault: 'x' });
    expect(agreed(r)[0]).toBe(0);
    expect(await r.write('ResyncRequest', 7), 'while the fault stands').toEqual(StatusCodes.BadInvalidState);
    r.lane.showStatus(r.status);
    expect(await r.write('ResyncRequest', 7)).toEqual(StatusCodes.Good);
    expect(agreed(r)[0]).toBe(7);
  });

  test('a session that takes over is agreed with anew', async () => {
    const r = await plcRig();
    r.attach();
    open(r, 1, 1);
    r.lane.announce(judged(1), null, r.counters);
    await r.write('ResyncRequest', 1, DataType.UInt16, 'one');
    await r.write('ResyncRequest', 2, DataType.UInt16, 'one');
    expect(agreed(r)[0]).toBe(2);
    await r.write('ResyncRequest', 3, DataType.UInt16, 'another');
    expect(agreed(r)[0]).toBe(0);
  });
});
