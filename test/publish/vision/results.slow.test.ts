import {
  type ClientSession,
  DataType,
  type ExtensionObject,
  StatusCodes,
  VariantArrayType,
  type VariantOptions,
} from 'node-opcua';
import { expect, test } from 'vitest';
import { codes } from '../../../daemon/publish/opcua/vision/codes.ts';
import { places } from '../../../daemon/publish/opcua/vision/result-folder.ts';
import { until } from '../fixtures.ts';
import {
  type Answer,
  automatic,
  call,
  callMethod,
  id,
  int32,
  make,
  noParameters,
  resultManagement,
  shownState,
  string,
  structure,
  uint32,
} from './calls.ts';
import { lineId, png, root, type Station, startStation, washer } from './station.ts';

const transfer = `${resultManagement}-ResultTransfer`;
const resultId = (session: ClientSession, value: string) => id(session, 'ResultIdDataType', value);

async function byId(session: ClientSession, value: string, timeoutMs = 0): Promise<Answer> {
  const inputs = [structure(await resultId(session, value)), int32(timeoutMs)];
  return call(session, resultManagement, 'GetResultById', inputs);
}

interface Filter {
  state?: number;
  ids?: Partial<
    Record<'meas' | 'part' | 'recipe' | 'bundle' | 'theirSetup' | 'setup' | 'product' | 'job', ExtensionObject>
  >;
  max?: number;
  from?: number;
  timeoutMs?: number;
}

function listed(session: ClientSession, { state = 0, ids = {}, max = 0, from = 0, timeoutMs = 0 }: Filter) {
  const order = ['meas', 'part', 'recipe', 'bundle', 'theirSetup', 'setup', 'product', 'job'] as const;
  const inputs: VariantOptions[] = [
    int32(state),
    ...order.map((name) => structure(ids[name] ?? null)),
    ...[uint32(max), uint32(from), int32(timeoutMs)],
  ];
  return call(session, resultManagement, 'GetResultListFiltered', inputs);
}

const idsOf = (answer: Answer): string[] =>
  answer.out['ResultList'].map((each: { resultId: { id: string } }) => each.resultId.id);
const result = (...sequences: number[]): string[] => sequences.map((sequence) => `${lineId}-${sequence}`);

/** Five parts of two jobs: 1 good, 2 bad, 3 undecided, 4 bad as a challenge, 5 of the camera's own. */
async function fiveParts({ line }: Station, session: ClientSession): Promise<string> {
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  await callMethod(session, 'Stop');
  let jobId = '';
  for (const [index, decision] of (['pass', 'fail', 'undecided', 'fail'] as const).entries()) {
    const challenge = [{ dataType: DataType.Boolean, value: index === 3 }, int32(0), string('')];
    expect((await call(session, automatic, 'SimulationMode', challenge)).out['Error']).toBe(0);
    const started = await call(session, automatic, 'StartSingleJob', [
      structure(await id(session, 'MeasIdDataType', index < 2 ? 'M-1' : 'M-2')),
      structure(await id(session, 'PartIdDataType', `part ${index + 1}`)),
      ...[structure(null), structure(null), noParameters],
    ]);
    jobId = started.out['JobId'].id;
    await line.close([...line.open.keys()][0]!, decision);
    await until('ready', async () => (await shownState(session)).leaf === 'Ready');
  }
  await line.close(line.cameraTrigger(), 'pass');
  return jobId;
}

