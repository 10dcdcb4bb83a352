/** Expressions, read and compiled to closures. Both sides of an operator have one type; only literals adapt. */
import { StError, type Token, type TokenReader } from './tokens.ts';
import {
  type Cell,
  isInteger,
  literalFor,
  type Run,
  ranges,
  type ScalarName,
  type ScalarType,
  scalars,
  type Type,
  typeName,
  type Variable,
} from './types.ts';

export type Value = (run: Run, base: number) => Cell;
export type Address = (run: Run, base: number) => number;

/** Somewhere a value lies: a variable, a field, an element. */
export interface Place {
  readonly type: Type;
  readonly address: Address;
  /** The variable it belongs to, and how far from the block's own it lies. */
  readonly owner: Variable;
  /** Of another block: what may be read of it. */
  readonly inner: Variable | null;
}

export interface Expression {
  /** Null for a number that has no type yet. */
  readonly type: ScalarType | null;
  readonly value: Value;
  /** What a literal is; null where it is none. */
  readonly literal: number | null;
  readonly line: number;
  readonly written: string;
}

/** What a name means where the expression stands. */
export interface Names {
  variable(token: Token): Variable;
}

const levels: readonly (readonly string[])[] = [
  ['OR'],
  ['XOR'],
  ['AND'],
  ['=', '<>'],
  ['<', '>', '<=', '>='],
  ['+', '-'],
  ['*', '/', 'MOD'],
];

export class Expressions {
  readonly #reader: TokenReader;
  readonly #names: Names;

  constructor(reader: TokenReader, names: Names) {
    this.#reader = reader;
    this.#names = names;
  }

  /** An expression that has this type, its literals made so. */
  of(type: Type): Value {
    return typed(this.read(), type);
  }

  read(level = 0): Expression {
    const words = levels[level];
    if (words === undefined) return this.#unary();
    let left = this.read(level + 1);
    for (;;) {
      const { text, kind, line } = this.#reader.now;
      if (kind === 'string' || !words.includes(text)) return left;
      this.#reader.take();
      left = binary(text, left, this.read(level + 1), line);
    }
  }

  place(): Place {
    const reader = this.#reader;
    const first = reader.word('a variable');
    const owner = this.#names.variable(first);
    const { offset } = owner;
    let place: Place = { type: owner.type, owner, inner: null, address: (_run, base) => base + offset };
    for (;;) {
      if (reader.taken('.')) place = member(place, reader.word('a field'));
      else if (reader.taken('[')) place = this.#element(place);
      else return place;
    }
  }

  #element(place: Place): Place {
    const { line } = this.#reader.now;
    const index = this.read();
    this.#reader.expect(']');
    const { type, address, owner, inner } = place;
    if (type.kind !== 'array') throw new StError(line, `${owner.name} is no array`);
    if (index.type !== null && !isInteger(index.type)) throw new StError(line, 'an index is an integer');
    const { low, high, of } = type;
    const check = (at: number): number => {
      if (at < low || at > high) throw new StError(line, `index ${at} of ${owner.name} is outside ${low}..${high}`);
      return (at - low) * of.size;
    };
    if (index.literal !== null) {
      const step = check(index.literal);
      return { type: of, owner, inner, address: (run, base) => address(run, base) + step };
    }
    const { value } = index;
    return { type: of, owner, inner, address: (run, base) => address(run, base) + check(value(run, base) as number) };
  }

  #unary(): Expression {
    const reader = this.#reader;
    const { line } = reader.now;
    if (reader.taken('NOT')) {
      const inner = typed(this.#unary(), scalars.BOOL);
      return result(scalars.BOOL, (run, base) => !inner(run, base), line);
    }
    if (reader.taken('-')) {
      const inner = this.#unary();
      if (inner.literal === null) throw new StError(line, 'only a literal may have a sign');
      const literal = -inner.literal;
      return { ...inner, literal, value: () => literal, written: `-${inner.written}` };
    }
    return this.#primary();
  }

  #primary(): Expression {
    const reader = this.#reader;
    const { kind, text, value, line } = reader.now;
    if (reader.taken('(')) {
      const inner = this.read();
      reader.expect(')');
      return inner;
    }
    if (kind === 'integer' || kind === 'real') {
      reader.take();
      const type = kind === 'real' ? scalars.REAL : null;
      return { type, value: () => value, literal: value, line, written: text };
    }
    if (kind === 'time' || kind === 'string') {
      reader.take();
      const constant = kind === 'time' ? value : text.slice(1, -1);
      return result(kind === 'time' ? scalars.TIME : scalars.STRING, () => constant, line, text);
    }
    if (reader.taken('TRUE')) return result(scalars.BOOL, () => true, line, text);
    if (reader.taken('FALSE')) return result(scalars.BOOL, () => false, line, text);
    if (kind !== 'word') reader.refuse(`expected a value, found ${text}`);
    if (reader.following.text === '(') reader.refuse(`${text} is no function of the subset`);
    const { type, address } = this.place();
    if (type.kind !== 'scalar') throw new StError(line, `${text} is ${typeName(type)}, no single value`);
    return result(type, (run, base) => run.cells[address(run, base)]!, line, text);
  }
}

