/** Where the edges of depth and colour lay when the calibration was new, kept over restarts in the state folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../write-whole.ts';
import type { Normal, NormalStore } from './watch.ts';

export function normalFile(stateFolder: string, lineId: string): NormalStore {
  const path = join(stateFolder, `registration-${lineId}.json`);
  return {
    async load() {
      try {
        return parse(JSON.parse(await readFile(path, 'utf8')) as Partial<Normal> | null);
      } catch (error) {
        // None yet, or half of one: learned anew, as after a new calibration.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return null;
        throw error;
      }
    },
    save: (normal) => writeWhole(path, `${JSON.stringify(normal, null, 2)}\n`),
  };
}

function parse(raw: Partial<Normal> | null): Normal | null {
  const axis = (value: unknown): value is number | null => value === null || Number.isFinite(value);
  if (typeof raw?.calibration !== 'string' || !axis(raw.xPx) || !axis(raw.yPx)) return null;
  return { calibration: raw.calibration, xPx: raw.xPx, yPx: raw.yPx };
}
