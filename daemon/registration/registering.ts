/**
 * How a line brings its pairs onto one grid: by the calibration of its configuration, or as they come where the
 * cameras share a grid already. Every pair that was registered is offered to the watch.
 */
import { calibrationDigest, parseCalibration } from '../../drivers/registration/calibration.ts';
import type { PairImages } from '../inference/port.ts';
import { type Register, sameGrid } from '../line/held.ts';
import { RegistrationThread } from './thread.ts';
import { type DriftState, RegistrationWatch, type WatchDeps } from './watch.ts';

export interface Registering {
  register(...pair: Parameters<Register>): Promise<PairImages>;
  /** sha256 of the calibration; null where the frames share a grid. */
  readonly digest: string | null;
  drift(): DriftState;
  /** A bundle serves now: warns once where its parts were registered otherwise. */
  heed(bundle: { readonly digest: string; readonly calibration?: string | null } | null): void;
  close(): Promise<void>;
}

export interface RegisteringDeps extends Omit<WatchDeps, 'calibration'> {
  /** The file; null where none is configured: then the cameras' own counts. */
  readonly calibrationFile: string | null;
  readonly camera: { readonly id: string; readonly calibration?: string | null };
  read(path: string): Promise<Uint8Array>;
}

/** What stands for a calibration where there is none. */
const noCalibration = 'none';

/** Throws `file/missing` or `calibration/field`. */
export async function openRegistering(deps: RegisteringDeps): Promise<Registering> {
  const { calibrationFile, camera, read, store, log } = deps;
  const calibration =
    calibrationFile !== null
      ? parseCalibration(new TextDecoder().decode(await read(calibrationFile)), calibrationFile)
      : camera.calibration
        ? parseCalibration(camera.calibration, `of camera ${camera.id}`)
        : null;
  const digest = calibration && calibrationDigest(calibration);
  const thread = calibration && (await RegistrationThread.open(calibration));
  const register: Register = thread === null ? sameGrid : (rgb, depth) => thread.register(rgb, depth);
  const watch = new RegistrationWatch({ ...deps, calibration: digest ?? noCalibration }, await store.load());
  return {
    register: async (rgb, depth) => {
      const pair = await register(rgb, depth);
      watch.offer(pair);
      return pair;
    },
    digest,
    drift: () => watch.state,
    heed: heeding(digest, log),
    close: async () => thread?.close(),
  };
}

/** Calibrating again after a bundle was taught is usual, and mostly harmless; a bundle of another line is not. */
function heeding(digest: string | null, log: RegisteringDeps['log']): Registering['heed'] {
  let heeded: string | null = null;
  return (bundle) => {
    if (bundle === null || bundle.digest === heeded) return;
    heeded = bundle.digest;
    const { calibration = null } = bundle;
    if (calibration === digest) return;
    log.warn(
      { bundle: calibration, line: digest },
      'the bundle was taught on parts registered with another calibration',
    );
  };
}
