import { spawn } from 'node:child_process';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { depthView } from '../../daemon/commands/camera/depth-view.ts';
import { hostFindings } from '../../daemon/commands/camera/host.ts';
import type { Context } from '../../daemon/commands/command.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { diskFiles } from '../../drivers/files.ts';
import { decodePng8 } from '../../drivers/image/png.ts';
import { listSamples, openCamera } from '../../drivers/index.ts';
import { readRecording } from '../../drivers/recording/reader.ts';
import { RecordingWriter } from '../../drivers/recording/writer.ts';
import { calibrationDigest, checkCalibration, formatCalibration } from '../../drivers/registration/calibration.ts';
import { proofCalibration, proofScene } from '../../drivers/registration/proof-scene.ts';
import { Registration } from '../../drivers/registration/registration.ts';
import { root } from '../architecture/source.ts';
import { MemoryFile } from '../drivers/recording/recorded.ts';
import { RecordingSink } from '../drivers/recording-sink.ts';
import { SimulatedClock } from '../drivers/simulated-clock.ts';
import { filesOf, scene } from './scene.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'twinspect-camera-'));
const quick = 'camera: { synthetic: { periodMs: 200, seed: 3, defectRate: 0 } }\n';

/** A configuration is read where it lies, like every file on a command line. */
async function call(cwd: string, argv: string, given: Partial<Context> = {}) {
  const context = scene({ cwd, clock: systemClock, ...given });
  const code = await dispatch(argv.replace('--config ', `--config ${cwd}/`).split(' '), context, {
    seats,
    load: loadCommand,
  });
  return { code, out: context.out.join('\n'), err: context.err.join('\n') };
}

test("what is recorded is exported as parts that teach, and is played by the daemon's own driver", async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'c.yaml'), quick);
  const recorded = await call(cwd, 'camera record --config c.yaml --out a.mcap --parts 3 --json');
  expect(JSON.parse(recorded.out)).toMatchObject({ triggers: 3, frames: 6, dropped: 0, why: 'parts' });
  const exported = await call(cwd, 'camera export a.mcap --out set --config c.yaml --json');
  expect(JSON.parse(exported.out)).toMatchObject({
    opened: 3,
    parts: 3,
    faults: {},
    depthMmPerUnit: 0.01,
    damage: null,
  });
  const samples = await listSamples(diskFiles, join(cwd, 'set'));
  expect(samples.map(({ id, calibration }) => [id, calibration])).toEqual([
    ['train/good/000001', null],
    ['train/good/000002', null],
    ['train/good/000003', null],
  ]);
  const gaps = samples.slice(1).map((sample, i) => sample.capturedAtMs! - samples[i]!.capturedAtMs!);
  for (const gap of gaps) expect(gap).toBeGreaterThan(100);
  // the recorded frame and the exported one are the same picture, and the same depth to half a step
  const camera = await openCamera(
    { id: 'film', driver: 'replay', replay: { folder: join(cwd, 'a.mcap'), pace: 'stepped' } },
    systemClock,
    diskFiles,
  );
  const sink = new RecordingSink();
  await camera.start(sink, new AbortController().signal);
  await expect.poll(() => camera.trigger()).toBe(true);
  await expect.poll(() => sink.depth(1)).toBeDefined();
  await camera.stop();
  const first = await samples[0]!.load();
  expect(Buffer.compare(first.rgb, sink.rgb(1)!.pixels)).toBe(0);
  const { depthMm } = sink.depth(1)!;
  expect(first.depthMm.every((mm, at) => Math.abs(mm - depthMm[at]!) <= 0.0051)).toBe(true);
});

test('a recording is not written over, and its name says what it is', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'a.mcap'), 'mine');
  expect((await call(cwd, 'camera record --out a.mcap --parts 1')).err).toContain('error file/exists');
  expect(await readFile(join(cwd, 'a.mcap'), 'utf8')).toBe('mine');
  expect((await call(cwd, 'camera record --out a.bag')).err).toContain('expected FILE.mcap');
  expect((await call(cwd, 'camera records')).err).toContain('no sub-command records; did you mean record?');
});

