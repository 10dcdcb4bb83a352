/**
 * The files of the audit record: `audit-000001.jsonl` and so on in `audit/` of the state folder, each line one entry,
 * appended and synced to the disk before the write resolves. `head.json` says where the chain stands, so that lines
 * missing at the end show too. Nothing is ever rewritten; at the ceiling the oldest file is dropped whole, and the
 * record says so in an entry that the chain needs.
 */
import { access, constants, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../write-whole.ts';
import { type AuditLine, chained, type Head, origin, readLine } from './chain.ts';
import type { AuditEntry } from './port.ts';

export interface RecordLimits {
  /** About 20,000 entries: a file an editor still opens. */
  readonly fileMaxBytes: number;
  /** Files kept; with their size the ceiling on the disk, 256 MB. */
  readonly filesMax: number;
}

export const recordLimits: RecordLimits = { fileMaxBytes: 8 * 1024 * 1024, filesMax: 32 };

const local = { name: 'twinspect', via: 'local', role: null, certificate: null } as const;

/** An entry that waits, and when it happened. */
export interface Pending {
  readonly entry: AuditEntry;
  readonly times: number;
  readonly atMs: number;
}

interface Place {
  readonly number: number;
  readonly bytes: number;
  readonly head: Head;
}

/** Numbers of the files there are, rising. */
export async function fileNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => /^audit-(\d{6})\.jsonl$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

export function fileOf(folder: string, number: number): string {
  return join(folder, `audit-${String(number).padStart(6, '0')}.jsonl`);
}

export function headFile(folder: string): string {
  return join(folder, 'head.json');
}

/** Whoever calls holds the folder's lock. */
export class AuditRecord {
  readonly #folder: string;
  readonly #limits: RecordLimits;
  #place: Place | null = null;

  constructor(folder: string, limits: RecordLimits = recordLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Appends all of them with one sync. */
  async append(pending: readonly Pending[], nowMs: number): Promise<void> {
    let place = await this.#whereItStands(nowMs);
    if (place.bytes >= this.#limits.fileMaxBytes) place = await this.#nextFile(place, nowMs);
    this.#place = await this.#write(place, pending);
  }

  /** Another process may have written since: then the end is looked for again. */
  async #whereItStands(nowMs: number): Promise<Place> {
    const known = this.#place;
    if (known) {
      const bytes = await sizeOf(fileOf(this.#folder, known.number));
      const isLast = (await sizeOf(fileOf(this.#folder, known.number + 1))) === null;
      if (bytes === known.bytes && isLast) return known;
    }
    const number = (await fileNumbers(this.#folder)).at(-1);
    if (number === undefined) return { number: 1, bytes: 0, head: await this.#noted() };
    const end = await this.#endOf(number, nowMs);
    // One that may only be read goes on in the next.
    const mayWrite = await access(fileOf(this.#folder, number), constants.W_OK).then(
      () => true,
      () => false,
    );
    return mayWrite ? end : this.#nextFile(end, nowMs);
  }

  /** A last line without its end is what a power cut left of a write that never resolved: it goes, and it is said. */
  async #endOf(number: number, nowMs: number): Promise<Place> {
    const path = fileOf(this.#folder, number);
    const text = await readFile(path, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    const last = text.slice(text.lastIndexOf('\n', end - 2) + 1, end - 1);
    const line = last === '' ? null : readLine(last);
    // A line that was tampered with is followed as it stands: the break must stay to be seen, not stop the record.
    const head = typeof line === 'object' ? await this.#headBehind(line) : await this.#noted();
    const place = { number, bytes: Buffer.byteLength(text.slice(0, end)), head };
    if (end === text.length) return place;
    await truncate(path, place.bytes);
    const to = text.slice(end);
    const entry: AuditEntry = {
      ...{ action: 'repair', target: `audit-${number}`, who: local, from: to, to: null, result: 'done', cause: null },
    };
    return this.#write(place, [{ entry, times: 1, atMs: nowMs }]);
  }

  /** An empty newest file continues the one before. */
  async #headBehind(line: AuditLine | null): Promise<Head> {
    const noted = await this.#noted();
    // A kill leaves the head behind the lines, never before them: where it is, lines are lost, and the gap must show.
    return line && line.n >= noted.n ? { n: line.n, hash: line.hash } : noted;
  }

  async #noted(): Promise<Head> {
    return (await readHead(this.#folder)) ?? origin;
  }

  async #nextFile(place: Place, nowMs: number): Promise<Place> {
    const next = { number: place.number + 1, bytes: 0, head: place.head };
    const numbers = await fileNumbers(this.#folder);
    const oldest = numbers[0];
    if (oldest === undefined || numbers.length < this.#limits.filesMax) return next;
    const text = await readFile(fileOf(this.#folder, oldest), 'utf8');
    const last = readLine(text.trimEnd().split('\n').at(-1)!);
    const from = typeof last === 'object' ? { n: last.n, hash: last.hash } : { n: null, hash: null };
    const entry: AuditEntry = {
      ...{ action: 'drop', target: `audit-${oldest}`, who: local, from, to: null, result: 'done' },
      cause: `the record holds at most ${this.#limits.filesMax} files`,
    };
    // First the entry, then the file: a kill in between leaves a file too many, which verifies.
    const begun = await this.#write(next, [{ entry, times: 1, atMs: nowMs }]);
    await rm(fileOf(this.#folder, oldest), { force: true });
    return begun;
  }

  async #write(place: Place, pending: readonly Pending[]): Promise<Place> {
    let { head } = place;
    let lines = '';
    for (const { entry, times, atMs } of pending) {
      const made = chained(entry, times, atMs, head);
      lines += `${made.text}\n`;
      head = made.head;
    }
    const path = fileOf(this.#folder, place.number);
    // Until it is known to be whole, the end must be looked for again.
    this.#place = null;
    const file = await open(path, 'a', 0o640);
    try {
      await file.writeFile(lines);
      await file.datasync();
    } finally {
      await file.close();
    }
    if (place.bytes === 0) await syncFolder(this.#folder);
    await this.#note(head);
    return { number: place.number, bytes: place.bytes + Buffer.byteLength(lines), head };
  }

  #note(head: Head): Promise<void> {
    return writeWhole(headFile(this.#folder), `${JSON.stringify(head)}\n`, { mode: 0o640 });
  }
}

/** Null where none was noted yet, or where what stands there is none. */
export async function readHead(folder: string): Promise<Head | null> {
  const text = await readFile(headFile(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return parseHead(text);
}

export function parseHead(text: string): Head | null {
  const found = /^\{"n":(\d+),"hash":"([0-9a-f]{64})"\}\s*$/.exec(text);
  return found && { n: Number(found[1]), hash: found[2]! };
}

async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return found?.size ?? null;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}
