/** A change made on this machine by a command, written to the audit record before it is made: no change without. */

import { AuditFile } from '../audit/audit-file.ts';
import type { AuditEntry } from '../audit/port.ts';
import type { StateFolder } from '../state/folder.ts';
import type { Context } from './command.ts';

/** Whoever may write the state folder; which person that is the system knows, as far as it says. */
function localUser({ env }: Context): AuditEntry['who'] {
  const name = env['SUDO_USER'] ?? env['USER'] ?? env['LOGNAME'] ?? 'unknown';
  return { name: name.slice(0, 64), via: 'local', role: 'secure', certificate: null };
}

/** Runs `change`, and writes how it ended. Rejects with `audit/unwritable` before anything was changed. */
export async function audited(
  context: Context,
  state: StateFolder,
  entry: Pick<AuditEntry, 'action' | 'target' | 'from' | 'to'>,
  change: () => Promise<void>,
): Promise<void> {
  const { clock, log } = context;
  const audit = new AuditFile({ state, clock, log });
  try {
    const told = { ...entry, who: localUser(context) };
    await audit.write({ ...told, result: 'done', cause: null });
    try {
      await change();
    } catch (error) {
      await audit.write({ ...told, result: 'failed', cause: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  } finally {
    await audit.close();
  }
}
