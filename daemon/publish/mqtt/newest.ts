/**
 * A topic of which only the newest value counts, such as a retained one: one message in flight, what comes meanwhile
 * replaces what waits, and the newest is said again at every connection.
 */
export class Newest {
  readonly #send: () => Promise<unknown>;
  #known = false;
  #sending = false;
  #changed = false;

  /** `send` says the newest value; a rejection is a cut, and the next connection says it. */
  constructor(send: () => Promise<unknown>) {
    this.#send = send;
  }

  /** There is a newer value. */
  show(connected: boolean): void {
    this.#known = true;
    this.again(connected);
  }

  /** Says what is known, if anything is. */
  again(connected: boolean): void {
    this.#changed = true;
    if (!connected || !this.#known || this.#sending) return;
    this.#sending = true;
    this.#changed = false;
    this.#send().then(
      () => this.#sent(true),
      () => this.#sent(false),
    );
  }

  #sent(arrived: boolean): void {
    this.#sending = false;
    // Not after a failure: the link is gone or refuses it, and either would be asked without end.
    if (arrived && this.#changed) this.again(true);
  }
}
