/**
 * How long functions are, by indentation: in formatted code a body ends at the next line that begins with `}` at the
 * indentation of the line that opened it.
 */
import type { Source } from './source.ts';

export interface MeasuredFunction {
  readonly line: number;
  readonly lengthLines: number;
}

/** Lines that open a block which is no function. */
const otherBlock =
  /^(?:\} )?(?:if|else|for|while|do|switch|try|catch|finally|class|abstract|interface|namespace|type)\b/;

export function functionsOf({ code }: Source): MeasuredFunction[] {
  const lines = code.split('\n');
  const found: MeasuredFunction[] = [];
  for (const [index, line] of lines.entries()) {
    if (!line.trimEnd().endsWith('{')) continue;
    const header = headerOf(lines, index);
    if (!opensFunction(lines[header]!.trim(), line.trim())) continue;
    const indent = indentOf(line);
    const close = lines.findIndex((later, at) => at > index && later.startsWith(`${indent}}`));
    if (close > 0) found.push({ line: header + 1, lengthLines: close - header + 1 });
  }
  return found;
}

/** Where the statement begins whose block a line opens: `) {` belongs to the line above at its indentation. */
function headerOf(lines: readonly string[], index: number): number {
  const indent = indentOf(lines[index]!);
  let at = index;
  while (at > 0 && /^[)\]>}]/.test(lines[at]!.trim())) {
    at--;
    while (at > 0 && (lines[at]!.trim() === '' || indentOf(lines[at]!) !== indent)) at--;
  }
  return at;
}

function opensFunction(header: string, opening: string): boolean {
  if (opening.endsWith('=> {')) return true;
  if (otherBlock.test(header) || otherBlock.test(opening)) return false;
  if (/\bfunction\b/.test(header)) return true;
  // A method: a name, perhaps with modifiers and type parameters, then its parameters.
  return (
    /^(?:(?:static|async|get|set|override) )*\*?[#\w$[\].]+(?:<.*>)?\(/.test(header) && /\)(?:: .*)? \{$/.test(opening)
  );
}

function indentOf(line: string): string {
  return /^ */.exec(line)![0];
}
