/** The interpreter by itself: what the subset means, and what it refuses, each with its line. */
import { describe, expect, test } from 'vitest';
import { type Block, compile } from './program.ts';
import type { Cell } from './types.ts';

/** A block of these variables and this body, run once or as often as said. */
function block(variables: string, body: string, before = ''): Block {
  const source = `${before}FUNCTION_BLOCK Tried\n${variables}\n${body}\nEND_FUNCTION_BLOCK`;
  return compile(source).get('Tried')!;
}

function ran(tried: Block, scans = 1, sinceMs = 10): (path: string) => Cell {
  const cells = tried.initial();
  for (let scan = 0; scan < scans; scan++) tried.scan(cells, sinceMs);
  return (path) => cells[tried.cell(path)]!;
}

const numbers = 'VAR_OUTPUT a : INT; b : UDINT; c : BOOL; d : REAL; t : TIME; s : STRING; u : UINT; END_VAR';
describe('what it means', () => {
  test.each([
    ['INT', '2 + i * 4', 14],
    ['INT', '(i + 2) * 4', 20],
    ['INT', '7 - i - 2', 2],
    ['INT', '-5 / i', -1],
    ['INT', 'i MOD 2', 1],
    ['UDINT', '4294967290 + u', 1],
    ['UDINT', 'u - 8', 4294967295],
    ['UDINT', '4294967295 * u', 4294967289],
    ['BOOL', 'i = 3 AND u <> 7 OR TRUE', true],
    ['BOOL', 'NOT (i < 3) AND i >= 3 XOR FALSE', true],
    ['BOOL', 'i > 2 AND NOT (u <= 6)', true],
    ['REAL', 'y + 2.25', 3.75],
    ['TIME', 'T#1m2s + T#3ms', 62_003],
    ['STRING', "'a;b'", 'a;b'],
  ])('%s := %s', (type, expression, value) => {
    const uses = 'IF i = 3 AND u = 7 AND y = 1.5 THEN ; END_IF;';
    const variables = `VAR_OUTPUT x : ${type}; END_VAR VAR i : INT := 3; u : UDINT := 7; y : REAL := 1.5; END_VAR`;
    const tried = block(variables, `${uses} x := ${expression};`);
    expect(ran(tried)('x')).toBe(value);
  });

  test('IF, ELSIF, ELSE; CASE with several labels; FOR; RETURN', () => {
    const body = `
      FOR a := 1 TO 5 DO sum := sum + a; END_FOR;
      CASE sum OF 1, 2: word := 1; 15: word := 2; ELSE word := 3; END_CASE;
      IF word = 1 THEN found := 1; ELSIF word = 2 THEN found := 2; RETURN; ELSE found := 3; END_IF;
      found := 4;`;
    const seen = ran(block('VAR a : INT; sum : INT; word : INT; found : INT; END_VAR', body));
    expect([seen('sum'), seen('word'), seen('found')]).toEqual([15, 2, 2]);
  });

  test('structures and arrays in one another, copied as a whole', () => {
    const types = `TYPE Pair : STRUCT n : UDINT; ok : BOOL; END_STRUCT END_TYPE
      TYPE Both : STRUCT head : Pair; ring : ARRAY[2..4] OF Pair; END_STRUCT END_TYPE `;
    const body = 'i := i + 1; x.ring[i].n := 7; x.ring[4].ok := TRUE; x.head := x.ring[i]; y := x; z := y.head.n;';
    const seen = ran(block('VAR i : INT := 2; x : Both; y : Both; z : UDINT; END_VAR', body, types));
    expect([seen('y.ring[3].n'), seen('y.ring[4].ok'), seen('y.ring[2].n'), seen('z')]).toEqual([7, true, 0, 7]);
  });

  test('a block in a block keeps its own variables; two of them do not share', () => {
    const inner = `FUNCTION_BLOCK Count VAR_INPUT by : INT; END_VAR VAR_OUTPUT sum : INT; END_VAR
      sum := sum + by; END_FUNCTION_BLOCK `;
    const seen = ran(
      block('VAR one : Count; two : Count; all : INT; END_VAR', 'one(by := 1); two(by := 5); all := one.sum;', inner),
      3,
    );
    expect([seen('one.sum'), seen('two.sum'), seen('all')]).toEqual([3, 15, 3]);
  });

  test('TON counts from call to call, holds at its end, and begins anew', () => {
    const tried = block('VAR_INPUT on : BOOL; END_VAR VAR t : TON; END_VAR', 't(IN := on, PT := T#25ms);');
    const cells = tried.initial();
    const seen: unknown[] = [];
    for (const on of [true, true, true, true, true, false, true]) {
      cells[tried.cell('on')] = on;
      tried.scan(cells, 10);
      seen.push([cells[tried.cell('t.Q')], cells[tried.cell('t.ET')]]);
    }
    const running = [0, 10, 20].map((ms) => [false, ms]);
    expect(seen).toEqual([...running, [true, 25], [true, 25], [false, 0], [false, 0]]);
  });

  test('what is retained is known, and a state is a list of scalars', () => {
    const tried = block('VAR_OUTPUT RETAIN n : UDINT := 5; END_VAR VAR m : INT; END_VAR', 'm := m + 1; n := n + 1;');
    expect(tried.retained.map((at) => tried.initial()[at])).toEqual([5]);
    expect(tried.initial()).toEqual([5, 0]);
  });
});

