/** Which GenICam cameras answer on every interface of this machine, and which library says so. */
import { fork } from 'node:child_process';
import { fail } from '../../errors.ts';
import type { DriverClock } from '../camera.ts';
import { fromWire, type WireError } from '../native/protocol.ts';
import type { FoundDevice } from './discover.ts';

/** A second for each interface, and more where a camera answers slowly. */
const searchMaxMs = 30_000;

export interface Found {
  /** Name and version of the library, and where it was loaded from. */
  readonly library: string;
  readonly devices: readonly FoundDevice[];
}

export type SearchAnswer = Found | { readonly error: WireError };

/** `library`: a path, or empty for the system's. Rejects with `camera/library`. */
export function searchAravis(library: string, clock: DriverClock): Promise<Found> {
  const { promise, resolve, reject } = Promise.withResolvers<Found>();
  const child = fork(new URL('./search-process.ts', import.meta.url), [library], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const over = new AbortController();
  const failed = (cause: string): void => reject(fail('camera/library', { library: library || 'libaravis', cause }));
  clock.after(searchMaxMs, () => failed(`the search took longer than ${searchMaxMs} ms`), over.signal);
  child.once('message', (answer: SearchAnswer) => {
    if ('error' in answer) reject(fromWire(answer.error));
    else resolve(answer);
  });
  child.once('error', (error) => failed(error.message));
  child.once('exit', (code, signal) => failed(`the search ended with ${signal ?? code}`));
  return promise.finally(() => {
    over.abort();
    child.kill('SIGKILL');
  });
}
