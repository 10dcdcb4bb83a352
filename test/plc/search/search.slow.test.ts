/** Two disturbances, at every pair of moments: what search.test.ts does with one. */
import { expect, test, vi } from 'vitest';
import { explore } from './explore.ts';
import { camera, client, polling, type Ready } from './rig.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const worlds: [name: string, world: () => Promise<Ready>, steps: number][] = [
  ['a PLC that polls, over the wrap', () => polling(), 56],
  ['a PLC that polls, far from the wrap', () => polling({}, 1_000_000), 48],
  ["tags in the PLC's own server", () => client(), 42],
  ['the camera triggers', () => camera(), 72],
  ['the camera triggers, the gate is two parts behind', () => camera({}, 2), 96],
];

test.each(worlds)('%s: two disturbances', async (name, world, steps) => {
  const { make, memory } = await world();
  const searched = explore(make(), memory, { steps, disturbances: 2 });
  process.stdout.write(`${name}: ${searched.states} states, ${searched.events} events\n`);
  expect(searched.found).toBeNull();
  expect(searched.states).toBeGreaterThan(50_000);
});
