/**
 * Notices another publisher of the same line on the same broker: two devices with one line id would mix their verdicts
 * under one name. Their client ids differ (each has a suffix of its own), so neither throws the other out; both read
 * the status topic, and a live status that says another client is somebody else's.
 */
import type { Incoming } from './message.ts';

/** A status message is below 4 KB. */
const statusMaxBytes = 16 * 1024;

export class Twins {
  readonly #client: string;
  readonly #forgetMs: number;
  #seen: { client: string; atMs: number } | null = null;

  /** A twin that was silent for `forgetMs` is gone. */
  constructor(client: string, forgetMs: number) {
    this.#client = client;
    this.#forgetMs = forgetMs;
  }

  /** True where it changes what is known. A retained status may be of a device that is no more. */
  heard({ payload, retained }: Incoming, nowMs: number): boolean {
    if (retained || payload.length > statusMaxBytes) return false;
    const client = onlineClient(payload);
    if (client === null || client === this.#client) return false;
    const news = this.#seen?.client !== client;
    this.#seen = { client, atMs: nowMs };
    return news;
  }

  /** The other publisher's client id; null where there is none. */
  other(nowMs: number): string | null {
    if (this.#seen && nowMs - this.#seen.atMs > this.#forgetMs) this.#seen = null;
    return this.#seen?.client ?? null;
  }
}

/** Whoever may publish there may write anything; what is no status of a daemon tells nothing. */
function onlineClient(payload: Uint8Array): string | null {
  try {
    const { client, online } = JSON.parse(new TextDecoder().decode(payload)) as { client?: unknown; online?: unknown };
    return online === true && typeof client === 'string' && /^[\x21-\x7e]{1,256}$/.test(client) ? client : null;
  } catch {
    return null; // not JSON: nobody's status
  }
}
