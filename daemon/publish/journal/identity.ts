/**
 * Whose the journal is: a random epoch that its records carry, and what shows that the file is another one than it was.
 * A new epoch begins where numbers could be given out a second time: with a new file, one that was brought back from
 * a backup, and one on another machine. Synchronous, in the journal's thread.
 */
import { readFileSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** Linux gives a random UUID at each reading (random(4)). */
const chance = '/proc/sys/kernel/random/uuid';
const epochChars = 16;

export interface Identity {
  readonly epoch: string;
  /** Of the parts that were left open; null in a journal of before there were epochs. */
  readonly before: string | null;
  /** Why it is another epoch than before; null where it is the same. */
  readonly why: string | null;
  /** Whoever had it open last did not close it. */
  readonly unclean: boolean;
}

export const identityTable = 'CREATE TABLE IF NOT EXISTS identity (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT';

/** Inside a transaction. `forced` says why numbers may have been lost though the file is the same. */
export function identify(
  database: DatabaseSync,
  path: string,
  machineId: string | null,
  forced: string | null,
): Identity {
  const rows = database.prepare('SELECT key, value FROM identity').all();
  const kept = new Map(rows.map(({ key, value }) => [String(key), String(value)]));
  const before = kept.get('epoch') ?? null;
  const file = fileMark(path);
  const why = before === null ? 'the journal is new to epochs' : (forced ?? otherThan(kept, file, machineId));
  const epoch = why === null ? (before as string) : freshEpoch();
  const put = database.prepare('INSERT OR REPLACE INTO identity VALUES (?, ?)');
  put.run('epoch', epoch);
  put.run('file', file);
  put.run('open', '1');
  if (machineId !== null) put.run('machine', machineId);
  return { epoch, before, why, unclean: kept.get('open') === '1' };
}

/** The last word of a clean end. */
export function signOff(database: DatabaseSync): void {
  database.exec(`INSERT OR REPLACE INTO identity VALUES ('open', '0')`);
}

function otherThan(kept: ReadonlyMap<string, string>, file: string, machineId: string | null): string | null {
  const machine = kept.get('machine');
  if (machineId !== null && machine !== undefined && machine !== machineId) {
    return 'the journal was written on another machine';
  }
  return kept.get('file') === file ? null : 'the journal is another file than it was: it was copied or restored';
}

/** A file that was copied or restored has another inode, or was made at another time. */
function fileMark(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino} ${birthtimeNs}`;
}

function freshEpoch(): string {
  return readFileSync(chance, 'utf8').replaceAll('-', '').trim().slice(-epochChars);
}
