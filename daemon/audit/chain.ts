/**
 * One line of the audit record and the chain that binds it to the one before: JSON, its number, the hash of its
 * predecessor, its own. Pure. A line that was changed, left out, put in or moved breaks the chain from there on.
 *
 * What it does not do: whoever may write the folder can write the whole chain anew. Against him helps a head that was
 * noted elsewhere (`twinspect audit verify --head`), or a copy on another machine.
 */
import { createHash } from 'node:crypto';
import type { AuditEntry } from './port.ts';

/** An entry as it stands in the record. */
export interface AuditLine extends AuditEntry {
  /** 1.. without gaps, over all files. */
  readonly n: number;
  /** Wall clock, ISO 8601 in UTC. */
  readonly at: string;
  /** How often it happened; more than 1 where a window of tries was counted. */
  readonly times: number;
  /** Hash of the line before; 64 zeros at the very first. */
  readonly prev: string;
  /** SHA-256 of the line up to this field, hex. */
  readonly hash: string;
}

/** Where a chain stands: its last line. */
export interface Head {
  readonly n: number;
  readonly hash: string;
}

export const origin: Head = { n: 0, hash: '0'.repeat(64) };

/** Longest text of an entry, characters: names and causes come from the network. */
const textMaxChars = 256;

/** The line of an entry after `head`, without its line end, and where the chain stands then. */
export function chained(entry: AuditEntry, times: number, atMs: number, head: Head): { text: string; head: Head } {
  const { action, target, who, from, to, result, cause } = entry;
  const { name, via, role, certificate } = who;
  const body = JSON.stringify(
    {
      ...{ n: head.n + 1, at: new Date(atMs).toISOString(), action, target },
      ...{ who: { name, via, role, certificate }, from, to, result, cause, times, prev: head.hash },
    },
    (_key, value: unknown) => (typeof value === 'string' ? value.slice(0, textMaxChars) : value),
  );
  const hash = hashOf(body);
  return { text: `${body.slice(0, -1)},"hash":"${hash}"}`, head: { n: head.n + 1, hash } };
}

/** The line's content, or what is wrong with it by itself; whether it follows another one is `follows`. */
export function readLine(text: string): AuditLine | string {
  const parts = /^(\{.*),"hash":"([0-9a-f]{64})"\}$/.exec(text);
  if (!parts) return 'is not a line of an audit record';
  if (hashOf(`${parts[1]}}`) !== parts[2]) return 'was changed: its hash is another one';
  return JSON.parse(text) as AuditLine;
}

/** What is wrong between two lines; null where the second follows the first. */
export function breakBetween(before: Head, line: AuditLine): string | null {
  if (line.n !== before.n + 1) return `is number ${line.n}, expected ${before.n + 1}: lines are missing or moved`;
  return line.prev === before.hash ? null : 'does not follow the line before: one of them is not the original';
}

function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
