import {
  AddressSpace,
  type CallMethodResultOptions,
  DataType,
  generateAddressSpace,
  type ISessionContext,
  nodesets,
  SessionContext,
  StatusCodes,
  type UAObject,
  Variant,
} from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { binder, Failed } from '../../../daemon/publish/opcua/vision/bind.ts';
import { fileLimits, TemporaryFiles } from '../../../daemon/publish/opcua/vision/files.ts';
import { Handles, handleLimits } from '../../../daemon/publish/opcua/vision/handles.ts';
import { Masks, maskLimits } from '../../../daemon/publish/opcua/vision/masks.ts';
import { HandClock, settle } from '../../line/rig.ts';
import { readableLog } from '../fixtures.ts';

const actor = { name: 'mes', via: 'opcua', role: 'observe', certificate: null } as const;

async function filesOnAServer() {
  const space = AddressSpace.create();
  onTestFinished(() => space.dispose());
  space.registerNamespace('urn:test');
  await generateAddressSpace(space, [nodesets.standard]);
  const parent = space.getOwnNamespace().addObject({ browseName: 'Transfer', nodeId: 's=Transfer' });
  const clock = new HandClock();
  const files = new TemporaryFiles(
    parent,
    binder(() => actor, readableLog()),
    clock,
  );
  return { space, clock, files };
}

const caller = (session: string) => ({ actor, session });
const bytes = new Uint8Array(100);

test('a client that never closes: its files are gone after the time-out, nodes, timers and all', async () => {
  const { space, clock, files } = await filesOnAServer();
  const before = [...space.getOwnNamespace().nodeIterator()].length;
  for (let round = 0; round < 50; round++) {
    for (let file = 0; file < fileLimits.filesOfSessionMax; file++) files.make(bytes, 'image/png', caller('s1'));
    await clock.advance(fileLimits.silenceMaxMs + 1);
  }
  expect(files.size).toBe(0);
  expect([...space.getOwnNamespace().nodeIterator()].length).toBe(before);
  expect(clock.step(Number.POSITIVE_INFINITY)).toBe(false);
});

test('a file that is read stays as long as it is read, and no longer', async () => {
  const { space, clock, files } = await filesOnAServer();
  const { node, handle } = files.make(bytes, 'image/png', caller(''));
  const file = space.findNode(node) as UAObject;
  const read = file.getMethodByName('Read')!;
  const inputs = [handle, 10].map(
    (value, index) => new Variant({ dataType: index ? DataType.Int32 : DataType.UInt32, value }),
  );
  const context = SessionContext.defaultContext as ISessionContext;
  for (let chunk = 0; chunk < 12; chunk++) {
    await clock.advance(fileLimits.silenceMaxMs - 1);
    const { statusCode, outputArguments } = (await read.execute(null, inputs, context)) as CallMethodResultOptions;
    expect(statusCode).toEqual(StatusCodes.Good);
    expect(outputArguments?.map((output) => (output as Variant).value.length)).toEqual([chunk < 10 ? 10 : 0]);
  }
  expect(files.size).toBe(1);
  await clock.advance(fileLimits.silenceMaxMs);
  expect(files.size).toBe(0);
});

test('files are limited for one session, and for all together', async () => {
  const { files } = await filesOnAServer();
  const make = (session: string) => files.make(bytes, 'image/png', caller(session));
  for (let file = 0; file < fileLimits.filesOfSessionMax; file++) make('s0');
  expect(() => make('s0')).toThrow(Failed);
  for (let file = fileLimits.filesOfSessionMax; file < fileLimits.filesMax; file++) make(`s${file}`);
  expect(files.size).toBe(fileLimits.filesMax);
  expect(() => make('another')).toThrow(/are open already/);
  files.clear();
  expect(files.size).toBe(0);
});

test('handles: 0 where none is needed, the oldest gives way, hints are bounded, each expires', async () => {
  const clock = new HandClock();
  const handles = new Handles(clock);
  expect(handles.give('s', 0)).toBe(0);
  const first = handles.give('s', -1);
  for (let more = 0; more < handleLimits.max; more++) handles.give('s', 2_000_000_000);
  expect(handles.size).toBe(handleLimits.max);
  expect(handles.release('s', first)).toBe(false);
  const unhinted = handles.give('s', -1);
  const kept = handles.give('s', 2_000_000_000);
  await clock.advance(handleLimits.usualMs);
  expect(handles.release('s', unhinted)).toBe(false);
  await clock.advance(handleLimits.longestMs - handleLimits.usualMs);
  expect(handles.release('s', kept)).toBe(false);
  expect(handles.size).toBe(0);
});

test('masks: bounded in number and bytes; one that follows its verdict is waited for, no other is', async () => {
  const clock = new HandClock();
  const masks = new Masks(clock);
  for (let part = 1; part <= maskLimits.max + 5; part++) masks.keep(part, new Uint8Array([part]));
  expect([masks.has(5), masks.has(6)]).toEqual([false, true]);
  masks.keep(100, new Uint8Array(maskLimits.bytesMax));
  expect([masks.has(69), masks.has(100)]).toEqual([false, true]);
  masks.keep(101, new Uint8Array(maskLimits.bytesMax + 1));
  expect([masks.has(100), masks.has(101)]).toEqual([true, false]);

  masks.announced(200);
  const coming = masks.fetch(200);
  await settle();
  masks.keep(200, new Uint8Array([7]));
  expect(await coming).toEqual(new Uint8Array([7]));
  masks.announced(201);
  const never = masks.fetch(201);
  await clock.advance(maskLimits.waitMs);
  expect(await never).toBeNull();
  expect(await masks.fetch(3)).toBeNull();
});
