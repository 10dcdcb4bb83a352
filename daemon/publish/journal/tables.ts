/** The journal's tables, and opening the file: WAL, each commit on the disk before it is answered, one process only. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, messageOf, TwinspectError } from '../../../errors.ts';
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
    else if (found !== version) {
      throw fail('journal/unreadable', { path, cause: `version ${String(found)}, this daemon writes ${version}` });
    }
    database.exec(`${keptIndex}; COMMIT`);
    return database;
  } catch (error) {
    if (database?.isOpen) database.close();
    throw sqliteError(path, error);
  }
}

/**
 * The engine's own ceiling, behind the counted ones: rows and indexes cost more than their bytes, so twice what the
 * limits allow plus 16 MiB; a leak of ours then ends as "full", not as a full disk.
 */
function fileCeilingPages(limits: JournalLimits): number {
  return Math.ceil((2 * (limits.recordBytesMax + limits.maskBytesMax) + 16 * 1024 * 1024) / pageBytes);
}

/** SQLite result codes, the low byte of the extended ones (sqlite.org/rescode.html). */
const [busy, locked, corrupt, notADatabase] = [5, 6, 11, 26];

/** Tells what the operator must do from what SQLite said. */
export function sqliteError(path: string, error: unknown): TwinspectError {
  if (error instanceof TwinspectError) return error;
  const code = Number((error as { errcode?: number }).errcode ?? 0) & 0xff;
  if (code === busy || code === locked) return fail('journal/locked', { path }, error);
  const values = { path, cause: messageOf(error) };
  return fail(code === corrupt || code === notADatabase ? 'journal/unreadable' : 'journal/unwritable', values, error);
}
