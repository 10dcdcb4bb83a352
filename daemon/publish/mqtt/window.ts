/**
 * Messages on the way to the broker, at most as many as it takes at once (Receive Maximum, MQTT 5, 3.3.4), which the
 * library does not keep. The others wait, the urgent ones in front, each kind in its order. How many may wait is the
 * bound of whoever sends: ten records, twenty verdicts, one mask.
 */
import { type Urgency, urgencies } from './message.ts';

export interface Job {
  /** Hands the message over; false where there was nothing to send, so nothing is on the way. */
  start(): boolean;
  abandon(error: Error): void;
}

export class SendWindow {
  readonly #waiting: Record<Urgency, Job[]> = { live: [], record: [], bulk: [] };
  #size = 0;
  #onTheWay = 0;

  /** A new connection: nothing is on the way. */
  open(size: number): void {
    this.#size = size;
    this.#onTheWay = 0;
    this.#fill();
  }

  submit(urgency: Urgency, job: Job): void {
    this.#waiting[urgency].push(job);
    this.#fill();
  }

  /** One of those on the way arrived. */
  arrived(): void {
    this.#onTheWay -= 1;
    this.#fill();
  }

  /** The connection is gone, and with it whatever waited for it. */
  close(error: Error): void {
    this.#size = 0;
    for (const urgency of urgencies) for (const job of this.#waiting[urgency].splice(0)) job.abandon(error);
  }

  #fill(): void {
    while (this.#onTheWay < this.#size) {
      const first = urgencies.find((urgency) => this.#waiting[urgency].length > 0);
      const job = first && this.#waiting[first].shift();
      if (!job) return;
      // Counted before: a job may be answered while it starts.
      this.#onTheWay += 1;
      if (!job.start()) this.#onTheWay -= 1;
    }
  }
}
