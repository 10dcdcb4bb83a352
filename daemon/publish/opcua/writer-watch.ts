/**
 * Whether the session whose count of parts is followed can still be heard. It is lost when it ends, and when its
 * connection does: a session outlives that by its timeout, but the parts that go by meanwhile are judged by nobody, and
 * what stands in the tags is of before. A session that is taken up again on another connection counts anew.
 */

/** A session of the server, as far as it tells of its end. */
export interface Connection {
  on?(event: 'session_closed' | 'channel_aborted', listener: () => void): unknown;
  removeListener?(event: 'session_closed' | 'channel_aborted', listener: () => void): unknown;
}

const ends = ['session_closed', 'channel_aborted'] as const;

export class WriterWatch {
  readonly #lost: () => void;
  #session: Connection | null = null;

  constructor(lost: () => void) {
    this.#lost = lost;
  }

  /** This one writes from now on; the one before is nobody's business any more. */
  watch(session: Connection | null): void {
    if (session === this.#session) return;
    this.#forget();
    this.#session = session;
    for (const end of ends) session?.on?.(end, this.#ended);
  }

  #forget(): void {
    for (const end of ends) this.#session?.removeListener?.(end, this.#ended);
    this.#session = null;
  }

  readonly #ended = (): void => {
    this.#forget();
    this.#lost();
  };
}
