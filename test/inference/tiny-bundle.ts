/**
 * A real bundle that is taught in a second or two: a random tiny teacher, parts of the synthetic camera at 64 x 64.
 * It judges badly and loads, scores, replays and swaps as any other. Tests get it from `taught-once.ts`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { renderPart } from '../../drivers/synthetic/part.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { bestRecipe } from '../../models/nets/recipe.ts';
import type { TeacherSpec, TeacherWeights } from '../../models/nets/teacher.ts';
import { seeded } from '../../models/random.ts';
import { teach } from '../../models/teach/teach.ts';
import type { GoodPart } from '../../models/teach/teaching.ts';

export const grid = { widthPx: 64, heightPx: 64 };
export const product = 'tiny';
const seed = 1;

const spec: TeacherSpec = { stem: 4, blocks: [1, 1, 1], channels: [4, 8, 16], stemPool: 3 };

/** He-normal convolutions, seeded; every convolution of a ResNet of basic blocks by torchvision's name. */
function randomWeights(): TeacherWeights {
  const random = seeded(seed);
  const weights: Map<string, { weight: Float32Array; bias: Float32Array }> = new Map();
  const add = (name: string, out: number, fan: number): void => {
    const gain = Math.sqrt(2 / fan);
    const weight = Float32Array.from({ length: out * fan }, () => gain * random.normal());
    weights.set(name, { weight, bias: new Float32Array(out) });
  };
  add('conv1', spec.stem, 3 * 49);
  let before = spec.stem;
  for (const [level, out] of spec.channels.entries()) {
    const name = `layer${level + 1}.0`;
    add(`${name}.conv1`, out, before * 9);
    add(`${name}.conv2`, out, out * 9);
    if (before !== out) add(`${name}.downsample.0`, out, before);
    before = out;
  }
  return weights;
}

/** The images of a good part of the synthetic line; the camera with the same seed shows the same ones. */
export function goodPart(part: number): { widthPx: number; heightPx: number; rgb: Uint8Array; depthMm: Float32Array } {
  const { rgb, depthMm } = renderPart({ seed, part, grid });
  return { ...grid, rgb, depthMm };
}

function goodParts(from: number, count: number): GoodPart[] {
  return Array.from({ length: count }, (_, i) => ({ id: `p${from + i}`, load: async () => goodPart(from + i) }));
}

/** The bundle's files by path. */
export async function teachTiny(): Promise<Map<string, Uint8Array>> {
  const { files } = await teach(
    {
      ...{ name: 'tiny', version: '1.0.0', product, seed, epochs: 1, batch: 4, learningRate: 0.002, threads: 1 },
      training: goodParts(1, 8),
      heldOut: goodParts(101, 4),
      teacher: { spec, weights: randomWeights(), metadata: {}, source: 'random', digest: 'none' },
      modalities: ['rgb', 'depth'],
      recipe: bestRecipe,
      working: grid,
      roi: null,
      ignore: [],
      datum: 'fitted',
      falseRejectRate: 0.1,
      featureCacheMb: 100,
    },
    {
      snapshots: { load: async () => null, save: async () => {} },
      say: () => {},
      progress: () => {},
      signal: new AbortController().signal,
    },
  );
  return files;
}

/** Writes a bundle folder; `edit` makes another bundle of it by its manifest alone, whose digest it changes. */
export async function writeBundle(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  edit: (manifest: Manifest) => Manifest = (manifest) => manifest,
): Promise<string> {
  for (const [path, bytes] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (path === 'manifest.json') {
      const manifest = edit(JSON.parse(new TextDecoder().decode(bytes)) as Manifest);
      await writeFile(target, JSON.stringify(manifest, null, 2));
    } else await writeFile(target, bytes);
  }
  return folder;
}

/** Good parts never fail: the tests are of what happens around judging. */
export function lenient(manifest: Manifest): Manifest {
  const variants = manifest.variants.map((variant) => ({ ...variant, threshold: 1e6, pixelThreshold: 1e6 }));
  return { ...manifest, variants, minJudgedShare: 0.1 };
}
