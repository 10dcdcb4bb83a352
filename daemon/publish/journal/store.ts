/**
 * The journal itself, synchronous: parts opened, records committed, masks attached, all forgotten on acknowledgement.
 * Knows no threads and no time; refuses a record beyond the ceiling before it touches the file.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { fail } from '../../../errors.ts';
import { openedByCamera, type PartOrigin, type VerdictRecord } from '../../line/verdict.ts';
import { resultIdOf } from '../payload.ts';
import { identify, signOff } from './identity.ts';
import type { JournalLimits } from './limits.ts';
import type { OpenPart, PendingMask, PendingRecord, Recovered, StoredMask, StoreFigures } from './messages.ts';
import { prepare, type Statements } from './statements.ts';
import { checkWhole, leftOpen, openDatabase, openingError, sqliteError } from './tables.ts';

export class JournalStore {
  readonly #path: string;
  readonly #limits: JournalLimits;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  #waiting = { records: 0, recordBytes: 0, maskBytes: 0 };
  #masksDropped = 0;

  /** The highest number that was given out or set aside; 0 in a new journal. */
  readonly highest: number;
  /** Whoever had it open last did not close it. */
  readonly unclean: boolean;

  constructor(path: string, limits: JournalLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#database = openDatabase(path, limits);
    try {
      this.unclean = leftOpen(this.#database);
      checkWhole(this.#database, path, this.unclean);
      this.#statements = prepare(this.#database);
      this.#count();
      this.highest = Number(this.#statements.highest.get()?.['sequence'] ?? 0);
    } catch (error) {
      this.#database.close();
      throw openingError(path, error);
    }
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
  recover({ closedAtMs, machineId, forced, least }: Recovery): Omit<Recovered, 'damage'> {
    const closed: VerdictRecord[] = [];
    let recovered: Omit<Recovered, 'damage'> | undefined;
    this.transaction(true, () => {
      const { epoch, before, why } = identify(this.#database, this.#path, machineId, forced);
      for (const row of this.#statements.openParts.all()) {
        const record = interrupted(row, closedAtMs, before);
        this.#write(record, true);
        closed.push(record);
      }
      const highest = Math.max(least, Number(this.#statements.highest.get()?.['sequence'] ?? 0));
      const reservedUpTo = highest + this.#limits.reserve;
      this.reserve(reservedUpTo);
      recovered = { closed, nextSequence: highest + 1, reservedUpTo, epoch, epochWhy: why };
    });
    // The file itself says from now on that it is open: a log that is missing then was lost.
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.transaction(true, () => this.reserve((recovered as Recovered).reservedUpTo));
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

  /** Of a journal that ends as it should: nothing is missing when its log is. */
  signOff(): void {
    signOff(this.#database);
  }

  close(): void {
    this.#database.close();
  }
}

/** What is known when the journal opens. */
export interface Recovery {
  readonly closedAtMs: number;
  readonly machineId: string | null;
  /** Why numbers may have been lost; null where nothing says so. */
  readonly forced: string | null;
  /** The sequence goes on behind it. */
  readonly least: number;
}

type Row = Record<string, SQLOutputValue>;

/** Records of before parts had an origin were all opened by the camera; those of before epochs have none. */
function recordOf(row: Row): VerdictRecord {
  return { ...openedByCamera, epoch: null, ...(JSON.parse(String(row['json'])) as Omit<VerdictRecord, 'epoch'>) };
}

/** A part whose daemon died: nothing was proven, so it is undecided. */
function interrupted(row: Row, closedAtMs: number, epoch: string | null): VerdictRecord {
  const part = row as unknown as Omit<OpenPart, 'origin'> & { sequence: number };
  const origin = row['origin'] === null ? openedByCamera : JSON.parse(String(row['origin']));
  return {
    ...(origin as PartOrigin),
    lineId: part.lineId,
    epoch,
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
    openedAtMs: part.openedAtMs,
    closedAtMs,
    deadlineMs: part.deadlineMs,
    captureToVerdictMs: null,
    inferMs: null,
  };
}
