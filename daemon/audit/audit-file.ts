/**
 * The audit record of a state folder, open for writing. Entries that come while one is being written go out together
 * after it, in order. What cannot be written is said, counted, and told by an entry of its own when it can be again; it
 * never holds up a part.
 */
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { StateFolder } from '../state/folder.ts';
import { checkAudit, copyHead } from './check.ts';
import { locked } from './folder-lock.ts';
import type { Audit, AuditEntry } from './port.ts';
import { AuditRecord, type Pending, type RecordLimits } from './record.ts';
import { Tally, type TallyLimits } from './tally.ts';

/** Entries that wait for the disk; beyond it the disk is the problem, and they are refused. */
const waitingMax = 256;
/** After a failure the record is tried again by itself, so that who waits for it need not try in vain. */
const retryMs = 5000;

export interface AuditFileOptions {
  readonly state: StateFolder;
  readonly clock: Clock;
  readonly log: { error(values: object, text: string): void };
  readonly limits?: { readonly record?: RecordLimits; readonly tally?: TallyLimits };
}

interface Waiting extends Pending {
  resolve(): void;
  reject(error: unknown): void;
}

export function auditFolder(stateFolder: string): string {
  return join(stateFolder, 'audit');
}

export class AuditFile implements Audit {
  readonly #options: AuditFileOptions;
  readonly #folder: string;
  readonly #record: AuditRecord;
  readonly #tally: Tally;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #problem: string | null = null;
  #lost = 0;
  #retrying = false;
  readonly #closed = new AbortController();

  constructor(options: AuditFileOptions) {
    this.#options = options;
    this.#folder = auditFolder(options.state.path);
    this.#record = new AuditRecord(this.#folder, options.limits?.record);
    const counted = (entry: AuditEntry, times: number): void => {
      // The failure is said once where it happens, and counted.
      this.#add(entry, times).catch(() => undefined);
    };
    this.#tally = new Tally(options.clock, counted, options.limits?.tally);
  }

  get problem(): string | null {
    return this.#problem;
  }

  /** Entries that could not be written since the last that could. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * At the start of a daemon: sets aside what a power cut left of the record, and tells it. What cannot be looked at is
   * said by the first entry that cannot be written.
   */
  async check(): Promise<void> {
    const { state, clock, log } = this.#options;
    const check = locked(this.#folder, clock, () => checkAudit(this.#folder, state));
    await check.catch((error: unknown) => log.error({ error }, messageOf(error)));
  }

  write(entry: AuditEntry): Promise<void> {
    return this.#add(entry, 1);
  }

  tally(entry: AuditEntry): void {
    this.#tally.add(entry);
  }

  /** Writes what was counted and resolves when all is on the disk or given up. */
  async close(): Promise<void> {
    this.#tally.close();
    this.#closed.abort();
    while (this.#writing !== null) await this.#writing;
  }

  #add(entry: AuditEntry, times: number): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      const error = fail('audit/unwritable', {
        folder: this.#folder,
        cause: `${waitingMax} entries wait for the disk`,
      });
      this.#failed(1, error);
      return Promise.reject(error);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entry, times, atMs: this.#options.clock.wallMs(), resolve, reject });
    this.#writing ??= this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    const { clock } = this.#options;
    do {
      const batch = this.#waiting;
      this.#waiting = [];
      const pending = this.#lost > 0 ? [lostEntry(this.#lost, clock.wallMs()), ...batch] : batch;
      try {
        await locked(this.#folder, clock, async () => {
          await this.#record.append(pending, clock.wallMs());
          await copyHead(this.#options.state);
        });
        this.#lost = 0;
        this.#problem = null;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        const refused = fail('audit/unwritable', { folder: this.#folder, cause: messageOf(error) }, error);
        this.#failed(batch.length, refused);
        for (const { reject } of batch) reject(refused);
      }
    } while (this.#waiting.length > 0);
    // In the same step that found nothing waiting: an entry that comes now begins anew.
    this.#writing = null;
  }

  #failed(count: number, error: Error): void {
    if (this.#problem === null) this.#options.log.error({ error }, messageOf(error));
    this.#problem = messageOf(error);
    this.#lost += count;
    if (this.#retrying) return;
    this.#retrying = true;
    const retry = (): void => {
      this.#retrying = false;
      if (this.#lost > 0) this.#writing ??= this.#drain();
    };
    this.#options.clock.after(retryMs, retry, this.#closed.signal);
  }
}

function lostEntry(count: number, atMs: number): Pending {
  const entry: AuditEntry = {
    ...{ action: 'lost', target: 'audit', from: null, to: count, result: 'failed' },
    who: { name: 'twinspect', via: 'local', role: null, certificate: null },
    cause: 'entries could not be written before this one',
  };
  return { entry, times: 1, atMs };
}
