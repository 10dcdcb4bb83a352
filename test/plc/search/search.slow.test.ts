/** Two disturbances, at every pair of moments: what search.test.ts does with one. Where the PLC triggers. */
import { expect, test, vi } from 'vitest';
import { explore } from './explore.ts';
import { change } from './opened.ts';
import { client, gateway, polling, type Ready } from './rig.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const worlds: [name: string, world: () => Promise<Ready>, steps: number][] = [
  ['a PLC that polls', () => polling(), 56],
  ['a PLC behind a gateway', () => gateway(), 45],
  ["tags in the PLC's own server", () => client(), 35],
];

test.each(worlds)('%s: two disturbances', async (name, world, steps) => {
  const { make, memory } = await world();
  const searched = explore(make(), memory, { steps, disturbances: 2 });
  process.stdout.write(`${name}: ${searched.states} states, ${searched.events} events\n`);
  expect(searched.found).toBeNull();
  expect(searched.states).toBeGreaterThan(50_000);
});

test('a gateway that is late, no settling time and a station that leaves an old verdict: found', async () => {
  const { make, memory } = await gateway({
    product: {
      'daemon/publish/opcua/plc/handshake.ts': change(/(step\.kind === 'baseline'\) \{\s+)this\.#disown\(\);/, '$1'),
    },
    listing: change('ELSIF Settle.Q THEN', 'ELSIF Settle.Q OR NothingOld THEN'),
    gateOnly: true,
  });
  const only = ['PLC restarts one below', 'late: result'];
  const { found } = explore(make(), memory, { steps: 117, disturbances: 2, only });
  expect(found?.violation).toMatch(/part \d+ passes and was judged by nobody/);
});
