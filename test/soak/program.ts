/** What the soak runs share as programs: whether a file is the one that was started, numbers from options, prints. */
import { realpathSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** False where the file is only imported. */
export function isProgram(url: string): boolean {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}

/** At a signal; a program that ends takes its broker and its children with it. */
export function endAtSignal(end: () => void = () => process.exit(1)): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
}

/** One JSON object on the last line of stdout. */
export function printFigures(figures: object): void {
  writeSync(1, `${JSON.stringify(figures)}\n`);
}

/** Progress for people. */
export function tell(line: string): void {
  writeSync(2, `${line}\n`);
}

/** Throws naming the option where the text is not a whole number in bounds. */
export function wholeOption(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} is "${text}", expected a whole number from ${min} to ${max}`);
}
