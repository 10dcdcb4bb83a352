/** Words that readers stumbled over stay out of pages and messages; docs/words.md has those to use instead. */
import { describe, expect, test } from 'vitest';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { errorTable } from '../../errors.ts';
import { readSources } from '../architecture/source.ts';
import { readPages, textOf } from './pages.ts';

/** What is refused, and the word of the field. */
const refused: readonly (readonly [RegExp, string])[] = [
  [/\bteach(?:es|ing)? on\b(?! this| the device)/i, 'retrain; teach with parts'],
  [/(?<!\bin )\b(?:an?|every|each|this) order\b(?! of\b)|\borders\b|\bordered\b|\bthe plant order\b/i, 'command'],
  [/\bspreads? apart\b|\bspreads of the\b/i, 'standard deviations'],
  [/\bheartbeat\b.{0,3}(?:stands|steps)\b/i, 'the heartbeat stopped, runs'],
  [/\bwish(?:es|ed)?\b/i, 'ask for, want'],
  [/\bnobody's\b/i, 'of no part'],
  [/\b(?:fault|verdict)s? stands?\b/i, 'there is a fault; a verdict is shown'],
  [/\bas they stand\b/i, 'as they are'],
  [/\bdatum\b(?!\.)/i, 'pose reference'],
];

function problemsIn(place: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      refused
        .filter(([word]) => word.test(line))
        .map(([, say]) => `${place}:${index + 1}: say "${say}": ${line.trim()}`),
    );
}

/** A page without its blocks and what is between backticks: names that others read keep working. */
function prose(page: string): string {
  const blank = (code: string): string => code.replace(/[^\n]/g, ' ');
  return textOf(page)
    .replace(/^\s*```[\s\S]*?^\s*```\s*$/gm, blank)
    .replace(/^ {4}.*$/gm, blank)
    .replace(/`[^`\n]+(?:\n[^`\n]+)?`/g, (code) => code.replace(/[^\n]/g, '_'))
    .replace(/\]\([^)]*\)/g, blank);
}

/** The texts that a program shows are strings of several words; what is compared or sent is one word. */
function messagesOf(code: string, comments: string): { text: string; line: number }[] {
  const strings = comments.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`([^`]*)`/g);
  return [...strings].flatMap((match) => {
    const text = (match[1] ?? match[2] ?? match[3])!.replace(/\$\{[^}]*\}/g, '_');
    const isText = / \w+ /.test(text) && !/\bSELECT\b|\bCREATE\b/.test(text) && code[match.index + 1] === ' ';
    return isText ? [{ text, line: comments.slice(0, match.index).split('\n').length }] : [];
  });
}

describe('the words of the field', () => {
  test.each(readPages().filter((page) => page !== 'docs/words.md'))('%s', (page) => {
    expect(problemsIn(page, prose(page))).toEqual([]);
  });

  test('errors, and what is to be done about them', () => {
    const rows = Object.entries(errorTable).map(([code, { text, action }]) => problemsIn(code, `${text}\n${action}`));
    expect(rows.flat()).toEqual([]);
  });

  test('the help of every command', async () => {
    const commands = await Promise.all(seats.map(({ name }) => loadCommand(name)));
    const said = commands.flatMap(({ name, summary, options }) => {
      const docs = Object.values(options).map(({ doc }) => doc);
      return problemsIn(name, [summary, ...docs].join('\n'));
    });
    expect(said).toEqual([]);
  });

  test('what the log says, and all other texts of the code', () => {
    const sources = readSources().filter(({ path }) => !path.startsWith('test/'));
    const said = sources.flatMap(({ path, code, withoutComments }) =>
      messagesOf(code, withoutComments).flatMap(({ text, line }) => problemsIn(`${path}:${line}`, text)),
    );
    expect(said).toEqual([]);
  });

  test('a word that is refused is found', () => {
    const bad = [
      '5.2 spreads apart',
      'the heartbeat stands',
      'an order came',
      'the bundle wished for',
      '`Heartbeat` steps',
    ];
    expect(bad.filter((text) => problemsIn('x', text).length === 0)).toEqual([]);
    expect(problemsIn('x', 'results come in the order of the triggers, in order')).toEqual([]);
  });
});
