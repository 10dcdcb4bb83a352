import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { doubtNames } from '../../../drivers/replay/depth-signs.ts';
import { datasetFields } from '../../../drivers/replay/description.ts';
import { usualRangeMm } from '../../../drivers/replay/plausible.ts';
import { errorTable } from '../../../errors.ts';
import { root } from '../../architecture/source.ts';

const page = readFileSync(join(root, 'docs/data.md'), 'utf8');
const cells = (line: string): string[] =>
  line
    .split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);

test('docs/data.md: the table of fields is that of the reader, in its order and words', () => {
  const table = page.slice(page.indexOf('## dataset.json'), page.indexOf('## What is asked'));
  const rows = table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map(cells);
  const wanted = Object.entries(datasetFields).map(([name, field]) => [
    `\`${name}\``,
    field.expected + ('perPart' in field ? ', for each id' : ''),
    field.doc,
  ]);
  expect(rows).toEqual(wanted);
});

test('docs/data.md: every doubt and its numbers', () => {
  for (const name of doubtNames) expect(page).toContain(`| \`${name}\``);
  expect(page).toContain(`nearer than ${usualRangeMm[0]} mm or farther than ${usualRangeMm[1]} mm`);
});

test('every error about recorded parts, the README and the recording page lead there', () => {
  const rows = Object.entries(errorTable).filter(([code]) => code.startsWith('dataset/') || code === 'image/eightBit');
  expect(rows.length).toBeGreaterThan(8);
  for (const [code, { action }] of rows)
    expect([code, action]).toEqual([code, expect.stringContaining('docs/data.md')]);
  for (const from of ['README.md', 'docs/recording.md'])
    expect(readFileSync(join(root, from), 'utf8')).toContain('data.md)');
});
