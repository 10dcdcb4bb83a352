import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import { withThreshold } from '../../daemon/inference/decide.ts';
import type { ServedBundle } from '../../daemon/inference/port.ts';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { never, openInference, settings, temporaryFolder, until } from './rig.ts';
import { tinyFiles } from './taught-once.ts';
import { goodPart, product, writeBundle } from './tiny-bundle.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

const bundleIn = (folder: string, name: string, edit?: (manifest: Manifest) => Manifest): Promise<string> =>
  writeBundle(join(folder, name), files, edit);
const version = (wanted: string) => (manifest: Manifest) => ({ ...manifest, version: wanted });

describe('a bundle in service', () => {
  test('is checked by its golden parts where it serves; a check changes no reading', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    await expect(inference.check(never)).rejects.toMatchObject({ code: 'inference/down' });
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    const before = await inference.infer(goodPart(1), never);
    // One and the other of the two kept, more than once.
    for (let check = 0; check < 4; check++) await inference.check(never);
    expect((await inference.infer(goodPart(1), never)).score).toBe(before.score);
    process.kill(inference.host!.pid!, 'SIGSTOP');
    const givenUp = new AbortController();
    const hung = inference.check(givenUp.signal);
    givenUp.abort();
    await expect(hung).rejects.toMatchObject({ code: 'inference/hung' });
    await until('another host', () => inference.problem === null && inference.host !== null);
    await inference.check(never);
  });

  test('a stopped host is killed when its part is given up, and replaced', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    process.kill(inference.host!.pid!, 'SIGSTOP');
    await expect(inference.infer(goodPart(1), AbortSignal.abort())).rejects.toMatchObject({ code: 'inference/hung' });
    expect((await inference.infer(goodPart(1), never)).score).toBeGreaterThan(0);
    expect(inference.counters()).toMatchObject({ hostDeaths: 1, hostStarts: 2 });
  });

  test('a stopped host is killed at its timeout though nobody gives the part up', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder, { settings: { ...settings, timeoutMs: 300 } });
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    process.kill(inference.host!.pid!, 'SIGSTOP');
    const stuck = inference.infer(goodPart(1), never);
    await expect(stuck).rejects.toMatchObject({ code: 'inference/hung', values: { limitMs: 300 } });
  });

  test('a part gives up waiting for a host that does not come back', async () => {
    const folder = temporaryFolder();
    const path = await bundleIn(folder, 'a@1.0.0');
    const { inference, said } = openInference(folder);
    await inference.start({ path, product });
    writeFileSync(join(path, 'student.onnx'), 'gone bad');
    process.kill(inference.host!.pid!, 'SIGKILL');
    await until('a restart is refused', () => inference.problem?.includes('student.onnx') === true);
    await expect(inference.infer(goodPart(1), AbortSignal.timeout(20))).rejects.toMatchObject({
      code: 'inference/down',
    });
    expect(said.filter((line) => line.includes('host lost')).length).toBeGreaterThan(1);
    writeFileSync(join(path, 'student.onnx'), files.get('student.onnx')!);
    expect((await inference.infer(goodPart(1), never)).score).toBeGreaterThan(0);
  });
});

describe('a bundle that is refused', () => {
  test.each([
    ['of no such folder', async (folder: string) => join(folder, 'none@1'), 'bundle/missing'],
    ['that drifted', (folder: string) => bundleIn(folder, 'b@1', scoring(2)), 'bundle/drift'],
    ['whose output is NaN', (folder: string) => bundleIn(folder, 'b@1', nan), 'bundle/drift'],
    ['of another product', (folder: string) => bundleIn(folder, 'b@1', makes('other')), 'bundle/product'],
  ])('%s', async (_what, make, code) => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    await inference.start({ path: await make(folder), product });
    expect(inference.refusal).toMatchObject({ code });
    expect(inference.bundle()).toBeNull();
    await expect(inference.infer(goodPart(1), never)).rejects.toMatchObject({ code: 'inference/down' });
  });
});

