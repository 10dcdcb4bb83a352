/**
 * Folder -> bundle ready to run: manifest read strictly, every file's digest checked, the networks merged into one
 * graph. What it gives has not been run yet: the golden parts are replayed by whoever holds the session.
 */
import { createHash } from 'node:crypto';
import { fail } from '../../errors.ts';
import { readOnnx } from '../onnx/read.ts';
import { writeOnnx } from '../onnx/write.ts';
import { assemble, type Networks } from './assemble.ts';
import { type Golden, readGolden } from './golden.ts';
import { type GoldenPart, type Manifest, parseManifest, type Variant } from './manifest.ts';
import { networkFiles } from './networks.ts';
import { type Precision, variantFor } from './variants.ts';

/** Reads one file of the bundle by its path inside; rejects where there is none. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

export interface LoadedBundle {
  manifest: Manifest;
  /** sha256 of manifest.json, hex */
  digest: string;
  variant: Variant;
  networks: Networks;
  /** The merged graph as ONNX bytes. */
  model: Uint8Array;
  golden: Golden[];
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Manifest and digest only. `path` names the bundle in errors. */
export async function readManifest(read: ReadFile, path: string): Promise<{ manifest: Manifest; digest: string }> {
  let bytes: Uint8Array;
  try {
    bytes = await read('manifest.json');
  } catch (error) {
    throw fail('bundle/missing', { path }, error);
  }
  return { manifest: parseManifest(new TextDecoder().decode(bytes), path), digest: sha256(bytes) };
}

/** A bundle as it lies in its files, each verified: what another version is made from. */
export interface OpenedBundle {
  manifest: Manifest;
  digest: string;
  /** Every file the manifest lists, by its path inside. */
  files: ReadonlyMap<string, Uint8Array>;
  networks: Networks;
  golden: Golden[];
}

/** With the fp32 networks. Throws `bundle/missing`, `bundle/manifest`, `bundle/digest` or `onnx/unreadable`. */
export async function openBundle(read: ReadFile, path: string): Promise<OpenedBundle> {
  const { manifest, digest } = await readManifest(read, path);
  const files = await readVerified(read, manifest, path);
  const { take, networksOf } = filesOf(files, path);
  const golden = manifest.golden.map((part) => readGolden(part, take));
  return { manifest, digest, files, networks: networksOf(null), golden };
}

/** The first variant of the provider in one of the precisions wanted, ready to run. Throws what `openBundle` throws. */
export async function loadBundle(
  read: ReadFile,
  path: string,
  provider: Variant['provider'],
  wanted: readonly Precision[] = ['fp32'],
): Promise<LoadedBundle> {
  const { manifest, digest } = await readManifest(read, path);
  const files = await readVerified(read, manifest, path);
  const variant = variantFor(manifest, provider, wanted, path);
  const { take, networksOf } = filesOf(files, path);
  const networks = networksOf(variant);
  const golden = goldenOf(manifest, variant).map((part) => readGolden(part, take));
  return { manifest, digest, variant, networks, model: writeOnnx(assemble(manifest, variant, networks)), golden };
}

/** The golden parts of a variant: the bundle's images, with its own numbers where it has some. */
export function goldenOf({ golden }: Manifest, variant: Variant): GoldenPart[] {
  if (!variant.golden) return golden;
  return variant.golden.map((own) => ({ ...golden.find(({ name }) => name === own.name)!, ...own }));
}

function filesOf(files: ReadonlyMap<string, Uint8Array>, path: string) {
  const take = (file: string): Uint8Array => {
    const bytes = files.get(file);
    if (!bytes) throw fail('bundle/manifest', { path, problem: `files does not list ${file}` });
    return bytes;
  };
  const networksOf = (variant: Variant | null): Networks =>
    Object.fromEntries(
      networkFiles.map((network) => {
        const file = variant?.networks?.[network] ?? network;
        return [network, readOnnx(take(file), `${path}/${file}`)];
      }),
    ) as Networks;
  return { take, networksOf };
}

/** Every file the manifest lists, its digest checked. */
async function readVerified(read: ReadFile, manifest: Manifest, path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [file, expected] of Object.entries(manifest.files)) {
    let bytes: Uint8Array;
    try {
      bytes = await read(file);
    } catch (error) {
      throw fail('bundle/digest', { path, file, actual: 'no such file', expected }, error);
    }
    const actual = sha256(bytes);
    if (actual !== expected) throw fail('bundle/digest', { path, file, actual, expected });
    files.set(file, bytes);
  }
  return files;
}
