/** The pages of the families show the listing, in their own words; `npm test -- test/plc/pages -u` writes them anew. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { beckhoff, type Family, render, rockwell, siemens } from './render.ts';

const families: [string, Family][] = [
  ['siemens', siemens],
  ['beckhoff', beckhoff],
  ['rockwell', rockwell],
];
const pages = new URL('../../../docs/plc/', import.meta.url);
const listing = readFileSync(new URL('twinspect.st', pages), 'utf8');
const rendered = /(<!-- from twinspect\.st: begin -->\n\n```\n)[\s\S]*?(\n```\n\n<!-- from twinspect\.st: end -->)/;

test.each(families)('%s.md is in step with the listing', async (name, family) => {
  const path = new URL(`${name}.md`, pages);
  const page = readFileSync(path, 'utf8');
  expect(page).toMatch(rendered);
  const whole = page.replace(rendered, (_text, before: string, after: string) => {
    return before + render(listing, family) + after;
  });
  await expect(whole).toMatchFileSnapshot(path.pathname);
});

test('what is rendered: names, types, timers, blocks in blocks, and nothing in comments', () => {
  const small = [
    '(* above *)',
    'TYPE Pair : STRUCT',
    '    a : UDINT;   // one',
    '    b : ARRAY[0..15] OF BOOL;',
    'END_STRUCT',
    'END_TYPE',
    'FUNCTION_BLOCK Inner',
    'VAR_INPUT',
    '    x : BOOL;',
    '    p : Pair;',
    'END_VAR',
    'VAR',
    '    t : TON;',
    'END_VAR',
    '',
    't(IN := x AND TRUE, PT := T#3s);',
    'x := t.Q AND p.b[p.a MOD 16] AND p.a >= 2147483648;   // x is TRUE',
    'END_FUNCTION_BLOCK',
    'FUNCTION_BLOCK Outer',
    'VAR_OUTPUT RETAIN',
    '    x : BOOL;',
    'END_VAR',
    'VAR',
    '    i : Inner;',
    '    q : Pair;',
    'END_VAR',
    'i(x := x, p := q);',
    'END_FUNCTION_BLOCK',
  ].join('\n');
  expect(render(small, siemens)).toBe(
    [
      '(* above *)\nTYPE "Pair"\n    STRUCT',
      '        a : UDInt;                 // one\n        b : Array[0..15] of Bool;\n    END_STRUCT;\nEND_TYPE\n',
      'FUNCTION_BLOCK "Inner"\nVAR_INPUT\n    x : Bool;\n    p : "Pair";\nEND_VAR',
      'VAR\n    t : TON_TIME;\nEND_VAR\nBEGIN',
      '#t(IN := #x AND TRUE, PT := T#3s);',
      '#x := #t.Q AND #p.b[UDINT_TO_DINT(#p.a MOD 16)] AND #p.a >= 2147483648;   // x is TRUE\nEND_FUNCTION_BLOCK\n',
      'FUNCTION_BLOCK "Outer"\nVAR_OUTPUT RETAIN\n    x : Bool;\nEND_VAR\nVAR\n    i : "Inner";\n    q : "Pair";',
      'END_VAR\nBEGIN\n#i(x := #x, p := #q);\nEND_FUNCTION_BLOCK',
    ].join('\n'),
  );
  expect(render(small, beckhoff)).toContain('VAR_OUTPUT PERSISTENT\n    x : BOOL;\nEND_VAR');
  const logix = render(small, rockwell);
  expect(logix).toContain('//     b : BOOL[32]\n');
  expect(logix).toContain('t.PRE := 3000;\nt.TimerEnable := x AND 1;\nTONR(t);\n');
  expect(logix).toContain('x := t.DN AND p.b[p.a AND 15] AND p.a < 0;   // x is TRUE');
  expect(logix).toContain('\nInner(i, x, q);');
});
