import { type ClientSession, DataType, findBasicDataType, type VariantOptions } from 'node-opcua';
import { expect, test } from 'vitest';
import { codes } from '../../../daemon/publish/opcua/vision/codes.ts';
import { until } from '../fixtures.ts';
import {
  type Answer,
  automatic,
  call,
  callMethod,
  configurationManagement,
  id,
  int32,
  make,
  noParameters,
  recipeManagement,
  shownState,
  string,
  structure,
  uint32,
} from './calls.ts';
import { hear } from './hearing.ts';
import { lineId, root, type Station, startStation, temporary, washer } from './station.ts';

const external = (session: ClientSession, value: string) =>
  make(session, 'BinaryIdBaseDataType/RecipeIdExternalDataType', { id: value });
const internal = (session: ClientSession, fields: Record<string, unknown>) =>
  make(session, 'BinaryIdBaseDataType/RecipeIdInternalDataType', fields);
const nothing = structure(null);

/** Stopped and Ready, whatever it was. */
async function ready(station: Station, session: ClientSession): Promise<void> {
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  await callMethod(session, 'Stop');
  expect((await shownState(session)).leaf).toBe('Ready');
  station.line.orders.length = 0;
}

test('recipes: listed, filtered, prepared by either id, taken back; unknown and ambiguous ones refused', async () => {
  const station = await startStation();
  const session = await station.session('operate');
  await ready(station, session);
  const list = async (who: VariantOptions[], max = 0, from = 0, timeoutMs = 0): Promise<Answer> =>
    call(session, recipeManagement, 'GetRecipeListFiltered', [...who, uint32(max), uint32(from), int32(timeoutMs)]);
  const versions = ({ out }: Answer) => out['RecipeList'].map((each: { id: string; version: string }) => each.id);
  const any = int32(2);
  expect(versions(await list([nothing, nothing, any]))).toEqual(['washer', 'flange', 'flange']);
  expect(versions(await list([structure(await external(session, 'flange-60')), nothing, any]))).toEqual(['flange']);
  const product = structure(await id(session, 'ProductIdDataType', 'flange'));
  expect(versions(await list([nothing, product, any]))).toEqual(['flange', 'flange']);
  expect(versions(await list([nothing, nothing, int32(1)]))).toEqual(['washer']);
  expect(versions(await list([nothing, nothing, int32(0)]))).toEqual(['flange', 'flange']);
  const page = await list([nothing, nothing, any], 2, 0, -1);
  expect(page.out).toMatchObject({ IsComplete: false, ResultCount: 2, Error: 0 });
  expect(page.out['RecipeList'][0].hash.toString('hex')).toBe(washer.digest);
  const release = async (handle: number) =>
    (await call(session, recipeManagement, 'ReleaseRecipeHandle', [uint32(handle)])).out['Error'];
  expect(await release(page.out['RecipeHandle'])).toBe(0);
  expect(await release(page.out['RecipeHandle'])).toBe(codes.handleUnknown.number);

  const prepare = async (theirs: string, ours: Record<string, unknown> | null) =>
    call(session, recipeManagement, 'PrepareRecipe', [
      structure(theirs === '' ? null : await external(session, theirs)),
      structure(ours && (await internal(session, ours))),
    ]);
  const errorOf = async (theirs: string, ours: Record<string, unknown> | null) =>
    (await prepare(theirs, ours)).out['Error'];
  expect(await errorOf('no-such', null)).toBe(codes.recipeUnknown.number);
  expect(await errorOf('', null)).toBe(codes.recipeUnknown.number);
  expect(await errorOf('', { id: 'flange' })).toBe(codes.recipeAmbiguous.number);
  expect(await errorOf('', { id: 'washer', version: '9.9.9' })).toBe(codes.recipeUnknown.number);
  expect(await errorOf('washer-m8', { id: 'flange' })).toBe(codes.recipeAmbiguous.number);
  expect(station.line.orders).toEqual([]);
  // By its number, by its internal id; each order is the line's own, in the user's name.
  expect((await prepare('3', null)).out).toMatchObject({
    Error: 0,
    IsCompleted: true,
    InternalIdOut: { id: 'flange' },
  });
  expect(await errorOf('', { id: 'washer', hash: Buffer.from(washer.digest, 'hex') })).toBe(0);
  expect(station.line.orders.map(({ order }) => order)).toEqual([
    { kind: 'selectRecipe', recipe: 3 },
    { kind: 'selectRecipe', recipe: 1 },
  ]);
  expect(station.line.orders[0]?.actor).toMatchObject({ name: 'operate', via: 'opcua', role: 'operate' });
  expect(station.line.orders[0]?.actor.certificate).toMatch(/^[0-9a-f]{40}$/);

  // A bundle that is refused: its number, and the recipe before stays prepared.
  station.line.refuses = temporary('bundle/missing');
  expect(await errorOf('flange-60', null)).toBe(codes.recipeRefused.number);
  const numbers: Record<string, number> = { 'washer-m8': 1, 'flange-60': 2 };
  const recipe = (name: string) => `${root}-RecipeManagement-Recipes.${numbers[name]}`;
  const isPrepared = async (name: string) => (await session.read({ nodeId: `${recipe(name)}-IsPrepared` })).value.value;
  expect([await isPrepared('washer-m8'), await isPrepared('flange-60')]).toEqual([true, false]);

  // The same by the recipe's own object.
  expect((await call(session, recipe('flange-60'), 'Unprepare')).out['Error']).toBe(codes.recipeNotPrepared.number);
  expect((await call(session, recipe('flange-60'), 'Prepare')).out).toMatchObject({ Error: 0, IsCompleted: true });
  expect([await isPrepared('washer-m8'), await isPrepared('flange-60')]).toEqual([false, true]);
  expect((await call(session, recipe('flange-60'), 'Unprepare')).out['Error']).toBe(0);
  expect([(await shownState(session)).leaf, await isPrepared('flange-60')]).toEqual(['Initialized', false]);
  const job = async (recipeId: string, productId: string) =>
    (
      await call(session, automatic, 'StartSingleJob', [
        ...[nothing, nothing, structure(await external(session, recipeId))],
        ...[structure(await id(session, 'ProductIdDataType', productId)), noParameters],
      ])
    ).out['Error'];
  expect(await job('', '')).toBe(codes.state.number);
  expect(await errorOf('washer-m8', null)).toBe(0);
  expect(await job('flange-60', '')).toBe(codes.recipeNotPrepared.number);
  expect(await job('', 'flange')).toBe(codes.recipeNotPrepared.number);
  expect(station.line.open.size).toBe(0);
  expect(await job('washer-m8', 'washer')).toBe(0);
});

