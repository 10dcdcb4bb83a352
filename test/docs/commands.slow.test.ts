/**
 * Every command of the pages, run as it stands, in order within a page, in a scratch folder. What is shortened, stopped
 * or not run is in treatments.ts by its exact text; commands.test.ts sees to it that nothing there is of no page.
 */
import { rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { pagesWithFixtures, type Scratch, scratchFor } from './fixtures.ts';
import { commandsOfPage, readPages } from './pages.ts';
import { run } from './run.ts';
import { isHarmless, treated, treatments } from './treatments.ts';

const limitMs = 300_000;

const pages = readPages().filter((page) => commandsOfPage(page).length > 0);

describe.each(pages)('%s', (page) => {
  let scratch: Scratch;
  afterAll(() => rmSync(scratch.folder, { recursive: true, force: true }));
  test(
    'what it speaks of is made',
    async () => {
      scratch = await scratchFor(page);
    },
    limitMs,
  );

  for (const { line, text } of commandsOfPage(page)) {
    const treatment = treatments[text] ?? null;
    if ((treatment !== null && 'notRun' in treatment) || !isHarmless(text)) continue;
    test(
      `line ${line}: ${text}`,
      async () => {
        const { code, output } = await run(treated(text, scratch.placeholders), scratch, treatment?.until ?? null);
        expect(treatment?.exitCodes ?? [0], output).toContain(code);
        if (treatment?.until) expect(output).toMatch(treatment.until);
      },
      limitMs,
    );
  }
});

test('every page with files of its own has commands', () => {
  expect(pagesWithFixtures.filter((page) => !pages.includes(page))).toEqual([]);
});
