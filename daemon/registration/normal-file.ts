/** Where the edges of depth and colour lay when the calibration was new, kept over restarts in the state folder. */
import type { StateFolder } from '../state/folder.ts';
import type { Normal, NormalStore } from './watch.ts';

export function normalFile(state: StateFolder, lineId: string): NormalStore {
  const file = state.file<Normal>({
    ...{ name: `registration-${lineId}.json`, id: `registration-${lineId}`, parse },
    show: (normal) => `${JSON.stringify(normal, null, 2)}\n`,
    lost: 'where the edges lie is learned anew: what moved before is not noticed',
  });
  return { load: async () => (await file.load()).value, save: (normal) => file.save(normal) };
}

function parse(text: string): Normal {
  const raw = JSON.parse(text) as Partial<Normal> | null;
  const axis = (value: unknown): value is number | null => value === null || Number.isFinite(value);
  if (typeof raw?.calibration !== 'string' || !axis(raw.xPx) || !axis(raw.yPx)) throw new Error('it holds no places');
  return { calibration: raw.calibration, xPx: raw.xPx, yPx: raw.yPx };
}
