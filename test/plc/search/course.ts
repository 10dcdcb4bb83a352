/** The plain course of a world, run on: what passed, and what was wrong. */
import type { PlantFloor } from './plant-floor.ts';

/** Runs so many rounds: what was wrong, and which parts passed. */
export function run(floor: PlantFloor, rounds: number): { wrong: string | null; passed: number[] } {
  const passed = new Set<number>();
  for (let step = 0; step < rounds * floor.phases; step++) {
    const before = floor.passed;
    floor.next();
    if (floor.passed !== before) for (const part of floor.passed) passed.add(part);
    const wrong = floor.violation();
    if (wrong !== null) return { wrong, passed: [...passed] };
  }
  return { wrong: null, passed: [...passed] };
}

/** The good ones of the parts from this one to that. */
export const goodOf = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at).filter((part) => part % 2 === 1);