test('a recorder that is killed leaves everything older than a second, and it can be exported', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'c.yaml'), quick);
  const path = join(cwd, 'k.mcap');
  const argv = ['camera', 'record', '--config', 'c.yaml', '--out', path];
  const child = spawn(process.execPath, [join(root, 'daemon/main.ts'), ...argv], { cwd, stdio: 'ignore' });
  const size = async (): Promise<number> => (await stat(path).catch(() => ({ size: 0 }))).size;
  await expect.poll(size, { interval: 50 }).toBeGreaterThan(3_000_000);
  child.kill('SIGKILL');
  await new Promise((gone) => child.once('exit', gone));
  const { items, damage } = await readRecording(diskFiles.pieces(path), path);
  let frames = 0;
  for await (const item of items) if ('stamp' in item) frames++;
  expect(damage()).toMatch(/cut/);
  expect(frames).toBeGreaterThanOrEqual(8);
  const exported = await call(cwd, 'camera export k.mcap --out set --config c.yaml');
  expect(exported.code).toBe(0);
  expect(exported.err).toContain('warning: it is cut');
});

test('two grids and a calibration: the parts exported are registered by the same function as the line', async () => {
  const cwd = await folder();
  const made = proofScene();
  const calibration = checkCalibration(proofCalibration, 'proof');
  const file = new MemoryFile();
  const clock = new SimulatedClock();
  const cameras = [{ id: 'both', modalities: ['rgb', 'depth'] as const }];
  const writer = await RecordingWriter.begin(file, {
    ...{ cameras, beganAtMs: 1.7e12, beganAtMonotonicMs: clock.nowMs() },
    calibration: formatCalibration(calibration),
  });
  const stamp = { cameraId: 'both', frameId: 1, trigger: 1, capturedAtUs: 1e6, arrivedAtMs: 1001, complete: true };
  await writer.event('both', 1000, { kind: 'triggered', count: 1, partId: null });
  await writer.frame({ ...stamp, ...made.rgb, modality: 'rgb', release: () => {} });
  await writer.frame({ ...stamp, ...made.depth, modality: 'depth', release: () => {} });
  await writer.end();
  await writeFile(join(cwd, 'two.mcap'), file.contents());
  expect(await call(cwd, 'camera export two.mcap --out set')).toMatchObject({ code: 0 });
  const [sample] = await listSamples(diskFiles, join(cwd, 'set'));
  expect(sample!.calibration).toBe(calibrationDigest(calibration));
  const part = await sample!.load();
  const expected = new Registration(calibration).register(made.rgb, made.depth);
  expect(Buffer.compare(part.rgb, expected.rgb)).toBe(0);
});

test('calibrations are brought in, shown and checked', async () => {
  const cwd = await folder();
  const lens = (w: number, h: number, f: number): string =>
    `image_width: ${w}\nimage_height: ${h}\ncamera_matrix:\n  rows: 3\n  cols: 3\n` +
    `  data: [${f}, 0, ${w / 2}, 0, ${f}, ${h / 2}, 0, 0, 1]\ndistortion_coefficients:\n  rows: 1\n  cols: 5\n` +
    '  data: [0, 0, 0, 0, 0]\n';
  await writeFile(join(cwd, 'd.yaml'), lens(640, 480, 610));
  await writeFile(join(cwd, 'c.yaml'), lens(1280, 960, 1190));
  await writeFile(join(cwd, 'p.yaml'), 'R: [1, 0, 0, 0, 1, 0, 0, 0, 1]\nT: [-58, 0, 0]\n');
  const all = 'camera calibrate --depth d.yaml --rgb c.yaml --pose p.yaml --out cal.json';
  expect((await call(cwd, all)).err).toContain('camera calibrate needs --unit');
  const made = await call(cwd, `${all} --unit mm`);
  expect(made.code).toBe(0);
  expect(made.out).toContain('58.0 mm apart, turned 0.00 degrees');
  expect((await call(cwd, 'camera calibrate --check cal.json')).out).toContain('1280 x 960 px, sees 56.5 x 43.9');
  expect((await call(cwd, `${all} --unit m`)).err).toMatch(/these look like another unit/);
  expect((await call(cwd, `${all} --unit inch`)).err).toContain('expected mm or m');
  await writeFile(join(cwd, 'line.yaml'), 'registration: { calibration: cal.json }\n');
  const doctor = await call(cwd, 'camera doctor --config line.yaml --json');
  const { findings } = JSON.parse(doctor.out) as { findings: { check: string; text: string }[] };
  expect(findings.at(-1)).toMatchObject({ check: 'calibration', status: 'ok' });
  await writeFile(join(cwd, 'line.yaml'), 'registration: { calibration: none.json }\n');
  expect((await call(cwd, 'camera doctor --config line.yaml')).code).toBe(1);
});

