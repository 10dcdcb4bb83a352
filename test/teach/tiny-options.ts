/** What teaching wants, small: parts of the synthetic line at 64 x 64 and the tiny teacher. About two seconds. */
import { expect } from 'vitest';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { bestRecipe } from '../../models/nets/recipe.ts';
import type { GoodPart, Taught, TeachHooks, TeachOptions } from '../../models/teach/teaching.ts';
import type { SnapshotStore } from '../../models/teach/train.ts';
import { goodPart, grid } from '../inference/tiny-bundle.ts';
import { tinyTeacherFile } from './tiny-teacher.ts';

export const goodParts = (from: number, count: number): GoodPart[] =>
  Array.from({ length: count }, (_, i) => ({ id: `p${from + i}`, load: async () => goodPart(from + i) }));

export function tinyOptions(change: Partial<TeachOptions> = {}): TeachOptions {
  return {
    ...{ name: 'tiny', version: '1.0.0', product: 'tiny', seed: 1, epochs: 1, batch: 4, learningRate: 0.002 },
    training: goodParts(1, 8),
    heldOut: goodParts(101, 4),
    teacher: { ...importTeacher(tinyTeacherFile(), 'tiny'), source: 'tiny', digest: 'none' },
    modalities: ['rgb', 'depth'],
    recipe: bestRecipe,
    working: grid,
    roi: null,
    ignore: [],
    datum: 'fitted',
    falseRejectRate: 0.1,
    threads: 1,
    featureCacheMb: 100,
    ...change,
  };
}

export function hooks(change: Partial<TeachHooks> = {}): TeachHooks & { said: string[] } {
  const said: string[] = [];
  const { signal } = new AbortController();
  const say = (line: string): void => void said.push(line);
  return { snapshots: keptInMemory(), say, progress: () => {}, signal, ...change, said };
}

/** A snapshot store that keeps the last one. */
export function keptInMemory(): SnapshotStore & { kept: Uint8Array | null } {
  const store = {
    kept: null as Uint8Array | null,
    load: async () => store.kept,
    async save(bytes: Uint8Array) {
      store.kept = bytes;
    },
  };
  return store;
}

/** Compares two bundles file by file. */
export function expectSameBytes(actual: Taught, expected: Taught): void {
  expect([...actual.files.keys()]).toEqual([...expected.files.keys()]);
  for (const [path, bytes] of expected.files)
    expect(Buffer.compare(actual.files.get(path)!, bytes), `${path} differs`).toBe(0);
}
