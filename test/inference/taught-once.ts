/** The tiny bundle, taught by the first test file of a run that wants it; the others wait for it and read it. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import { inject } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { patienceMs } from '../patience.ts';
import type {} from '../run-folder.ts';
import { teachTiny } from './tiny-bundle.ts';

/** Who has waited as long as that for the first teaches himself: it may have been ended meanwhile. */
const waitedMaxMs = patienceMs;
const lookEveryMs = 20;

/** The bundle's files by path; its own copy for each caller. */
export async function tinyFiles(): Promise<Map<string, Uint8Array>> {
  const kept = join(inject('runFolder'), 'tiny-bundle');
  if (!isFirst(`${kept}.begun`)) {
    for (let waitedMs = 0; !existsSync(kept) && waitedMs < waitedMaxMs; waitedMs += lookEveryMs) {
      await new Promise<void>((resolve) => systemClock.after(lookEveryMs, resolve));
    }
  }
  if (!existsSync(kept)) {
    // Whole or not there.
    const partial = `${kept}-${process.pid}`;
    writeFileSync(partial, serialize(await teachTiny()));
    renameSync(partial, kept);
  }
  return deserialize(readFileSync(kept)) as Map<string, Uint8Array>;
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false; // another file of this run teaches it, or has
  }
}
