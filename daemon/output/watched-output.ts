/**
 * The output as the daemon sees it: a process of its own holds the device, and is told again and again that whoever
 * energised it lives. When the process is gone the output is nobody's; another one is started, released.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fail, messageOf } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { DeviceSettings } from './device.ts';
import type { DigitalOutput } from './port.ts';
import { confirmMs, type OutputAnswer, type OutputAsk } from './protocol.ts';

const restartMs = 1000;
/** A process that is told to end does so at once; one that does not is killed. */
const closeMaxMs = 1000;

export interface WatchedOutputDeps {
  readonly device: DeviceSettings;
  readonly clock: Clock;
  readonly log: { error(values: object, text: string): void; info(values: object, text: string): void };
}

export class WatchedOutput implements DigitalOutput {
  readonly #deps: WatchedOutputDeps;
  readonly #closed = new AbortController();
  readonly #listeners: (() => void)[] = [];
  #child: ChildProcess | null = null;
  #energised = new AbortController();
  #problem: string | null = 'it is not open yet';

  constructor(deps: WatchedOutputDeps) {
    this.#deps = deps;
    this.#energised.abort();
  }

  /** Rejects with `output/library`, `output/device` or `output/process`. */
  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = fork(new URL('./output-process.ts', import.meta.url), [JSON.stringify(this.#deps.device)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let cause: Error | null = null;
    child.on('message', (word: OutputAnswer) => {
      if (word.kind === 'open') {
        this.#child = child;
        this.#say(null);
        resolve();
      } else cause = word.code === null ? fail('output/process', { cause: word.text }) : fail(word.code, word.values);
    });
    const ended = (text: string): void => {
      const error = cause ?? fail('output/process', { cause: text });
      reject(error);
      if (this.#child === child) this.#lost(error);
    };
    child.once('error', (error) => ended(messageOf(error)));
    child.once('exit', (code, signal) => ended(signal ? `killed by ${signal}` : `it exited with ${code}`));
    await promise;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get problem(): string | null {
    return this.#problem;
  }

  onProblem(listener: () => void): void {
    this.#listeners.push(listener);
  }

  energise(): void {
    if (this.#child === null) return;
    this.#energised.abort();
    this.#energised = new AbortController();
    this.#send('energise');
    this.#confirmLater(this.#energised.signal);
  }

  release(): void {
    if (this.#energised.signal.aborted) return;
    this.#energised.abort();
    this.#send('release');
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.release();
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    child.disconnect();
    const bound = new AbortController();
    this.#deps.clock.after(closeMaxMs, () => child.kill('SIGKILL'), bound.signal);
    await promise;
    bound.abort();
  }

  #confirmLater(energised: AbortSignal): void {
    const confirm = (): void => {
      this.#send('confirm');
      this.#confirmLater(energised);
    };
    this.#deps.clock.after(confirmMs, confirm, energised);
  }

  /** A process that just died is told of by its exit. */
  #send(ask: OutputAsk): void {
    this.#child?.send(ask, () => undefined);
  }

  #lost(error: Error): void {
    this.#child = null;
    this.#energised.abort();
    if (this.#closed.signal.aborted) return;
    if (this.#problem === null) this.#deps.log.error({ error }, `digital output: ${messageOf(error)}`);
    this.#say(messageOf(error));
    this.#deps.clock.after(restartMs, () => void this.#again(), this.#closed.signal);
  }

  async #again(): Promise<void> {
    try {
      await this.open();
      if (this.#closed.signal.aborted) this.#child?.kill('SIGKILL');
      else this.#deps.log.info({}, 'digital output: its process was replaced');
    } catch (error) {
      this.#lost(error as Error);
    }
  }

  #say(problem: string | null): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    for (const listener of this.#listeners) listener();
  }
}