describe('what it refuses', () => {
  test.each([
    ['an undeclared name', 'a := q;', 'line 3: q is not declared'],
    ['a name in other letters', 'A := 1;', 'line 3: A is not declared'],
    ['a wrong type', 'a := b;', 'line 3: b is UDINT, and INT is wanted'],
    ['two types', 'c := a = b;', 'line 3: b is UDINT, and INT is wanted'],
    ['a literal too large', 'a := 40000;', 'line 3: 40000 is no INT'],
    ['a negative counter', 'b := -1;', 'line 3: -1 is no UDINT'],
    ['a number as a condition', 'IF a THEN ; END_IF;', 'line 3: a is INT, and BOOL is wanted'],
    ['an unknown construct', 'WHILE c DO ; END_WHILE;', 'line 3: WHILE is not declared'],
    ['a function', 'a := ABS(a);', 'line 3: ABS is no function of the subset'],
    ['a missing end', 'IF c THEN a := 1;', 'line 4: END_FUNCTION_BLOCK is not declared'],
    ['a missing semicolon', 'a := 1', 'line 4: expected ;, found END_FUNCTION_BLOCK'],
    ['AND of numbers', 'a := a AND a;', 'line 3: AND is for BOOL, not for INT'],
    ['a sign of nothing', 'a := 1 ? 2;', 'line 3: "?" belongs to nothing here'],
    ['a real remainder', 'd := d MOD d;', 'line 3: MOD is not for REAL'],
    ['a product of times', 't := t * t;', 'line 3: * is not for TIME'],
    ['texts compared by size', 'c := s < s;', 'line 3: < is not for STRING'],
    ['an input assigned', 'in := 1;', 'line 3: in is input: it is not assigned here'],
    ['a constant assigned', 'k := 1;', 'line 3: k is constant: it is not assigned here'],
    ['a timer in a branch', 'IF c THEN w(IN := c, PT := t); END_IF;', 'line 3: w is called in a branch'],
    ['a timer without its time', 'w(IN := c);', 'line 3: TON is called without PT'],
    ['an input that is none', 'w(IN := c, PT := t, X := c);', 'line 3: TON has no input X'],
    ['an input of a block from outside', 'w.IN := c;', 'line 3: TON shows no IN'],
    ['an output of a block assigned', 'w.Q := c;', 'line 3: w is of w: it is not assigned here'],
    ['the same label twice', 'CASE a OF 1: ; 1: ; END_CASE;', 'line 3: 1 stands twice'],
    ['a jump out of nothing', 'RETURN; a := 1;', 'line 3: what stands after RETURN'],
  ])('%s', (_what, body, message) => {
    const more = 'VAR_INPUT in : INT; END_VAR VAR CONSTANT k : INT := 1; END_VAR VAR w : TON; END_VAR';
    expect(() => block(`${numbers} ${more}`, body)).toThrow(message);
  });

  test('declarations: twice, of no type, of wrong bounds, and what nobody uses', () => {
    expect(() => block('VAR a : INT; a : INT; END_VAR', '')).toThrow('line 2: a is declared twice');
    expect(() => block('VAR a : LREAL; END_VAR', '')).toThrow('line 2: LREAL is no type');
    expect(() => block('VAR a : ARRAY[3..1] OF INT; END_VAR', '')).toThrow('line 2: 3..1 are no bounds');
    expect(() => block('VAR a : INT := TRUE; END_VAR', '')).toThrow('line 2: TRUE is BOOL, and INT is wanted');
    expect(() => block('VAR a : INT; END_VAR', '')).toThrow('line 2: a is declared and not used');
  });

  test('while it runs: an index outside, a division by nothing, an INT over its end', () => {
    const array = block('VAR i : INT := 3; x : ARRAY[0..2] OF INT; END_VAR', 'x[i] := 1;');
    expect(() => ran(array)).toThrow('line 3: index 3 of x is outside 0..2');
    expect(() => block('VAR x : ARRAY[0..2] OF INT; END_VAR', 'x[3] := 1;')).toThrow('outside 0..2');
    expect(() => ran(block('VAR i : INT; END_VAR', 'i := 1 / i;'))).toThrow('line 3: divided by 0');
    expect(() => ran(block('VAR i : INT := 32767; END_VAR', 'i := i + 1;'))).toThrow('line 3: 32768 is outside INT');
  });
});
