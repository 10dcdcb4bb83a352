import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EvidenceFiles, evidenceFolder } from '../../daemon/evidence/folder.ts';
import { EvidenceStore, entryName, maxWaitingEntries } from '../../daemon/evidence/store.ts';
import type { PartEvidence } from '../../daemon/line/sink.ts';
import type { Decision, VerdictRecord } from '../../daemon/line/verdict.ts';
import { openedByCamera } from '../../daemon/line/verdict.ts';
import { readingOf } from '../line/rig.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'twinspect-evidence-')), 'line1');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

/** A header of four bytes and the pixels: what the store hands to the encoder is what lies on disk. */
const encode = async (pixels: Uint8Array, widthPx: number, heightPx: number, channels: 1 | 3): Promise<Uint8Array> =>
  Uint8Array.from([widthPx, heightPx, channels, 0, ...pixels]);

function record(sequence: number, decision: Decision): VerdictRecord {
  return {
    lineId: 'line1',
    epoch: null,
    resultId: `line1-${sequence}`,
    sequence,
    trigger: sequence,
    partId: null,
    ...openedByCamera,
    decision,
    reason: decision === 'pass' ? 'good' : decision === 'fail' ? 'defect' : 'timeout',
    detail: null,
    score: 2,
    threshold: 1,
    judgedShare: 1,
    regions: [],
    bundle: null,
    openedAtMs: 0,
    closedAtMs: 1,
    deadlineMs: 1000,
    captureToVerdictMs: 1,
    inferMs: 1,
  };
}

function evidence(): PartEvidence {
  const rgb = Uint8Array.from({ length: 36 }, (_, at) => at);
  const mask = { widthPx: 4, heightPx: 3, pixels: Uint8Array.from([1, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 2]) };
  const depthMm = Float32Array.from([500, 501, Number.NaN, 0, 502, 500, 500, 500, 500, 500, 500, 500]);
  return { pair: { widthPx: 4, heightPx: 3, rgb, depthMm }, reading: readingOf(), mask };
}

const roomy = { maxBytes: 1e6, minFreeBytes: 0, maxEntries: 100, keepEveryNthPass: 3 };

test('fails, undecided and every Nth pass are kept', async () => {
  const store = new EvidenceStore(evidenceFolder(folder), encode, roomy);
  const decisions: Decision[] = ['pass', 'pass', 'fail', 'pass', 'undecided', 'pass', 'pass'];
  for (const [at, decision] of decisions.entries()) {
    store.offer(record(at, decision), null);
    await store.drained();
  }
  expect((await readdir(folder)).sort()).toEqual(
    ['0-pass-good', '2-fail-defect', '4-undecided-timeout', '5-pass-good'].map((name) => `00000000000${name}`),
  );
});

test('a reading that came too late is kept as numbers, beside the verdict and never instead of it', async () => {
  const store = new EvidenceStore(evidenceFolder(folder), encode, roomy);
  store.offer(record(7, 'undecided'), null);
  store.late(7, { ...readingOf(), score: 3 });
  await store.drained();
  const [late, told] = (await readdir(folder)).sort();
  expect([late, told]).toEqual(['000000000007-late', entryName(record(7, 'undecided'))]);
  const kept = JSON.parse(await readFile(join(folder, late!, 'late.json'), 'utf8'));
  expect(kept).toEqual({ late: true, sequence: 7, score: 3, judgedShare: 1, inferMs: 5 });
  // The queue is as bounded for these.
  for (let at = 0; at < 10; at++) store.late(at, readingOf());
  expect(store.counters.overflowed).toBe(10 - maxWaitingEntries);
  await store.drained();
});

