import { expect, test } from 'vitest';
import type { Actor, Order, Role } from '../../daemon/command/port.ts';
import { deniedTo } from '../../daemon/command/roles.ts';

const actor = (role: Role | null): Actor => ({ name: 'anna', via: 'opcua', role, certificate: null });
const operated = ['trigger', 'selectRecipe', 'setExecution', 'abort', 'halt', 'reset', 'resetCounters'] as const;

test.each([
  [null, []],
  ['observe', []],
  ['operate', operated],
  ['configure', [...operated, 'setThreshold']],
  ['secure', [...operated, 'setThreshold']],
] as const)('%s may %j', (role, allowed) => {
  const all: (Order['kind'] | 'trigger')[] = [...operated, 'setThreshold'];
  expect(all.filter((order) => deniedTo(actor(role), order) === null).sort()).toEqual([...allowed].sort());
});

test('a denial says what is held and what is needed', () => {
  expect(deniedTo(actor(null), 'setThreshold')?.message).toBe(
    'anna may not give the command setThreshold: holds the role none, needs configure',
  );
});
