/**
 * Commands over MQTT: what comes in on `cmd/<verb>` is read, done once and answered. Whoever may publish there is not
 * trusted: size, rate, age and repetition are bounded, a retained command is never done, and without a role in the
 * config none is. What is asked goes through `LineCommands`, which checks the role and writes the audit record.
 */
import { fail, TwinspectError } from '../../../errors.ts';
import type { Clock } from '../../clock.ts';
import type { Actor, LineCommands, Role } from '../../command/port.ts';
import { deniedTo } from '../../command/roles.ts';
import type { Log } from '../lane.ts';
import { type AnswerPayload, correlationProblem, refusalOf, responseProblem } from './answer.ts';
import { asksFor, type CommandMessage, isVerb, parseFields, readCommand, type Verb, verbs } from './command-message.ts';
import type { Incoming } from './message.ts';
import { Allowance, Recent } from './recent.ts';

export interface CommandLimits {
  /** Commands at once, and each second after that: more than any line has parts. */
  readonly burst: number;
  readonly perSecond: number;
  /** A command that says when it was sent is refused beyond it: the part it meant has gone by. */
  readonly ageMaxMs: number;
  /** A request id is remembered so long, and so many of them. */
  readonly repeatMs: number;
  readonly repeatMax: number;
  /** Orders being carried out at once. */
  readonly openMax: number;
  /** Refusals for too many are themselves sent at most so often. */
  readonly floodAnswerMs: number;
  /** Refusals in the log: so many at once, then one in so long. */
  readonly remarkBurst: number;
  readonly remarkEveryMs: number;
}

export const commandLimits: CommandLimits = {
  burst: 100,
  perSecond: 50,
  ageMaxMs: 5000,
  repeatMs: 600_000,
  repeatMax: 10_000,
  openMax: 16,
  floodAnswerMs: 1000,
  remarkBurst: 20,
  remarkEveryMs: 10_000,
};

export interface Reply {
  readonly topic: string;
  readonly correlationData: Uint8Array | null;
  readonly payload: AnswerPayload;
}

export interface CommandDeskOptions {
  readonly lineId: string;
  /** `<prefix>`, below which answers go nowhere but to the answer topic. */
  readonly treePrefix: string;
  /** `<prefix>/<lineId>/cmd` */
  readonly base: string;
  /** Null: every command is refused, with the way to allow them. */
  readonly role: Role | null;
  readonly via: 'mqtt' | 'sparkplug';
  readonly clock: Clock;
  readonly log: Log;
  readonly reply: (reply: Reply) => void;
  readonly limits: CommandLimits;
}

/** Of an unknown verb, repeated in its refusal. */
const wordMaxChars = 64;

interface Done {
  /** The very same command again must be the same in all its fields. */
  readonly text: string;
  readonly answer: Promise<AnswerPayload>;
}

export class CommandDesk {
  readonly #options: CommandDeskOptions;
  readonly #recent: Recent<Done>;
  readonly #allowance: Allowance;
  /** A sender's mistakes are in the answers; the log has room for some of them. */
  readonly #remarks: Allowance;
  readonly counters = { commandsDone: 0, commandsRefused: 0, commandsRepeated: 0, commandsFlooded: 0 };
  #commands: LineCommands | null = null;
  #open = 0;
  #floodAnsweredMs = Number.NEGATIVE_INFINITY;

  constructor(options: CommandDeskOptions) {
    const { limits, clock } = options;
    this.#options = options;
    this.#recent = new Recent(limits.repeatMax, limits.repeatMs);
    this.#allowance = new Allowance(limits.burst, limits.perSecond, clock.nowMs());
    this.#remarks = new Allowance(limits.remarkBurst, 1 / (limits.remarkEveryMs / 1000), clock.nowMs());
  }

  /** From here on there is a line to ask. */
  serve(commands: LineCommands): void {
    this.#commands = commands;
  }

  get commands(): LineCommands | null {
    return this.#commands;
  }

