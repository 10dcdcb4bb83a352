/** Statements, read and compiled to closures. */
import { type Expressions, type Place, typed, type Value } from './expressions.ts';
import { StError, type TokenReader } from './tokens.ts';
import {
  type BlockType,
  isInteger,
  type Run,
  type ScalarType,
  type Step,
  scalars,
  typeName,
  type Variable,
} from './types.ts';

/** A statement; false where a RETURN ends the body. */
type Flow = (run: Run, base: number) => boolean;
/** Gives an input of a block whose cells begin at `at` its value. */
type Input = (run: Run, base: number, at: number) => void;

/** Ends a branch of a CASE as a word does: no statement begins with a number. */
const number = 'a number';

const writable: readonly Variable['section'][] = ['output', 'local', 'field'];

export class Statements {
  readonly #reader: TokenReader;
  readonly #expressions: Expressions;
  #depth = 0;

  constructor(reader: TokenReader, expressions: Expressions) {
    this.#reader = reader;
    this.#expressions = expressions;
  }

  /** Up to one of these words, which is left standing. Each step says whether the body goes on. */
  until(...ends: readonly string[]): Flow {
    const steps: Flow[] = [];
    for (;;) {
      const { kind, text } = this.#reader.now;
      if (ends.includes(kind === 'integer' ? number : text)) break;
      if (kind === 'end') this.#reader.refuse(`${ends[0]} is missing`);
      if (!this.#reader.taken(';')) steps.push(this.#statement());
    }
    return (run, base) => {
      for (const step of steps) if (!step(run, base)) return false;
      return true;
    };
  }

  #inside(...ends: readonly string[]): Flow {
    this.#depth++;
    const flow = this.until(...ends);
    this.#depth--;
    return flow;
  }

  #statement(): Flow {
    const reader = this.#reader;
    if (reader.taken('IF')) return this.#if();
    if (reader.taken('FOR')) return this.#for();
    if (reader.taken('CASE')) return this.#case();
    if (reader.taken('RETURN')) {
      if (this.#depth === 0) reader.refuse('what stands after RETURN is never reached');
      reader.expect(';');
      return () => false;
    }
    if (reader.now.kind !== 'word') reader.refuse(`expected a statement, found ${reader.now.text}`);
    const { line, text } = reader.now;
    const place = this.#expressions.place();
    const step = reader.now.text === '(' ? this.#call(place, line) : this.#assignment(place, text, line);
    reader.expect(';');
    return (run, base) => {
      step(run, base);
      return true;
    };
  }

