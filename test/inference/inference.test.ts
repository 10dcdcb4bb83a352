/** The host process as it usually is; what else befalls it is in inference.slow.test.ts. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../models/bundle/manifest.ts';
import { never, openInference, temporaryFolder, until } from './rig.ts';
import { tinyFiles } from './taught-once.ts';
import { goodPart, grid, product, writeBundle } from './tiny-bundle.ts';

let files: Map<string, Uint8Array>;
beforeAll(async () => {
  files = await tinyFiles();
});

const bundleIn = (folder: string, name: string, edit?: (manifest: Manifest) => Manifest): Promise<string> =>
  writeBundle(join(folder, name), files, edit);
const version = (wanted: string) => (manifest: Manifest) => ({ ...manifest, version: wanted });

describe('a bundle in service', () => {
  test('is verified and served by its manifest; a pair gives a reading, the same one each time', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json'))) as Manifest;
    expect(inference.bundle()).toMatchObject({
      ...{ name: 'tiny', version: '1.0.0', product, ...grid, threshold: manifest.variants[0]!.threshold },
      datumLimits: { offsetMm: expect.any(Number), tiltMmAcross: expect.any(Number) },
    });
    const first = await inference.infer(goodPart(1), never);
    expect(first).toMatchObject({ ...grid, datum: { offsetMm: expect.any(Number), tiltMmAcross: expect.any(Number) } });
    expect(first.score).toBeGreaterThan(0);
    expect(Math.max(...first.map)).toBeCloseTo(first.score, 4);
    expect(first.judged.reduce((sum, each) => sum + each, 0) / first.judged.length).toBeGreaterThan(0.5);
    const other = await inference.infer(goodPart(2), never);
    const again = await inference.infer(goodPart(1), never);
    expect(other.score).not.toBe(first.score);
    expect(again.score).toBe(first.score);
    expect(again.map).toEqual(first.map);
    expect(inference.host!.rssBytes).toBeGreaterThan(10e6);
    expect(await inference.measure(never)).toBeGreaterThan(0);
  });

  test('a pair of another size is refused before it runs', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    const part = goodPart(1);
    await expect(inference.infer({ ...part, widthPx: 32 }, never)).rejects.toThrow(/The pair is 32 x 64.*64 x 64/);
    const short = { ...part, depthMm: part.depthMm.subarray(1) };
    await expect(inference.infer(short, never)).rejects.toMatchObject({ code: 'image/size' });
    expect((await inference.infer(part, never)).score).toBeGreaterThan(0);
  });

  test('a host that is killed is replaced; the part that comes meanwhile waits for the new one', async () => {
    const folder = temporaryFolder();
    const { inference } = openInference(folder);
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    const before = await inference.infer(goodPart(1), never);
    const pid = inference.host!.pid!;
    process.kill(pid, 'SIGKILL');
    await until('the death is noticed', () => inference.problem !== null);
    expect(inference.bundle()).not.toBeNull();
    const after = await inference.infer(goodPart(1), never);
    expect(after.score).toBe(before.score);
    expect(inference.host!.pid).not.toBe(pid);
    expect(inference.problem).toBeNull();
    expect(inference.counters()).toMatchObject({ hostDeaths: 1, hostStarts: 2, swaps: 0 });
  });

  test('edited: the old one goes on, and why is said', async () => {
    const folder = temporaryFolder();
    const { inference, said } = openInference(folder);
    await inference.start({ path: await bundleIn(folder, 'a@1.0.0'), product });
    const edited = await bundleIn(folder, 'a@1.1.0', version('1.1.0'));
    const bytes = readFileSync(join(edited, 'student.onnx'));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(edited, 'student.onnx'), bytes);
    await inference.wish({ path: edited, product });
    expect(inference.refusal).toMatchObject({ code: 'bundle/digest', values: { file: 'student.onnx' } });
    expect(said.at(-1)).toMatch(/^error: bundle refused: .*student.onnx has digest .*; tiny@1.0.0 goes on$/);
    expect(inference.bundle()!.version).toBe('1.0.0');
    expect((await inference.infer(goodPart(1), never)).score).toBeGreaterThan(0);
    expect(inference.counters()).toMatchObject({ swaps: 0, refusals: 1 });
  });
});
