/**
 * Which protocol version the next connection speaks. `auto` begins with MQTT 5; a broker that refuses it by its code,
 * or closes without a word twice, is spoken to in 3.1.1 from then on. What once worked is kept until it is refused.
 */
import type { MqttProtocol } from './settings.ts';

/** As the CONNECT packet counts: 4 is MQTT 3.1.1. */
export type ProtocolVersion = 4 | 5;

/** CONNACK of 3.1.1 (return code 1) and of 5 (reason code 0x84): unacceptable protocol version. */
const versionRefusals: readonly number[] = [1, 0x84];
/** A broker older than 3.1.1 may hang up where it should refuse. */
const silencesMax = 2;

export function protocolName(version: ProtocolVersion): string {
  return version === 5 ? '5' : '3.1.1';
}

export class ProtocolChoice {
  readonly #fixed: boolean;
  #version: ProtocolVersion;
  #silences = 0;
  #proven = false;

  constructor(setting: MqttProtocol) {
    this.#fixed = setting !== 'auto';
    this.#version = setting === '3.1.1' ? 4 : 5;
  }

  get version(): ProtocolVersion {
    return this.#version;
  }

  accepted(): void {
    this.#silences = 0;
    this.#proven = true;
  }

  /** True where the other version shall be tried at once. `code` is of the CONNACK; null where none came. */
  refused(code: number | null, reached: boolean): boolean {
    if (this.#fixed || !reached) return false;
    if (code === null) {
      // A version that worked before was not what it hung up for.
      if (this.#proven) return false;
      this.#silences += 1;
      if (this.#silences < silencesMax) return false;
    } else if (!versionRefusals.includes(code)) return false;
    this.#silences = 0;
    this.#proven = false;
    this.#version = this.#version === 5 ? 4 : 5;
    return code !== null;
  }
}
