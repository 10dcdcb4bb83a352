import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';
import mqtt from 'mqtt';
import sharp from 'sharp';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { VerdictPayload } from '../../daemon/publish/payload.ts';
import { exportSynthetic } from '../../drivers/index.ts';
import { root } from '../architecture/source.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { grid, lenient, product, writeBundle } from '../inference/tiny-bundle.ts';
import { checkMessage } from '../publish/plant.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

interface Running {
  readonly child: ChildProcess;
  readonly text: { out: string; err: string };
  readonly ended: Promise<number | null>;
}

/** `twinspect run` as a process of its own, in a folder with a bundle and a recording. */
async function start(folder: string, config: object, argv: string[] = []): Promise<Running> {
  const file = join(folder, 'twinspect.json');
  await writeFile(file, JSON.stringify(config));
  const child = spawn(process.execPath, [join(root, 'daemon/main.ts'), 'run', '--config', file, ...argv], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
  });
  const text = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    text.out += data;
  });
  child.stderr.on('data', (data) => {
    text.err += data;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, text, ended };
}

async function scene(): Promise<{ folder: string; config: Record<string, object | string> }> {
  const folder = temporaryFolder();
  await writeBundle(join(folder, 'tiny@1.0.0'), files, lenient);
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  const parts = { train: 0, validation: 0, testGood: 4, testPerKind: 0 };
  await exportSynthetic(write, { dir: join(folder, 'parts'), seed: 1, grid, ...parts });
  const config = {
    line: { product, bundle: 'tiny@1.0.0' },
    camera: { driver: 'replay', replay: { folder: 'parts', periodMs: 100, loop: true } },
    inference: { threads: 1 },
    mqtt: { embeddedPort: 0 },
    opcua: { port: 0 },
    stateDir: 'state',
  };
  return { folder, config };
}

