/** A teacher of bottlenecks serves wherever one of basic blocks does: teaching, the bundle it makes, distilling. */
import { expect, test } from 'vitest';
import { replayGolden } from '../../models/bundle/golden.ts';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { loadBundle } from '../../models/bundle/load.ts';
import type { TeacherSpec } from '../../models/nets/teacher.ts';
import { openSession } from '../../models/runtime/session.ts';
import { distil } from '../../models/teach/distil.ts';
import { distillation } from '../../models/teach/lessons.ts';
import { teach } from '../../models/teach/teach.ts';
import type { TrainProgress } from '../../models/teach/train.ts';
import { hooks, keptInMemory, tinyOptions } from './tiny-options.ts';
import { narrowSpec, tinyTeacherFile } from './tiny-teacher.ts';

const narrow = importTeacher(tinyTeacherFile(narrowSpec), 'narrow');

test('it teaches a student whose loss falls, in a bundle that replays its golden parts', async () => {
  const teacher = { ...narrow, source: 'narrow', digest: 'none' };
  const { manifest, files } = await teach(tinyOptions({ teacher, epochs: 3 }), hooks());
  const { curve } = manifest.taught;
  expect(curve[2]).toBeLessThan(curve[0]!);
  expect(JSON.parse(manifest.taught.teacher.spec)).toEqual(narrowSpec);
  const { variant, model, golden } = await loadBundle(async (path) => files.get(path)!, 'narrow', 'cpu');
  const session = await openSession(model, { threads: 1 });
  const outcomes = await replayGolden(session, golden, manifest, variant, 'narrow');
  await session.release();
  expect(outcomes.length).toBeGreaterThanOrEqual(4);
});

test('it is distilled into a compact teacher', async () => {
  const spec: TeacherSpec = { stem: 4, blocks: [1, 1, 1], channels: [4, 4, 8], stemPool: 2 };
  const frames = { seed: 1, batch: 2, sidePx: 32 };
  const lesson = distillation({ ...narrow, digest: 'd'.repeat(64), name: 'narrow.safetensors' }, frames);
  const tiny = { ...frames, lesson, spec, steps: 3, learningRate: 0.003, threads: 1 };
  const losses: number[] = [];
  const progress = ({ loss }: TrainProgress): void => void losses.push(loss);
  const { bytes, curve } = await distil(tiny, keptInMemory(), progress, new AbortController().signal);
  expect(importTeacher(bytes, 'made').spec).toEqual(spec);
  expect(curve[0]).toBeLessThan(losses[0]!);
});
