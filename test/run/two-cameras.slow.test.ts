/** The whole daemon on two network cameras, simulated: configured, triggered, judged, and told what is missing. */
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { resolveConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../daemon/clock.ts';
import { aravis, patience, skipAravis, startRig } from '../drivers/aravis/rig.ts';
import type { CameraModel } from '../gige/model.ts';
import { temporaryFolder, until } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { grid, lenient, writeBundle } from '../inference/tiny-bundle.ts';
import { command } from '../line/rig.ts';
import { openDaemon, testConfig } from './rig.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => systemClock.after(ms, resolve));

const colour = (ip: string): CameraModel => ({ ip, serial: 'C1', model: 'Colour', ...grid, format: 'RGB8' });
const range = (ip: string): CameraModel => ({
  ...{ ip, serial: 'R1', model: 'Range', ...grid, format: 'Coord3D_C16' },
  depth: { scale: 0.01, offset: 0, invalid: 0 },
});

function configured(stateDir: string, bundle: string, changes: { camera: object; depthCamera?: object }): Config {
  const { config } = resolveConfig(null, {}, 'test');
  const base = testConfig(stateDir, bundle);
  const { camera, depthCamera } = changes;
  return {
    ...base,
    pairing: { ...base.pairing, windowMs: 700, skewMaxUs: 50_000, edgeWindowMs: 50 },
    camera: { ...config.camera, driver: 'aravis', aravis: { ...config.camera.aravis, packetBytes: 8000, ...camera } },
    depthCamera: {
      driver: depthCamera ? 'aravis' : 'none',
      aravis: { ...config.depthCamera.aravis, packetBytes: 8000, ...depthCamera },
    },
  };
}

describe.skipIf(skipAravis)(
  `libaravis ${aravis ?? '(not installed)'}: a line of network cameras`,
  { timeout: 2 * patience },
  () => {
    test('two cameras: each trigger one verdict, a lost frame undecided, a lost camera told', async () => {
      const folder = temporaryFolder();
      const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
      const rig = await startRig({
        models: [colour('127.0.14.1'), range('127.0.14.2')],
        scene: { seed: 1, scenes: 4 },
      });
      const config = configured(join(folder, 'state'), bundle, {
        camera: { address: '127.0.14.1', count: 'chunk', countFeature: 'CounterValue' },
        depthCamera: { address: '127.0.14.2' },
      });
      const { daemon, records } = openDaemon(config);
      await daemon.start();
      const { line } = daemon;
      const shoot = async () => {
        const before = records.length;
        // Parts of a line do not come within the time in which two cameras hear one trigger.
        await pause(150);
        await rig.edge();
        await until(`verdict ${before + 1}`, () => records.length > before, patience / 2);
        return records.at(-1)!;
      };
      for (let part = 0; part < 4; part++) {
        const record = await shoot();
        expect(record, `${record.reason}: ${record.detail}`).toMatchObject({
          ...{ decision: expect.stringMatching(/pass|fail/), trigger: part + 1 },
        });
      }
      await rig.faults(1, { vanish: 1 });
      expect(await shoot()).toMatchObject({ decision: 'undecided', reason: 'unpaired' });
      expect(await shoot()).toMatchObject({ decision: expect.stringMatching(/pass|fail/) });
      await rig.faults(1, { frozen: true });
      await until('not ready', () => !line!.readyState().ready, patience / 2);
      expect(line!.readyState()).toMatchObject({ ready: false, why: 'cameraLost' });
      expect(await shoot()).toMatchObject({ decision: 'undecided', reason: 'cameraLost' });
      await rig.faults(1, { frozen: false });
      await until('ready again', () => line!.readyState().ready, patience / 2);
      expect(await shoot()).toMatchObject({ decision: expect.stringMatching(/pass|fail/) });
      expect(line!.load.frames).toBe(0);
    });

    test('one camera that delivers both', async () => {
      const folder = temporaryFolder();
      const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
      const rig = await startRig({ models: [range('127.0.14.3')], scene: { seed: 1, scenes: 4 } });
      const config = configured(join(folder, 'state'), bundle, { camera: { address: '127.0.14.3' } });
      const { daemon, records } = openDaemon(config);
      await daemon.start();
      await rig.edge();
      await until('a verdict', () => records.length === 1, patience / 2);
      expect(records[0]).toMatchObject({ decision: expect.stringMatching(/pass|fail|undecided/), trigger: 1 });
      expect(records[0]!.reason).not.toBe('unpaired');
    });

    test('by command of the plant, with cameras that we trigger ourselves', async () => {
      const folder = temporaryFolder();
      const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
      await startRig({ models: [colour('127.0.14.4'), range('127.0.14.5')], scene: { seed: 1, scenes: 4 } });
      const wanted = configured(join(folder, 'state'), bundle, {
        camera: { address: '127.0.14.4', trigger: 'software' },
        depthCamera: { address: '127.0.14.5', trigger: 'software' },
      });
      const config: Config = {
        ...wanted,
        line: { ...wanted.line, trigger: 'command' },
        pairing: { ...wanted.pairing, captureEarlyMs: 0, captureLateMs: 400, skewMaxUs: 400_000 },
      };
      const { daemon, records } = openDaemon(config);
      await daemon.start();
      for (let part = 1; part <= 3; part++) {
        await pause(500);
        daemon.line!.trigger(command(`P${part}`));
        await until(`verdict ${part}`, () => records.length === part, patience / 2);
        expect(records.at(-1)).toMatchObject({ partId: `P${part}`, decision: expect.stringMatching(/pass|fail/) });
      }
    });

    test('a camera that is not there: the daemon starts, says why it is not ready, and goes on trying', async () => {
      const folder = temporaryFolder();
      const bundle = await writeBundle(join(folder, 'a@1.0.0'), files, lenient);
      const config = configured(join(folder, 'state'), bundle, {
        camera: { address: '127.0.14.6' },
        depthCamera: { address: '127.0.14.7' },
      });
      const { daemon } = openDaemon(config);
      onTestFinished(() => daemon.stop());
      await daemon.start();
      const state = daemon.line!.readyState();
      expect(state).toMatchObject({ ready: false, why: 'cameraLost' });
      expect(JSON.stringify(state)).toContain('no camera answers at 127.0.14.');
      await startRig({ models: [colour('127.0.14.6'), range('127.0.14.7')] });
      await until('ready', () => daemon.line!.readyState().ready, patience / 2);
    });
  },
);
