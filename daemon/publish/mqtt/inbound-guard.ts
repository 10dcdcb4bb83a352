/**
 * Watches the bytes that come from the broker for the size of each packet, before anything is kept of it: the library
 * would gather up to 256 MB for a message whose header announces as much. Reads fixed headers alone (MQTT 3.1.1, 2.2).
 */
export class InboundGuard {
  readonly #maxBytes: number;
  #inBody = false;
  #atLength = false;
  #bodyBytes = 0;
  #shift = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The announced size of a packet beyond the limit, bytes; null while all fit. */
  take(chunk: Uint8Array): number | null {
    for (let at = 0; at < chunk.length; ) {
      if (this.#inBody) {
        const here = Math.min(this.#bodyBytes, chunk.length - at);
        at += here;
        this.#bodyBytes -= here;
        this.#inBody = this.#bodyBytes > 0;
        continue;
      }
      const byte = chunk[at] as number;
      at += 1;
      if (!this.#atLength) {
        this.#atLength = true;
        this.#bodyBytes = 0;
        this.#shift = 0;
        continue;
      }
      this.#bodyBytes += (byte & 0x7f) * 2 ** this.#shift;
      this.#shift += 7;
      // The fourth byte is the last one; a fifth would be malformed, which the parser behind says.
      if (byte >= 0x80 && this.#shift < 28) continue;
      if (this.#bodyBytes > this.#maxBytes) return this.#bodyBytes;
      this.#atLength = false;
      this.#inBody = this.#bodyBytes > 0;
    }
    return null;
  }
}
