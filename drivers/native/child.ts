/**
 * One process of one camera, as the daemon sees it: forked with the shared memory in hand, heard word by word, ended
 * politely once and by SIGKILL otherwise. A process that ended is never used again; the camera starts another.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { invariant, messageOf } from '../../errors.ts';
import type { DriverClock } from '../camera.ts';
import { cameraFds, type FromCamera, type ToCamera } from './protocol.ts';

/** From the polite word to the kill: stopping a live camera takes a few hundred milliseconds, a dead one for ever. */
export const closeMaxMs = 2000;

export interface ChildOptions {
  /** The file that runs as the process. */
  readonly entry: URL;
  readonly memoryFd: number;
  readonly clock: DriverClock;
  heard(word: FromCamera): void;
  /** It is gone; called once, and not after `close`. */
  ended(cause: string): void;
}

export class CameraChild {
  readonly #options: ChildOptions;
  readonly #child: ChildProcess;
  readonly #gone = Promise.withResolvers<void>();
  #over = false;

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#child = fork(options.entry, {
      // Not the flags of the program around us: a test runner's loaders are not for the camera.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', options.memoryFd, 'pipe'],
    });
    invariant(cameraFds.memory === 4 && cameraFds.lifeline === 5, 'a camera finds its descriptors where they are put');
    this.#child.on('message', (word: FromCamera) => {
      if (!this.#over) options.heard(word);
    });
    this.#child.once('error', (error) => this.#end(messageOf(error)));
    this.#child.once('exit', (code, signal) => {
      this.#gone.resolve();
      this.#end(signal ? `its process was killed by ${signal}` : `its process exited with ${code}`);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(word: ToCamera): void {
    if (this.#over) return;
    this.#child.send(word, (error) => {
      if (error) this.#end(messageOf(error));
    });
  }

  /** Nothing in it needs saving; a device that still lives notices by its own heartbeat. */
  kill(): void {
    this.#over = true;
    this.#child.kill('SIGKILL');
  }

  /** Lets go of the device, then ends; killed where that takes too long. Resolves when the process is gone. */
  async close(): Promise<void> {
    this.send({ kind: 'close' });
    this.#over = true;
    const bound = new AbortController();
    this.#options.clock.after(closeMaxMs, () => this.#child.kill('SIGKILL'), bound.signal);
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined) {
      await this.#gone.promise;
    }
    bound.abort();
  }

  #end(cause: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#child.kill('SIGKILL');
    this.#options.ended(cause);
  }
}
