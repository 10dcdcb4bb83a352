/** What the journal asks of its database, each prepared once. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Statements = Record<keyof typeof sql, StatementSync>;

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

export function prepare(database: DatabaseSync): Statements {
  const entries = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)] as const);
  return Object.fromEntries(entries) as Statements;
}