  #assignment({ type, address, owner, inner }: Place, name: string, line: number): Step {
    this.#reader.expect(':=');
    if (inner !== null || !writable.includes(owner.section)) {
      throw new StError(line, `${name} is ${inner ? `of ${owner.name}` : owner.section}: it is not assigned here`);
    }
    if (type.kind !== 'scalar') return this.#copied(type, address, line);
    const value = this.#expressions.of(type);
    return (run, base) => {
      run.cells[address(run, base)] = value(run, base);
    };
  }

  /** A structure or an array as a whole. */
  #copied(type: Place['type'], address: Place['address'], line: number): Step {
    const from = this.#expressions.place();
    if (from.type !== type || type.kind === 'block') {
      throw new StError(line, `${typeName(from.type)} does not go into ${typeName(type)}`);
    }
    const source = from.address;
    return (run, base) => {
      const [to, at] = [address(run, base), source(run, base)];
      for (let cell = 0; cell < type.size; cell++) run.cells[to + cell] = run.cells[at + cell]!;
    };
  }

  /** A timer measures from call to call, so a call stands where every scan comes by. */
  #call({ type, address, owner }: Place, line: number): Step {
    if (type.kind !== 'block') throw new StError(line, `${owner.name} is no function block`);
    if (this.#depth > 0) throw new StError(line, `${owner.name} is called in a branch; timers need every scan`);
    const inputs = this.#inputs(type);
    return (run, base) => {
      const at = address(run, base);
      for (const input of inputs) input(run, base, at);
      type.run(run, at);
    };
  }

  #inputs(block: BlockType): Input[] {
    const reader = this.#reader;
    const inputs: Input[] = [];
    const given = new Set<string>();
    reader.expect('(');
    while (!reader.taken(')')) {
      if (given.size > 0) reader.expect(',');
      const { text, line } = reader.word('an input');
      const input = block.variables.get(text);
      if (input?.section !== 'input') throw new StError(line, `${block.name} has no input ${text}`);
      if (given.has(text)) throw new StError(line, `${text} is given twice`);
      given.add(text);
      reader.expect(':=');
      inputs.push(this.#input(input));
    }
    const missing = [...block.variables.values()].find(({ section, name }) => section === 'input' && !given.has(name));
    if (missing) reader.refuse(`${block.name} is called without ${missing.name}`);
    return inputs;
  }

  #input({ type, offset }: Variable): Input {
    if (type.kind === 'scalar') {
      const value = this.#expressions.of(type);
      return (run, base, at) => {
        run.cells[at + offset] = value(run, base);
      };
    }
    const { line } = this.#reader.now;
    const from = this.#expressions.place();
    if (from.type !== type) throw new StError(line, `${typeName(from.type)} does not go into ${typeName(type)}`);
    return (run, base, at) => {
      const source = from.address(run, base);
      for (let cell = 0; cell < type.size; cell++) run.cells[at + offset + cell] = run.cells[source + cell]!;
    };
  }

  #if(): Flow {
    const branches: { when: Value; body: Flow }[] = [];
    const reader = this.#reader;
    do {
      const when = this.#expressions.of(scalars.BOOL);
      reader.expect('THEN');
      branches.push({ when, body: this.#inside('ELSIF', 'ELSE', 'END_IF') });
    } while (reader.taken('ELSIF'));
    const otherwise = reader.taken('ELSE') ? this.#inside('END_IF') : null;
    reader.expect('END_IF');
    reader.expect(';');
    return (run, base) => {
      for (const { when, body } of branches) if (when(run, base)) return body(run, base);
      return otherwise === null || otherwise(run, base);
    };
  }

  #for(): Flow {
    const reader = this.#reader;
    const { text, line } = reader.now;
    const { type, address, owner } = this.#expressions.place();
    if (type.kind !== 'scalar' || !isInteger(type) || owner.section !== 'local') {
      throw new StError(line, `${text} cannot count a FOR`);
    }
    reader.expect(':=');
    const from = this.#expressions.of(type);
    reader.expect('TO');
    const to = this.#expressions.of(type);
    reader.expect('DO');
    const body = this.#inside('END_FOR');
    reader.expect('END_FOR');
    reader.expect(';');
    return (run, base) => {
      const last = to(run, base) as number;
      for (let at = from(run, base) as number; at <= last; at++) {
        run.cells[address(run, base)] = at;
        if (!body(run, base)) return false;
      }
      return true;
    };
  }

  #case(): Flow {
    const reader = this.#reader;
    const of = this.#expressions.read();
    if (of.type === null || !isInteger(of.type)) throw new StError(of.line, 'CASE is for integers');
    reader.expect('OF');
    const branches = new Map<number, Flow>();
    while (reader.now.kind === 'integer') this.#branch(of.type, branches);
    const otherwise = reader.taken('ELSE') ? this.#inside('END_CASE') : null;
    reader.expect('END_CASE');
    reader.expect(';');
    return (run, base) => {
      const branch = branches.get(of.value(run, base) as number) ?? otherwise;
      return branch === null || branch(run, base);
    };
  }

  #branch(type: ScalarType, branches: Map<number, Flow>): void {
    const reader = this.#reader;
    const labels: number[] = [];
    do {
      const { text, value, kind, line } = reader.take();
      if (kind !== 'integer') throw new StError(line, `expected a number, found ${text}`);
      typed({ type: null, literal: value, value: () => value, line, written: text }, type);
      if (branches.has(value) || labels.includes(value)) throw new StError(line, `${text} stands twice`);
      labels.push(value);
    } while (reader.taken(','));
    reader.expect(':');
    const body = this.#inside('ELSE', 'END_CASE', number);
    for (const label of labels) branches.set(label, body);
  }
}
