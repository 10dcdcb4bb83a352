/**
 * The audit record after a power cut: files that hold no entries any more are set aside, and lines or a head that are
 * gone are told. Nothing is mended that would hide a gap: the chain goes on behind the last number that is known, from
 * the record or from the copy of its head, so that `twinspect audit verify` shows what is missing.
 */
import { access, constants, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf } from '../../errors.ts';
import { blank } from '../state/damage.ts';
import type { StateFolder } from '../state/folder.ts';
import { type Head, readLine } from './chain.ts';
import { fileNumbers, fileOf, parseHead } from './record.ts';

const id = 'audit';

function headFormat(state: StateFolder) {
  return state.file<Head>({
    ...{ name: 'audit/head.json', id: 'audit-head', mode: 0o640 },
    parse(text) {
      const head = parseHead(text);
      if (head === null) throw new Error('expected a number and a hash');
      return head;
    },
    show: (head) => `${JSON.stringify(head)}\n`,
    lost: 'entries that are missing at the end of the audit record would not show',
  });
}

/** The head was written anew; whoever calls holds the folder's lock. */
export function copyHead(state: StateFolder): Promise<void> {
  return headFormat(state).refreshCopy();
}

/** Whoever calls holds the folder's lock. Rejects with `state/stuck`, or where the folder cannot be read. */
export async function checkAudit(folder: string, state: StateFolder): Promise<void> {
  const { value: head, lost } = await headFormat(state).load();
  const problems: string[] = [];
  let last = 0;
  for (const number of (await fileNumbers(folder)).reverse()) {
    const path = fileOf(folder, number);
    const { problem, lastNumber } = await lookAt(path, { head, whole: last === 0 });
    last = Math.max(last, lastNumber);
    if (problem === null) continue;
    const aside = await state.setAside(path, `audit/${basename(path)}`);
    problems.push(`${path} ${problem} and is kept as ${aside}`);
  }
  if (head === null && last > 0 && !lost) {
    await state.faults.raise('audit-head', `${folder}/head.json is missing; it is written again with the next entry`);
  }
  if (head !== null && last < head.n) {
    problems.push(`the audit record ends with number ${last}, expected ${head.n}: entries are lost`);
  }
  for (const number of (await fileNumbers(folder)).slice(-1)) {
    const path = fileOf(folder, number);
    const cause = await access(path, constants.W_OK).then(() => null, messageOf);
    if (cause !== null) problems.push(`${path} cannot be written (${cause}): the record goes on in a new file`);
  }
  if (problems.length > 0) await state.faults.raise(id, `${problems.join('; ')}; see twinspect audit verify`);
}

interface Look {
  readonly head: Head | null;
  /** The newest file is read line by line; of the older ones only the beginning is looked at. */
  readonly whole: boolean;
}

/** Damaged is a file without any entry: a single bad line is a finding of `verify`, and stays where it is. */
async function lookAt(path: string, { head, whole }: Look): Promise<{ problem: string | null; lastNumber: number }> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return { problem: `cannot be read (${messageOf(error)})`, lastNumber: 0 };
  }
  // The file after the last one is empty where a kill came between making it and its first entry.
  if (bytes.length === 0 && head === null) return { problem: null, lastNumber: 0 };
  const problem = blank(bytes);
  if (problem !== null) return { problem, lastNumber: 0 };
  if (!whole) return { problem: bytes[0] === 0x7b ? null : 'does not begin with an entry', lastNumber: 0 };
  const numbers = new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map(readLine)
    .flatMap((line) => (typeof line === 'string' ? [] : [line.n]));
  if (numbers.length === 0) return { problem: 'holds no entry that can be read', lastNumber: 0 };
  return { problem: null, lastNumber: Math.max(...numbers.slice(-2)) };
}
