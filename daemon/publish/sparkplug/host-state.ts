/**
 * Whether the primary host application is there (Sparkplug 3.0, 5.5): its retained STATE message, JSON with `online`
 * and `timestamp`. An older timestamp than one seen is a late will of an earlier session and changes nothing.
 */
export class HostState {
  #online = false;
  #atMs = Number.NEGATIVE_INFINITY;

  get online(): boolean {
    return this.#online;
  }

  /** A new connection knows nothing until the broker gives what it retained. */
  forget(): void {
    this.#online = false;
  }

  heard(payload: Uint8Array): void {
    const state = parse(payload);
    if (!state || state.timestamp < this.#atMs) return;
    this.#online = state.online;
    this.#atMs = state.timestamp;
  }
}

function parse(payload: Uint8Array): { online: boolean; timestamp: number } | null {
  try {
    const { online, timestamp } = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    return typeof online === 'boolean' && typeof timestamp === 'number' ? { online, timestamp } : null;
  } catch {
    return null; // not JSON: no state
  }
}