test('results by id, in parts, by every filter and by page; handles; a mask as a file, to its last byte', async () => {
  const station = await startStation();
  const session = await station.session('operate');
  const lastJob = await fiveParts(station, session);

  // By id, whole and in parts: the same values.
  const whole = await byId(session, `${lineId}-2`, -1);
  expect(whole).toMatchObject({
    status: 'Good',
    out: { Error: 0, Result: { resultId: { id: 'line1-2' }, resultState: 1 } },
  });
  expect(whole.out['Result'].resultContent[0].value).toBe(2);
  const inputs = [structure(await resultId(session, `${lineId}-2`)), int32(0)];
  const parts = await call(session, resultManagement, 'GetResultComponentsById', inputs);
  expect(Object.keys(parts.out)).toHaveLength(17);
  expect(parts.out).toMatchObject({
    ...{ Error: 0, ResultHandle: 0, IsPartial: false, IsSimulated: false, ResultState: 1 },
    ...{ HasTransferableDataOnFile: true, MeasId: { id: 'M-1' }, PartId: { id: 'part 2' } },
    ...{ ExternalRecipeId: { id: 'washer-m8' }, InternalRecipeId: { id: 'washer' }, ProductId: null },
    ...{ InternalConfigurationId: { id: 'camera1' }, ExternalConfigurationId: null },
  });
  expect(parts.out['CreationTime']).toEqual(whole.out['Result'].creationTime);
  expect(parts.out['ResultContent'].map((each: { value: unknown }) => each.value).slice(0, 4)).toEqual([
    2, 0.25, 0.5, 1,
  ]);
  expect((await byId(session, `${lineId}-3`)).out['Result']).toMatchObject({ resultState: 4 });
  expect((await byId(session, `${lineId}-4`)).out['Result']).toMatchObject({ isSimulated: true });
  expect((await byId(session, `${lineId}-5`)).out['Result']).toMatchObject({ jobId: { id: 'line1-auto' } });
  for (const unknown of ['line1-999', 'line2-1', 'line1-', '', 'line1-1x', 'line1--1', 'line1-1e0']) {
    expect([unknown, (await byId(session, unknown)).out]).toEqual([
      unknown,
      expect.objectContaining({ Error: codes.resultUnknown.number, ResultHandle: 0, Result: null }),
    ]);
  }
  expect((await byId(session, 'x'.repeat(300))).out['Error']).toBe(codes.argument.number);

  // Filters, each alone and together; the newest first.
  const external = (value: string) => make(session, 'BinaryIdBaseDataType/RecipeIdExternalDataType', { id: value });
  const internal = (fields: object) => make(session, 'BinaryIdBaseDataType/RecipeIdInternalDataType', { ...fields });
  const setup = (value: string) => make(session, 'BinaryIdBaseDataType/ConfigurationIdDataType', { id: value });
  const meas = await id(session, 'MeasIdDataType', 'M-1');
  const cases: [string, Filter, string[]][] = [
    ['none', {}, result(5, 4, 3, 2, 1)],
    ['state 4', { state: 4 }, result(3)],
    ['state 2', { state: 2 }, []],
    ['measurement', { ids: { meas } }, result(2, 1)],
    ['part', { ids: { part: await id(session, 'PartIdDataType', 'part 3') } }, result(3)],
    ['recipe', { ids: { recipe: await external('washer-m8') } }, result(5, 4, 3, 2, 1)],
    ['other recipe', { ids: { recipe: await external('flange-60') } }, []],
    ['bundle', { ids: { bundle: await internal({ id: 'washer', version: '1.2.0' }) } }, result(5, 4, 3, 2, 1)],
    ['other version', { ids: { bundle: await internal({ id: 'washer', version: '1.3.0' }) } }, []],
    [
      'hash',
      { ids: { bundle: await internal({ id: '', hash: Buffer.from(washer.digest, 'hex') }) } },
      result(5, 4, 3, 2, 1),
    ],
    ['set-up', { ids: { setup: await setup('camera1') } }, result(5, 4, 3, 2, 1)],
    ['other set-up', { ids: { setup: await setup('camera9') } }, []],
    ['set-up of the plant', { ids: { theirSetup: await setup('camera1') } }, []],
    ['product', { ids: { product: await id(session, 'ProductIdDataType', 'washer') } }, []],
    ['job', { ids: { job: await id(session, 'JobIdDataType', lastJob) } }, result(4)],
    ['together', { state: 1, ids: { meas, part: await id(session, 'PartIdDataType', 'part 2') } }, result(2)],
  ];
  for (const [what, filter, expected] of cases) {
    const answer = await listed(session, filter);
    expect([what, idsOf(answer), answer.out['Error']]).toEqual([what, expected, 0]);
    expect([what, answer.out['ResultCount'], answer.out['IsComplete']]).toEqual([what, expected.length, true]);
  }

  // Pages.
  const pages: unknown[] = [];
  for (const from of [0, 2, 4, 6]) {
    const { out } = await listed(session, { max: 2, from });
    pages.push([out['ResultCount'], out['IsComplete']]);
  }
  expect(pages).toEqual([
    [2, false],
    [2, false],
    [1, true],
    [0, true],
  ]);

  // Handles: given as long as asked for, released once, never another session's.
  const handle = whole.out['ResultHandle'];
  expect(handle).toBeGreaterThan(0);
  const other = await station.session('observe');
  const release = async (by: ClientSession, given: number) =>
    (await call(by, resultManagement, 'ReleaseResultHandle', [uint32(given)])).out['Error'];
  expect(await release(other, handle)).toBe(codes.handleUnknown.number);
  expect([await release(session, handle), await release(session, handle)]).toEqual([0, codes.handleUnknown.number]);
  const brief = (await listed(session, { timeoutMs: 1 })).out['ResultHandle'];
  await until('the handle expired', async () => (await release(session, brief)) === codes.handleUnknown.number);

  await readsTheMask(session, other);
  await readsTheFolder(session);
});

