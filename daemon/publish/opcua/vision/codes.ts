/**
 * The numbers a 40100-1 method answers in its `Error` argument: 0 is done, below 0 is ours (8.2.8: above 0 belongs to
 * the standard). Stable: a number, once released, keeps its meaning. A call whose number is not 0 has changed nothing.
 */
import { TwinspectError } from '../../../../errors.ts';

export const codes = {
  state: { number: -1, text: 'not legal in the state the system is in' },
  role: { number: -2, text: 'the user does not have the role for it; the call itself fails with Bad_UserAccessDenied' },
  argument: { number: -3, text: 'an argument is not what it must be: an id too long, an unknown kind of value' },
  recipeUnknown: { number: -4, text: 'no recipe of the table has this id' },
  recipeAmbiguous: { number: -5, text: 'several recipes share the bundle of this internal id; use the external id' },
  recipeNotPrepared: { number: -6, text: 'this recipe, or a recipe of this product, is not the prepared one' },
  recipeRefused: { number: -7, text: 'its bundle was refused; the one before stays in service' },
  configurationUnknown: { number: -8, text: 'no configuration has this id' },
  configurationRefused: { number: -9, text: 'the configuration cannot be activated now' },
  resultUnknown: { number: -10, text: 'no result of this id is kept any more, or it never was' },
  handleUnknown: { number: -11, text: 'this handle was released, has expired or was never given' },
  journal: { number: -12, text: 'the records cannot be read now' },
  simulation: { number: -13, text: 'not while challenge mode is on, which is for single jobs' },
  noCommands: { number: -14, text: 'this line takes no commands, or its camera alone opens parts' },
  busy: { number: -15, text: 'another recipe is being prepared' },
  refused: { number: -16, text: 'refused by the line; its log says why' },
} as const;
export type Code = keyof typeof codes;

/** A call that is answered with a number and changes nothing. */
export class Refused extends Error {
  readonly code: Code;
  constructor(code: Code, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** The errors of the line's commands in the numbers of the plant; null where it is no operating error. */
export function codeOf(error: unknown): Code | null {
  if (error instanceof Refused) return error.code;
  if (!(error instanceof TwinspectError)) return null;
  const code: string = error.code;
  if (code === 'command/role') return 'role';
  if (code === 'command/recipe') return 'recipeUnknown';
  if (code === 'command/waiting') return 'busy';
  if (['line/command', 'command/execution', 'command/starting'].includes(code)) return 'noCommands';
  if (code.startsWith('journal/')) return 'journal';
  if (code.startsWith('bundle/') || code.startsWith('inference/')) return 'recipeRefused';
  return 'refused';
}