test('challenge mode, parameters, long ids: what a start does not take opens no part', async () => {
  const station = await startStation();
  const session = await station.session('operate');
  await ready(station, session);
  const start = (method: string, first: VariantOptions, parameters: VariantOptions = noParameters) =>
    call(session, automatic, method, [first, nothing, nothing, nothing, parameters]);
  const long = structure(await id(session, 'MeasIdDataType', 'x'.repeat(255)));
  expect((await start('StartSingleJob', long)).out).toMatchObject({ Error: codes.argument.number, JobId: null });
  const wrong = structure(await make(session, 'ProcessingTimesDataType', {}));
  expect((await start('StartSingleJob', wrong)).out['Error']).toBe(0);
  await station.line.close([...station.line.open.keys()][0]!);
  const one = { ...noParameters, value: [{ dataType: DataType.Int32, value: 1 }] };
  expect((await start('StartSingleJob', nothing, one)).out['Error']).toBe(codes.argument.number);
  const simulate = (on: boolean) =>
    call(session, automatic, 'SimulationMode', [{ dataType: DataType.Boolean, value: on }, int32(0), string('')]);
  expect((await simulate(true)).out['Error']).toBe(0);
  expect((await start('StartContinuous', nothing)).out['Error']).toBe(codes.simulation.number);
  await start('StartSingleJob', nothing);
  expect([...station.line.open.values()].map(({ challenge }) => challenge)).toEqual([true]);
  // Leaving the automatic mode ends it.
  await callMethod(session, 'Abort');
  await callMethod(session, 'Halt');
  for (const method of ['Reset', 'SelectModeAutomatic', 'PrepareRecipe', 'StartSingleJob'] as const) {
    expect((await callMethod(session, method)).out['Error']).toBe(0);
  }
  expect([...station.line.open.values()].map(({ challenge }) => challenge)).toEqual([false]);
});

