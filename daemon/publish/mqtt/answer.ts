/**
 * What a command over MQTT is answered with, and where to: the response topic of MQTT 5, or `cmd/answer`. A sender may
 * not have our answers written onto topics of the line, its own or another's.
 */
import { TwinspectError } from '../../../errors.ts';
import type { Ordered, Triggered } from '../../command/port.ts';

export interface AnswerPayload {
  schema: 'twinspect.answer/1';
  lineId: string;
  /** Null where the command had none that could be read. */
  requestId: string | null;
  verb: string;
  /** Done. False: nothing was changed. */
  ok: boolean;
  /** Code, text and advice of the error; null exactly when ok. */
  code: string | null;
  problem: string | null;
  action: string | null;
  /** The part a trigger opened; its verdict comes under this id. */
  result: Triggered | null;
  /** What is true of the line's orders after it; null where no line answers. */
  orders: Ordered | null;
  /** The command had been done before; this is what it was answered then. */
  repeated: boolean;
  atMs: number;
}

/** A property longer than this is no topic of a plant, characters. */
const topicMaxChars = 512;
/** Echoed bytes of the asker's. */
const correlationMaxBytes = 256;

/** Null where answers may go to this topic, else why not. `answers` is the one topic of the tree they may go to. */
export function responseProblem(topic: string, treePrefix: string, answers: string): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (topic === '' || topic.length > topicMaxChars || /[#+\u0000-\u001f]/.test(topic)) {
    return 'the response topic is not a topic one can publish to';
  }
  if (topic.startsWith('$')) return 'the response topic begins with $, which is of the broker itself';
  const inTree = topic === treePrefix || topic.startsWith(`${treePrefix}/`);
  if (inTree && topic !== answers && !topic.startsWith(`${answers}/`)) {
    return `the response topic lies in the tree of the lines, expected ${answers}, a topic below it, or one outside`;
  }
  return null;
}

export function correlationProblem(data: Uint8Array): string | null {
  if (data.length <= correlationMaxBytes) return null;
  return `the correlation data are ${data.length} bytes, expected at most ${correlationMaxBytes}`;
}

/** The error of the table, or what else went wrong, as an answer says it. */
export function refusalOf(error: unknown): Pick<AnswerPayload, 'code' | 'problem' | 'action'> {
  if (error instanceof TwinspectError) return { code: error.code, problem: error.message, action: error.action };
  // Our own fault: its text is for the log, not for whoever may publish a command.
  return { code: 'internal', problem: 'an error inside Twinspect; its log says more', action: 'Report it.' };
}
