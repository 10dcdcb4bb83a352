/** The ways to a compact teacher: distilled, taught on masked frames, fitted to good parts. Each ends in a file. */
import { expect, test } from 'vitest';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import type { TeacherSpec } from '../../models/nets/teacher.ts';
import { distil, type Lesson } from '../../models/teach/distil.ts';
import { filterBank } from '../../models/teach/filter-bank.ts';
import { distillation, maskedDistillation, masking } from '../../models/teach/lessons.ts';
import { teach } from '../../models/teach/teach.ts';
import type { TrainProgress } from '../../models/teach/train.ts';
import { hooks, keptInMemory, tinyOptions } from './tiny-options.ts';
import { tinyTeacherFile } from './tiny-teacher.ts';

const spec: TeacherSpec = { stem: 4, blocks: [1, 1, 1], channels: [4, 4, 8], stemPool: 2 };
const frames = { seed: 1, batch: 2, sidePx: 32 };
const { signal } = new AbortController();

const large = { ...importTeacher(tinyTeacherFile(), 'large'), digest: 'd'.repeat(64), name: 'large.safetensors' };
const lessons: [string, Lesson, string][] = [
  ['distilled', distillation(large, frames), `large.safetensors (sha256 ${'d'.repeat(64)})`],
  ['taught on masked frames', masking(frames), 'masked procedural'],
  ['both at once', maskedDistillation(large, frames), 'while filling masked procedural'],
];

test.each(lessons)(
  '%s: it learns, and the file is imported with its pool of 2 and its lineage',
  async (_, lesson, of) => {
    const losses: number[] = [];
    const progress = ({ loss }: TrainProgress): void => void losses.push(loss);
    const options = { ...frames, lesson, spec, steps: 3, learningRate: 0.003, threads: 1 };
    const { bytes, curve } = await distil(options, keptInMemory(), progress, signal);
    const made = importTeacher(bytes, 'made');
    expect(made.spec).toEqual(spec);
    expect(made.metadata['source']).toContain(of);
    expect(curve[0]).toBeLessThan(losses[0]!);
  },
);

test('what is masked is not seen, and only that is asked for', () => {
  const { pictures, whole, masked } = masking(frames).feeds(5);
  const plane = frames.sidePx ** 2;
  const hidden = (i: number): boolean => masked!.data[Math.floor(i / (3 * plane)) * plane + (i % plane)] === 1;
  const [seen, all] = [pictures!.data, whole!.data] as [Float32Array, Float32Array];
  expect(seen.every((value, i) => value === (hidden(i) ? 0 : all[i]))).toBe(true);
  const share = (masked!.data as Float32Array).reduce((sum, value) => sum + value, 0) / masked!.data.length;
  expect(share).toBeCloseTo(0.3, 0);
});

test('what is to be told is never hidden; half of the pictures are whole, as the network will be shown them', () => {
  const { pictures, whole, masked } = maskedDistillation(large, frames).feeds(5);
  const half = pictures!.data.length / 2;
  expect(pictures!.data.subarray(half)).toEqual(whole!.data.subarray(half));
  expect(pictures!.data.subarray(0, half)).not.toEqual(whole!.data.subarray(0, half));
  const share = (masked!.data as Float32Array).reduce((sum, value) => sum + value, 0) / masked!.data.length;
  expect(share).toBeCloseTo(0.15, 1);
});

test('a filter bank: the same parts give the same file, and a student can be taught on it', async () => {
  const options = tinyOptions();
  const said: string[] = [];
  const bank = () => filterBank({ ...options, spec, say: (line) => said.push(line), signal });
  const [bytes, again] = [await bank(), await bank()];
  expect(Buffer.compare(bytes, again)).toBe(0);
  expect(said[0]).toBe('fitting conv1');
  const made = importTeacher(bytes, 'made');
  expect(made.spec).toEqual(spec);
  // Behind the ReLU each direction is there twice, with both signs.
  const [plus, minus] = [0, 1].map((filter) =>
    made.weights.get('conv1')!.weight.subarray(147 * filter, 147 * (filter + 1)),
  );
  expect(plus!.every((w, i) => w === -minus![i]! || w === 0)).toBe(true);
  expect(plus!.some((w) => w !== 0)).toBe(true);
  const abort = new AbortController();
  const losses: number[] = [];
  const progress = ({ loss }: TrainProgress): void => {
    if (losses.push(loss) === 2) abort.abort(new Error('stopped by the test'));
  };
  const teaching = teach(
    { ...options, epochs: 2, teacher: { ...made, source: 'bank', digest: 'bank' } },
    hooks({ progress, signal: abort.signal }),
  );
  await expect(teaching).rejects.toThrow('stopped by the test');
  expect(losses.every(Number.isFinite)).toBe(true);
});
