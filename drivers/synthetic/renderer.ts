/**
 * Who renders the parts: inline (tests, export: at once, on the caller's thread) or a worker thread, so that painting
 * a part never holds up the thread that talks to the plant.
 */
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../errors.ts';
import { type PartRequest, type RenderedPart, renderPart } from './part.ts';

export interface PartRenderer {
  /** Renders one part; calls back once, at once or later, unless closed first. */
  render(request: PartRequest, done: (part: RenderedPart | Error) => void): void;
  close(): Promise<void>;
}

export function inlineRenderer(): PartRenderer {
  return {
    render: (request, done) => done(renderPart(request)),
    close: async () => {},
  };
}

/** One worker thread, started when first needed and again after it died; requests are answered in order. */
export class WorkerRenderer implements PartRenderer {
  #worker: Worker | null = null;
  #closed = false;
  /** Bounded by the camera, which asks for one part at a time. */
  readonly #waiting: ((part: RenderedPart | Error) => void)[] = [];

  render(request: PartRequest, done: (part: RenderedPart | Error) => void): void {
    if (this.#closed) return;
    this.#worker ??= this.#begin();
    this.#waiting.push(done);
    this.#worker.ref(); // a part that is waited for keeps the process alive, an idle renderer does not
    this.#worker.postMessage(request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    await this.#worker?.terminate();
  }

  #begin(): Worker {
    const worker = new Worker(new URL('./render-worker.ts', import.meta.url));
    const failed = (cause: string): void => {
      if (this.#worker === worker) this.#worker = null;
      for (const done of this.#waiting.splice(0)) done(new Error(`the rendering thread ${cause}`));
    };
    worker.on('message', (part: RenderedPart) => {
      const done = this.#waiting.shift();
      if (this.#waiting.length === 0) worker.unref();
      done?.(part);
    });
    worker.on('error', (error) => failed(`failed: ${messageOf(error)}`));
    worker.on('exit', () => failed('ended'));
    return worker;
  }
}
