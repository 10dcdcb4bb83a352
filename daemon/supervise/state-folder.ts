/** The folder of everything that outlives the process: made, and proven to be writable before anything counts on it. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import type { FileReader } from '../../drivers/index.ts';
import { fail, messageOf } from '../../errors.ts';
import type { AuditFile } from '../audit/audit-file.ts';
import type { Clock } from '../clock.ts';
import type { LineOrders } from '../command/line-orders.ts';
import type { Log } from '../log.ts';
import { StateFolder } from '../state/folder.ts';
import type { StepBounds } from './brief.ts';
import type { Steps } from './steps.ts';

export interface StateFolderDeps {
  readonly config: Config;
  readonly cwd: string;
  readonly clock: Clock;
  readonly log: Log;
}

export function stateFolderOf({ config, cwd, clock, log }: StateFolderDeps): StateFolder {
  const { stateDir, stateCopyDir } = config;
  const copy = stateCopyDir === '' ? '' : resolve(cwd, stateCopyDir);
  return new StateFolder({ path: resolve(cwd, stateDir), copy, clock, log: log.child({ room: 'state' }) });
}

export interface StateUsers {
  readonly state: StateFolder;
  readonly audit: AuditFile;
  readonly orders: LineOrders;
}

/** The first steps of a start: the folder, then the record of changes, then what was ordered. */
export async function startState(
  steps: Steps,
  { state, audit, orders }: StateUsers,
  brief: (name: string) => StepBounds,
): Promise<void> {
  await steps.start({ ...brief('state folder'), begin: () => openState(state), end: (open) => open.abort() });
  const open = async (): Promise<void> => {
    await audit.check();
    await orders.open();
    await endSeenHalt(state, orders);
  };
  await steps.start({ ...brief('orders'), begin: open, end: () => audit.close() });
}

/**
 * Makes it, reads which faults still wait for a person, and follows them until it is closed. Rejects with
 * `start/state`.
 */
async function openState(state: StateFolder): Promise<AbortController> {
  await makeStateFolder(state.path);
  await state.faults.look();
  const following = new AbortController();
  state.faults.follow(following.signal);
  return following;
}

/** Who comes in and who changed what: a reset, which a PLC may order at every start, must not take these away. */
const ofSecurity = /^(users|audit|opcua)/;

/** The line is halted while nobody has seen that its commands were lost; acknowledging that fault ends it. */
async function endSeenHalt({ faults }: StateFolder, orders: LineOrders): Promise<void> {
  if (!faults.standing.some(({ id }) => id.startsWith('orders-'))) await orders.lossSeen();
}

/** A reset of the plant acknowledges what concerns judging; the rest waits for `twinspect fault acknowledge`. */
export function acknowledgeAtReset(state: StateFolder, orders: LineOrders, log: Log): void {
  state.faults.onChange(() => void endSeenHalt(state, orders));
  orders.onReset(async () => {
    for (const { id } of state.faults.standing) {
      if (ofSecurity.test(id)) continue;
      // One that a command took away meanwhile is gone all the same.
      await state.faults.acknowledge(id).catch((error: unknown) => log.warn({ fault: id, error }, messageOf(error)));
    }
  });
}

/** What systemd made this machine's own; null where there is none. */
export async function machineIdOf(files: Pick<FileReader, 'read'>): Promise<string | null> {
  const bytes = await files.read('/etc/machine-id').catch(() => null);
  const text = bytes === null ? '' : new TextDecoder().decode(bytes).trim();
  return /^[0-9a-f]{32}$/.test(text) ? text : null;
}

/** Rejects with `start/state`. */
export async function makeStateFolder(path: string): Promise<void> {
  const probe = join(path, '.write-test');
  try {
    await mkdir(path, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw fail('start/state', { path, cause: messageOf(error) }, error);
  }
}
