/** The station as an MES meets it: the whole daemon, its orders and its line real, by OPC 40100-1 alone. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientSession } from 'node-opcua';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import type { Config } from '../../config/schema.ts';
import { temporaryFolder } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, product, writeBundle } from '../inference/tiny-bundle.ts';
import { until } from '../publish/fixtures.ts';
import { clientIdentity, session as openSession, passwordOf } from '../publish/opcua/plant.ts';
import {
  automatic,
  call,
  callMethod,
  id,
  int32,
  make,
  noParameters,
  recipeManagement,
  resultManagement,
  shownState,
  structure,
} from '../publish/vision/calls.ts';
import { hear } from '../publish/vision/hearing.ts';
import { root } from '../publish/vision/station.ts';
import { syntheticCamera } from '../run/rig.ts';
import { openStation, type Station, stateOf } from './rig.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

/** A daemon with a user who operates, and his session over an encrypted connection. */
async function open(
  stateDir: string,
  bundle: string,
  given: Partial<Pick<Config, 'recipes'>> & { trigger?: 'camera' | 'command' },
): Promise<{ station: Station; camera: ReturnType<typeof syntheticCamera>; mes: ClientSession }> {
  const identity = await clientIdentity();
  const trusted = join(stateDir, 'opcua', 'trusted', 'certs');
  mkdirSync(trusted, { recursive: true });
  writeFileSync(join(trusted, 'mes.pem'), readFileSync(identity.certificateFile));
  const camera = syntheticCamera();
  const station = await openStation(stateDir, bundle, camera, {
    ...given,
    user: { name: 'mes', password: passwordOf('mes') },
  });
  return { station, camera, mes: await openSession(station.endpoint, { identity, user: 'mes' }) };
}

const leafOf = async (session: ClientSession) => (await shownState(session)).leaf;
const nothing = structure(null);

