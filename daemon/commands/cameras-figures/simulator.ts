/**
 * The simulated cameras of the figures: the process that the tests use, started by its path and told over its channel.
 * It is no part of what runs on a device; where an installation lacks the tests, that is said.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fail } from '../../../errors.ts';
import type { Context } from '../command.ts';

const folder = 'test/gige';
const file = 'process.ts';

export interface SentFacts {
  readonly triggers: number;
  readonly framesSent: number;
  readonly packetsLost: number;
  readonly packetsResent: number;
  /** Frames of which at least one packet was lost. */
  readonly framesHit: number;
}

export interface Model {
  readonly ip: string;
  readonly serial: string;
  readonly model: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly format: string;
  readonly depth?: { readonly scale: number; readonly offset: number };
}

interface Answer {
  readonly ask: number;
  readonly kind: string;
  readonly facts?: readonly SentFacts[];
  readonly message?: string;
}

export class Simulator {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  #asked = 0;

  private constructor(path: string) {
    this.#child = fork(path, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.ask)?.resolve(answer);
      this.#waiting.delete(answer.ask);
    });
    this.#child.once('exit', (code, signal) => {
      const ended = fail('figures/command', { command: `node ${folder}/${file}`, code: String(code ?? signal) });
      for (const { reject } of this.#waiting.values()) reject(ended);
    });
  }

  /** Throws `file/missing` where the tests are not installed. */
  static async start({ files, packageRoot }: Context, models: readonly Model[]): Promise<Simulator> {
    const path = join(packageRoot, folder, file);
    const there = ((await files.list(join(packageRoot, folder))) ?? []).some(({ name }) => name === file);
    if (!there) throw fail('file/missing', { path });
    const simulator = new Simulator(path);
    await simulator.#answer(0);
    await simulator.tell('start', { models, scene: { seed: 1, scenes: 4 }, seed: 1 });
    return simulator;
  }

  /** So many edges to all cameras, one each period; resolves after the last. */
  pace(edges: number, periodMs: number): Promise<readonly SentFacts[]> {
    return this.tell('pace', { edges, periodMs, offsetsUs: [] });
  }

  faults(camera: number, faults: Readonly<Record<string, number | boolean>>): Promise<readonly SentFacts[]> {
    return this.tell('faults', { camera, faults });
  }

  /** Off at once, on again after a while; resolves when it is back. */
  reboot(camera: number, forMs: number): Promise<readonly SentFacts[]> {
    return this.tell('reboot', { camera, forMs });
  }

  facts(): Promise<readonly SentFacts[]> {
    return this.tell('facts', {});
  }

  async tell(kind: string, word: object): Promise<readonly SentFacts[]> {
    const ask = ++this.#asked;
    const answer = this.#answer(ask);
    this.#child.send({ ask, kind, ...word });
    const { message, facts = [] } = await answer;
    if (message !== undefined) throw fail('figures/command', { command: `${folder} ${kind}`, code: message });
    return facts;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #answer(ask: number): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.set(ask, { resolve, reject }));
  }
}
