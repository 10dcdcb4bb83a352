/** What the publishing tests share: records, a silent log that can be read, folders, ports, waiting for a condition. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import type { Log } from '../../daemon/publish/lane.ts';
import { patienceMs } from '../patience.ts';

export { judged } from './fixtures-record.ts';

export interface ReadableLog extends Log {
  readonly lines: { level: string; text: string; values: object }[];
}

export function readableLog(): ReadableLog {
  const lines: ReadableLog['lines'] = [];
  const at = (level: string) => (values: object, text: string) => void lines.push({ level, text, values });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'twinspect-publish-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return folder;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}

/** Resolves when the condition holds; fails by name when it does not within the bound. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  boundMs = patienceMs,
): Promise<void> {
  const endMs = systemClock.nowMs() + boundMs;
  while (!(await holds())) {
    if (systemClock.nowMs() > endMs) throw new Error(`not within ${boundMs} ms: ${what}`);
    await new Promise<void>((resolve) => systemClock.after(5, resolve));
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
