/** The journal's tables, and opening the file: WAL, each commit on the disk before it is answered, one process only. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, messageOf, TwinspectError } from '../../../errors.ts';
import { identityTable } from './identity.ts';
import type { JournalLimits } from './limits.ts';

const version = 2;

const tables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  CREATE TABLE openPart (
    sequence INTEGER PRIMARY KEY, lineId TEXT NOT NULL, trigger INTEGER NOT NULL, partId TEXT,
    openedAtMs REAL NOT NULL, deadlineMs REAL NOT NULL, origin TEXT) STRICT;
  CREATE TABLE record (
    sequence INTEGER PRIMARY KEY, lineId TEXT NOT NULL, json TEXT NOT NULL, bytes INTEGER NOT NULL,
    waiting INTEGER NOT NULL) STRICT;
  CREATE INDEX waitingRecord ON record (lineId, sequence) WHERE waiting = 1;
  CREATE INDEX recordOfLine ON record (lineId, sequence);
  CREATE TABLE mask (
    sequence INTEGER PRIMARY KEY, lineId TEXT NOT NULL, widthPx INTEGER NOT NULL, heightPx INTEGER NOT NULL,
    sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, png BLOB NOT NULL) STRICT;
  INSERT INTO meta VALUES ('version', ${version}), ('reservedUpTo', 0);
`;

/**
 * Made in journals of every age. Without it, forgetting one acknowledged record after a long outage reads all that
 * still wait.
 */
const keptIndex = 'CREATE INDEX IF NOT EXISTS keptRecord ON record (lineId, sequence) WHERE waiting = 0';

/** Version 1 did not know who opened a part. */
const fromVersion1 = `ALTER TABLE openPart ADD COLUMN origin TEXT; UPDATE meta SET value = 2 WHERE key = 'version';`;

/** Page size of SQLite, bytes; the file's hard ceiling is counted in pages. */
const pageBytes = 4096;

export function openDatabase(path: string, limits: JournalLimits): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw fail('journal/unwritable', { path, cause: messageOf(error) }, error);
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // Exclusive: a second daemon on the same folder would hand out the same sequences.
    database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = ${pageBytes}; PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
      PRAGMA max_page_count = ${fileCeilingPages(limits)}; BEGIN IMMEDIATE`);
    const made = database.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'meta'`).get()?.['n'];
    if (made === 0) database.exec(tables);
    const found = database.prepare(`SELECT value FROM meta WHERE key = 'version'`).get()?.['value'];
    if (found === 1) database.exec(fromVersion1);
    else if (typeof found === 'number' && found > version) throw fail('journal/version', { path, found, version });
    else if (found !== version) throw fail('journal/unreadable', { path, cause: 'it does not say its version' });
    database.exec(`${keptIndex}; ${identityTable}; COMMIT`);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw openingError(path, error);
  }
}

/** The one before was killed, or lost its power. */
export function leftOpen(database: DatabaseSync): boolean {
  return database.prepare(`SELECT value FROM identity WHERE key = 'open'`).get()?.['value'] === '1';
}

/** Reading takes a second for some 100 MB: a journal that was closed as it should is checked only while it is small. */
const smallBytes = 64 * 1024 * 1024;

/** Throws `journal/unreadable` where pages of the file are not what they should be. */
export function checkWhole(database: DatabaseSync, path: string, unclean: boolean): void {
  const bytes = Number(database.prepare('PRAGMA page_count').get()?.['page_count']) * pageBytes;
  if (!unclean && bytes > smallBytes) return;
  const said = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (said !== 'ok') throw fail('journal/unreadable', { path, cause: String(said) });
}

/**
 * The engine's own ceiling, behind the counted ones: rows and indexes cost more than their bytes, so twice what the
 * limits allow plus 16 MiB; a leak of ours then ends as "full", not as a full disk.
 */
function fileCeilingPages(limits: JournalLimits): number {
  return Math.ceil((2 * (limits.recordBytesMax + limits.maskBytesMax) + 16 * 1024 * 1024) / pageBytes);
}

/** SQLite result codes, the low byte of the extended ones (sqlite.org/rescode.html). */
const [general, busy, locked, corrupt, full, mismatch, notADatabase] = [1, 5, 6, 11, 13, 20, 26];

/** While it opens, a table that is not there or a type that does not fit is damage too. */
export function openingError(path: string, error: unknown): TwinspectError {
  const code = codeOf(error);
  if (!(error instanceof TwinspectError) && (code === general || code === mismatch)) {
    return fail('journal/unreadable', { path, cause: messageOf(error) }, error);
  }
  return sqliteError(path, error);
}

/** The disk is full, or the file as large as it may be. */
export function isFull(error: unknown): boolean {
  return codeOf(error instanceof TwinspectError ? error.cause : error) === full;
}

function codeOf(error: unknown): number {
  return Number((error as { errcode?: number } | null)?.errcode ?? 0) & 0xff;
}

/** Tells what the operator must do from what SQLite said. */
export function sqliteError(path: string, error: unknown): TwinspectError {
  if (error instanceof TwinspectError) return error;
  const code = codeOf(error);
  if (code === busy || code === locked) return fail('journal/locked', { path }, error);
  const values = { path, cause: messageOf(error) };
  return fail(code === corrupt || code === notADatabase ? 'journal/unreadable' : 'journal/unwritable', values, error);
}
