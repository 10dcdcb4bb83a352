/** Checks of the cameras: settings and recordings as the start reads them, calibration, and the device itself. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { Camera, CameraSink } from '../../drivers/index.ts';
import { NativeCamera } from '../../drivers/native/camera.ts';
import { calibrationDigest, parseCalibration } from '../../drivers/registration/calibration.ts';
import { checkSettings } from '../line/settings.ts';
import { type LineCameras, openCameras } from '../supervise/cameras.ts';
import { lineSettings, registeringSettings } from '../supervise/settings.ts';
import { type Check, type Found, foundError, type Surroundings, tried } from './finding.ts';

/** A search on several interfaces takes seconds; a camera that is not open by then is waited for by the daemon. */
const openMaxMs = 12_000;

export const cameraChecks: readonly Check[] = [
  {
    name: 'camera',
    async run(around, config) {
      const { cwd, clock, files } = around;
      const cameras = await openCameras(config, cwd, clock, files);
      try {
        checkSettings(lineSettings(config, cameras.all));
        return await opened(around, config, cameras);
      } finally {
        await cameras.stop();
      }
    },
  },
  {
    name: 'calibration',
    async run({ cwd, files }, config) {
      const { calibrationFile: path } = registeringSettings(config, cwd);
      if (path === null) return { status: 'ok', text: 'none: the cameras deliver colour and depth on one grid' };
      return tried(async () => {
        const calibration = parseCalibration(new TextDecoder().decode(await files.read(resolve(cwd, path))), path);
        const { rgb, depth } = calibration;
        const sizes = [rgb, depth].map(({ widthPx, heightPx }) => `${widthPx} x ${heightPx}`);
        const digest = calibrationDigest(calibration).slice(0, 12);
        return `${path}: RGB ${sizes[0]} onto depth ${sizes[1]}, digest ${digest}`;
      }, 'registration.calibration');
    },
  },
];

/** Native ones are opened for a moment, which a camera owned by the running daemon would refuse. */
async function opened(around: Surroundings, { camera }: Config, { all, id }: LineCameras): Promise<readonly Found[]> {
  const native = all.filter((each) => each instanceof NativeCamera);
  if (native.length === 0) return [{ status: 'ok', text: `${id}: ${camera.driver}` }];
  const { beside, quick } = around;
  if (beside) {
    return beside.cameras.map(({ id: name, problem }) =>
      problem === null
        ? { status: 'ok', text: `${name}: held by the running daemon, delivers` }
        : { status: 'warn', text: `${name}: held by the running daemon: ${problem}`, advice: absentAdvice },
    );
  }
  if (quick) return [{ status: 'ok', text: `${id}: ${camera.driver}, not opened` }];
  return Promise.all(native.map((each) => openOne(around, each)));
}

const absentAdvice =
  'Check power, cable and address; "twinspect camera list" shows which answer. It is tried again for ever.';

async function openOne({ clock, signal }: Surroundings, camera: NativeCamera): Promise<Found> {
  const bound = new AbortController();
  const { promise: late, resolve: giveUp } = Promise.withResolvers<'late'>();
  clock.after(openMaxMs, () => giveUp('late'), bound.signal);
  try {
    const started = await Promise.race([camera.start(deaf, signal), late]);
    const problem = started === 'late' ? `not open within ${openMaxMs} ms` : camera.problem;
    if (problem !== null) return { status: 'warn', text: `${camera.id}: ${problem}`, advice: absentAdvice };
    const { vendor = '', model = '', serial = '' } = camera.facts ?? {};
    return { status: 'ok', text: `${camera.id}: ${[vendor, model, serial].join(' ').trim() || 'opens'}` };
  } catch (error) {
    return foundError(error);
  } finally {
    bound.abort();
  }
}

/** Takes everything and keeps nothing. */
const deaf: CameraSink = {
  triggered: () => undefined,
  frame: (frame) => frame.release(),
  dropped: () => undefined,
  lost: () => undefined,
  recovered: () => undefined,
  ended: () => undefined,
} satisfies CameraSink & Partial<Camera>;
