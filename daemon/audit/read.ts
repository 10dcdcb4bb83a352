/** The audit record read: every line, the whole chain verified, and the newest entries. Changes nothing. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type AuditLine, breakBetween, type Head, origin, readLine } from './chain.ts';
import { fileNumbers, fileOf, readHead } from './record.ts';

export interface Verified {
  readonly files: number;
  readonly lines: number;
  /** Where the chain stands; null for an empty record. */
  readonly head: Head | null;
  /** `audit-000001.jsonl line 7 ...`; empty where the record is whole. */
  readonly problems: readonly string[];
  /** Whether the hash asked for is one of the chain; null where none was asked for. */
  readonly knowsHead: boolean | null;
}

/** Problems named at most; a chain broken once is often broken in each line after. */
const problemsMax = 20;

/** Reads every line against its predecessor, the beginning against what was dropped, the end against the head. */
export async function verify(folder: string, noted: string | null = null): Promise<Verified> {
  const numbers = await fileNumbers(folder);
  const problems: string[] = [];
  const dropped = new Map<number, string>();
  let first: AuditLine | null = null;
  let before: Head | null = null;
  let lines = 0;
  let knowsHead = noted === null ? null : false;
  const gap = numbers.find((number, at) => at > 0 && number !== numbers[at - 1]! + 1);
  if (gap !== undefined) problems.push(`${basename(fileOf(folder, gap - 1))} is missing`);
  for (const number of numbers) {
    const name = basename(fileOf(folder, number));
    for (const [at, line] of (await linesOf(folder, number)).entries()) {
      lines++;
      if (typeof line === 'string') {
        problems.push(`${name} line ${at + 1} ${line}`);
        continue;
      }
      const broken = before === null ? null : breakBetween(before, line);
      if (broken !== null) problems.push(`${name} line ${at + 1} ${broken}`);
      first ??= line;
      before = { n: line.n, hash: line.hash };
      if (line.hash === noted) knowsHead = true;
      const end = line.action === 'drop' ? (line.from as { n: number | null; hash: string | null }) : null;
      if (end?.n && end.hash) dropped.set(end.n, end.hash);
    }
  }
  problems.push(...beginning(first, dropped), ...ending(before, await readHead(folder)));
  return { files: numbers.length, lines, head: before, problems: problems.slice(0, problemsMax), knowsHead };
}

/** The first line there is must be the first ever, or follow a file that the record itself says was dropped. */
function beginning(first: AuditLine | null, dropped: ReadonlyMap<number, string>): string[] {
  if (first === null || (first.n === 1 && first.prev === origin.hash)) return [];
  return dropped.get(first.n - 1) === first.prev
    ? []
    : [`the record begins with number ${first.n}, and no entry says that what came before was dropped`];
}

function ending(last: Head | null, head: Head | null): string[] {
  if (head === null) return last === null ? [] : ['head.json is missing or unreadable'];
  if (last === null || last.n < head.n) {
    return [`the record ends with number ${last?.n ?? 0}, expected ${head.n}: lines are missing at its end`];
  }
  // A kill between line and head leaves the head one write behind; the chain itself is whole then.
  return last.n === head.n && last.hash !== head.hash ? ['the last line is not the one that was written'] : [];
}

/** The newest entries, oldest first; lines that are none are left to `verify`. */
export async function newest(folder: string, count: number): Promise<AuditLine[]> {
  const found: AuditLine[] = [];
  for (const number of (await fileNumbers(folder)).reverse()) {
    const lines = (await linesOf(folder, number)).filter((line) => typeof line !== 'string');
    found.unshift(...lines.slice(-Math.max(1, count - found.length)));
    if (found.length >= count) break;
  }
  return found.slice(-count);
}

async function linesOf(folder: string, number: number): Promise<(AuditLine | string)[]> {
  const text = await readFile(fileOf(folder, number), 'utf8');
  const lines = text.split('\n');
  // What stands behind the last line end is a write under way, or what a power cut left of one.
  return lines.slice(0, -1).map(readLine);
}
