import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { loadAravis } from '../../drivers/aravis/library.ts';
import { CameraRig } from '../gige/rig.ts';
import { scene } from './scene.ts';

/** The commands against simulated cameras on loopback, through the real libaravis. */
const [colour, depth] = ['127.0.41.2', '127.0.41.3'];
const there = ((): boolean => {
  try {
    loadAravis('');
    return true;
  } catch {
    // libaravis is not installed: skipped by name
    return false;
  }
})();

const rig = there
  ? await CameraRig.start({
      models: [
        { ip: colour, serial: 'RGB41', model: 'SimRGB', widthPx: 64, heightPx: 48, format: 'RGB8' },
        {
          ...{ ip: depth, serial: 'D41', model: 'Sim3D', widthPx: 64, heightPx: 48, format: 'Coord3D_C16' },
          depth: { scale: 0.1, offset: 0 },
        },
      ],
    })
  : null;
afterAll(() => rig?.stop());

async function call(argv: string, cwd?: string) {
  const context = scene({ clock: systemClock, ...(cwd !== undefined && { cwd }) });
  const code = await dispatch(argv.split(' '), context, { seats, load: loadCommand });
  return { code, out: context.out.join('\n'), err: context.err.join('\n') };
}

test.skipIf(!there)('a camera is shown with what it delivers', async () => {
  const { out, code } = await call(`camera show ${colour} --json`);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    serial: 'RGB41',
    model: 'SimRGB',
    rgb: 'the image, RGB8',
    TriggerMode: 'Off',
  });
});

test.skipIf(!there)('features are listed with their ranges, written, and refused by name and range', async () => {
  const listed = await call(`camera features ${colour} trigger`);
  expect(listed.out).toContain('TriggerSource = Line0  (one of Line0, Software, Action0)');
  const written = await call(`camera features ${colour} --set ExposureTime=7000 --json`);
  expect(JSON.parse(written.out)[colour!][0]).toMatchObject({ name: 'ExposureTime', value: '7000' });
  expect((await call(`camera features ${colour} --set Width=99999`)).err).toContain(
    'feature Width cannot be 99999: expected 16 to 4096',
  );
  expect((await call(`camera features ${colour} --set NoSuch=1`)).err).toContain('the camera has no such feature');
  expect((await call(`camera features ${colour} --set Width`)).err).toContain('expected FEATURE=VALUE');
});

test.skipIf(!there)('a picture of depth is taken by software trigger', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'twinspect-camera-'));
  const { out, code } = await call(`camera snap ${depth} --of depth --trigger software --out . --json`, cwd);
  expect(code).toBe(0);
  const [shot] = JSON.parse(out) as { file: string; widthPx: number; nearMm: number }[];
  expect(shot).toMatchObject({ widthPx: 64, file: join(cwd, `${depth}-depth.png`) });
  expect(shot!.nearMm).toBeGreaterThan(380);
});

test.skipIf(!there)('a wrong address is said at once, not waited for', async () => {
  const { code, err } = await call('camera show 127.0.41.77');
  expect(code).toBe(1);
  expect(err).toMatch(/error camera\/away: .*no camera answers at 127\.0\.41\.77/);
});