test('a snap shows what the camera sees: colour to the bit, depth with its range', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'c.yaml'), quick);
  const { out, code } = await call(cwd, 'camera snap --config c.yaml --out shots --json');
  expect(code).toBe(0);
  const shots = JSON.parse(out) as { modality: string; file: string; nearMm?: number; farMm?: number }[];
  expect(shots.map(({ modality }) => modality)).toEqual(['rgb', 'depth']);
  const colour = await decodePng8(await readFile(shots[0]!.file), 'rgb');
  expect([colour.widthPx, colour.heightPx]).toEqual([320, 240]);
  expect(shots[1]!.nearMm).toBeGreaterThan(390);
  expect(shots[1]!.farMm).toBeLessThan(410);
  const again = await call(cwd, 'camera snap --config c.yaml --out shots');
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('error file/exists') });
});

test('watching counts what came in each second', async () => {
  const cwd = await folder();
  await writeFile(join(cwd, 'c.yaml'), quick);
  const { out } = await call(cwd, 'camera watch --config c.yaml --for 2 --json');
  const rows = out.split('\n').map((line) => JSON.parse(line) as { rgb: number; depth: number; apartUs: number });
  expect(rows).toHaveLength(2);
  expect(rows[0]!.rgb + rows[1]!.rgb).toBeGreaterThan(2);
  expect(rows[1]).toMatchObject({ camera: 'camera1', state: 'running', apartUs: 0, dropped: 0 });
});

test('in the picture of depth near is bright, far is dark, no reading is magenta, and the bar names the ends', () => {
  const depthMm = Float32Array.from({ length: 200 * 50 }, (_, at) => 400 + (at % 200));
  depthMm[0] = Number.NaN;
  const view = depthView({ depthMm, widthPx: 200, heightPx: 50 });
  const colour = (x: number, y: number): number[] => [
    ...view.pixels.subarray((y * 200 + x) * 3, (y * 200 + x) * 3 + 3),
  ];
  expect(colour(0, 0)).toEqual([255, 0, 200]);
  expect(colour(2, 20)).toEqual([253, 231, 37]);
  expect(colour(198, 20)).toEqual([38, 10, 60]);
  expect([Math.round(view.nearMm), Math.round(view.farMm)]).toEqual([402, 597]);
  expect(view.heightPx).toBeGreaterThan(70);
  const foot = view.pixels.subarray(75 * 200 * 3);
  expect(foot.includes(255)).toBe(true);
});

test('a host that is not fit is told with the command that mends it, one that is fit is not', async () => {
  const bad = {
    '/proc/sys/net/core/rmem_max': '212992\n',
    '/sys/class/net/eth1/type': '1',
    '/sys/class/net/eth1/mtu': '1500',
    '/sys/class/net/lo/type': '772',
    '/proc/self/status': 'CapEff:\t0000000000000000\n',
    '/proc/sys/net/ipv4/conf/all/rp_filter': '1',
    '/sys/module/usbcore/parameters/usbfs_memory_mb': '16',
    '/sys/class/ptp/ptp0/clock_name': 'igb',
  };
  const found = await hostFindings(filesOf(bad));
  expect(found.map(({ status }) => status)).toEqual(Array(6).fill('warn'));
  const advice = found.map((finding) => finding.advice).join('\n');
  for (const command of [
    'sysctl -w net.core.rmem_max=33554432',
    'ip link set dev eth1 mtu 9000',
    'setcap cap_net_raw+ep',
    'sysctl -w net.ipv4.conf.all.rp_filter=2',
    'echo 1000 | sudo tee /sys/module/usbcore/parameters/usbfs_memory_mb',
    'ptp4l -i',
  ]) {
    expect(advice).toContain(command);
  }
  const good = await hostFindings(
    filesOf({
      ...bad,
      '/proc/sys/net/core/rmem_max': '67108864',
      '/sys/class/net/eth1/mtu': '9000',
      '/proc/self/status': 'CapEff:\t0000000000002000\n',
      '/proc/sys/net/ipv4/conf/all/rp_filter': '2',
      '/sys/module/usbcore/parameters/usbfs_memory_mb': '1000',
      '/run/ptp4l': '',
    }),
  );
  expect(good.map(({ status }) => status)).toEqual(Array(6).fill('ok'));
});