  get #answers(): string {
    return `${this.#options.base}/answer`;
  }

  /** Takes a message of the command tree; never throws. */
  take(message: Incoming): void {
    if (!message.topic.startsWith(`${this.#options.base}/`)) return;
    const word = message.topic.slice(this.#options.base.length + 1).slice(0, wordMaxChars);
    // In 3.1.1 our own answers come back to us.
    if (word === 'answer') return;
    // Taking a retained message back asks for nothing.
    if (message.retained && message.payload.length === 0) return;
    const nowMs = this.#options.clock.nowMs();
    if (!this.#allowance.take(nowMs)) {
      this.#flooded(word, message, nowMs);
      return;
    }
    const parsed = parseFields(message.payload);
    const requestId = typeof parsed === 'string' ? null : parsed.requestId;
    try {
      // The role first: who may not ask for it learns nothing from what is wrong with the message.
      if (this.#options.role === null) throw fail('mqtt/commandsOff', { verb: word });
      const denied = isVerb(word) ? this.#denied(word) : null;
      if (denied) throw denied;
      const problem = this.#problemOf(message) ?? (typeof parsed === 'string' ? parsed : null);
      if (problem !== null) throw fail('mqtt/command', { verb: word, problem });
      if (!isVerb(word)) {
        throw fail('mqtt/command', { verb: word, problem: `there is no such verb, expected ${verbs.join(', ')}` });
      }
      const { fields } = parsed as Exclude<typeof parsed, string>;
      this.#once(readCommand(word, fields), JSON.stringify([word, fields]), message, nowMs);
    } catch (error) {
      this.#answer(message, this.#refusal(word, requestId, error));
    }
  }

  #denied(verb: Verb): Error | null {
    const asked = asksFor[verb];
    return this.#commands === null ? deniedTo(this.#actor, asked) : this.#commands.denied(this.#actor, asked);
  }

  get #actor(): Actor {
    const { via, role } = this.#options;
    return { name: via, via, role, certificate: null };
  }

  /** What is wrong with how it came, whatever it says. */
  #problemOf({ retained, responseTopic, correlationData }: Incoming): string | null {
    if (retained)
      return 'it is retained: the broker would give it again at every connection; publish it without retain';
    const { treePrefix } = this.#options;
    return (
      (responseTopic === null ? null : responseProblem(responseTopic, treePrefix, this.#answers)) ??
      (correlationData === null ? null : correlationProblem(correlationData))
    );
  }

  #once(command: CommandMessage, text: string, message: Incoming, nowMs: number): void {
    const { verb, requestId } = command;
    const before = this.#recent.get(requestId, nowMs);
    if (before && before.text !== text) {
      const problem = `the request id ${requestId} was another command's, expected a new one for each`;
      throw fail('mqtt/command', { verb, problem });
    }
    if (before) {
      this.counters.commandsRepeated += 1;
      void before.answer.then((answer) => this.#answer(message, { ...answer, repeated: true }));
      return;
    }
    this.#checkAge(command);
    if (this.#open >= this.#options.limits.openMax) throw fail('mqtt/flood', { verb });
    this.#open += 1;
    const answer = this.#carryOut(command).finally(() => {
      this.#open -= 1;
    });
    this.#recent.keep(requestId, { text, answer }, nowMs);
    void answer.then((payload) => this.#answer(message, payload));
  }

  #checkAge({ verb, sentAtMs }: CommandMessage): void {
    if (sentAtMs === null) return;
    const { clock, limits } = this.#options;
    const ageMs = clock.wallMs() - sentAtMs;
    if (Math.abs(ageMs) <= limits.ageMaxMs) return;
    const off = `${Math.round(Math.abs(ageMs))} ms`;
    const problem =
      ageMs > 0
        ? `it was sent ${off} ago, expected at most ${limits.ageMaxMs} ms`
        : `it comes from ${off} ahead of the clock here; set both clocks`;
    throw fail('mqtt/command', { verb, problem });
  }

  async #carryOut({ verb, requestId, does }: CommandMessage): Promise<AnswerPayload> {
    const actor = this.#actor;
    try {
      const commands = this.#commands;
      if (!commands) throw fail('mqtt/notServed', { line: this.#options.lineId });
      const result = 'trigger' in does ? commands.trigger(actor, does.trigger) : null;
      if ('order' in does) await commands.order(actor, does.order);
      this.counters.commandsDone += 1;
      return { ...this.#said(verb, requestId), ok: true, result };
    } catch (error) {
      return this.#refusal(verb, requestId, error);
    }
  }

  #refusal(verb: string, requestId: string | null, error: unknown): AnswerPayload {
    const { lineId, log, clock } = this.#options;
    this.counters.commandsRefused += 1;
    if (error instanceof TwinspectError) {
      if (this.#remarks.take(clock.nowMs())) log.warn({ lineId, verb, requestId }, error.message);
    } else log.error({ lineId, verb, requestId, error }, 'a command failed by a fault of our own');
    return { ...this.#said(verb, requestId), ...refusalOf(error) };
  }

  #said(verb: string, requestId: string | null): AnswerPayload {
    return {
      ...{ schema: 'twinspect.answer/1', lineId: this.#options.lineId, requestId, verb, ok: false },
      ...{ code: null, problem: null, action: null, result: null },
      orders: this.#commands?.ordered() ?? null,
      repeated: false,
      atMs: this.#options.clock.wallMs(),
    };
  }

  #answer({ responseTopic, correlationData }: Incoming, payload: AnswerPayload): void {
    const { treePrefix, reply } = this.#options;
    const usable =
      responseTopic !== null &&
      responseProblem(responseTopic, treePrefix, this.#answers) === null &&
      (correlationData === null || correlationProblem(correlationData) === null);
    reply({
      topic: usable ? responseTopic : this.#answers,
      correlationData: usable ? correlationData : null,
      payload,
    });
  }

  /** An answer for each would be a flood of our own. */
  #flooded(verb: string, message: Incoming, nowMs: number): void {
    this.counters.commandsFlooded += 1;
    if (nowMs - this.#floodAnsweredMs < this.#options.limits.floodAnswerMs) return;
    this.#floodAnsweredMs = nowMs;
    this.#answer(message, this.#refusal(verb, null, fail('mqtt/flood', { verb })));
  }
}
