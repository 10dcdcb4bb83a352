import { expect, test } from 'vitest';
import { replayGolden } from '../../models/bundle/golden.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import { openSession } from '../../models/runtime/session.ts';
import { teach } from '../../models/teach/teach.ts';
import { hooks, tinyOptions } from './tiny-options.ts';

test('taught in eight bits: both variants, each scoring as taught, and a student of its own', async () => {
  const plain = await teach(tinyOptions(), hooks());
  const eight = await teach(tinyOptions({ precision: 'int8' }), hooks());
  expect(eight.manifest.variants.map(({ precision }) => precision)).toEqual(['fp32', 'int8']);
  expect(eight.files.get('teacher.onnx')).toEqual(plain.files.get('teacher.onnx'));
  // Taught on other features, by as little as a step.
  expect(eight.manifest.taught.curve).not.toEqual(plain.manifest.taught.curve);
  expect(eight.manifest.taught.curve[0]).toBeCloseTo(plain.manifest.taught.curve[0]!, 1);
  const read = async (path: string): Promise<Uint8Array> => eight.files.get(path)!;
  for (const precision of ['fp32', 'int8'] as const) {
    const { model, golden, manifest, variant } = await loadBundle(read, 'tiny', 'cpu', [precision]);
    const session = await openSession(model, { threads: 1 });
    const outcomes = await replayGolden(session, golden, manifest, variant, 'tiny');
    await session.release();
    expect(outcomes.length).toBeGreaterThan(0);
    for (const { scoreError, mapError } of outcomes) expect(Math.max(scoreError, mapError)).toBeLessThan(1e-4);
  }
});
