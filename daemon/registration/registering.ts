/**
 * How a line brings its pairs onto one grid: by the calibration of its configuration, or as they come where the
 * cameras share a grid already. Every pair that was registered is offered to the watch.
 */
import { calibrationDigest, parseCalibration } from '../../drivers/registration/calibration.ts';
import { Registration } from '../../drivers/registration/registration.ts';
import { type Register, sameGrid } from '../line/held.ts';
import { type DriftState, RegistrationWatch, type WatchDeps } from './watch.ts';

export interface Registering {
  readonly register: Register;
  /** sha256 of the calibration; null where the frames share a grid. */
  readonly digest: string | null;
  drift(): DriftState;
  /** A bundle serves now: warns once where its parts were registered otherwise. */
  heed(bundle: { readonly digest: string; readonly calibration?: string | null } | null): void;
}

export interface RegisteringDeps extends Omit<WatchDeps, 'calibration'> {
  /** The file; null where none is configured: then the camera's own counts. */
  readonly calibrationFile: string | null;
  readonly camera: { readonly id: string; readonly calibration?: string | null };
  read(path: string): Promise<Uint8Array>;
}

/** What stands for a calibration where there is none. */
const noCalibration = 'none';

/** Throws `file/missing` or `calibration/field`. */
export async function openRegistering(deps: RegisteringDeps): Promise<Registering> {
  const { calibrationFile, camera, read, store, log } = deps;
  const own = camera.calibration ?? null;
  const calibration =
    calibrationFile !== null
      ? parseCalibration(new TextDecoder().decode(await read(calibrationFile)), calibrationFile)
      : own === null
        ? null
        : parseCalibration(own, `of camera ${camera.id}`);
  const digest = calibration && calibrationDigest(calibration);
  const register = calibration === null ? sameGrid : registerBy(new Registration(calibration));
  const watch = new RegistrationWatch({ ...deps, calibration: digest ?? noCalibration }, await store.load());
  return {
    register: (rgb, depth) => {
      const pair = register(rgb, depth);
      watch.offer(pair);
      return pair;
    },
    digest,
    drift: () => watch.state,
    heed: heeding(digest, log),
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

function registerBy(registration: Registration): Register {
  return (rgb, depth) => {
    const { unseenShare: _, ...pair } = registration.register(rgb, depth);
    return pair;
  };
}