function result(type: ScalarType, value: Value, line: number, written = 'the value'): Expression {
  return { type, value, literal: null, line, written };
}

/** Of a block: its outputs are read, and nothing else of it. */
function member({ type, address, owner }: Place, { text, line }: Token): Place {
  if (type.kind !== 'struct' && type.kind !== 'block') throw new StError(line, `${owner.name} has no fields`);
  const field = type.variables.get(text);
  const seen = field !== undefined && (type.kind === 'struct' || field.section === 'output');
  if (!seen) throw new StError(line, `${type.name} shows no ${text}`);
  const { offset } = field;
  const inner = type.kind === 'block' ? field : null;
  return { type: field.type, owner, inner, address: (run, base) => address(run, base) + offset };
}

export function typed(expression: Expression, type: Type): Value {
  const { literal, line, written } = expression;
  if (expression.type === type) return expression.value;
  if (expression.type !== null || literal === null) {
    throw new StError(line, `${written} is ${expression.type?.name}, and ${typeName(type)} is wanted`);
  }
  const value = literalFor(type, literal, written, line);
  return () => value;
}

function binary(sign: string, left: Expression, right: Expression, line: number): Expression {
  const type = left.type ?? right.type;
  if (type === null) throw new StError(line, `${sign} has a literal on either side`);
  const [a, b] = [typed(left, type), typed(right, type)];
  const { BOOL } = scalars;
  if (sign === 'AND' || sign === 'OR' || sign === 'XOR') {
    if (type !== BOOL) throw new StError(line, `${sign} is for BOOL, not for ${type.name}`);
    return result(BOOL, logic(sign, a, b), line);
  }
  if (sign === '=') return result(BOOL, (run, base) => a(run, base) === b(run, base), line);
  if (sign === '<>') return result(BOOL, (run, base) => a(run, base) !== b(run, base), line);
  if (type === BOOL || type.name === 'STRING') throw new StError(line, `${sign} is not for ${type.name}`);
  if (sign === '<') return result(BOOL, (run, base) => a(run, base) < b(run, base), line);
  if (sign === '>') return result(BOOL, (run, base) => a(run, base) > b(run, base), line);
  if (sign === '<=') return result(BOOL, (run, base) => a(run, base) <= b(run, base), line);
  if (sign === '>=') return result(BOOL, (run, base) => a(run, base) >= b(run, base), line);
  return result(type, arithmetic(sign, type.name, a, b, line), line);
}

/** Both sides are worked out, as a PLC may do. */
function logic(sign: string, a: Value, b: Value): Value {
  const both = (combine: (x: boolean, y: boolean) => boolean): Value => {
    return (run, base) => {
      const x = a(run, base) as boolean;
      const y = b(run, base) as boolean;
      return combine(x, y);
    };
  };
  if (sign === 'AND') return both((x, y) => x && y);
  return sign === 'OR' ? both((x, y) => x || y) : both((x, y) => x !== y);
}

function arithmetic(sign: string, name: ScalarName, a: Value, b: Value, line: number): Value {
  const whole = name in ranges;
  if (!whole && (name === 'TIME' ? sign !== '+' && sign !== '-' : sign === 'MOD')) {
    throw new StError(line, `${sign} is not for ${name}`);
  }
  return (run, base) => {
    const x = a(run, base) as number;
    const y = b(run, base) as number;
    if ((sign === '/' || sign === 'MOD') && y === 0) throw new StError(line, 'divided by 0');
    return wrapped(name, sign === '*' && name === 'UDINT' ? Math.imul(x, y) : computed(sign, whole, x, y), line);
  };
}

function computed(sign: string, whole: boolean, x: number, y: number): number {
  if (sign === '+') return x + y;
  if (sign === '-') return x - y;
  if (sign === 'MOD') return x % y;
  if (sign === '*') return x * y;
  return whole ? Math.trunc(x / y) : x / y;
}

/** Counters without a sign go over their end, as in every PLC; what a sign would do there differs, so it is refused. */
function wrapped(name: ScalarName, value: number, line: number): number {
  if (name === 'UDINT') return value >>> 0;
  if (name === 'UINT') return value & 0xffff;
  const range = ranges[name];
  const outside = range !== undefined && (value < range[0] || value > range[1]);
  if (outside || (name === 'TIME' && value < 0)) throw new StError(line, `${value} is outside ${name}`);
  return value;
}
