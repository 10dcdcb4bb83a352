/**
 * How much evidence is kept: a byte limit and a count limit, the oldest entries go first. Pure. An entry larger than
 * the whole quota is refused, so that one picture cannot delete everything.
 */
import type { StoredEntry } from './folder.ts';

export interface EvidenceLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** The entries to remove before `incomingBytes` more fit in; null where they never fit. */
export function toRemove(
  stored: readonly StoredEntry[],
  incomingBytes: number,
  limits: EvidenceLimits,
): StoredEntry[] | null {
  if (incomingBytes > limits.maxBytes || limits.maxEntries < 1) return null;
  const oldestFirst = [...stored].sort((a, b) => (a.name < b.name ? -1 : 1));
  let bytes = stored.reduce((sum, entry) => sum + entry.bytes, incomingBytes);
  let entries = stored.length + 1;
  const removed: StoredEntry[] = [];
  for (const entry of oldestFirst) {
    if (bytes <= limits.maxBytes && entries <= limits.maxEntries) break;
    removed.push(entry);
    bytes -= entry.bytes;
    entries--;
  }
  return removed;
}
