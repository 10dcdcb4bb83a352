/**
 * Which role an order needs. Whoever runs the line operates it: triggers, recipes that were released, stopping and
 * starting. What makes a bad part good, the threshold, is the process engineer's.
 */
import { fail } from '../../errors.ts';
import { type Actor, type Order, type Role, roles } from './port.ts';

export const roleOf: Readonly<Record<Order['kind'] | 'trigger', Role>> = {
  trigger: 'operate',
  selectRecipe: 'operate',
  setThreshold: 'configure',
  setExecution: 'operate',
  abort: 'operate',
  halt: 'operate',
  // Who may halt the line may end the halt: a line that waits for the engineer at night is halted by nobody.
  reset: 'operate',
  resetCounters: 'operate',
};

/** Null where the actor may; else the error to throw. */
export function deniedTo(actor: Actor, order: Order['kind'] | 'trigger'): Error | null {
  const needed = roleOf[order];
  const held = actor.role === null ? -1 : roles.indexOf(actor.role);
  if (held >= roles.indexOf(needed)) return null;
  return fail('command/role', { name: actor.name, order, held: actor.role ?? 'none', needed });
}
