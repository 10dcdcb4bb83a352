/**
 * Simulated cameras for a test: their process started, told what to do and what to do wrong, and ended. Each test file
 * takes loopback addresses of its own, because the port is the protocol's.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { SentFacts } from './camera.ts';
import type { Faults } from './faults.ts';
import type { CameraModel } from './model.ts';
import type { FromRig, ToRig } from './protocol.ts';
import type { SceneChoice } from './scene.ts';

export interface RigOptions {
  readonly models: readonly CameraModel[];
  readonly scene?: SceneChoice;
  readonly seed?: number;
}

export class CameraRig {
  readonly #child: ChildProcess;
  /** By the number of what was asked; 0 is the first word of the process itself. */
  readonly #waiting = new Map<number, { resolve(word: FromRig): void; reject(error: Error): void }>();
  #asked = 0;

  private constructor() {
    this.#child = fork(new URL('./process.ts', import.meta.url), {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (word: FromRig) => {
      this.#waiting.get(word.ask)?.resolve(word);
      this.#waiting.delete(word.ask);
    });
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the cameras' process ended: ${code ?? signal}`));
    });
  }

  static async start({ models, scene = { seed: 1, scenes: 3 }, seed = 1 }: RigOptions): Promise<CameraRig> {
    const rig = new CameraRig();
    await rig.#answer(0);
    await rig.#tell({ kind: 'start', models, scene, seed });
    return rig;
  }

  /** One edge to all cameras, or to those named. */
  edge(to: readonly number[] | null = null, offsetsUs: readonly number[] = []): Promise<readonly SentFacts[]> {
    return this.#tell({ kind: 'edge', to, offsetsUs });
  }

  /** Resolves after the last edge. */
  pace(edges: number, periodMs: number, offsetsUs: readonly number[] = []): Promise<readonly SentFacts[]> {
    return this.#tell({ kind: 'pace', edges, periodMs, offsetsUs });
  }

  faults(camera: number, faults: Partial<Faults>): Promise<unknown> {
    return this.#tell({ kind: 'faults', camera, faults });
  }

  /** Resolves when it is back. */
  reboot(camera: number, forMs: number): Promise<unknown> {
    return this.#tell({ kind: 'reboot', camera, forMs });
  }

  clock(camera: number, { aheadMs = 0, fasterPpm = 0 }): Promise<unknown> {
    return this.#tell({ kind: 'clock', camera, aheadMs, fasterPpm });
  }

  numbers(camera: number, numbers: { frameId?: number; count?: number }): Promise<unknown> {
    return this.#tell({ kind: 'numbers', camera, ...numbers });
  }

  facts(): Promise<readonly SentFacts[]> {
    return this.#tell({ kind: 'facts' });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #tell(word: ToRig): Promise<readonly SentFacts[]> {
    const ask = ++this.#asked;
    const answer = this.#answer(ask);
    this.#child.send({ ask, ...word });
    const said = await answer;
    if (said.kind === 'failed') throw new Error(said.message);
    return said.kind === 'done' ? said.facts : [];
  }

  #answer(ask: number): Promise<FromRig> {
    return new Promise((resolve, reject) => this.#waiting.set(ask, { resolve, reject }));
  }
}