async function fileOf(session: ClientSession, value: string) {
  const options = await make(session, 'ResultTransferOptions', { id: await resultId(session, value) });
  return call(session, transfer, 'GenerateFileForRead', [structure(options)]);
}

async function readsTheMask(session: ClientSession, other: ClientSession): Promise<void> {
  const { status, out } = await fileOf(session, `${lineId}-2`);
  expect(status).toBe('Good');
  const file = String(out['FileNodeId']);
  const handle = uint32(out['FileHandle']);
  const read = (length: number) => call(session, file, 'Read', [handle, int32(length)]);
  const sizes = await session.read(
    ['Size', 'Writable', 'OpenCount', 'MimeType'].map((name) => ({ nodeId: `${file}-${name}` })),
  );
  expect(sizes.map(({ value }) => value.value)).toEqual([[0, png.length], false, 1, 'image/png']);
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = (await read(777)).out['Data'] as Buffer | null;
    if (!chunk || chunk.length === 0) break;
    chunks.push(chunk);
  }
  expect(Buffer.concat(chunks).equals(png)).toBe(true);
  // From the middle, beyond the end, and what is no length at all.
  const seek = (to: number) =>
    call(session, file, 'SetPosition', [
      handle,
      { dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value: [0, to] },
    ]);
  await seek(4990);
  expect((await call(session, file, 'GetPosition', [handle])).out['Position']).toEqual([0, 4990]);
  expect((await read(100)).out['Data'].equals(png.subarray(4990))).toBe(true);
  await seek(99_999);
  expect((await call(session, file, 'GetPosition', [handle])).out['Position']).toEqual([0, png.length]);
  expect((await read(-1)).status).toBe('BadInvalidArgument');
  // Nobody writes, and nobody else reads.
  const bytes = { dataType: DataType.ByteString, value: Buffer.from('x') };
  expect((await call(session, file, 'Write', [handle, bytes])).status).toBe('BadNotWritable');
  const mode = (value: number) => call(session, file, 'Open', [{ dataType: DataType.Byte, value }]);
  expect((await mode(2)).status).toBe('BadNotWritable');
  expect((await call(other, file, 'Read', [handle, int32(1)])).status).toBe('BadUserAccessDenied');
  const second = (await mode(1)).out['FileHandle'];
  expect((await call(session, file, 'Close', [uint32(second)])).status).toBe('Good');
  expect((await call(session, file, 'Close', [handle])).status).toBe('Good');
  expect((await session.read({ nodeId: `${file}-Size` })).statusCode).toEqual(StatusCodes.BadNodeIdUnknown);
  expect((await fileOf(session, 'line1-77')).status).toBe('BadNotFound');
  expect((await call(session, transfer, 'CloseAndCommit', [handle])).status).toBe('BadNotSupported');
}

async function readsTheFolder(session: ClientSession): Promise<void> {
  const { references } = await session.browse({
    nodeId: `${root}-ResultManagement-Results`,
    referenceTypeId: 'i=47',
    resultMask: 63,
  });
  expect(references?.map(({ browseName }) => browseName.name)).toEqual([1, 2, 3, 4, 5].map((each) => `Result${each}`));
  const place = `${root}-ResultManagement-Results.Result2`;
  const [all, one, content] = await session.read([
    { nodeId: place },
    { nodeId: `${place}-ResultId` },
    { nodeId: `${place}-ResultContent` },
  ]);
  expect(all?.value.value).toMatchObject({ resultId: { id: 'line1-2' }, hasTransferableDataOnFile: true });
  expect(one?.value.value).toMatchObject({ id: 'line1-2' });
  expect(content?.value.value[0].value).toBe(2);
  expect(all?.sourceTimestamp).toEqual(one?.sourceTimestamp);
}

test('the folder is a ring over the journal: bounded, and full again after a restart', async () => {
  const station = await startStation();
  for (let part = 0; part < places + 3; part++) await station.line.close(station.line.cameraTrigger());
  const session = await station.session('observe');
  const names = async (by: ClientSession) => {
    const { references } = await by.browse({
      nodeId: `${root}-ResultManagement-Results`,
      referenceTypeId: 'i=47',
      resultMask: 63,
    });
    const values = await by.read((references ?? []).map(({ nodeId }) => ({ nodeId: `${nodeId.toString()}-ResultId` })));
    return values.map(({ value }) => Number(value.value.id.replace(`${lineId}-`, ''))).sort((a, b) => a - b);
  };
  const kept = Array.from({ length: places }, (_, index) => index + 4);
  expect(await names(session)).toEqual(kept);
  await station.publishing.stop();
  const again = await startStation(station.stateFolder);
  expect(await names(await again.session('observe'))).toEqual(kept);
});
