/** The state folder of a test, with its second copies in it. */
import { systemClock } from '../../daemon/clock.ts';
import { StateFolder, type StateFolderOptions } from '../../daemon/state/folder.ts';

export function stateAt(path: string, given: Partial<StateFolderOptions> = {}): StateFolder {
  return new StateFolder({ path, clock: systemClock, ...given });
}
