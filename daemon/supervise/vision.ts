/**
 * What the OPC 40100-1 vision system of the line is made of: its recipes' bundles as their manifests lie on the disk,
 * and the set-up of its cameras: the one of the configuration, with the calibration its pairs are registered by.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { bundleFolder } from '../../config/shipped.ts';
import { fail, messageOf } from '../../errors.ts';
import { readManifest } from '../../models/bundle/load.ts';
import type { Recipe } from '../command/port.ts';
import type { BundleOf, CameraSetup, CameraSetups } from '../publish/opcua/vision/ports.ts';
import type { PublishingVision } from '../publish/publishing.ts';
import { cameraId } from './settings.ts';

interface Disk {
  read(path: string): Promise<Uint8Array>;
  /** Wall clock, milliseconds. */
  modifiedAtMs(path: string): Promise<number>;
}

const disk: Disk = {
  read: (path) => readFile(path),
  modifiedAtMs: async (path) => (await stat(path)).mtimeMs,
};

interface VisionOptions {
  readonly config: Config;
  readonly cwd: string;
  /** sha256 of the calibration; null where the frames share a grid. */
  readonly calibration: string | null;
  /** Since when the configuration is in force, wall clock. */
  readonly startedAtMs: number;
  readonly log: { info(values: object, text: string): void };
}

/** Null where it is switched off. */
export function visionOf({ config, cwd, calibration, startedAtMs, log }: VisionOptions): PublishingVision | null {
  if (!config.opcua.machineVision) return null;
  return {
    bundleOf: bundlesIn(cwd, log),
    setups: configuredSetup(config, calibration, startedAtMs),
    opensParts: config.line.trigger,
  };
}

function bundlesIn(cwd: string, log: VisionOptions['log']): BundleOf {
  return async ({ name: recipe, bundle }: Recipe) => {
    const folder = resolve(cwd, bundleFolder(bundle));
    try {
      const { manifest, digest } = await readManifest((path) => disk.read(join(folder, path)), folder);
      const modifiedAtMs = await disk.modifiedAtMs(join(folder, 'manifest.json'));
      return { name: manifest.name, version: manifest.version, digest, modifiedAtMs };
    } catch (error) {
      // The recipe is listed all the same; what serves is the inference's matter.
      log.info({ recipe, folder, cause: messageOf(error) }, 'OPC UA 40100: bundle of a recipe cannot be read');
      return null;
    }
  };
}

/** One set-up, always in use; another one is another configuration and another start. */
function configuredSetup(config: Config, calibration: string | null, startedAtMs: number): CameraSetups {
  const { camera, depthCamera, pairing } = config;
  const digest = createHash('sha256')
    .update(JSON.stringify({ camera, depthCamera, pairing, calibration }))
    .digest('hex');
  const drivers = [camera.driver, ...(depthCamera.driver === 'none' ? [] : [depthCamera.driver])].join(' and ');
  const grid = calibration === null ? 'frames on one grid' : `calibration ${calibration.slice(0, 12)}`;
  const description = `driver ${drivers}, ${grid}, as configured`;
  const setup: CameraSetup = { id: cameraId, version: null, digest, modifiedAtMs: startedAtMs, description };
  return {
    list: () => [setup],
    active: () => setup.id,
    activate: async (_actor, id) => {
      throw fail('camera/setting', { id: cameraId, setting: 'set-up', value: id, expected: setup.id });
    },
    onActive: () => undefined,
  };
}
