import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { changesBetween } from '../../config/watch.ts';
import { auditFolder } from '../../daemon/audit/audit-file.ts';
import { newest, verify } from '../../daemon/audit/read.ts';
import type { Actor, Order } from '../../daemon/command/port.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { scene } from '../commands/scene.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, product, writeBundle } from '../inference/tiny-bundle.ts';
import { openDaemon, type Plant, show, syntheticCamera, testConfig } from './rig.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

const anna: Actor = { name: 'anna', via: 'opcua', role: 'configure', certificate: 'ab12' };
const plc: Actor = { name: 'plc', via: 'plc', role: 'operate', certificate: null };

const made = (edits: Partial<Manifest>) => (manifest: Manifest) => ({ ...lenient(manifest), ...edits });

interface Scene {
  readonly state: string;
  readonly config: Config;
  readonly folder: string;
}

/** Recipe 1 makes `tiny`, 2 another product; the bundle of 3 is not there. */
async function plantFolder(): Promise<Scene> {
  const folder = temporaryFolder();
  const state = join(folder, 'state');
  const bolt = await writeBundle(join(folder, 'bolt@1.0.0'), files, made({ name: 'bolt' }));
  const lid = await writeBundle(join(folder, 'lid@1.0.0'), files, made({ name: 'lid', product: 'lid' }));
  const recipes = {
    1: { name: 'Bolt', product, bundle: bolt, threshold: null },
    2: { name: 'Lid', product: 'lid', bundle: lid, threshold: 1000 },
    3: { name: 'Gone', product: 'gone', bundle: join(folder, 'gone@1'), threshold: null },
  };
  return { state, folder, config: { ...testConfig(state, bolt), recipes } };
}

async function started({ config }: Scene): Promise<Plant & { part(): ReturnType<typeof show> }> {
  const camera = syntheticCamera();
  const plant = openDaemon(config, camera);
  await plant.daemon.start();
  return { ...plant, part: () => show(camera, plant) };
}

const edit = (plant: Plant, before: Config, after: Config): Promise<void> =>
  plant.daemon.edited(after, changesBetween(before, after), 'line.yaml');

const audited = async ({ state }: Scene): Promise<string[]> =>
  (await newest(auditFolder(state), 100)).map(({ who, action, result }) => `${who.name} ${action} ${result}`);

describe('the recipe', () => {
  test('a command chooses it between two parts and over restarts; an edit of the config wins', async () => {
    const it = await plantFolder();
    const first = await started(it);
    const heard: (number | null)[] = [];
    first.daemon.commands.onOrdered(({ recipe }) => heard.push(recipe));
    expect(first.daemon.commands.recipes().map(({ number, name }) => [number, name])).toEqual([
      [1, 'Bolt'],
      [2, 'Lid'],
      [3, 'Gone'],
    ]);
    expect((await first.part()).bundle!.name).toBe('bolt');
    await first.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 2 });
    expect(await first.part()).toMatchObject({ bundle: { name: 'lid' }, threshold: 1000, decision: 'pass' });
    // From the order on the plates' recipe judges no lid.
    expect(heard).toEqual([null, 2]);
    await first.daemon.stop();

    const second = await started(it);
    expect(second.daemon.commands.ordered()).toMatchObject({ recipe: 2, threshold: 1000 });
    expect((await second.part()).bundle!.name).toBe('lid');
    // An edit elsewhere changes nothing; the row that the config wishes for does.
    const named = { ...it.config, recipes: { ...it.config.recipes, 3: { ...it.config.recipes['3']!, name: 'Lost' } } };
    await edit(second, it.config, named);
    expect(second.daemon.commands.ordered().recipe).toBe(2);
    const first1 = { ...it.config.recipes['1']!, threshold: 900 };
    const own = { ...it.config, recipes: { ...named.recipes, 1: first1 } };
    await edit(second, named, own);
    expect(await second.part()).toMatchObject({ bundle: { name: 'bolt' }, threshold: 900 });
    await second.daemon.stop();
    expect(await audited(it)).toEqual([
      'plc selectRecipe done',
      'line.yaml editConfig done',
      'line.yaml editConfig done',
      'twinspect configWins done',
    ]);
    expect((await verify(auditFolder(it.state))).problems).toEqual([]);
  });

  test('refused or unknown, it is rejected, and none judges until one serves, over restarts too', async () => {
    const it = await plantFolder();
    const plant = await started(it);
    const { commands } = plant.daemon;
    const parts: Promise<unknown>[] = [];
    const refused = commands.order(plc, { kind: 'selectRecipe', recipe: 3 });
    parts.push(plant.part());
    await expect(refused).rejects.toMatchObject({ code: 'bundle/missing' });
    await Promise.all(parts);
    await expect(commands.order(plc, { kind: 'selectRecipe', recipe: 7 })).rejects.toThrow(
      'Line line1: there is no recipe 7; there are 1, 2, 3',
    );
    expect(await plant.part()).toMatchObject({ reason: 'noModel', detail: expect.stringContaining('recipe 7') });
    expect(plant.records.map(({ reason }) => reason)).toEqual(['noModel', 'noModel']);
    expect(plant.daemon.publishing!.line('line1').status().ready).toBe(false);
    await plant.daemon.stop();
    expect((await audited(it))[0]).toBe('plc selectRecipe failed');
    const again = await started(it);
    expect(await again.part()).toMatchObject({ reason: 'noModel' });
    await again.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 1 });
    expect(await again.part()).toMatchObject({ bundle: { name: 'bolt' }, decision: 'pass', recipe: 1 });
  });

  test('one that cannot be kept is undone', async () => {
    const it = await plantFolder();
    const plant = await started(it);
    await mkdir(join(it.state, 'orders-line1.json.partial'));
    const order = plant.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 2 });
    await expect(order).rejects.toMatchObject({ code: 'command/keep' });
    expect(await plant.part()).toMatchObject({ reason: 'noModel', bundle: { name: 'bolt' } });
    await rm(join(it.state, 'orders-line1.json.partial'), { recursive: true });
    await plant.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 1 });
    expect(await plant.part()).toMatchObject({ bundle: { name: 'bolt' }, decision: 'pass' });
  });

  test('while the audit record cannot be written nothing is changed; the line can be halted', async () => {
    const it = await plantFolder();
    const plant = await started(it);
    await rm(auditFolder(it.state), { recursive: true, force: true });
    await writeFile(auditFolder(it.state), 'a file where the folder should be');
    const { commands } = plant.daemon;
    await commands.order(plc, { kind: 'halt', cause: 'jam' });
    const order = commands.order(plc, { kind: 'selectRecipe', recipe: 2 });
    await expect(order).rejects.toMatchObject({ code: 'command/audit' });
    expect(commands.ordered()).toMatchObject({ recipe: null, halted: 'jam' });
  });
});

