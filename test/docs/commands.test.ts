/** Every command of the pages exists, with its options, and is either run by commands.slow.test.ts or listed. */
import { expect, test } from 'vitest';
import { readArgs } from '../../daemon/commands/args.ts';
import type { Command as ProgramCommand } from '../../daemon/commands/command.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { errorTable } from '../../errors.ts';
import { blocksOf, type Command, commandsOfPage, inlineCode, readPages, textOf, twinspectArguments } from './pages.ts';
import { isHarmless, treatments } from './treatments.ts';

const pages = readPages();
const typed = pages.flatMap(commandsOfPage);
const names = seats.map(({ name }) => name);
const programs = new Map<string, ProgramCommand>();
for (const name of names) programs.set(name, await loadCommand(name));

/** What is wrong with a call, by the tables that the program itself reads; null where it would be understood. */
function problemOf(argv: readonly string[]): string | null {
  const [name, ...rest] = argv;
  const program = programs.get(name!);
  if (program === undefined) return `no command ${name}`;
  try {
    readArgs(program, rest);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function problemsOf(commands: readonly Command[]): string[] {
  return commands.flatMap(({ page, line, text }) => {
    const argv = twinspectArguments(text);
    const problem = argv === null ? null : problemOf(argv);
    return problem === null ? [] : [`${page}:${line}: ${text}: ${problem}`];
  });
}

test('the commands in blocks are commands, with options that they have', () => {
  expect(typed.filter(({ text }) => twinspectArguments(text) !== null).length).toBeGreaterThan(15);
  expect(problemsOf(typed)).toEqual([]);
});

test('so are those in the text', () => {
  const called = pages
    .flatMap((page) => inlineCode(page, textOf(page)))
    .map((code) => ({ ...code, text: code.text.replace(/\s*\[[^\]]*\]|\s*\.\.\./g, '').replaceAll('\\|', '|') }))
    .filter(({ text }) => !/^twinspect [A-Z]|\//.test(text.split(' ').slice(0, 2).join(' ')));
  const bare = called.filter(({ text }) => names.includes(text.split(' ')[0]!) && text.includes(' --'));
  expect(problemsOf([...called, ...bare.map((code) => ({ ...code, text: `twinspect ${code.text}` }))])).toEqual([]);
});

test('so are those in what the errors say is to be done', () => {
  const said = Object.entries(errorTable).flatMap(([code, { action }]) =>
    [...action.matchAll(/(?:"|: )twinspect ([a-z][^";,.]*)/g)].map((match) => ({
      ...{ page: `errors.ts ${code}`, line: 0 },
      text: `twinspect ${match[1]!.trim()}`,
    })),
  );
  expect(said.length).toBeGreaterThan(10);
  expect(problemsOf(said)).toEqual([]);
});

test('a block with commands is marked as sh, and every mark is one we know', () => {
  const blocks = pages.flatMap((page) => blocksOf(page, textOf(page)));
  const place = ({ page, line }: { page: string; line: number }): string => `${page}:${line}`;
  const unmarked = blocks.filter(
    ({ language, lines }) =>
      language !== 'sh' && lines.some((line) => /^\s*(?:\$ )?(?:npx |twinspect |npm )/.test(line)),
  );
  expect(unmarked.map(place)).toEqual([]);
  expect(
    blocks.filter(({ language }) => !['', 'sh', 'yaml', 'json', 'iecst', 'python'].includes(language)).map(place),
  ).toEqual([]);
});

test('what is shortened or not run is on a page', () => {
  const texts = new Set(typed.map(({ text }) => text));
  expect(Object.keys(treatments).filter((text) => !texts.has(text))).toEqual([]);
});

test('what is not ours, or changes the machine, is listed as not run', () => {
  const run = typed.filter(({ text }) => !('notRun' in (treatments[text] ?? {})));
  expect(run.length).toBeGreaterThan(15);
  expect(run.filter(({ text }) => !isHarmless(text)).map(({ page, line, text }) => `${page}:${line}: ${text}`)).toEqual(
    [],
  );
  expect(isHarmless('npx twinspect service install line1')).toBe(false);
  expect(isHarmless('apt-get install thing')).toBe(false);
});
