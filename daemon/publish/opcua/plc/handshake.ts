/**
 * The PLC's side of a line: what it writes becomes triggers and orders, what becomes of its parts stands in the tags.
 *
 * A trigger clears the standing result and sets busy in the tick of the write, before the write is answered; a result
 * comes in one tick. Only the part in front of the camera is shown, none from before a start. A fault clears what
 * stands there. It decides nothing: parts are the line's, roles and orders those of the command port.
 */
import { messageOf } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import type { Actor, LineCommands, Order } from '../../../command/port.ts';
import type { VerdictRecord } from '../../../line/verdict.ts';
import type { Log } from '../../lane.ts';
import { causeCodes, type LineCounters, type LineStatus } from '../../status.ts';
import type { InputTaker, TagPort, TagValues } from '../tags.ts';
import { ascii } from './result-text.ts';
import { noResult, plcSequenceOf, resultValues } from './result-values.ts';
import { TriggerSequence } from './sequence.ts';
import { stateNumber } from './state-number.ts';
import type { InputName, Scalar } from './tag-table.ts';

/** A PLC whose heartbeat stands longer than this is shown as gone: several of its steps, and a slow poll. */
export const plcSilentMs = 5000;
/** Longest part id a PLC writes, as the tag's text says. */
const partIdMax = 64;

export interface HandshakeDeps {
  readonly lineId: string;
  readonly block: TagPort;
  readonly clock: Clock;
  readonly log: Log;
}

export class PlcHandshake implements InputTaker {
  readonly #deps: HandshakeDeps;
  #sequence = new TriggerSequence();
  readonly #open = new Set<number>();
  readonly #written = { PartId: '', Mode: 0, RecipeNo: 0, ResetFault: false };
  #commands: LineCommands | null = null;
  #challenge: ((on: boolean) => void) | null = null;
  #status: LineStatus | null = null;
  #standing: number | null = null;
  #rejectsInARow = 0;
  #missed = 0;
  #late = 0;
  #heartbeat = 0;
  #plcBeatMs = Number.NEGATIVE_INFINITY;

  constructor(deps: HandshakeDeps) {
    this.#deps = deps;
    deps.block.takeInputsBy(this);
  }

