/** Recorded parts that a command measures on: their depth asked about, and their truth, before the first is judged. */
import { expectKinds, expectPlausible, expectTruth, listSamples, type Sample } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import type { Context } from './command.ts';

/** Throws what `listSamples`, `expectKinds`, `expectPlausible` and `expectTruth` throw. */
export async function checkedSamples({ files, signal }: Context, data: string): Promise<Sample[]> {
  const samples = await listSamples(files, data);
  await expectUsable(data, samples, signal);
  return samples;
}

/** Those of the test split. Throws `dataset/layout` where there are none. */
export async function testSamples({ files, signal }: Context, data: string): Promise<Sample[]> {
  const samples = (await listSamples(files, data)).filter(({ split }) => split === 'test');
  if (samples.length === 0) throw fail('dataset/layout', { path: data, problem: 'it has no test parts' });
  await expectUsable(data, samples, signal);
  return samples;
}

async function expectUsable(data: string, samples: readonly Sample[], signal: AbortSignal): Promise<void> {
  expectKinds(data, samples);
  await expectPlausible(data, samples, { signal });
  await expectTruth(samples, signal);
}
