/**
 * A small strict interpreter of the subset of IEC 61131-3 Structured Text that our listing uses: TYPE ... STRUCT,
 * FUNCTION_BLOCK with VAR_INPUT, VAR_OUTPUT, VAR (RETAIN, CONSTANT), scalars, arrays, structures, blocks in blocks,
 * TON, assignments, IF, CASE, FOR, RETURN. An undeclared name, a wrong type or another construct is an error with its
 * line. Bodies are compiled to closures over one flat list of scalars: the state of a block is that list.
 */
import { Expressions, typed } from './expressions.ts';
import { Statements } from './statements.ts';
import { StError, type Token, TokenReader } from './tokens.ts';
import {
  type BlockType,
  type Cells,
  initialOf,
  onDelayTimer,
  type ScalarName,
  type Section,
  type StructType,
  scalars,
  type Type,
  typeName,
  type Variable,
} from './types.ts';

/** A function block to be run by itself. */
export class Block {
  readonly #type: BlockType;
  /** Cells that a power cut leaves as they are. */
  readonly retained: readonly number[];

  constructor(type: BlockType) {
    this.#type = type;
    this.retained = retainedCells(type, 0);
  }

  initial(): Cells {
    return this.#type.initial.slice();
  }

  /** One scan, in place; `sinceMs` is the time since the last one. */
  scan(cells: Cells, sinceMs: number): void {
    this.#type.run({ cells, sinceMs }, 0);
  }

  /** The first cell of `Pass`, `In.Ready`, `In.Ring[3].ResSeq`, with its type. */
  find(path: string): { at: number; type: Type } {
    let type: Type = this.#type;
    let at = 0;
    for (const [, name, index] of path.matchAll(/([A-Za-z_]\w*)|\[(\d+)\]/g)) {
      if (index !== undefined && type.kind === 'array') {
        at += (Number(index) - type.low) * type.of.size;
        type = type.of;
        continue;
      }
      const field: Variable | undefined = 'variables' in type ? type.variables.get(name ?? '') : undefined;
      if (field === undefined) throw new Error(`${this.#type.name} has no ${path}`);
      at += field.offset;
      type = field.type;
    }
    return { at, type };
  }

  cell(path: string): number {
    return this.find(path).at;
  }
}

function retainedCells(block: BlockType, base: number): number[] {
  return [...block.variables.values()].flatMap(({ type, offset, retained }) => {
    if (type.kind === 'block') return retainedCells(type, base + offset);
    return retained ? Array.from({ length: type.size }, (_, cell) => base + offset + cell) : [];
  });
}

/** The blocks of a listing, by name. Throws `StError`. */
export function compile(source: string): Map<string, Block> {
  const listing = new Listing(new TokenReader(source));
  return new Map(listing.blocks().map((type) => [type.name, new Block(type)]));
}

const sections: Readonly<Record<string, Section>> = { VAR_INPUT: 'input', VAR_OUTPUT: 'output', VAR: 'local' };

class Listing {
  readonly #reader: TokenReader;
  readonly #types = new Map<string, Type>(Object.entries(scalars));

  constructor(reader: TokenReader) {
    this.#reader = reader;
    this.#types.set('TON', onDelayTimer());
  }