test('a line whose camera opens the parts: stopped it is Ready, runs carry the ids, no single jobs', async () => {
  const station = await startStation(undefined, 'camera');
  const session = await station.session('operate');
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  const heard = await hear(session, root);
  expect((await callMethod(session, 'Stop')).out['Error']).toBe(0);
  expect((await shownState(session)).leaf).toBe('Ready');
  expect((await callMethod(session, 'StartSingleJob')).out['Error']).toBe(codes.noCommands.number);
  expect((await shownState(session)).leaf).toBe('Ready');
  expect((await callMethod(session, 'UnprepareRecipe')).out['Error']).toBe(0);
  expect((await callMethod(session, 'PrepareRecipe')).out).toMatchObject({ Error: 0, IsCompleted: true });
  expect(station.line.ordered().execution).toBe('stopped');
  const started = await call(session, automatic, 'StartContinuous', [
    structure(await id(session, 'MeasIdDataType', 'shift 3')),
    ...[nothing, nothing, structure(await id(session, 'ProductIdDataType', 'washer')), noParameters],
  ]);
  const jobId = started.out['JobId'].id;
  const sequence = station.line.cameraTrigger();
  station.line.acquired(sequence);
  await station.line.close(sequence);
  await until('the result', () => heard.some(({ type }) => type === 'ResultReady'));
  for (const type of ['JobStarted', 'AcquisitionDone', 'ResultReady']) {
    expect([type, heard.find((each) => each.type === type)?.fields['JobId'].id]).toEqual([type, jobId]);
  }
  expect(heard.find(({ type }) => type === 'ResultReady')?.fields).toMatchObject({
    MeasId: { id: 'shift 3' },
    ProductId: { id: 'washer' },
  });
});

test('a refused bundle is no Error but no recipe: another one is prepared, and the line runs on', async () => {
  const station = await startStation();
  const session = await station.session('operate');
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  station.line.bundleRefused = true;
  station.line.show();
  expect((await shownState(session)).leaf).toBe('Initialized');
  expect((await callMethod(session, 'StartContinuous')).out['Error']).toBe(codes.state.number);
  expect((await callMethod(session, 'PrepareRecipe')).out).toMatchObject({ Error: 0, IsCompleted: true });
  expect((await shownState(session)).leaf).toBe('ContinuousExecution');
  station.line.ready = false;
  station.line.show();
  expect((await shownState(session)).leaf).toBe('Initialized');
});

test('configurations: listed, found, taken into use by who may; the results name the one in use', async () => {
  const station = await startStation();
  const session = await station.session('configure');
  const setup = (fields: Record<string, unknown>) =>
    make(session, 'BinaryIdBaseDataType/ConfigurationIdDataType', fields);
  const list = async (max: number, from: number) =>
    (await call(session, configurationManagement, 'GetConfigurationList', [uint32(max), uint32(from), int32(-1)])).out;
  expect(
    (await list(0, 0))['ConfigurationList'].map((each: { internalId: { id: string } }) => each.internalId.id),
  ).toEqual(['camera1', 'camera1-new']);
  expect(await list(1, 0)).toMatchObject({ IsComplete: false, ResultCount: 1 });
  expect(await list(1, 1)).toMatchObject({ IsComplete: true, ResultCount: 1 });
  const find = async (fields: Record<string, unknown>) =>
    (await call(session, configurationManagement, 'GetConfigurationById', [structure(await setup(fields)), int32(0)]))
      .out;
  expect(await find({ id: 'camera1', version: '1' })).toMatchObject({
    Error: 0,
    Configuration: {
      internalId: { id: 'camera1', version: '1', hashAlgorithm: 'SHA-256' },
      lastModified: new Date(1e12),
    },
  });
  expect((await find({ id: 'camera1', version: '7' }))['Error']).toBe(codes.configurationUnknown.number);
  const activate = async (by: ClientSession, value: string) =>
    call(by, configurationManagement, 'ActivateConfiguration', [structure(await setup({ id: value }))]);
  const operator = await station.session('operate');
  expect((await activate(operator, 'camera1-new')).status).toBe('BadUserAccessDenied');
  expect((await activate(session, 'camera9')).out['Error']).toBe(codes.configurationUnknown.number);
  station.setups.refuses = true;
  expect((await activate(session, 'camera1-new')).out['Error']).toBe(codes.configurationRefused.number);
  station.setups.refuses = false;
  expect((await activate(session, 'camera1-new')).out['Error']).toBe(0);
  const active = await session.read({ nodeId: `${configurationManagement}-ActiveConfiguration` });
  expect(active.value.value.internalId.id).toBe('camera1-new');
});

