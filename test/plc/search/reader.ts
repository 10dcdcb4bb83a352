/** A PLC's reads over the network: asked for, perhaps of two moments, answered, and found by the scan after. */
import type { Gate } from './gate.ts';
import type { Scalar } from './station.ts';

export class Reader {
  asked = false;
  /** The values of its first part, where it was begun in an earlier moment than it ended. */
  early: Scalar[] | null = null;
  /** So many values are of that moment. */
  count = 0;
  values: Scalar[] | null = null;

  ask(): void {
    this.asked = true;
  }

  get begins(): boolean {
    return this.asked && this.values === null && this.early === null;
  }

  begin(tags: readonly Scalar[], count: number): void {
    this.early = tags.slice();
    this.count = count;
  }

  answer(tags: readonly Scalar[], { program }: Gate): void {
    if (!this.asked || this.values !== null) return;
    const values = tags.slice();
    const { early } = this;
    if (early) for (const { tag } of program.reads.slice(0, this.count)) values[tag] = early[tag]!;
    this.early = null;
    this.count = 0;
    this.values = values;
  }

  /** Into the inputs of the block; false where nothing was answered. */
  found(gate: Gate): boolean {
    if (this.values === null) return false;
    gate.read(this.values);
    this.drop();
    return true;
  }

  drop(): void {
    this.asked = false;
    this.early = null;
    this.values = null;
    this.count = 0;
  }
}