describe('the threshold', () => {
  test('is set within its bounds, named in the record, kept, and given back to the bundle', async () => {
    const it = await plantFolder();
    const plant = await started(it);
    const set = (threshold: number | null, actor = anna): Promise<void> =>
      plant.daemon.commands.order(actor, { kind: 'setThreshold', threshold });
    const own = (await plant.part()).threshold!;
    await set(own * 1.1);
    expect((await plant.part()).threshold).toBeCloseTo(own * 1.1, 5);
    for (const outside of [own * 1.21, own * 0.79, 0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(set(outside)).rejects.toMatchObject({ code: 'command/threshold' });
    }
    await expect(set(own, plc)).rejects.toMatchObject({ code: 'command/role' });
    expect(plant.daemon.commands.ordered().threshold).toBeCloseTo(own * 1.1, 5);
    // It belongs to its recipe: another one judges by its own, and it is there again with this one.
    await plant.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 2 });
    expect((await plant.part()).threshold).toBe(1000);
    await plant.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 1 });
    expect((await plant.part()).threshold).toBeCloseTo(own * 1.1, 5);
    await plant.daemon.stop();
    const again = await started(it);
    expect((await again.part()).threshold).toBeCloseTo(own * 1.1, 5);
    await again.daemon.commands.order(anna, { kind: 'setThreshold', threshold: null });
    expect((await again.part()).threshold).toBe(own);
    const lines = await newest(auditFolder(it.state), 100);
    const changes = lines.filter(({ action, result }) => action === 'setThreshold' && result === 'done');
    expect(changes.map(({ from, to, who }) => [from, to, who.certificate])).toEqual([
      [null, own * 1.1, 'ab12'],
      [own * 1.1, null, 'ab12'],
    ]);
  });

  test('bounds that are narrowed take it back at once', async () => {
    const it = await plantFolder();
    const plant = await started(it);
    const own = (await plant.part()).threshold!;
    await plant.daemon.commands.order(anna, { kind: 'setThreshold', threshold: own * 1.1 });
    const narrow = { ...it.config, line: { ...it.config.line, thresholdRangePercent: 5 } };
    await edit(plant, it.config, narrow);
    expect((await plant.part()).threshold).toBe(own);
  });
});