  blocks(): BlockType[] {
    const blocks: BlockType[] = [];
    while (this.#reader.now.kind !== 'end') {
      if (this.#reader.taken('TYPE')) this.#structure();
      else if (this.#reader.taken('FUNCTION_BLOCK')) blocks.push(this.#block());
      else this.#reader.refuse(`expected TYPE or FUNCTION_BLOCK, found ${this.#reader.now.text}`);
    }
    return blocks;
  }

  #define(name: Token, type: Type): void {
    if (this.#types.has(name.text)) throw new StError(name.line, `${name.text} is defined twice`);
    this.#types.set(name.text, type);
  }

  #structure(): void {
    const reader = this.#reader;
    const name = reader.word('the name of a type');
    reader.expect(':');
    reader.expect('STRUCT');
    const type: StructType = { kind: 'struct', name: name.text, variables: new Map(), size: 0 };
    while (!reader.taken('END_STRUCT')) this.#declare(type, 'field', false);
    reader.taken(';');
    reader.expect('END_TYPE');
    this.#define(name, type);
  }

  #block(): BlockType {
    const reader = this.#reader;
    const name = reader.word('the name of a block');
    const run = () => undefined;
    const type: BlockType = { kind: 'block', name: name.text, variables: new Map(), size: 0, initial: [], run };
    while (reader.now.text in sections) this.#section(type);
    const used = new Set<string>();
    const names = { variable: (token: Token) => this.#variable(type, token, used) };
    const body = new Statements(reader, new Expressions(reader, names)).until('END_FUNCTION_BLOCK');
    reader.expect('END_FUNCTION_BLOCK');
    type.run = (called, base) => void body(called, base);
    const idle = [...type.variables.values()].find((variable) => !used.has(variable.name));
    if (idle) throw new StError(idle.line, `${idle.name} is declared and not used`);
    this.#define(name, type);
    return type;
  }

  #variable(block: BlockType, { text, line }: Token, used: Set<string>): Variable {
    const variable = block.variables.get(text);
    if (variable === undefined) throw new StError(line, `${text} is not declared`);
    used.add(text);
    return variable;
  }

  #section(block: BlockType): void {
    const reader = this.#reader;
    const { text } = reader.take();
    const constant = reader.taken('CONSTANT');
    const retained = !constant && reader.taken('RETAIN');
    while (!reader.taken('END_VAR')) this.#declare(block, constant ? 'constant' : sections[text]!, retained);
  }

  #declare(owner: StructType | BlockType, section: Section, retained: boolean): void {
    const reader = this.#reader;
    const name = reader.word('a name');
    reader.expect(':');
    const type = this.#type();
    if (owner.kind === 'struct' && reader.now.text === ':=') reader.refuse(`${owner.name}: a field has no first value`);
    const initial = reader.taken(':=') ? this.#initial(type) : initialOf(type);
    reader.expect(';');
    if (owner.variables.has(name.text)) throw new StError(name.line, `${name.text} is declared twice`);
    const variable = { name: name.text, type, offset: owner.size, section, retained, line: name.line };
    owner.variables.set(name.text, variable);
    owner.size += type.size;
    if (owner.kind === 'block') owner.initial.push(...initial);
  }

  #initial(type: Type): Cells {
    const none = {
      variable: ({ text, line }: Token): never => {
        throw new StError(line, `${text}: a first value is a literal`);
      },
    };
    const value = typed(new Expressions(this.#reader, none).read(), type);
    return [value({ cells: [], sinceMs: 0 }, 0)];
  }

  #type(): Type {
    const reader = this.#reader;
    const name = reader.word('a type');
    if (name.text === 'ARRAY') return this.#array();
    const type = this.#types.get(name.text);
    if (type === undefined) throw new StError(name.line, `${name.text} is no type`);
    if (type === scalars['STRING' satisfies ScalarName] && reader.taken('[')) {
      reader.take();
      reader.expect(']');
    }
    return type;
  }

  #array(): Type {
    const reader = this.#reader;
    reader.expect('[');
    const [low, , high] = [reader.take(), reader.expect('..'), reader.take()];
    reader.expect(']');
    reader.expect('OF');
    if (low.kind !== 'integer' || high.kind !== 'integer' || high.value < low.value) {
      throw new StError(low.line, `${low.text}..${high.text} are no bounds`);
    }
    const of = this.#type();
    if (of.kind === 'block') throw new StError(low.line, `an array of ${typeName(of)} is not of the subset`);
    return { kind: 'array', low: low.value, high: high.value, of, size: (high.value - low.value + 1) * of.size };
  }
}
