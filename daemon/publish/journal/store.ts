/**
 * The journal itself, synchronous: parts opened, records committed, masks attached, all forgotten on acknowledgement.
 * Knows no threads and no time; refuses a record beyond the ceiling before it touches the file.
 */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { fail } from '../../../errors.ts';
import { openedByCamera, type PartOrigin, type VerdictRecord } from '../../line/verdict.ts';
import { resultIdOf } from '../payload.ts';
import type { JournalLimits } from './limits.ts';
import type { OpenPart, PendingMask, PendingRecord, Recovered, StoredMask, StoreFigures } from './messages.ts';
import { openDatabase, sqliteError } from './tables.ts';

export class JournalStore {
  readonly #path: string;
  readonly #limits: JournalLimits;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  #waiting = { records: 0, recordBytes: 0, maskBytes: 0 };
  #masksDropped = 0;

  constructor(path: string, limits: JournalLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#database = openDatabase(path, limits);
    this.#statements = prepare(this.#database);
    this.#count();
  }

  /** All or nothing. `durable` waits for the disk; without it a kill loses nothing either, only a power cut may. */
  transaction(durable: boolean, steps: () => void): void {
    try {
      this.#database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}; BEGIN IMMEDIATE`);
      steps();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw sqliteError(this.#path, error);
    }
  }

  #rollBack(): void {
    // SQLite may have rolled back by itself (disk full); a second ROLLBACK would be an error of its own.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    this.#count();
  }

