/** The orders of the daemon's line and their audit record, put together from the configuration. */
import { resolve } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { bundleFolder } from '../../config/shipped.ts';
import type { Change } from '../../config/watch.ts';
import { messageOf } from '../../errors.ts';
import type { Audit } from '../audit/port.ts';
import type { Clock } from '../clock.ts';
import { ordersStore } from '../command/kept-orders.ts';
import { LineOrders } from '../command/line-orders.ts';
import type { Inference } from '../inference/inference.ts';
import type { Log } from '../log.ts';
import type { StateFolder } from '../state/folder.ts';
import { configuredOpener } from './settings.ts';

export interface OrdersOptions {
  readonly config: Config;
  readonly cwd: string;
  readonly state: StateFolder;
  readonly inference: Inference;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Log;
}

export function lineOrders({ config, cwd, state, ...given }: OrdersOptions): LineOrders {
  const lineId = config.line.id;
  const triggerFrom = configuredOpener(config);
  const folderOf = (bundle: string): string => resolve(cwd, bundleFolder(bundle));
  return new LineOrders({ lineId, config, store: ordersStore(state, lineId), folderOf, triggerFrom, ...given });
}

/** What was edited goes into the audit record: who may write the file is not known, that it was edited is. */
export function auditEdits(audit: Audit, log: Log, file: string, changes: readonly Change[]): void {
  const who = { name: file, via: 'local', role: null, certificate: null } as const;
  for (const { path, from, to } of changes) {
    const entry = { action: 'editConfig', target: path, who, from: shown(from), to: shown(to), cause: null };
    audit.write({ ...entry, result: 'done' }).catch((error: unknown) => log.error({ error }, messageOf(error)));
  }
}

function shown(value: unknown): string | number | boolean {
  return typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
}
