/** What two pages say of the same thing is the same, and what the program does. */
import { expect, test } from 'vitest';
import { roles } from '../../daemon/command/port.ts';
import { roleOf } from '../../daemon/command/roles.ts';
import { textOf } from './pages.ts';

type Commanded = keyof typeof roleOf;

/** The rows of the tables of a page, as cells. */
function rowsOf(page: string): string[][] {
  const rows = textOf(page).split('\n');
  return rows
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const unquoted = (cell: string): string => cell.replaceAll('`', '');
/** `select recipe` and `select-recipe` are `selectRecipe`. */
const inCamelCase = (name: string): string => name.replace(/[ -](\w)/g, (_, letter: string) => letter.toUpperCase());

/** Which role a page gives each command, from rows whose cell at `place` is a role and whose first names commands. */
function rolesSaid(page: string, place: number): Record<string, string> {
  const said: Record<string, string> = {};
  for (const cells of rowsOf(page)) {
    const role = unquoted(cells[place] ?? '');
    if (!(roles as readonly string[]).includes(role)) continue;
    for (const name of unquoted(cells[0]!).split(', ')) said[inCamelCase(name)] = role;
  }
  return said;
}

test('the role of each command is the one that is asked for', () => {
  expect(rolesSaid('docs/commands.md', 1)).toEqual(roleOf);
  expect(rolesSaid('docs/mqtt.md', 2)).toEqual(roleOf);
});

/** How docs/security.md speaks of each in its table of roles. */
const words: Readonly<Record<Commanded, RegExp>> = {
  trigger: /\btrigger\b/,
  selectRecipe: /\brecipes?\b/,
  setThreshold: /\bthresholds?\b/,
  setExecution: /\bstart, stop\b/,
  abort: /\babort\b/,
  halt: /\bhalt\b/,
  reset: /\breset\b/,
  resetCounters: /\breset\b/,
};

test('the table of roles names each command at its role and at no other', () => {
  const rows = rowsOf('docs/security.md').filter(([role]) => (roles as readonly string[]).includes(unquoted(role!)));
  expect(rows.map(([role]) => unquoted(role!))).toEqual([...roles]);
  for (const [command, word] of Object.entries(words)) {
    const at = rows.filter(([, may]) => word.test(may!)).map(([role]) => unquoted(role!));
    expect(at, command).toEqual([roleOf[command as Commanded]]);
  }
});

test('how long the runs of the plant take: README as docs/soak.md, and about as long as the runs it is made of', () => {
  const inReadme = /-- plant .*; (\d+) minutes$/m.exec(textOf('README.md'))?.[1];
  const minutes = (cells: string[] | undefined): number => Number(/^(\d+) min$/.exec(cells?.[2] ?? '')?.[1]);
  const rows = rowsOf('docs/soak.md');
  const all = minutes(rows.find(([command]) => command!.includes('figures -- plant')));
  const parts = rows.filter(([command]) => command!.includes('node test/soak/')).map(minutes);
  expect(parts).toHaveLength(4);
  expect(Number(inReadme)).toBe(all);
  expect(all).toBeGreaterThanOrEqual(parts.reduce((sum, each) => sum + each, 0));
});

test('the line that docs/opcua.md has for asyncua is the one that the MES of the tests runs with', () => {
  const line = /^ua\.basetype_by_datatype.*?(?=\s+#)/m.exec(textOf('docs/opcua.md'))?.[0];
  expect(textOf('test/strangers/mes.py')).toContain(line);
});