  #count(): void {
    const records = this.#statements.countRecords.get() ?? {};
    const masks = this.#statements.countMasks.get() ?? {};
    this.#waiting = {
      records: Number(records['n']),
      recordBytes: Number(records['bytes']),
      maskBytes: Number(masks['bytes']),
    };
  }

  /** Closes what a kill left open, and finds where the sequence goes on. Bounded, so the ceiling does not hold here. */
  recover(closedAtMs: number): Recovered {
    const closed: VerdictRecord[] = [];
    let recovered: Recovered | undefined;
    this.transaction(true, () => {
      for (const row of this.#statements.openParts.all()) {
        const record = interrupted(row, closedAtMs);
        this.#write(record, true);
        closed.push(record);
      }
      const highest = Number(this.#statements.highest.get()?.['sequence'] ?? 0);
      const reservedUpTo = highest + this.#limits.reserve;
      this.reserve(reservedUpTo);
      recovered = { closed, nextSequence: highest + 1, reservedUpTo };
    });
    return recovered as Recovered;
  }

  reserve(upTo: number): void {
    this.#statements.reserve.run(upTo);
  }

  open(part: OpenPart, sequence: number): void {
    const { lineId, trigger, partId, openedAtMs, deadlineMs, origin } = part;
    this.#statements.open.run(sequence, lineId, trigger, partId, openedAtMs, deadlineMs, JSON.stringify(origin));
  }

  /** Throws while a record more would be too much. */
  checkRoom(): void {
    const { records, recordBytes } = this.#waiting;
    const { recordsMax, recordBytesMax } = this.#limits;
    if (records < recordsMax && recordBytes < recordBytesMax) return;
    const limit = records >= recordsMax ? `${recordsMax} records` : `${recordBytesMax} bytes`;
    throw fail('journal/full', { path: this.#path, records, bytes: recordBytes, limit });
  }

  /** Closes the part. The same sequence again replaces what has not been acknowledged yet. */
  commit(record: VerdictRecord, awaitsLink: boolean): void {
    if (awaitsLink) this.checkRoom();
    this.#write(record, awaitsLink);
    if (!awaitsLink) this.#statements.trim.run(record.lineId, record.lineId, this.#limits.keepLatest);
  }

  #write(record: VerdictRecord, awaitsLink: boolean): void {
    const json = JSON.stringify(record);
    const bytes = Buffer.byteLength(json);
    const before = this.#statements.waitingBytes.get(record.sequence);
    this.#statements.commit.run(record.sequence, record.lineId, json, bytes, awaitsLink ? 1 : 0);
    this.#statements.closePart.run(record.sequence);
    this.#waiting.records += (awaitsLink ? 1 : 0) - (before ? 1 : 0);
    this.#waiting.recordBytes += (awaitsLink ? bytes : 0) - Number(before?.['bytes'] ?? 0);
  }

  attachMask(lineId: string, mask: StoredMask): void {
    const { sequence, widthPx, heightPx, sha256, png } = mask;
    while (this.#waiting.maskBytes + png.length > this.#limits.maskBytesMax) {
      const oldest = this.#statements.dropOldestMask.get();
      this.#masksDropped += 1;
      if (!oldest) return; // this one alone is larger than the room for all
      this.#waiting.maskBytes -= Number(oldest['bytes']);
    }
    this.#statements.attachMask.run(sequence, lineId, widthPx, heightPx, sha256, png.length, png);
    this.#waiting.maskBytes += png.length;
  }

  acknowledge(lineId: string, sequence: number): void {
    const gone = this.#statements.acknowledge.get(sequence);
    if (!gone) return;
    this.#waiting.records -= 1;
    this.#waiting.recordBytes -= Number(gone['bytes']);
    this.#statements.trim.run(lineId, lineId, this.#limits.keepLatest);
  }

  acknowledgeMask(sequence: number): void {
    const gone = this.#statements.dropMask.get(sequence);
    if (gone) this.#waiting.maskBytes -= Number(gone['bytes']);
  }

  pending(lineId: string, after: number, limit: number): PendingRecord[] {
    return this.#statements.pending.all(lineId, after, limit).map((row) => ({
      record: recordOf(row),
      mask:
        row['sha256'] === null
          ? null
          : {
              widthPx: Number(row['widthPx']),
              heightPx: Number(row['heightPx']),
              sha256: String(row['sha256']),
            },
    }));
  }

  pendingMask(lineId: string, upTo: number): PendingMask | null {
    return (this.#statements.pendingMask.get(lineId, upTo) as unknown as PendingMask | undefined) ?? null;
  }

  /** The newest first, below `before` where it is given. */
  latest(lineId: string, limit: number, before: number | null): VerdictRecord[] {
    return this.#statements.latest.all(lineId, before ?? Number.MAX_SAFE_INTEGER, limit).map(recordOf);
  }

  bySequence(lineId: string, sequence: number): VerdictRecord | null {
    const row = this.#statements.bySequence.get(lineId, sequence);
    return row ? recordOf(row) : null;
  }

  /** Moves the write-ahead log into the file; done between parts, since it costs an fsync of its own. */
  checkpoint(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  figures(): StoreFigures {
    return {
      waitingRecords: this.#waiting.records,
      waitingRecordBytes: this.#waiting.recordBytes,
      waitingMaskBytes: this.#waiting.maskBytes,
      masksDropped: this.#masksDropped,
    };
  }

  close(): void {
    this.#database.close();
  }
}

type Row = Record<string, SQLOutputValue>;

/** Records of before parts had an origin were all opened by the camera; older ones tell no recipe. */
function recordOf(row: Row): VerdictRecord {
  const found = JSON.parse(String(row['json'])) as Omit<VerdictRecord, 'recipe'> & Partial<VerdictRecord>;
  return { ...openedByCamera, recipe: null, ...found };
}

/** A part whose daemon died: nothing was proven, so it is undecided. */
function interrupted(row: Row, closedAtMs: number): VerdictRecord {
  const part = row as unknown as Omit<OpenPart, 'origin'> & { sequence: number };
  const origin = row['origin'] === null ? openedByCamera : JSON.parse(String(row['origin']));
  return {
    ...(origin as PartOrigin),
    lineId: part.lineId,
    resultId: resultIdOf(part.lineId, part.sequence),
    sequence: part.sequence,
    trigger: part.trigger,
    partId: part.partId,
    decision: 'undecided',
    reason: 'interrupted',
    detail: 'the daemon ended while this part was open',
    score: null,
    threshold: null,
    judgedShare: null,
    regions: [],
    bundle: null,
    recipe: null,
    openedAtMs: part.openedAtMs,
    closedAtMs,
    deadlineMs: part.deadlineMs,
    captureToVerdictMs: null,
    inferMs: null,
  };
}

type Statements = Record<keyof typeof sql, StatementSync>;

const sql = {
  openParts: 'SELECT * FROM openPart ORDER BY sequence',
  highest: `SELECT max(
    coalesce((SELECT max(sequence) FROM record), 0), coalesce((SELECT max(sequence) FROM openPart), 0),
    (SELECT value FROM meta WHERE key = 'reservedUpTo')) AS sequence`,
  reserve: `UPDATE meta SET value = ? WHERE key = 'reservedUpTo'`,
  open: 'INSERT INTO openPart VALUES (?, ?, ?, ?, ?, ?, ?)',
  closePart: 'DELETE FROM openPart WHERE sequence = ?',
  commit: `INSERT INTO record VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (sequence) DO UPDATE SET json = excluded.json, bytes = excluded.bytes, waiting = excluded.waiting`,
  waitingBytes: 'SELECT bytes FROM record WHERE sequence = ? AND waiting = 1',
  countRecords: 'SELECT count(*) AS n, coalesce(sum(bytes), 0) AS bytes FROM record WHERE waiting = 1',
  countMasks: 'SELECT coalesce(sum(bytes), 0) AS bytes FROM mask',
  acknowledge: 'UPDATE record SET waiting = 0 WHERE sequence = ? AND waiting = 1 RETURNING bytes',
  // Beyond the newest N of the line, what nobody waits for is forgotten.
  trim: `DELETE FROM record WHERE lineId = ? AND waiting = 0 AND sequence <=
    (SELECT sequence FROM record WHERE lineId = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?)`,
  attachMask: 'INSERT OR REPLACE INTO mask VALUES (?, ?, ?, ?, ?, ?, ?)',
  dropMask: 'DELETE FROM mask WHERE sequence = ? RETURNING bytes',
  dropOldestMask: 'DELETE FROM mask WHERE sequence = (SELECT min(sequence) FROM mask) RETURNING bytes',
  pending: `SELECT record.json, mask.widthPx, mask.heightPx, mask.sha256 FROM record LEFT JOIN mask USING (sequence)
    WHERE record.lineId = ? AND record.waiting = 1 AND record.sequence > ? ORDER BY record.sequence LIMIT ?`,
  pendingMask: `SELECT mask.sequence, widthPx, heightPx, sha256, png,
    record.json ->> '$.partId' AS partId, record.json ->> '$.closedAtMs' AS closedAtMs
    FROM mask LEFT JOIN record USING (sequence) WHERE mask.lineId = ? AND mask.sequence <= ?
    ORDER BY mask.sequence LIMIT 1`,
  latest: 'SELECT json FROM record WHERE lineId = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?',
  bySequence: 'SELECT json FROM record WHERE lineId = ? AND sequence = ?',
} as const;

function prepare(database: DatabaseSync): Statements {
  const entries = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)] as const);
  return Object.fromEntries(entries) as Statements;
}