test('an order of the MES: one of two recipes, a job with its own ids, the result, the mask', async () => {
  const folder = temporaryFolder();
  const a = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
  const b = await writeBundle(join(folder, 'b@1.1.0'), files, (manifest) => ({
    ...lenient(manifest),
    version: '1.1.0',
  }));
  const row = (name: string, bundle: string) => ({ name, product, bundle, threshold: null });
  const recipes = { 1: row('round ones', a), 7: row('square ones', b) } as unknown as Config['recipes'];
  const { station, mes } = await open(stateOf(folder), a, { recipes });
  await until('ready', async () => (await leafOf(mes)) === 'Ready');
  const heard = await hear(mes, root);

  const square = structure(await make(mes, 'BinaryIdBaseDataType/RecipeIdExternalDataType', { id: 'square ones' }));
  const prepared = await call(mes, recipeManagement, 'PrepareRecipe', [square, nothing]);
  const manifest = createHash('sha256')
    .update(readFileSync(join(b, 'manifest.json')))
    .digest('hex');
  expect(prepared.out).toMatchObject({ Error: 0, IsCompleted: true, InternalIdOut: { id: 'tiny', version: '1.1.0' } });
  expect(prepared.out['InternalIdOut'].hash.toString('hex')).toBe(manifest);

  const started = await call(mes, automatic, 'StartSingleJob', [
    structure(await id(mes, 'MeasIdDataType', 'M-1')),
    structure(await id(mes, 'PartIdDataType', 'SN-0815')),
    ...[square, structure(await id(mes, 'ProductIdDataType', product)), noParameters],
  ]);
  expect(started).toMatchObject({ status: 'Good', out: { Error: 0 } });
  const jobId = started.out['JobId'].id;
  await until('the job is over', () => heard.some(({ type }) => type === 'Ready'));
  expect(heard.map(({ type }) => type)).toEqual([
    ...['RecipePrepared', 'StateChanged', 'JobStarted', 'AcquisitionDone', 'ResultReady', 'StateChanged', 'Ready'],
  ]);
  const { fields } = heard.find(({ type }) => type === 'ResultReady')!;
  const record = station.records[0]!;
  expect(record).toMatchObject({
    measId: 'M-1',
    partId: 'SN-0815',
    productId: product,
    jobId,
    triggerSource: 'command',
  });
  expect(fields).toMatchObject({
    ...{ JobId: { id: jobId }, MeasId: { id: 'M-1' }, PartId: { id: 'SN-0815' }, ProductId: { id: product } },
    ...{ ResultId: { id: record.resultId }, ExternalRecipeId: { id: 'square ones' }, ResultState: 1 },
  });
  expect(fields['InternalRecipeId'].hash.toString('hex')).toBe(manifest);
  expect(fields['ResultContent'][0].value).toBe({ pass: 1, fail: 2, undecided: 3 }[record.decision]);

  // The mask, as it was encoded: a PNG of the depth grid.
  const options = await make(mes, 'ResultTransferOptions', { id: await id(mes, 'ResultIdDataType', record.resultId) });
  const file = await call(mes, `${resultManagement}-ResultTransfer`, 'GenerateFileForRead', [structure(options)]);
  const handle = { dataType: 7, value: file.out['FileHandle'] };
  const { out } = await call(mes, String(file.out['FileNodeId']), 'Read', [handle, int32(1_000_000)]);
  expect(await sharp(out['Data']).metadata()).toMatchObject({ format: 'png', width: 64, height: 64 });
  expect((await call(mes, String(file.out['FileNodeId']), 'Close', [handle])).status).toBe('Good');

  // Halted, a trigger is refused here and each part undecided elsewhere; up again by the standard's own way.
  expect((await callMethod(mes, 'Halt')).out['Error']).toBe(0);
  expect((await callMethod(mes, 'StartSingleJob')).out['Error']).toBe(-1);
  expect(station.daemon.line?.readyState()).toMatchObject({ ready: false, why: 'halted' });
  for (const [method, leaf] of [
    ['Reset', 'Preoperational'],
    ['SelectModeAutomatic', 'Initialized'],
  ] as const) {
    expect([method, (await callMethod(mes, method)).out['Error'], await leafOf(mes)]).toEqual([method, 0, leaf]);
  }
  await call(mes, recipeManagement, 'PrepareRecipe', [square, nothing]);
  await until('ready again', async () => (await leafOf(mes)) === 'Ready');
  expect((await callMethod(mes, 'StartSingleJob')).out['Error']).toBe(0);
  await until('the second part', () => station.records.length === 2);
  expect(station.records[1]?.reason).not.toBe('halted');
});

test('a line whose camera triggers: it comes up running, stops and starts by the MES, and knows its run', async () => {
  const folder = temporaryFolder();
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
  const { station, camera, mes } = await open(stateOf(folder), bundle, { trigger: 'camera' });
  await until('running', async () => (await leafOf(mes)) === 'ContinuousExecution');
  camera.trigger();
  await until('a part', () => station.records.length === 1);
  expect((await callMethod(mes, 'Stop')).out['Error']).toBe(0);
  expect(await leafOf(mes)).toBe('Ready');
  camera.trigger();
  await until('a part that nobody wanted', () => station.records.length === 2);
  expect(station.records[1]).toMatchObject({ decision: 'undecided', reason: 'halted' });
  const run = await call(mes, automatic, 'StartContinuous', [
    structure(await id(mes, 'MeasIdDataType', 'shift 3')),
    ...[nothing, nothing, nothing, noParameters],
  ]);
  await until('running', async () => (await leafOf(mes)) === 'ContinuousExecution');
  camera.trigger();
  await until('a part of the run', () => station.records.length === 3);
  expect(station.records[2]).toMatchObject({ jobId: run.out['JobId'].id, measId: 'shift 3', triggerSource: 'camera' });
  const list = await call(mes, resultManagement, 'GetResultListFiltered', [
    int32(0),
    ...Array.from({ length: 7 }, () => nothing),
    structure(await id(mes, 'JobIdDataType', run.out['JobId'].id)),
    ...[{ dataType: 7, value: 0 }, { dataType: 7, value: 0 }, int32(0)],
  ]);
  expect(list.out['ResultList'].map((each: { resultId: { id: string } }) => each.resultId.id)).toEqual([
    station.records[2]?.resultId,
  ]);
});
