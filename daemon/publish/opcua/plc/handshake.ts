/**
 * The PLC's side of a line: what it writes becomes triggers and orders, what becomes of its parts stands in the tags.
 *
 * A trigger clears the standing result and sets busy in the tick of the write, before the write is answered; a result
 * comes in one tick. Start, baseline, fault, recipe change and a lost link clear all that stands there, and what is in
 * flight is nobody's then: a number the PLC gives again is a new part's alone. It decides nothing: parts are the
 * line's, roles and orders those of the command port.
 */
import { fail, messageOf } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import type { Actor, LineCommands, Order } from '../../../command/port.ts';
import type { OpenedPart } from '../../../line/sink.ts';
import type { VerdictRecord } from '../../../line/verdict.ts';
import type { Log } from '../../lane.ts';
import type { LineCounters, LineStatus } from '../../status.ts';
import type { InputTaker, TagPort, TagValues } from '../tags.ts';
import { isPartId, NextPartId } from './part-id.ts';
import { Resync } from './resync.ts';
import { TriggerSequence } from './sequence.ts';
import { ShownResults } from './shown-results.ts';
import { stateNumber } from './state-number.ts';
import { stateValues } from './state-values.ts';
import type { InputName, Scalar } from './tag-table.ts';

/** What is ordered of a line that is not there. */
const nothingYet = { recipe: null, execution: 'stopped' } as const;

