/**
 * What went wrong with the state folder and waits for a person: one file for each fault in `faults/`, so that it stands
 * over restarts, and so that the daemon and a command beside it can both take one away. A fault is gone once it is
 * acknowledged; nothing waits for that, the line judges meanwhile.
 */
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import { writeWhole } from '../write-whole.ts';

export interface StateFault {
  /** A short name of what is at fault: `journal`, `users`, `opcua-key`. Its next fault takes its place. */
  readonly id: string;
  /** For people: what was found and what was done. */
  readonly text: string;
  /** Wall clock, when it came first. */
  readonly sinceMs: number;
}

export interface FaultsDeps {
  readonly clock: Pick<Clock, 'wallMs' | 'after'>;
  readonly log: { error(values: object, text: string): void; info(values: object, text: string): void };
}

/** A fault that was acknowledged by a command may be shown so much longer. */
const rereadMs = 2000;
const suffix = '.json';

export class StateFaults {
  readonly #folder: string;
  readonly #deps: FaultsDeps;
  readonly #listeners: (() => void)[] = [];
  #standing: readonly StateFault[] = [];

  constructor(folder: string, deps: FaultsDeps) {
    this.#folder = folder;
    this.#deps = deps;
  }

  /** As of the last look, the oldest first. */
  get standing(): readonly StateFault[] {
    return this.#standing;
  }

  /** All of them in one line; null where there is none. */
  get text(): string | null {
    if (this.#standing.length === 0) return null;
    const ids = this.#standing.map(({ id, text }) => `${id}: ${text}`).join('; ');
    return `state/fault: ${ids} (twinspect fault acknowledge)`;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Where it cannot be written it stands until the process ends, and is in the log. Never rejects. */
  async raise(id: string, text: string): Promise<void> {
    const { clock, log } = this.#deps;
    log.error({ fault: id }, text);
    const sinceMs = this.#standing.find((fault) => fault.id === id)?.sinceMs ?? clock.wallMs();
    const fault = { id, text, sinceMs };
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o750 });
      await writeWhole(join(this.#folder, `${id}${suffix}`), `${JSON.stringify(fault, null, 2)}\n`, { mode: 0o640 });
      await this.look();
    } catch (error) {
      log.error({ fault: id, error }, `the fault cannot be kept: ${messageOf(error)}`);
      this.#take([...this.#standing.filter((each) => each.id !== id), fault]);
    }
  }

  /** Reads what stands there now. */
  async look(): Promise<readonly StateFault[]> {
    const names = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      // Below a file there is no folder either; that the state folder is none is said by who wants to write there.
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    });
    const ids = names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
    const found = await Promise.all(ids.map((id) => this.#read(id)));
    this.#take(found.filter((fault) => fault !== null).sort((a, b) => a.sinceMs - b.sinceMs));
    return this.#standing;
  }

  /** Takes away the named one, or all; answers them. Rejects with `state/unknown` where there is none of that name. */
  async acknowledge(id: string | null): Promise<readonly StateFault[]> {
    const standing = await this.look();
    const chosen = id === null ? standing : standing.filter((fault) => fault.id === id);
    if (id !== null && chosen.length === 0) {
      throw fail('state/unknown', { id, known: standing.map((fault) => fault.id).join(', ') || 'none' });
    }
    for (const fault of chosen) await rm(join(this.#folder, `${fault.id}${suffix}`), { force: true });
    this.#take(standing.filter((fault) => !chosen.includes(fault)));
    return chosen;
  }

  /** Looks again and again, for what a command beside the daemon acknowledged. */
  follow(signal: AbortSignal): void {
    const { clock, log } = this.#deps;
    const again = async (): Promise<void> => {
      await this.look().catch((error: unknown) => log.error({ error }, `faults cannot be read: ${messageOf(error)}`));
      this.follow(signal);
    };
    clock.after(rereadMs, () => void again(), signal);
  }

  /** A fault that is damaged itself stands by its name. */
  async #read(id: string): Promise<StateFault | null> {
    const path = join(this.#folder, `${id}${suffix}`);
    try {
      const found = JSON.parse(await readFile(path, 'utf8')) as Partial<StateFault>;
      if (typeof found.text === 'string' && Number.isFinite(found.sinceMs)) return { ...(found as StateFault), id };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    }
    const sinceMs = (await stat(path).catch(() => null))?.mtimeMs ?? 0;
    return { id, text: 'what this fault said cannot be read any more; look at set-aside/', sinceMs };
  }

  #take(standing: readonly StateFault[]): void {
    const changed = JSON.stringify(standing) !== JSON.stringify(this.#standing);
    const gone = this.#standing.filter(({ id }) => !standing.some((fault) => fault.id === id));
    this.#standing = standing;
    for (const { id } of gone) this.#deps.log.info({ fault: id }, 'fault acknowledged');
    if (changed) for (const listener of this.#listeners) listener();
  }
}