  /** The line can be commanded from now on; what was written before triggered nothing. */
  attach(commands: LineCommands, challenge: (on: boolean) => void): void {
    this.#commands = commands;
    this.#challenge = challenge;
    challenge(this.#written.Mode === 1);
    commands.onOrdered(() => this.#showState());
    this.#showState();
  }

  /** A part is open: what stands there is of another one. */
  opened(sequence: number): void {
    this.#open.add(sequence);
    this.#clear();
    this.#show({ Busy: true, State: this.#stateNumber() });
  }

  announce(record: VerdictRecord, counters: Readonly<LineCounters>): void {
    this.#open.delete(record.sequence);
    this.#standing = plcSequenceOf(record);
    this.#rejectsInARow = counters.rejectsInARow;
    if (record.reason === 'timeout') this.#late++;
    const values = resultValues(record, this.#rejectsInARow);
    const state = { LateResults: this.#late, Busy: this.#open.size > 0, State: this.#stateNumber() };
    this.#show({ ...state, ...values });
  }

  showStatus(status: LineStatus): void {
    const faultBefore = this.#status?.fault ?? null;
    this.#status = status;
    this.#rejectsInARow = status.counters.rejectsInARow;
    if (status.fault !== null && faultBefore === null) this.#clear();
    this.#showState();
  }

  /** Steps only while capture and inference are proven to work; else says why it stands. */
  beat(problem: string | null): void {
    if (problem === null) this.#heartbeat = (this.#heartbeat + 1) & 0xffff;
    const plcAlive = this.#deps.clock.nowMs() - this.#plcBeatMs <= plcSilentMs;
    this.#show({ HeartbeatWhy: problem ?? '', PlcAlive: plcAlive, Heartbeat: this.#heartbeat });
  }

  accepts(name: InputName, value: Scalar): boolean {
    if (name === 'Mode') return value === 0 || value === 1;
    if (name === 'PartId') return value === null || (value as string).length <= partIdMax;
    return name !== 'RecipeNo' || (value as number) >= 0;
  }

  take(name: InputName, value: Scalar, actor: Actor): boolean {
    const plc: Actor = { ...actor, via: 'plc' };
    if (name === 'TrigSeq') return this.#takeTrigger(value as number, plc);
    if (name === 'PartId') this.#written.PartId = ascii((value as string | null) ?? '');
    if (name === 'Mode') this.#takeMode(value as number);
    if (name === 'PlcHeartbeat') this.#plcBeatMs = this.#deps.clock.nowMs();
    if (name === 'AckSeq') this.#takeAcknowledge(value as number);
    if (name === 'RecipeNo') this.#selectRecipe(value as number, plc);
    if (name === 'ResetFault') this.#takeReset(value as boolean, plc);
    return true;
  }

  /** What was counted while nobody could be heard is not judged: those parts are gone. */
  lost(): void {
    this.#sequence = new TriggerSequence();
    this.#show({ Armed: false });
  }

  /** False where no part could be opened: the PLC hears it as the status of its write. */
  #takeTrigger(value: number, actor: Actor): boolean {
    const { log, lineId } = this.#deps;
    const commands = this.#commands;
    if (commands === null) return false;
    const step = this.#sequence.next(value);
    if (step.kind === 'baseline') {
      log.info(
        { lineId, trigSeq: value, from: step.from },
        'PLC: its count of triggers begins here; nothing triggered',
      );
    }
    this.#show({ TrigEcho: value, Armed: true });
    if (step.kind !== 'trigger') return true;
    if (step.unseen > 0) {
      this.#missed += step.unseen;
      this.#show({ MissedParts: this.#missed });
      log.warn({ lineId, trigSeq: value, missed: step.unseen }, 'PLC: triggers were counted that never came');
    }
    try {
      const ids = { measId: null, productId: null, jobId: null };
      const { PartId, Mode } = this.#written;
      const partId = PartId === '' ? null : PartId;
      const request = { ...ids, partId, plantSequence: value, challenge: Mode === 1, unseen: step.unseen };
      commands.trigger(actor, request);
      return true;
    } catch (error) {
      log.error({ lineId, trigSeq: value, error }, 'PLC: the trigger opened no part');
      this.#show({ LastOrder: `TrigSeq ${value}: ${messageOf(error)}` });
      return false;
    }
  }

  /** With each trigger of its own, and for parts that the camera opens. */
  #takeMode(value: number): void {
    this.#written.Mode = value;
    this.#challenge?.(value === 1);
  }

  #takeAcknowledge(value: number): void {
    this.#show({ AckEcho: value, Unacknowledged: this.#standing !== null && this.#standing !== value });
  }

  #selectRecipe(recipe: number, actor: Actor): void {
    const same = recipe === this.#written.RecipeNo;
    this.#written.RecipeNo = recipe;
    // A PLC writes it in every cycle; what was refused is not tried again until it changes.
    if (same || recipe === 0 || this.#commands?.ordered().recipe === recipe) return;
    this.#order(`RecipeNo ${recipe}`, actor, { kind: 'selectRecipe', recipe });
  }

  #takeReset(value: boolean, actor: Actor): void {
    const rises = value && !this.#written.ResetFault;
    this.#written.ResetFault = value;
    if (!rises) return;
    this.#order('ResetFault', actor, { kind: 'reset', cause: 'the PLC' });
    this.#order('ResetFault', actor, { kind: 'resetCounters' });
  }

  #order(said: string, actor: Actor, order: Order): void {
    const { lineId, log } = this.#deps;
    const answer = (text: string): void => this.#show({ LastOrder: `${said}: ${text}` });
    if (this.#commands === null) {
      answer('the line is not there yet');
      return;
    }
    this.#commands.order(actor, order).then(
      () => answer('done'),
      (error: unknown) => {
        log.warn({ lineId, order, error }, `PLC: ${said} is refused`);
        answer(messageOf(error));
      },
    );
  }

  #clear(): void {
    this.#standing = null;
    this.#show(noResult(this.#rejectsInARow));
  }

  #showState(): void {
    const status = this.#status;
    if (status === null) return;
    const cause = status.cause ?? null;
    const code = cause === null ? 0 : causeCodes[cause];
    const [recipe, rejects] = [this.#commands?.ordered().recipe ?? 0, Math.min(this.#rejectsInARow, 0xffff)];
    this.#show({
      Fault: status.fault !== null,
      FaultCode: status.fault === null ? 0 : code,
      // What waits for a person and stops nothing is text alone: Fault stays 0.
      FaultText: status.fault ?? status.warnings?.join('; ') ?? '',
      WhyNotReady: status.why ?? '',
      NotReadyCode: code,
      State: this.#stateNumber(),
      RecipeActive: recipe,
      ConsecutiveRejects: rejects,
      Ready: status.ready,
    });
  }

  #stateNumber(): number {
    const execution = this.#commands?.ordered().execution ?? 'stopped';
    return stateNumber(this.#status, execution, this.#open.size > 0);
  }

  #show(values: TagValues): void {
    this.#deps.block.show(values, new Date(this.#deps.clock.wallMs()));
  }
}
