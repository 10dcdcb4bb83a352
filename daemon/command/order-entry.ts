/** Orders as the audit record tells them: what was, what was wanted, what came of it. */
import { messageOf } from '../../errors.ts';
import type { AuditEntry, AuditValue } from '../audit/port.ts';
import type { Actor, Order, Recipe } from './port.ts';

export interface Change {
  readonly from: AuditValue;
  readonly to: AuditValue;
}

/** `error` null: it was done. */
export function orderEntry(
  action: string,
  target: string,
  who: Actor,
  { from, to }: Change,
  error: unknown = null,
): AuditEntry {
  const at = { action, target, who, from, to };
  if (error === null) return { ...at, result: 'done', cause: null };
  const { code } = error as { code?: string };
  const cause = code === undefined ? messageOf(error) : `${code}: ${messageOf(error)}`;
  return { ...at, result: code === 'command/role' ? 'denied' : 'failed', cause };
}

export function recipeValue({ number, name, product, bundle, threshold }: Recipe): AuditValue {
  return { recipe: number, name, product, bundle, threshold };
}

/** What was asked for, as it was asked for. */
export function wanted(order: Order): AuditValue {
  switch (order.kind) {
    case 'selectRecipe':
      return order.recipe;
    case 'setThreshold':
      return order.threshold;
    case 'setExecution':
      return order.execution;
    case 'resetCounters':
      return null;
    default:
      return order.cause;
  }
}

/** A cause is shown on the line's status. */
const causeMaxChars = 200;

/** A cause comes from the network and goes to screens: one line, and short. */
export function plain(cause: string): string {
  return cause.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, causeMaxChars);
}
