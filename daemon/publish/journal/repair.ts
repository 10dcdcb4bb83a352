/**
 * Opening the journal whatever a power cut left of it: a file that is missing, empty, zeroed, cut off or of another
 * kind is set aside with its write-ahead log, and a new one goes on behind the highest number that anybody knows. One
 * that may not be written is copied. Synchronous, in the journal's thread.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fail, messageOf, TwinspectError } from '../../../errors.ts';
import { blank } from '../../state/damage.ts';
import type { Recovered, WorkerStart } from './messages.ts';
import { JournalStore } from './store.ts';

const magic = 'SQLite format 3\0';
/** First bytes of a write-ahead log, either byte order (sqlite.org/fileformat2.html, 4.1). */
const walMagics = [0x377f0682, 0x377f0683];
const parts = ['', '-wal', '-shm'];
const headBytes = 4096;

export interface Opened {
  readonly store: JournalStore;
  readonly recovered: Recovered;
}

/** Throws `journal/locked`, `journal/version`, `journal/unwritable`, or `state/stuck`. */
export function openRepaired(start: WorkerStart, atRuntime: string | null = null): Opened {
  const damage: string[] = [];
  let problem = atRuntime ?? problemWith(start);
  if (problem === null) {
    problem = makeWritable(start, damage);
  }
  const wal = problem === null ? problemWithLog(start.path) : null;
  if (problem === null) {
    try {
      return open(start, damage, wal, 0);
    } catch (error) {
      if (!isDamage(error)) throw error;
      problem = messageOf(error);
    }
  }
  const asides = setAside(start, parts);
  const kept = asides.length === 0 ? '' : ` and is kept as ${asides[0]}`;
  const { knownUpTo } = start;
  const goesOn =
    knownUpTo === null
      ? 'a new one begins at 1 under a new epoch; no copy of the highest number was found'
      : `a new one goes on behind number ${knownUpTo} under a new epoch`;
  damage.push(
    `the journal ${start.path} ${problem}${kept}; ${goesOn}; records that had not been sent are in that file`,
  );
  return open(start, damage, null, (knownUpTo ?? 0) + (knownUpTo === null ? 0 : start.limits.reserve));
}

/** Damage is what another file mends; a full disk, another daemon or a lacking right is none. */
function isDamage(error: unknown): boolean {
  return error instanceof TwinspectError && error.code === 'journal/unreadable';
}

function open(start: WorkerStart, damage: string[], wal: string | null, floor: number): Opened {
  const { path, limits, machineId, knownUpTo, closedAtMs } = start;
  const store = new JournalStore(path, limits);
  try {
    const behind = knownUpTo !== null && knownUpTo > store.highest && floor === 0;
    const lost = wal !== null && store.unclean;
    const forced = lost || behind ? 'entries at the end of the journal are lost' : null;
    if (lost) damage.push(`the journal ${path}: its write-ahead log ${wal}: the newest entries are lost`);
    else if (behind) {
      const text = `the journal ${path} is behind: it ends at number ${store.highest}, ${knownUpTo} were reserved`;
      damage.push(`${text}; it goes on behind them under a new epoch (a restored or cut off file)`);
    }
    const least = behind || lost ? (knownUpTo ?? store.highest) + limits.reserve : floor;
    const recovered = store.recover({ closedAtMs, machineId, forced, least });
    return { store, recovered: { ...recovered, damage } };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** Before SQLite sees it: it takes an empty file for a new one. Null where it may be a journal, or where none was. */
function problemWith({ path, knownUpTo }: WorkerStart): string | null {
  if (!existsSync(path)) return knownUpTo === null ? null : 'is missing';
  try {
    const head = readHead(path);
    if (head.length === 0) return 'is empty';
    if (head.subarray(0, magic.length).toString('latin1') === magic) return null;
    return blank(head) ?? 'is not a journal';
  } catch (error) {
    return `cannot be read (${messageOf(error)})`;
  }
}

/** Null where it is as an open journal leaves it: a log with its own beginning. */
function problemWithLog(path: string): string | null {
  const log = `${path}-wal`;
  if (!existsSync(log)) return 'is missing';
  const head = readHead(log);
  if (head.length === 0) return 'is empty';
  return walMagics.includes(head.readUInt32BE(0)) ? null : (blank(head) ?? 'is not one');
}

/** The first bytes; a whole journal is half a gigabyte. */
function readHead(path: string): Buffer {
  const bytes = Buffer.alloc(headBytes);
  const file = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, headBytes, 0));
  } finally {
    closeSync(file);
  }
}

/** The folder is ours though a file is not: a copy of it is. Null where all can be written now. */
function makeWritable(start: WorkerStart, damage: string[]): string | null {
  const locked = parts.filter((part) => existsSync(start.path + part) && !mayWrite(start.path + part));
  if (locked.length === 0) return null;
  try {
    const present = parts.filter((part) => existsSync(start.path + part));
    const asides = setAside(start, present);
    present.forEach((part, at) => {
      if (part === '-shm') return;
      copyFileSync(asides[at]!, start.path + part);
      // The copy has the rights of what it is a copy of.
      chmodSync(start.path + part, 0o640);
    });
    const files = locked.map((part) => basename(start.path + part)).join(', ');
    damage.push(`the journal could not be written (${files}): it was copied, the old files are kept as ${asides[0]}`);
    return null;
  } catch (error) {
    if (error instanceof TwinspectError) throw error;
    return `cannot be written nor copied (${messageOf(error)})`;
  }
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false; // which is the answer
  }
}

/** Answers the new names of those there were. */
function setAside({ path, setAside: { folder, stamp } }: WorkerStart, which: readonly string[]): string[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return which
      .filter((part) => existsSync(path + part))
      .map((part) => {
        const aside = join(folder, `${basename(path)}.${stamp}${part}`);
        renameSync(path + part, aside);
        return aside;
      });
  } catch (error) {
    throw fail('state/stuck', { path, cause: messageOf(error) }, error);
  }
}
