/**
 * What the publisher needs of whatever talks to the plant: a control lane (the current part only, never replayed), a
 * record link (acknowledged, in order), and how both say that they are well. Nothing here knows MQTT or OPC UA.
 */
import type { LineCommands } from '../command/port.ts';
import type { OpenedPart } from '../line/sink.ts';
import type { VerdictRecord } from '../line/verdict.ts';
import type { MaskReference, VerdictPayload } from './payload.ts';
import type { LineCounters, LineStatus } from './status.ts';

/** The log, as this room uses it. */
export interface Log {
  debug(values: object, text: string): void;
  info(values: object, text: string): void;
  warn(values: object, text: string): void;
  error(values: object, text: string): void;
}

/** Whether a way to the plant works; `problem` is for people and null exactly when `ok`. */
export interface Health {
  readonly name: string;
  readonly ok: boolean;
  readonly problem: string | null;
  /** A person is needed, though the way may work: shown as the line's fault, which judges on. Null or absent: none. */
  readonly fault?: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

export type HealthListener = (health: Health) => void;

/** Shows the plant the part that was just judged. Calls never wait and never throw for an absent plant. */
export interface ControlLane {
  /** A part was opened: what stands there is of another one. Before the trigger's own call returns. */
  opened?(part: OpenedPart, sequence: number): void;
  /** Both images of the part are here; it may move on. */
  acquired?(sequence: number): void;
  announce(record: VerdictRecord, mask: MaskReference | null, counters: Readonly<LineCounters>): void;
  /** The mask of a part already announced; a lane may ignore it when another part came since. */
  showMask(record: VerdictRecord, png: Uint8Array): void;
  showStatus(status: LineStatus): void;
  /** Every half second. `problem` says why capture and inference are not proven to work; null while they are. */
  beat(problem: string | null): void;
  /** The line can be commanded from now on; for lanes that carry commands. `challenge`: of parts the camera opens. */
  attach?(commands: LineCommands, challenge: (on: boolean) => void): void;
  health(): Health;
  onHealth(listener: HealthListener): void;
}

/** Carries records to where they are kept. A send resolves on the far side's acknowledgement and rejects on a cut. */
export interface RecordLink {
  connected(): boolean;
  /** Called at every connection and at every loss of it. */
  onLink(listener: (connected: boolean) => void): void;
  /** The payload is asked for when it is handed to the network: its age is of that moment. */
  sendRecord(payload: () => VerdictPayload): Promise<void>;
  sendMask(mask: MaskMessage): Promise<void>;
}

/** A mask with what tells it apart. */
export interface MaskMessage {
  readonly resultId: string;
  /** Of its part; null where the record is not kept any more. */
  readonly partId: string | null;
  readonly closedAtMs: number | null;
  readonly sha256: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly png: Uint8Array;
}
