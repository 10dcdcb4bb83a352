/**
 * Checks of the bundles: each that the configuration names is whole and of its product; the active one is loaded in a
 * process of its own, with its golden parts judged, as it is before it serves.
 */
import { statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import type { Config } from '../../config/schema.ts';
import { bundleFolder } from '../../config/shipped.ts';
import { fail } from '../../errors.ts';
import { openBundle } from '../../models/bundle/load.ts';
import type { Recipe } from '../command/port.ts';
import { activeRecipe, configRecipe, type KeptChoices, recipesOf } from '../command/recipes.ts';
import { Exchange, openExchange } from '../inference/exchange.ts';
import { Host } from '../inference/host.ts';
import { inferenceSettings } from '../supervise/settings.ts';
import { type Check, type Found, foundError, type Surroundings, tried } from './finding.ts';

const mb = 1024 * 1024;
const memoryFolder = '/dev/shm';
/** Colour, depth, map and judged share of a pair, bytes for each pixel. */
const bytesPerPixel = 3 + 4 + 4 + 1;
/** One host serves, another one is loaded beside it. */
const hostsAtOnce = 2;

export const bundles: Check = {
  name: 'bundle',
  async run(around, config) {
    const active = await activeOf(around, config);
    const found: Found[] = [];
    for (const recipe of recipesOf(config)) {
      const path = folderOf(around, recipe);
      const whole = await tried(() => wholeText(around, recipe, path));
      const isActive = recipe.number === active.number;
      found.push(
        whole.status === 'ok' && isActive && !around.quick ? await loaded(around, config, recipe, path) : whole,
      );
    }
    return found;
  },
};

function folderOf({ cwd }: Surroundings, { bundle }: Recipe): string {
  return resolve(cwd, bundleFolder(bundle));
}

/**
 * What was ordered last may be another recipe than the file's. Read as it lies there: a check sets nothing aside. Where
 * it cannot be read, the file's.
 */
async function activeOf({ cwd, files }: Surroundings, config: Config): Promise<Recipe> {
  const path = resolve(cwd, config.stateDir, `orders-${config.line.id}.json`);
  try {
    const kept = JSON.parse(new TextDecoder().decode(await files.read(path))) as Partial<KeptChoices>;
    return activeRecipe(config, { recipe: kept.recipe ?? null, thresholds: {} }).recipe;
  } catch {
    return configRecipe(config); // none kept, or damaged: its own fault
  }
}

/** Rejects with `bundle/missing`, `bundle/manifest`, `bundle/digest` or `bundle/product`. */
async function wholeText({ files }: Surroundings, { number, product }: Recipe, path: string): Promise<string> {
  const { manifest, digest } = await openBundle((file) => files.read(join(path, file)), path);
  if (manifest.product !== product) {
    throw fail('bundle/product', { path, actual: manifest.product, expected: product });
  }
  return `recipe ${number}: ${manifest.name}@${manifest.version} is whole, digest ${digest.slice(0, 12)}`;
}

async function loaded(
  { clock, beside }: Surroundings,
  config: Config,
  { number, product }: Recipe,
  path: string,
): Promise<Found> {
  const { timeoutMs: inferMaxMs, graceMs, loadTimeoutMs, ...settings } = inferenceSettings(config);
  const { provider, precision, threads, spinning } = settings;
  let host: Host | null = null;
  try {
    host = new Host(clock, { inferMaxMs, graceMs });
    const bundle = await host.load({ path, provider, precision, threads, spinning }, loadTimeoutMs);
    const name = `recipe ${number}: ${bundle.name}@${bundle.version}`;
    const serves = beside?.bundle?.digest === bundle.digest ? ', and serves in the running daemon' : '';
    return { status: 'ok', text: `${name} for ${product} loads and judges its golden parts as taught${serves}` };
  } catch (error) {
    return foundError(error);
  } finally {
    host?.kill(fail('inference/down', { cause: 'the check is over' }));
  }
}

export const sharedMemory: Check = {
  name: memoryFolder,
  async run(around, config) {
    new Exchange(openExchange(`twinspect-check-${process.pid}`)).close();
    const { bavail, bsize } = await statfs(memoryFolder);
    const freeMb = Math.floor((bavail * bsize) / mb);
    const pixels = await largestGrid(around, config);
    const native = config.camera.driver === 'aravis' || config.camera.driver === 'gstreamer';
    const slots = native ? config.line.maxPartsInFlight + 6 : 0;
    const neededMb = Math.ceil(((hostsAtOnce + slots) * pixels * bytesPerPixel) / mb);
    const text = `${freeMb} MB free, pairs of pictures take ${neededMb} MB`;
    if (freeMb >= neededMb) return { status: 'ok', text };
    const advice = 'Give machine or container a larger /dev/shm (docker: --shm-size).';
    return { status: 'fail', text, advice, code: 'inference/room' };
  },
};

/** Of the bundles that can be read; what is wrong with the others, their own check says. */
async function largestGrid(around: Surroundings, config: Config): Promise<number> {
  const { readManifest } = await import('../../models/bundle/load.ts');
  const sizes = recipesOf(config).map(async (recipe) => {
    const path = folderOf(around, recipe);
    const read = (file: string): Promise<Uint8Array> => around.files.read(join(path, file));
    const opened = await readManifest(read, path).catch(() => null);
    return opened ? opened.manifest.input.widthPx * opened.manifest.input.heightPx : 0;
  });
  return Math.max(0, ...(await Promise.all(sizes)));
}
