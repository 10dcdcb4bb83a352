/**
 * The inside of a camera's process: hears the daemon, hands its words to a driver's session one after the other, and
 * ends with the daemon. What the session throws while it opens is told and not swallowed.
 */
import { Worker } from 'node:worker_threads';
import { TwinspectError } from '../../errors.ts';
import type { Modality } from '../frame.ts';
import { mapSlots, type SlotLayout } from './memory.ts';
import { cameraFds, type DeviceFacts, type FromCamera, type Plain, type ToCamera, toWire } from './protocol.ts';
import { SlotPool } from './slot-pool.ts';

export interface OpenAsk {
  readonly id: string;
  readonly modalities: readonly Modality[];
  readonly settings: Plain;
}

/** What a driver does in its process. */
export interface Session {
  /** Finds, opens and configures the device; says `waiting` while it cannot. Throws where waiting cannot help. */
  open(): Promise<{ facts: DeviceFacts; exposureBytes: number }>;
  /** Begins to deliver into the slots; returns when the device flows. */
  begin(slots: SlotPool): Promise<void>;
  trigger(): void;
  ask(what: string, of: Plain): Promise<Plain>;
  close(): Promise<void>;
}

/** The process as it is given by the file that runs as it. */
export interface Channel {
  send?(word: FromCamera): unknown;
  on(event: 'message', heard: (word: ToCamera) => void): unknown;
  on(event: 'SIGINT' | 'SIGTERM' | 'SIGHUP', caught: () => void): unknown;
}

export type Say = (word: FromCamera) => void;

export function serve(channel: Channel, makeSession: (ask: OpenAsk, say: Say) => Session, exit: () => void): void {
  // A Ctrl-C reaches the whole group; the daemon decides when its cameras end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) channel.on(signal, () => undefined);
  new Worker(new URL('./lifeline.ts', import.meta.url), { execArgv: [] }).unref();
  const say: Say = (word) => void channel.send?.(word);
  const serving = new Serving(say, makeSession, exit);
  channel.on('message', (word) => serving.heard(word));
  say({ kind: 'started' });
}

class Serving {
  readonly #say: Say;
  readonly #makeSession: (ask: OpenAsk, say: Say) => Session;
  readonly #exit: () => void;
  #id = '';
  #session: Session | null = null;
  #slots: SlotPool | null = null;

  constructor(say: Say, makeSession: (ask: OpenAsk, say: Say) => Session, exit: () => void) {
    this.#say = say;
    this.#makeSession = makeSession;
    this.#exit = exit;
  }

  heard(word: ToCamera): void {
    switch (word.kind) {
      case 'open':
        this.#id = word.id;
        return void this.#told(() => this.#open(word));
      case 'begin':
        return void this.#told(() => this.#begin(word));
      case 'free':
        this.#slots?.give(word.slot);
        return;
      case 'trigger':
        this.#session?.trigger();
        return;
      case 'ask':
        return void this.#answer(word.ask, word.what, word.of);
      case 'close':
        return void this.#close();
    }
  }

  async #open(ask: OpenAsk): Promise<void> {
    this.#session = this.#makeSession(ask, this.#say);
    this.#say({ kind: 'opened', ...(await this.#session.open()) });
  }

  async #begin({ inUse, ...layout }: SlotLayout & { inUse: readonly number[] }): Promise<void> {
    this.#slots = new SlotPool(mapSlots(this.#id, cameraFds.memory, layout), inUse);
    await this.#session?.begin(this.#slots);
    this.#say({ kind: 'running' });
  }

  /** An operating error is a refusal; anything else may be the device's, and is tried again. */
  async #told(attempt: () => Promise<void>): Promise<void> {
    try {
      await attempt();
    } catch (error) {
      if (error instanceof TwinspectError) this.#say({ kind: 'refused', error: toWire(error) });
      else this.#say({ kind: 'lost', reason: toWire(error).message });
    }
  }

  async #answer(ask: number, what: string, of: Plain): Promise<void> {
    try {
      this.#say({ kind: 'answer', ask, value: (await this.#session?.ask(what, of)) ?? null });
    } catch (error) {
      this.#say({ kind: 'answer', ask, error: toWire(error) });
    }
  }

  async #close(): Promise<void> {
    await this.#session?.close().catch((error: unknown) => this.#say({ kind: 'lost', reason: toWire(error).message }));
    this.#exit();
  }
}
