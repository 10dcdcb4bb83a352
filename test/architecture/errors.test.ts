import { expect, test } from 'vitest';
import { errorTable, fail } from '../../errors.ts';
import { lineAt, readSources } from './source.ts';

const codes = Object.keys(errorTable);
const rows = Object.entries(errorTable) as [keyof typeof errorTable, { text: string; action: string }][];
const users = readSources().filter(({ path }) => path !== 'errors.ts' && !path.startsWith('test/'));

test('every code of the table is used', () => {
  const used = (code: string): boolean => users.some(({ withoutComments }) => withoutComments.includes(`'${code}'`));
  expect(codes.filter((code) => !used(code))).toEqual([]);
});

test('every code that is thrown is in the table', () => {
  const unknown = users.flatMap(({ path, withoutComments }) =>
    [...withoutComments.matchAll(/\bfail\(\s*'([^']*)'/g)]
      .filter((match) => !codes.includes(match[1]!))
      .map((match) => `${path}:${lineAt(withoutComments, match.index)} ${match[1]}`),
  );
  expect(unknown).toEqual([]);
});

test('a value that a text asks for is given wherever the code is thrown on the spot', () => {
  const missing = users.flatMap(({ path, withoutComments, code }) =>
    [...withoutComments.matchAll(/\bfail\(\s*'([^']*)',\s*\{/g)].flatMap((match) => {
      const row = errorTable[match[1] as keyof typeof errorTable];
      if (row === undefined) return [];
      const given = objectAt(code, match.index + match[0].length - 1);
      const holes = [...row.text.matchAll(/\{(\w+)\}/g)].map((hole) => hole[1]!);
      return holes
        .filter((hole) => !new RegExp(`\\b${hole}\\b|\\.\\.\\.`).test(given))
        .map((hole) => `${path}:${lineAt(code, match.index)} ${match[1]} without ${hole}`);
    }),
  );
  expect(missing).toEqual([]);
});

test.each(rows)('%s speaks plainly', (code, { text, action }) => {
  expect(code).toMatch(/^[a-z]+\/[a-zA-Z]+$/);
  // A library keeps the small letter of its name.
  expect(text).toMatch(/^(?:[A-Z{]|onnxruntime )/);
  expect(action).toMatch(/^["A-Z].*[.]$/);
  // Only the text is filled.
  expect(action).not.toMatch(/\{\w+\}/);
  expect(fail(code).message).toBe(text);
});

test('docs/errors.md is the table (npm test -- test/architecture -u writes it anew)', async () => {
  await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
});

/** Sections instead of a table: the formatter would pad a table to its widest row. */
function errorsPage(): string {
  const intro = [
    '# Errors',
    '',
    'Every operating error Twinspect reports: its code, what it says, and what to do. A code is never given another',
    'meaning. What stands in braces is filled in. This page is written from the table in `errors.ts`.',
  ];
  const sections = rows.flatMap(([code, { text, action }]) => ['', `## ${code}`, '', `> ${text}`, '', action]);
  return [...intro, ...sections, ''].join('\n');
}

/** The object literal that begins at an index, braces and all. */
function objectAt(code: string, from: number): string {
  let depth = 0;
  for (let at = from; at < code.length; at++) {
    if (code[at] === '{') depth++;
    if (code[at] === '}' && --depth === 0) return code.slice(from, at + 1);
  }
  return code.slice(from);
}
