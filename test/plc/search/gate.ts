/** The listing's block in a search: its cells, its inputs by name, and what it says. Cells are the whole state. */
import { readFileSync } from 'node:fs';
import { type Block, compile } from '../iec/program.ts';
import type { Cell, Cells } from '../iec/types.ts';
import { ringSlots, type Scalar, tagAt, tagNames } from './station.ts';

export const listing = (): string => readFileSync(new URL('../../../docs/plc/twinspect.st', import.meta.url), 'utf8');

/** Compiled, and where its inputs lie. Not followed by the search: nothing of it changes. */
export class GateProgram {
  readonly block: Block;
  /** Tag to cell, for what the block reads, in the order in which a PLC reads it. */
  readonly reads: readonly { readonly tag: number; readonly cell: number }[];

  constructor(source: string, name: 'TwinspectGate' | 'TwinspectCameraGate') {
    this.block = compile(source).get(name)!;
    const camera = name === 'TwinspectCameraGate';
    const result = ['ResSeq', 'Verdict', 'ResRecipe', 'Challenge', 'Trigger'];
    const line = ['Heartbeat', 'Ready', 'Armed', 'Fault', 'TrigEcho'];
    const resync = ['TriggerCount', 'ResyncTrigger', 'ResyncSeq'];
    // ResSeq first, ResSeqStart last: so a result that is read while it changes never has two equal numbers.
    const wanted = camera
      ? [
          ['ResyncEcho', 'Line.ResyncEcho'],
          ...ringSlots.map((slot, at) => [`${slot}ResSeq`, `Ring.Slot[${at}].ResSeq`]),
          ...ringSlots.flatMap((slot, at) =>
            result.slice(1).map((field) => [`${slot}${field}`, `Ring.Slot[${at}].${field}`]),
          ),
          ...[...line, ...resync].map((field) => [field, `Line.${field}`]),
          ...ringSlots.map((slot, at) => [`${slot}ResSeqStart`, `Ring.Slot[${at}].ResSeqStart`]),
        ]
      : [
          ...result.map((field) => [field, `Result.${field}`]),
          ...line.map((field) => [field, `Line.${field}`]),
          ['ResSeqStart', 'Result.ResSeqStart'],
        ];
    // What the station does not have yet is not read.
    const there = wanted.filter(([tag]) => (tagNames as string[]).includes(tag!));
    this.reads = there.map(([tag, path]) => ({
      tag: tagAt[tag as keyof typeof tagAt],
      cell: this.block.cell(path!),
    }));
  }
}

export class Gate {
  readonly program: GateProgram;
  readonly at: Readonly<Record<string, number>>;
  cells: Cells;

  constructor(program: GateProgram, names: readonly string[]) {
    this.program = program;
    this.at = new Places(program.block, names) as unknown as Record<string, number>;
    this.cells = program.block.initial();
  }

  get(name: string): Cell {
    return this.cells[this.at[name]!]!;
  }

  set(name: string, value: Cell): void {
    this.cells[this.at[name]!] = value;
  }

  /** What was read, as the block finds it in its inputs. */
  read(values: readonly Scalar[]): void {
    for (const { tag, cell } of this.program.reads) this.cells[cell] = values[tag] as Cell;
  }

  scan(sinceMs: number): void {
    this.program.block.scan(this.cells, sinceMs);
  }

  /** Power comes back: only what is retained is as it was. */
  restart(): void {
    const before = this.cells;
    this.cells = this.program.block.initial();
    for (const at of this.program.block.retained) this.cells[at] = before[at]!;
  }
}

/** By name; an instance of its own class, so that a search does not follow it. */
class Places {
  [name: string]: number;

  constructor(block: Block, names: readonly string[]) {
    for (const name of names) this[name] = block.cell(name);
  }
}