describe('twinspect run', () => {
  test('says where to subscribe; a real client gets each verdict; stops after those asked for', async () => {
    const { folder, config } = await scene();
    // Time enough between parts for the subscriber to be there before the first.
    const slow = { driver: 'replay', replay: { folder: 'parts', periodMs: 700, loop: true } };
    const { text, ended } = await start(folder, { ...config, camera: slow }, ['--parts', '5']);
    await until('the broker is named', () => /mosquitto_sub .* -p \d+/.test(text.err));
    const [, port, topic] = /mosquitto_sub -h 127.0.0.1 -p (\d+) -v -t '([^']+)'/.exec(text.err)!;
    expect(text.err).toMatch(/OPC UA {2}opc.tcp:\/\/127.0.0.1:\d+\S* {2}nodes ns=1;s=line1.Verdict/);
    expect(text.err).toContain('NO USERS YET: anybody on this machine reads, nobody writes');
    expect(text.err).toContain('tiny@1.0.0 judges product tiny');
    const verdicts: VerdictPayload[] = [];
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`);
    onTestFinished(() => client.endAsync(true).then(() => undefined));
    client.on('message', (_topic, payload) => verdicts.push(JSON.parse(String(payload))));
    await client.subscribeAsync(topic!);
    expect(await ended).toBe(0);
    const lines = text.out.trim().split('\n');
    expect(lines).toHaveLength(5);
    const line =
      /^\d\d:\d\d:\d\d\.\d{3}Z {2}test\/good\/00\d +(PASS|FAIL|UNDECIDED) +\w+ +score \S+ \/ 1\.000e\+6 .* ms/;
    for (const each of lines) expect(each).toMatch(line);
    expect(text.err).toMatch(/5 parts: \d pass, \d fail, \d undecided/);
    expect(verdicts.length).toBeGreaterThanOrEqual(4);
    for (const verdict of verdicts) checkMessage('verdict', verdict);
    const told = verdicts.map(({ decision, partId }) => `${partId} ${decision.toUpperCase()}`);
    expect(lines.map((each) => each.split(/ {2,}/).slice(1, 3).join(' '))).toEqual(expect.arrayContaining(told));
  });

  test('Ctrl-C stops it in order with exit code 0, and leaves no process behind', async () => {
    const { folder, config } = await scene();
    const { child, text, ended } = await start(folder, config);
    await until('a verdict', () => text.out.includes('\n'));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(text.err).toMatch(/\d+ parts: /);
    expect(text.err).not.toContain('does not stop');
  });

  test('colour profiles of a recording are warned of in the log, once', async () => {
    const { folder, config } = await scene();
    const colour = join(folder, 'parts/test/good/rgb');
    for (const name of await readdir(colour)) {
      const path = join(colour, name);
      await writeFile(path, await sharp(path).withMetadata().png().toBuffer());
    }
    const { text, ended } = await start(folder, config, ['--parts', '5']);
    expect(await ended).toBe(0);
    const told = text.err.split('\n').filter((line) => line.includes('carries a colour profile'));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0]!)).toMatchObject({ level: 'warn', path: expect.stringMatching(/rgb\/00\d\.png$/) });
  });

  test('a bundle changed in the config file judges without a restart', async () => {
    const { folder, config } = await scene();
    await writeBundle(join(folder, 'tiny@2.0.0'), files, (manifest) => ({ ...lenient(manifest), version: '2.0.0' }));
    const { child, text, ended } = await start(folder, { ...config, opcua: { enabled: false } });
    await until('a verdict', () => text.out.includes('\n'));
    const swapped = { ...config, opcua: { enabled: false }, line: { product, bundle: 'tiny@2.0.0' } };
    await writeFile(join(folder, 'twinspect.json'), JSON.stringify(swapped));
    await until('the swap is told', () => text.err.includes('tiny@2.0.0 judges now'));
    const gone = { ...swapped, line: { product, bundle: 'none@3' } };
    await writeFile(join(folder, 'twinspect.json'), JSON.stringify(gone));
    await until('the refusal is told', () => /error bundle\/missing: No bundle at .*none@3/.test(text.err));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(text.out).not.toContain('noModel');
  });

  test('a state folder that cannot be written, and a port that is taken, are named', async () => {
    const { folder, config } = await scene();
    const stateDir = join('tiny@1.0.0', 'manifest.json');
    const unwritable = await start(folder, { ...config, stateDir });
    expect(await unwritable.ended).toBe(1);
    expect(unwritable.text.err).toMatch(/error start\/state: Cannot write the state folder .*manifest.json/);
    expect(unwritable.text.err).toContain('start failed at step \\"state folder\\"');
    const other = createServer();
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    );
    onTestFinished(() => void other.close());
    const taken = await start(folder, { ...config, mqtt: { embeddedPort: port } });
    expect(await taken.ended).toBe(1);
    expect(taken.text.err).toMatch(new RegExp(`error port/taken: .*127.0.0.1:${port}.*mqtt.embeddedPort`));
  });

  test('OPC UA for the plant network does not start without a user, and says which command makes one', async () => {
    const { folder, config } = await scene();
    const open = await start(folder, { ...config, opcua: { host: '0.0.0.0', port: 0 } });
    expect(await open.ended).toBe(1);
    expect(open.text.err).toMatch(/error opcua\/noUser: .*0\.0\.0\.0/);
    expect(open.text.err).toContain('twinspect user add NAME --role observe');
  });

  test('a broker that is not there is no reason not to judge', async () => {
    const { folder, config } = await scene();
    const mqttAbsent = { ...config, mqtt: { url: 'mqtt://127.0.0.1:1' }, opcua: { enabled: false } };
    const { text, ended } = await start(folder, mqttAbsent, ['--parts', '3']);
    expect(await ended).toBe(0);
    expect(text.out.trim().split('\n')).toHaveLength(3);
    expect(text.err).toMatch(/"level":"(warn|error)".*127\.0\.0\.1:1/);
  });
});