/** A PLC whose heartbeat stands longer than this is shown as gone: several of its steps, and a slow poll. */
export const plcSilentMs = 5000;

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
  readonly #results = new ShownResults();
  readonly #resync = new Resync();
  readonly #partId = new NextPartId();
  readonly #written = { Mode: 0, RecipeNo: 0, ResetFault: false };
  /** Inputs whose value nobody knows: the PLC wrote one that was refused. */
  readonly #unknown = new Set<InputName>();
  #commands: LineCommands | null = null;
  #challenge: ((on: boolean) => void) | null = null;
  #status: LineStatus | null = null;
  /** Whose count of triggers is followed; null before the first, and where writers have no name. */
  #writer: string | null = null;
  /** A number that opened no part: writing it again is no better. */
  #failed: number | null = null;
  #recipe: number | null = null;
  #selecting = 0;
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
  opened({ origin, trigger }: OpenedPart, sequence: number): void {
    this.#open.add(sequence);
    this.#show(this.#results.opened(origin, sequence, this.#rejectsInARow));
    this.#show({ Busy: true, State: this.#stateNumber(), ...this.#resync.opened(trigger, sequence) });
  }

  announce(record: VerdictRecord, counters: Readonly<LineCounters>): void {
    this.#open.delete(record.sequence);
    this.#rejectsInARow = counters.rejectsInARow;
    if (record.reason === 'timeout') this.#late++;
    const values = this.#results.told(record, this.#rejectsInARow);
    const state = { LateResults: this.#late, Busy: this.#open.size > 0, State: this.#stateNumber() };
    this.#show({ ...state, ...values });
  }

  /** Whether the result that stands there is of this record. */
  shows(sequence: number): boolean {
    return this.#results.sequence === sequence;
  }

  showStatus(status: LineStatus): void {
    const faultRises = status.fault !== null && (this.#status?.fault ?? null) === null;
    this.#status = status;
    this.#rejectsInARow = status.counters.rejectsInARow;
    if (faultRises) {
      this.#disown();
      this.#show(this.#resync.end());
    }
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
    if (name === 'PartId') return value === null || isPartId(value as string);
    return name !== 'RecipeNo' || (value as number) >= 0;
  }

  take(name: InputName, value: Scalar, actor: Actor, writer: string | null = null): boolean {
    const plc: Actor = { ...actor, via: 'plc' };
    this.#unknown.delete(name);
    if (name === 'TrigSeq' || name === 'ResyncRequest') this.#heardFrom(writer);
    if (name === 'TrigSeq') return this.#takeTrigger(value as number, plc);
    if (name === 'ResyncRequest') return this.#takeResync(value as number);
    if (name === 'PartId') this.#partId.write((value as string | null) ?? '');
    if (name === 'Mode') this.#takeMode(value as number);
    if (name === 'PlcHeartbeat') this.#plcBeatMs = this.#deps.clock.nowMs();
    if (name === 'AckSeq') this.#show({ AckEcho: value, Unacknowledged: this.#results.waitsFor(value as number) });
    if (name === 'RecipeNo') return this.#selectRecipe(value as number, plc);
    if (name === 'ResetFault') this.#takeReset(value as boolean, plc);
    return true;
  }

  /** Whoever may write did, and it was not taken: what he meant is unknown, and never what stood there before. */
  refused(name: InputName, why: string): void {
    this.#deps.log.warn({ lineId: this.#deps.lineId, tag: name, why }, `PLC: ${name} is refused: ${why}`);
    if (name === 'PartId') this.#partId.refuse();
    // The id beside it was that part's.
    if (name === 'TrigSeq') this.#partId.use();
    if (name === 'Mode' || name === 'RecipeNo') this.#unknown.add(name);
    this.#show({ LastOrder: `${name}: refused, ${why}` });
  }

  /** What was counted while nobody could be heard is not judged: those parts are gone. */
  lost(): void {
    this.#beginAnew();
    this.#writer = null;
    this.#partId.use();
    this.#show({ Armed: false });
  }

  /** One writer owns the inputs. Of another one the first number is where its count begins, as after a start. */
  #heardFrom(writer: string | null): void {
    if (this.#writer !== null && writer !== null && writer !== this.#writer) this.#beginAnew();
    this.#writer = writer;
  }

  #beginAnew(): void {
    this.#sequence = new TriggerSequence();
    this.#resync.forget();
    this.#disown();
    this.#show(this.#resync.end());
  }

  /** False where no part could be opened: the PLC hears it as the status of its write. */
  #takeTrigger(value: number, actor: Actor): boolean {
    const { log, lineId } = this.#deps;
    const commands = this.#commands;
    if (commands === null) return false;
    const step = this.#sequence.next(value);
    if (step.kind === 'same') {
      if (value !== this.#failed) this.#show({ TrigEcho: value, Armed: true });
      return value !== this.#failed;
    }
    this.#failed = null;
    const id = this.#partId.use();
    if (step.kind === 'baseline') {
      this.#disown();
      log.info(
        { lineId, trigSeq: value, from: step.from },
        'PLC: first TrigSeq heard: it is the baseline, nothing is triggered',
      );
    }
    if (step.kind === 'baseline') {
      this.#show({ TrigEcho: value, Armed: true });
      return true;
    }
    if (step.unseen > 0) {
      this.#missed += step.unseen;
      this.#show({ MissedParts: this.#missed });
      log.warn({ lineId, trigSeq: value, missed: step.unseen }, 'PLC: triggers were counted that never came');
    }
    try {
      const [unknown] = this.#unknown;
      if (unknown) throw fail('plc/input', { tag: unknown });
      const given = { partId: id.partId, plantSequence: value, challenge: this.#written.Mode === 1 };
      commands.trigger(actor, { ...given, measId: null, productId: null, jobId: null, unseen: step.unseen });
      this.#show({ TrigEcho: value, Armed: true });
      if (!id.refused) return true;
      log.warn({ lineId, trigSeq: value }, 'PLC: the part has no id, since its PartId was refused');
      this.#show({ LastOrder: `TrigSeq ${value}: judged without an id, its PartId was refused` });
      return true;
    } catch (error) {
      this.#failed = value;
      log.error({ lineId, trigSeq: value, error }, 'PLC: the trigger opened no part');
      this.#show({ LastOrder: `TrigSeq ${value}: ${messageOf(error)}` });
      return false;
    }
  }

  /** False where the line is not empty, or nothing is known to count from. */
  #takeResync(value: number): boolean {
    const open = this.#open.size > 0 ? 'a part is open' : null;
    const answer = this.#resync.ask(value, this.#status?.fault ?? open);
    if (answer === null) return true;
    if (typeof answer === 'string') {
      this.#show({ LastOrder: `ResyncRequest ${value}: ${answer}` });
      return false;
    }
    this.#disown();
    this.#show({ ...answer, LastOrder: `ResyncRequest ${value}: done` });
    return true;
  }

  /** With each trigger of its own, and for parts that the camera opens. */
  #takeMode(value: number): void {
    this.#written.Mode = value;
    this.#challenge?.(value === 1);
  }

  /** False before the line is there: the PLC writes it again. */
  #selectRecipe(recipe: number, actor: Actor): boolean {
    if (this.#commands === null) return false;
    const same = recipe === this.#written.RecipeNo;
    this.#written.RecipeNo = recipe;
    // A PLC writes it in every cycle; what was refused is not tried again until it changes.
    if (same || recipe === 0) return true;
    if (this.#selecting === 0 && this.#commands.ordered().recipe === recipe) return true;
    this.#disown();
    this.#selecting++;
    this.#order(`RecipeNo ${recipe}`, actor, { kind: 'selectRecipe', recipe }, () => this.#selecting--);
    return true;
  }

  #takeReset(value: boolean, actor: Actor): void {
    const rises = value && !this.#written.ResetFault;
    this.#written.ResetFault = value;
    if (!rises) return;
    this.#order('ResetFault', actor, { kind: 'reset', cause: 'the PLC' });
    this.#order('ResetFault', actor, { kind: 'resetCounters' });
  }

  #order(said: string, actor: Actor, order: Order, over: () => void = () => undefined): void {
    const { lineId, log } = this.#deps;
    const answer = (text: string): void => {
      over();
      this.#show({ LastOrder: `${said}: ${text}` });
    };
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

  #disown(): void {
    this.#show(this.#results.disown(this.#rejectsInARow));
  }

  #showState(): void {
    const status = this.#status;
    if (status === null) return;
    const ordered = this.#commands?.ordered() ?? nothingYet;
    // By whatever way it was chosen: what stands there was judged by another one.
    if (this.#recipe !== ordered.recipe) this.#disown();
    this.#recipe = ordered.recipe;
    this.#show(stateValues({ status, ordered, rejectsInARow: this.#rejectsInARow, busy: this.#open.size > 0 }));
  }

  #stateNumber(): number {
    const { execution } = this.#commands?.ordered() ?? nothingYet;
    return stateNumber(this.#status, execution, this.#open.size > 0);
  }

  #show(values: TagValues): void {
    this.#deps.block.show(values, new Date(this.#deps.clock.wallMs()));
  }
}
