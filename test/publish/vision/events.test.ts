import { expect, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { transitions } from '../../../daemon/publish/opcua/vision/states.ts';
import { until } from '../fixtures.ts';
import {
  automatic,
  call,
  callMethod,
  id,
  make,
  noParameters,
  recipeManagement,
  shownState,
  structure,
} from './calls.ts';
import { type Heard, hear } from './hearing.ts';
import { lineId, root, startStation, washer } from './station.ts';

const server = 'i=2253';
const numberOf = (fields: Heard['fields']) =>
  transitions.find(({ name }) => name === fields['Transition']?.text)?.number;
const named = (heard: Heard[]): string[] =>
  heard.map(({ type, fields }) => (type === 'StateChanged' ? `${type} ${numberOf(fields)}` : type));
const of = (heard: Heard[], type: string): Heard['fields'] =>
  heard.findLast((each) => each.type === type)?.fields ?? {};

test('a job, heard on the system and on the server: each event once, in order, with all its fields', async () => {
  const station = await startStation();
  const { line } = station;
  const session = await station.session('operate');
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  expect((await callMethod(session, 'Stop')).out['Error']).toBe(0);
  const [onSystem, onServer] = [await hear(session, root), await hear(session, server)];

  const started = await call(session, automatic, 'StartSingleJob', [
    structure(await id(session, 'MeasIdDataType', ' M-17 ')),
    structure(await id(session, 'PartIdDataType', 'SN 0042')),
    structure(await make(session, 'BinaryIdBaseDataType/RecipeIdExternalDataType', { id: 'washer-m8' })),
    structure(await id(session, 'ProductIdDataType', 'washer')),
    noParameters,
  ]);
  expect(started).toMatchObject({ status: 'Good', out: { Error: 0 } });
  const jobId = started.out['JobId'].id;
  expect(jobId).toMatch(/^line1-job-[0-9a-z]+-1$/);
  const [sequence] = [...line.open.keys()];
  line.acquired(sequence!);
  const before = systemClock.wallMs();
  const record = await line.close(sequence!, 'fail');
  await until('the job is over', () => named(onSystem).includes('Ready') && named(onServer).includes('Ready'));

  const expected = ['StateChanged 671', 'JobStarted', 'AcquisitionDone', 'ResultReady', 'StateChanged 760', 'Ready'];
  expect(named(onSystem)).toEqual(expected);
  expect(named(onServer)).toEqual(expected);
  for (const type of ['JobStarted', 'AcquisitionDone', 'Ready']) {
    expect([type, of(onSystem, type)['JobId']?.id]).toEqual([type, jobId]);
  }
  const result = of(onSystem, 'ResultReady');
  expect(result).toMatchObject({
    ResultId: { id: `${lineId}-${sequence}` },
    JobId: { id: jobId },
    MeasId: { id: 'M-17' },
    PartId: { id: 'SN 0042' },
    ProductId: { id: 'washer' },
    ExternalRecipeId: { id: 'washer-m8' },
    InternalRecipeId: { id: washer.name, version: washer.version, hashAlgorithm: 'SHA-256' },
    InternalConfigurationId: { id: 'camera1', version: '1' },
    IsPartial: false,
    IsSimulated: false,
    ResultState: 1,
    CreationTime: new Date(record.closedAtMs),
    ProcessingTimes: { startTime: new Date(record.openedAtMs), endTime: new Date(record.closedAtMs) },
  });
  expect(result['InternalRecipeId'].hash.toString('hex')).toBe(washer.digest);
  const content = result['ResultContent'].map(({ value }: { value: unknown }) => value);
  expect(content.slice(0, 4)).toEqual([2, 0.25, 0.5, 1]);
  expect(JSON.parse(content[4])).toMatchObject({ schema: 'twinspect.verdict/1', resultId: `${lineId}-${sequence}` });

  // Every field of the base type; one event has one time, and it is the time of what it tells of.
  for (const { type, fields } of onSystem) {
    expect([type, fields['Severity']]).toEqual([type, 100]);
    expect([type, String(fields['Message']?.text).length > 0]).toEqual([type, true]);
    expect([type, fields['Time']]).toEqual([type, fields['ReceiveTime']]);
    expect(String(fields['SourceName'])).toBe(type === 'StateChanged' ? 'AutomaticModeStateMachine' : 'line1.Vision');
  }
  expect(new Set(onSystem.map(({ fields }) => fields['EventId'].toString('hex'))).size).toBe(onSystem.length);
  const changed = of(onSystem, 'StateChanged');
  expect([changed['FromState'].text, changed['ToState'].text]).toEqual(['SingleExecution', 'Ready']);
  expect([changed['FromState.Id'], changed['ToState.Id']].map(String)).toEqual(['ns=2;i=5058', 'ns=2;i=5057']);
  expect(changed['Transition.Id'].toString()).toMatch(/i=5070$/);
  expect(result['Time'].getTime()).toBeGreaterThanOrEqual(before);
});

test('a fault and its end, a recipe, an abort: Error, ErrorResolved, RecipePrepared, states between', async () => {
  const station = await startStation();
  const { line } = station;
  const session = await station.session('operate');
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  const heard = await hear(session, root);

  line.fault = 'camera1: no frames for 5 s';
  line.show();
  await until('error', () => named(heard).includes('Error'));
  expect(of(heard, 'Error')).toMatchObject({ Severity: 800, FromState: { text: 'Operational' } });
  expect(numberOf(of(heard, 'Error'))).toBe(430);
  expect(of(heard, 'Error')['Message'].text).toContain('no frames for 5 s');
  await callMethod(session, 'ConfirmAll');
  await until('up again', () => named(heard).includes('JobStarted'));
  expect(named(heard)).toEqual([
    ...['StateChanged 430', 'Error', 'StateChanged 340', 'ErrorResolved'],
    ...['StateChanged 560', 'StateChanged 680', 'JobStarted'],
  ]);
  expect(of(heard, 'JobStarted')['JobId'].id).toBe('line1-auto');

  heard.length = 0;
  await callMethod(session, 'Abort');
  const flange = await make(session, 'BinaryIdBaseDataType/RecipeIdExternalDataType', { id: 'flange-strict' });
  const prepared = await call(session, recipeManagement, 'PrepareRecipe', [structure(flange), structure(null)]);
  expect(prepared.out).toMatchObject({
    Error: 0,
    IsCompleted: true,
    InternalIdOut: { id: 'flange', version: '3.0.1' },
  });
  await until('prepared', () => named(heard).includes('RecipePrepared'));
  expect(named(heard)).toEqual(['StateChanged 862', 'Ready', 'RecipePrepared']);
  expect(of(heard, 'RecipePrepared')).toMatchObject({
    ExternalId: { id: 'flange-strict' },
    InternalId: { id: 'flange', version: '3.0.1' },
    ProductId: { id: 'flange' },
  });

  heard.length = 0;
  await callMethod(session, 'StartContinuous');
  const jobId = of(heard, 'JobStarted')['JobId']?.id;
  line.cameraTrigger();
  await callMethod(session, 'Abort');
  await until('aborted', () => named(heard).includes('Ready'));
  expect(named(heard).filter((name) => name !== 'ResultReady')).toEqual([
    ...['StateChanged 681', 'JobStarted', 'StateChanged 862', 'Ready'],
  ]);
  expect(of(heard, 'Ready')['JobId'].id).toMatch(/^line1-job-/);
  if (jobId !== undefined) expect(of(heard, 'Ready')['JobId'].id).toBe(jobId);
});
