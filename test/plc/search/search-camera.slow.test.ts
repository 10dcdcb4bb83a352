/** Two disturbances, at every pair of moments: what search.test.ts does with one. Where the camera triggers. */
import { expect, test, vi } from 'vitest';
import { explore } from './explore.ts';
import { camera, type Ready } from './rig.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const worlds: [name: string, world: () => Promise<Ready>, steps: number][] = [
  ['the camera triggers', () => camera(), 60],
  ['the camera triggers, the gate is two parts behind', () => camera({}, 2), 72],
];

test.each(worlds)('%s: two disturbances', async (name, world, steps) => {
  const { make, memory } = await world();
  const searched = explore(make(), memory, { steps, disturbances: 2 });
  process.stdout.write(`${name}: ${searched.states} states, ${searched.events} events\n`);
  expect(searched.found).toBeNull();
  expect(searched.states).toBeGreaterThan(50_000);
});