test('who may not is refused before anything is looked at; 1,000 malformed calls leave it serving', async () => {
  const station = await startStation();
  const [operator, observer] = [await station.session('operate'), await station.session('observe')];
  await ready(station, operator);
  for (const method of ['Halt', 'Reset', 'StartSingleJob', 'Abort', 'PrepareRecipe', 'SelectModeAutomatic'] as const) {
    expect([method, (await callMethod(observer, method)).status]).toEqual([method, 'BadUserAccessDenied']);
  }
  expect([station.line.orders, station.line.open.size]).toEqual([[], 0]);

  const values: VariantOptions[] = [
    { dataType: DataType.Null },
    int32(-1),
    uint32(4_294_967_295),
    string('\u0000\uffff'.repeat(500)),
    { dataType: DataType.Double, value: Number.NaN },
    { dataType: DataType.ByteString, value: Buffer.alloc(2000, 255) },
    { dataType: DataType.LocalizedText, value: { text: null } },
    structure(null),
    structure(await id(operator, 'JobIdDataType', '../../etc')),
    noParameters,
  ];
  const targets: [string, string][] = [
    [automatic, 'Stop'],
    [automatic, 'StartSingleJob'],
    [automatic, 'SimulationMode'],
    [recipeManagement, 'GetRecipeListFiltered'],
    [recipeManagement, 'PrepareRecipe'],
    [configurationManagement, 'GetConfigurationList'],
    [`${root}-ResultManagement`, 'GetResultById'],
    [`${root}-ResultManagement`, 'GetResultListFiltered'],
    [`${root}-ResultManagement-ResultTransfer`, 'GenerateFileForRead'],
    [`${root}-ResultManagement`, 'ReleaseResultHandle'],
  ];
  // The right kind and number of arguments, with values nobody means.
  const weird: Partial<Record<DataType, VariantOptions[]>> = {
    [DataType.Int32]: [int32(-2_147_483_648), int32(2_147_483_647), int32(7)],
    [DataType.UInt32]: [uint32(4_294_967_295), uint32(1)],
    [DataType.String]: [string('\u0000'.repeat(2000)), { dataType: DataType.String, value: null }],
    [DataType.Boolean]: [{ dataType: DataType.Boolean, value: true }],
    [DataType.ExtensionObject]: [
      structure(null),
      structure(await id(operator, 'ResultIdDataType', `${lineId}-${'9'.repeat(200)}`)),
      structure(await internal(operator, { id: null, version: '\u202e', hash: Buffer.alloc(5000) })),
      structure(await make(operator, 'ResultTransferOptions', { id: null })),
    ],
    [DataType.Variant]: [{ ...noParameters, value: Array.from({ length: 500 }, () => int32(1)) }],
  };
  const kinds = await Promise.all(
    targets.map(async ([objectId, method]) => {
      const { inputArguments = [] } = await operator.getArgumentDefinition(`${objectId}-${method}`);
      return Promise.all(inputArguments.map(({ dataType }) => findBasicDataType(operator, dataType)));
    }),
  );
  const stateBefore = await shownState(operator);
  const answers = new Map<string, number>();
  for (let round = 0; round < 100; round++) {
    const pick = <T>(from: readonly T[], at: number): T => from[(round * 7 + at) % from.length] as T;
    const calls = targets.map(([objectId, method], target) => {
      const inputArguments =
        round % 2 === 0
          ? Array.from({ length: (round + target) % 14 }, (_, at) => pick(values, target + at))
          : (kinds[target] ?? []).map((kind, at) => pick(weird[kind] ?? values, (round >> 1) + at));
      return { objectId, methodId: `${objectId}-${method}`, inputArguments };
    });
    for (const { statusCode } of await operator.call(calls)) {
      answers.set(statusCode.name, (answers.get(statusCode.name) ?? 0) + 1);
    }
  }
  // Half of them came through to the methods themselves.
  expect(answers.get('Good') ?? 0).toBeGreaterThan(300);
  expect([...answers.values()].reduce((a, b) => a + b)).toBe(1000);
  expect([...answers.keys()]).not.toContain('BadInternalError');
  expect(station.log.lines.filter(({ level, text }) => level === 'error' && text.includes('40100'))).toEqual([]);
  expect(await shownState(operator)).toEqual(stateBefore);
  expect((await callMethod(operator, 'StartSingleJob')).out['Error']).toBe(0);
});
