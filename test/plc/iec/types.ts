/**
 * The types of the subset, and where their values lie: every variable is one cell or several in a row of one flat
 * array, so that the state of a block is copied, compared and hashed as a list of scalars.
 */
import { StError } from './tokens.ts';

export type Cell = number | boolean | string;
export type Cells = Cell[];

export const scalarNames = ['BOOL', 'INT', 'UINT', 'DINT', 'UDINT', 'REAL', 'TIME', 'STRING'] as const;
export type ScalarName = (typeof scalarNames)[number];

export interface ScalarType {
  readonly kind: 'scalar';
  readonly name: ScalarName;
  readonly size: 1;
}
export interface ArrayType {
  readonly kind: 'array';
  readonly low: number;
  readonly high: number;
  readonly of: Type;
  readonly size: number;
}
export type Section = 'input' | 'output' | 'local' | 'constant' | 'field';
export interface Variable {
  readonly name: string;
  readonly type: Type;
  readonly offset: number;
  readonly section: Section;
  readonly retained: boolean;
  readonly line: number;
}
export interface StructType {
  readonly kind: 'struct';
  readonly name: string;
  readonly variables: Map<string, Variable>;
  size: number;
}
/** A function block: its variables, and its body, which works on the cells that begin at `base`. */
export interface BlockType {
  readonly kind: 'block';
  readonly name: string;
  readonly variables: Map<string, Variable>;
  size: number;
  readonly initial: Cells;
  run: Step;
}
export type Type = ScalarType | ArrayType | StructType | BlockType;

/** What one call of a block has: all cells, and the time since its last call. */
export interface Run {
  readonly cells: Cells;
  readonly sinceMs: number;
}
export type Step = (run: Run, base: number) => void;

export const scalars = Object.fromEntries(
  scalarNames.map((name) => [name, { kind: 'scalar', name, size: 1 } as const]),
) as Record<ScalarName, ScalarType>;

export const ranges: Partial<Record<ScalarName, readonly [number, number]>> = {
  INT: [-0x8000, 0x7fff],
  UINT: [0, 0xffff],
  DINT: [-0x8000_0000, 0x7fff_ffff],
  UDINT: [0, 0xffff_ffff],
};

export const isInteger = (type: Type): boolean => type.kind === 'scalar' && type.name in ranges;

export function typeName(type: Type): string {
  return type.kind === 'array' ? `ARRAY OF ${typeName(type.of)}` : type.name;
}

export function initialOf(type: Type): Cells {
  if (type.kind === 'block') return type.initial.slice();
  if (type.kind === 'array') {
    return Array.from({ length: type.high - type.low + 1 }, () => initialOf(type.of)).flat();
  }
  if (type.kind === 'struct') return [...type.variables.values()].flatMap((field) => initialOf(field.type));
  return [type.name === 'BOOL' ? false : type.name === 'STRING' ? '' : 0];
}

/** A literal of this type, or an error with its line. */
export function literalFor(type: Type, value: Cell, written: string, line: number): Cell {
  const refuse = (): never => {
    throw new StError(line, `${written} is no ${typeName(type)}`);
  };
  if (type.kind !== 'scalar' || typeof value !== 'number') return refuse();
  const range = ranges[type.name];
  if (range === undefined) return type.name === 'REAL' ? value : refuse();
  return value >= range[0] && value <= range[1] && Number.isInteger(value) ? value : refuse();
}

/** On-delay timer of the standard: Q once IN was TRUE for PT. It is told the time since its last call. */
export function onDelayTimer(): BlockType {
  const { BOOL, TIME } = scalars;
  const of = (name: string, type: Type, offset: number, section: Section): [string, Variable] => [
    name,
    { name, type, offset, section, retained: false, line: 0 },
  ];
  const variables = [
    of('IN', BOOL, 0, 'input'),
    of('PT', TIME, 1, 'input'),
    of('Q', BOOL, 2, 'output'),
    of('ET', TIME, 3, 'output'),
    of('before', BOOL, 4, 'local'),
  ];
  const run: Step = ({ cells, sinceMs }, base) => {
    const [on, limitMs] = [cells[base] as boolean, cells[base + 1] as number];
    const passedMs = on && cells[base + 4] ? (cells[base + 3] as number) + sinceMs : 0;
    cells[base + 3] = Math.min(passedMs, limitMs);
    cells[base + 2] = on && passedMs >= limitMs;
    cells[base + 4] = on;
  };
  const initial: Cells = [false, 0, false, 0, false];
  return { kind: 'block', name: 'TON', variables: new Map(variables), size: 5, initial, run };
}