describe('out of operation', () => {
  test('a halt is told by readiness and every verdict, outlives the daemon, and ends with a reset', async () => {
    const it = await plantFolder();
    const plant = await started(it);
    const order = (wish: Order): Promise<void> => plant.daemon.commands.order(plc, wish);
    await order({ kind: 'halt', cause: 'door\nopen' });
    const status = plant.daemon.publishing!.line('line1').status();
    expect(status).toMatchObject({ ready: false, why: 'halted: door open (plc)' });
    expect(await plant.part()).toMatchObject({
      ...{ decision: 'undecided', reason: 'halted', detail: 'halted: door open (plc)' },
    });
    await plant.daemon.stop();
    const again = await started(it);
    expect(again.daemon.commands.ordered().halted).toBe('door open');
    expect((await again.part()).reason).toBe('halted');
    await again.daemon.commands.order(plc, { kind: 'reset', cause: 'closed' });
    expect((await again.part()).decision).toBe('pass');
    expect(again.daemon.publishing!.line('line1').status().ready).toBe(true);
  });

  test('stopped execution likewise; single jobs are refused where the camera opens the parts', async () => {
    const it = await plantFolder();
    const { daemon, part } = await started(it);
    const execute = (execution: 'continuous' | 'single' | 'stopped'): Promise<void> =>
      daemon.commands.order(plc, { kind: 'setExecution', execution });
    await execute('stopped');
    expect(await part()).toMatchObject({ reason: 'halted', detail: 'halted: execution stopped by plc' });
    await expect(execute('single')).rejects.toMatchObject({ code: 'command/execution' });
    await execute('continuous');
    expect((await part()).decision).toBe('pass');
    await expect(async () => daemon.commands.trigger(plc, { ...noIds, partId: 'a' })).rejects.toMatchObject({
      code: 'line/command',
    });
  });

  test('orders that cannot be read leave the line halted until a reset writes them anew', async () => {
    const it = await plantFolder();
    await mkdir(it.state);
    const file = join(it.state, 'orders-line1.json');
    await writeFile(file, '{"recipe":{"recipe":2},"thresholds":{}}');
    const first = await started(it);
    await first.daemon.stop();
    expect(first.daemon.faults).toMatchObject([{ id: 'orders-line1', text: expect.stringContaining('recipe.name') }]);
    // At the next start there is no damaged file any more, and the line is halted all the same.
    const { daemon, part } = await started(it);
    expect(await part()).toMatchObject({
      reason: 'halted',
      detail: expect.stringContaining('neither it nor its copy'),
    });
    await daemon.commands.order(plc, { kind: 'reset', cause: 'looked at' });
    expect((await part()).decision).toBe('pass');
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ recipe: null, halted: null });
  });

  test('without anybody who may order, the acknowledgement on the device ends that halt; no other one', async () => {
    const it = await plantFolder();
    await mkdir(it.state);
    await writeFile(join(it.state, 'orders-line1.json'), 'lost');
    const { daemon, part } = await started(it);
    expect(await part()).toMatchObject({ reason: 'halted' });
    const config = join(it.folder, 'fault.json');
    await writeFile(config, JSON.stringify({ stateDir: it.state }));
    const argv = ['fault', 'acknowledge', 'orders-line1', '--config', config];
    expect(await dispatch(argv, scene(), { seats, load: loadCommand })).toBe(0);
    await until('the halt is over', () => daemon.commands.ordered().halted === null);
    expect((await part()).decision).toBe('pass');
    await daemon.commands.order(plc, { kind: 'halt', cause: 'a person in the cell' });
    expect(daemon.commands.ordered().halted).toBe('a person in the cell');
    expect(await part()).toMatchObject({ reason: 'halted' });
  });
});

const noIds = { partId: null, plantSequence: null, measId: null, productId: null, jobId: null, challenge: false };

test('before the line is started a trigger is refused; counters may be reset by whom the role lets', async () => {
  const it = await plantFolder();
  const { daemon } = openDaemon(it.config, syntheticCamera());
  expect(() => daemon.commands.trigger(plc, noIds)).toThrow('Line line1 is not started yet');
  await daemon.commands.order(plc, { kind: 'resetCounters' });
  await expect(daemon.commands.order({ ...plc, role: 'observe' }, { kind: 'resetCounters' })).rejects.toThrow();
});

test('config show --effective without a daemon says which recipe is active and why', async () => {
  const it = await plantFolder();
  const file = join(it.folder, 'line.json');
  const { line, recipes } = it.config;
  const given = { stateDir: it.state, line: { recipe: line.recipe }, recipes };
  await writeFile(file, JSON.stringify(given));
  const effective = async (...argv: string[]): Promise<string> => {
    const at = scene();
    expect(
      await dispatch(['config', 'show', '--effective', '--config', file, ...argv], at, { seats, load: loadCommand }),
    ).toBe(3); // no daemon runs
    return at.out.join('\n');
  };
  expect(await effective()).toMatch(/^recipe +1 Bolt +config: line\.recipe\n/);
  const { config } = resolveConfig({ value: given, lineOf: () => null }, {}, 'test');
  const plant = openDaemon(
    { ...it.config, ...config, mqtt: it.config.mqtt, opcua: it.config.opcua },
    syntheticCamera(),
  );
  await plant.daemon.start();
  await plant.daemon.commands.order(plc, { kind: 'selectRecipe', recipe: 2 });
  await plant.daemon.commands.order(anna, { kind: 'setThreshold', threshold: 1100 });
  await plant.daemon.commands.order(plc, { kind: 'halt', cause: 'jam' });
  await plant.daemon.stop();
  const said = await effective();
  expect(said).toMatch(/^recipe +2 Lid +command by plc \(plc\) at 20\d\d-.*Z\n/);
  expect(said).toMatch(/\nbundle +.*lid@1\.0\.0 +config: recipes\.2\.bundle\n/);
  expect(said).toMatch(/\nthreshold +1100 +command by anna \(opcua\) at 20/);
  expect(said).toMatch(/\nhalted +jam +command by plc/);
  expect(JSON.parse(await effective('--json'))).toMatchObject({
    recipe: { value: { number: 2, name: 'Lid' }, why: { by: 'command', name: 'plc', via: 'plc' } },
    threshold: { value: 1100, why: { by: 'command', name: 'anna' } },
  });
});