describe('the choice of the bundle', () => {
  test('another product puts the old bundle out of service at once, until the right one is there', async () => {
    const folder = temporaryFolder();
    const served: (string | null)[] = [];
    const { inference } = openInference(folder, { changed: () => served.push(inference.bundle()?.product ?? null) });
    const path = await bundleIn(folder, 'a@1.0.0');
    await inference.start({ path, product });
    served.length = 0;
    await inference.wish({ path, product: 'lid' });
    expect(inference.refusal).toMatchObject({ code: 'bundle/product', values: { actual: product, expected: 'lid' } });
    expect(inference.bundle()).toBeNull();
    await inference.wish({ path: await bundleIn(folder, 'lid@1', makes('lid')), product: 'lid' });
    expect(inference.bundle()!.product).toBe('lid');
    expect(served.filter((each, at) => each !== served[at - 1])).toEqual([null, 'lid']);
  });

  test('the newest wish wins; what was loaded for an older one never serves', async () => {
    const folder = temporaryFolder();
    const served = new Set<string | undefined>();
    const { inference } = openInference(folder, { changed: () => served.add(inference.bundle()?.version) });
    const paths = await Promise.all(['1.0.0', '1.1.0', '1.2.0'].map((v) => bundleIn(folder, `a@${v}`, version(v))));
    await inference.start({ path: paths[0]!, product });
    await Promise.all(paths.slice(1).map((path) => inference.wish({ path, product })));
    expect(inference.bundle()!.version).toBe('1.2.0');
    expect([...served]).not.toContain('1.1.0');
  });

  test('a replacement is whole: the old bundle judges the old product until the new one serves', async () => {
    const folder = temporaryFolder();
    const seen = new Set<string>();
    const note = () => {
      const bundle = inference.bundle();
      seen.add(bundle ? `${bundle.product} at ${bundle.threshold}` : 'nothing serves');
    };
    const { inference } = openInference(folder, { changed: note });
    const half = (bundle: ServedBundle) => withThreshold(bundle, 0.5);
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product, decide: half });
    seen.clear();
    note();
    expect(inference.taught!.threshold).not.toBe(0.5);
    const lid = await bundleIn(folder, 'lid@1', makes('lid'));
    const replaced = inference.replace({ path: lid, product: 'lid', decide: (bundle) => withThreshold(bundle, 0.25) });
    for (let part = 0; part < 3; part++) {
      expect((await inference.infer(goodPart(1), never)).score).toBeGreaterThan(0);
      note();
    }
    await replaced;
    // Decision settings alone change without another host.
    await inference.replace({ path: lid, product: 'lid' });
    note();
    expect([...seen]).toEqual([`${product} at 0.5`, 'lid at 0.25', `lid at ${inference.taught!.threshold}`]);
    expect(inference.counters()).toMatchObject({ swaps: 1, hostStarts: 2 });
  });

  test('a replacement that is refused changes nothing: bundle, product and threshold go on', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    const path = await bundleIn(folder, 'a@1.0.0');
    await inference.start({ path, product, decide: (bundle) => withThreshold(bundle, 0.5) });
    for (const [wrong, code] of [
      [{ path: join(folder, 'none@1'), product: 'lid' }, 'bundle/missing'],
      [{ path, product: 'lid' }, 'bundle/product'],
      [{ path: await bundleIn(folder, 'b@1', scoring(2)), product }, 'bundle/drift'],
    ] as const) {
      await expect(inference.replace(wrong)).rejects.toMatchObject({ code });
      expect(inference.bundle()).toMatchObject({ version: '1.0.0', product, threshold: 0.5 });
      expect(inference.refusal).toBeNull();
    }
    expect((await inference.infer(goodPart(1), never)).score).toBeGreaterThan(0);
  });

  test('the last good choice is kept over restarts and serves where the wish is refused', async () => {
    const folder = temporaryFolder();
    const good = await bundleIn(folder, 'a@1.0.0');
    const first = openInference(folder).inference;
    await first.start({ path: good, product, decide: (bundle) => ({ ...bundle, recipe: 3 }) });
    first.stop();
    const second = openInference(folder);
    await second.inference.start({ path: join(folder, 'none@2'), product });
    // A PLC asks for a recipe by its number: what stands in for it says whose it was.
    expect(second.inference.bundle()).toMatchObject({ version: '1.0.0', recipe: 3 });
    expect(second.inference.refusal).toMatchObject({ code: 'bundle/missing' });
    expect(second.said.at(-1)).toBe('warn: the last good bundle serves instead');
    second.inference.stop();
    await bundleIn(folder, 'a@1.0.0', version('1.0.1'));
    const third = openInference(folder);
    await third.inference.start({ path: join(folder, 'none@2'), product });
    expect(third.inference.bundle()).toBeNull();
    expect(third.said.at(-1)).toBe('error: the last good bundle is refused too');
  });

  test('a choice that cannot be kept is said; the bundle serves', async () => {
    const folder = temporaryFolder();
    const { inference, said } = openInference(join(await bundleIn(folder, 'file@1'), 'manifest.json'));
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    expect(inference.bundle()).not.toBeNull();
    expect(said.at(-1)).toMatch(/^error: Cannot keep the last good choice in .*bundle-line1.json: (ENOTDIR|EEXIST)/);
  });
});

test('the host ends with its daemon, even where it hangs', async () => {
  const folder = temporaryFolder();
  const { inference } = openInference(folder);
  await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
  const pid = inference.host!.pid!;
  inference.stop();
  await until('the host is gone', () => !alive(pid));
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // no such process: what is asked
  }
}

const makes = (other: string) => (manifest: Manifest) => ({ ...manifest, product: other });

/** As if this machine scored otherwise than the one that taught. */
function scoring(factor: number): (manifest: Manifest) => Manifest {
  return (manifest) => ({
    ...manifest,
    golden: manifest.golden.map((part) => ({ ...part, score: part.score * factor })),
  });
}

/** A scale of zero: a place that is as good parts are becomes 0 / 0. */
function nan(manifest: Manifest): Manifest {
  const depthScale = { ...manifest.depthScale, heightMm: 0 };
  return { ...manifest, depthScale };
}