test('the pictures of a part, and all of them side by side', async () => {
  const store = new EvidenceStore(evidenceFolder(folder), encode, roomy);
  const seen = evidence();
  store.offer(record(1, 'fail'), seen);
  // The camera reuses its memory as soon as the offer returns.
  const rgb = seen.pair.rgb.slice();
  seen.pair.rgb.fill(0);
  await store.drained();
  const entry = join(folder, entryName(record(1, 'fail')));
  const names = ['depth.png', 'map.png', 'mask.png', 'overview.png', 'record.json', 'rgb.png'];
  expect((await readdir(entry)).sort()).toEqual(names);
  expect([...(await readFile(join(entry, 'rgb.png'))).subarray(4)]).toEqual([...rgb]);
  const overview = await readFile(join(entry, 'overview.png'));
  expect([...overview.subarray(0, 3)]).toEqual([4 * 4 + 3 * 4, 3, 3]);
  expect([...overview.subarray(4, 4 + 12)]).toEqual([...rgb.subarray(0, 12)]);
  // depth: nearest white, farthest black, no reading dark blue
  const depth = await readFile(join(entry, 'depth.png'));
  const pixel = (at: number): number[] => [...depth.subarray(4 + at * 3, 7 + at * 3)];
  expect([pixel(0), pixel(4), pixel(2), pixel(3)]).toEqual([
    [255, 255, 255],
    [1, 1, 1],
    [16, 16, 64],
    [16, 16, 64],
  ]);
  expect(JSON.parse(await readFile(join(entry, 'record.json'), 'utf8'))).toEqual(record(1, 'fail'));
  expect((await readFile(join(entry, 'mask.png')))[2]).toBe(1);
});

test('the oldest go first, by count and by bytes, over restarts', async () => {
  const perEntry = new TextEncoder().encode(`${JSON.stringify(record(1, 'fail'), null, 2)}\n`).length;
  for (const limits of [
    { maxBytes: 1e6, maxEntries: 3 },
    { maxBytes: perEntry * 3 + 10, maxEntries: 100 },
  ]) {
    await rm(folder, { recursive: true, force: true });
    for (let sequence = 1; sequence <= 6; sequence++) {
      const store = new EvidenceStore(evidenceFolder(folder), encode, {
        ...limits,
        minFreeBytes: 0,
        keepEveryNthPass: 0,
      });
      store.offer(record(sequence, 'fail'), null);
      await store.drained();
      expect(store.counters).toMatchObject({ kept: 1, removed: sequence > 3 ? 1 : 0, failed: 0 });
    }
    expect((await readdir(folder)).map((name) => Number(name.slice(0, 12))).sort()).toEqual([4, 5, 6]);
  }
});

test('what is larger than the quota deletes nothing', async () => {
  const store = new EvidenceStore(evidenceFolder(folder), encode, { ...roomy, maxBytes: 600 });
  store.offer(record(1, 'fail'), null);
  await store.drained();
  store.offer(record(2, 'fail'), evidence());
  await store.drained();
  expect(store.counters).toMatchObject({ kept: 1, tooLarge: 1, removed: 0 });
});

test('below the floor of free disk nothing is kept, and again once there is room', async () => {
  let free = 1000;
  const files: EvidenceFiles = { ...evidenceFolder(folder), free: async () => free };
  const store = new EvidenceStore(files, encode, { ...roomy, minFreeBytes: 1000 });
  store.offer(record(1, 'fail'), null);
  await store.drained();
  expect(store.counters).toMatchObject({ kept: 0, noRoom: 1, failed: 0 });
  free = 1_000_000;
  store.offer(record(2, 'fail'), null);
  await store.drained();
  expect(store.counters).toMatchObject({ kept: 1, noRoom: 1 });
});

test('a disk that fails is counted and tried again; a slow one overflows', async () => {
  const real = evidenceFolder(folder);
  let broken = true;
  const files: EvidenceFiles = {
    ...real,
    write: (entry, contents) =>
      broken ? Promise.reject(new Error('EROFS: read-only file system')) : real.write(entry, contents),
  };
  const store = new EvidenceStore(files, encode, roomy);
  store.offer(record(1, 'fail'), null);
  await store.drained();
  expect(store.counters).toMatchObject({ kept: 0, failed: 1, lastFailure: 'EROFS: read-only file system' });
  broken = false;
  for (let sequence = 2; sequence < 4 + maxWaitingEntries; sequence++) store.offer(record(sequence, 'fail'), null);
  await store.drained();
  expect(store.counters).toMatchObject({ kept: maxWaitingEntries, overflowed: 2 });
});

test('what an interrupted write left is removed', async () => {
  await mkdir(join(folder, '000000000001-fail-defect.part'), { recursive: true });
  await writeFile(join(folder, '000000000001-fail-defect.part', 'rgb.png'), 'half');
  expect(await evidenceFolder(folder).list()).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});
