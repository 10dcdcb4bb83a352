/**
 * A bounded exhaustive search. A world has a plain course of events, step by step, and at each moment disturbances
 * that may come between. All runs of so many steps with so many disturbances are looked at: every disturbance in every
 * moment, and every pair, triple, ... of them. A state that was seen with as much left is not looked at again.
 */
import { Digest, type Memory } from './memory.ts';

export interface World {
  /** The next event of the plain course; answers what it was. */
  next(): string;
  /** What may come between now. */
  disturbances(): readonly string[];
  disturb(name: string): void;
  /** What must never be, as a sentence; null while all is well. */
  violation(): string | null;
  /** All that tells this state from another. */
  digest(digest: Digest, memory: Memory): void;
}

export interface Bounds {
  readonly steps: number;
  readonly disturbances: number;
  /** No others than these; all where left out. */
  readonly only?: readonly string[];
}

export interface Found {
  readonly violation: string;
  /** What happened, up to and with the event that shows it. */
  readonly course: readonly string[];
}

export interface Searched {
  readonly found: Found | null;
  readonly states: number;
  readonly events: number;
}

export function explore(world: World, memory: Memory, bounds: Bounds): Searched {
  // State -> for each number of disturbances left, the most steps it was seen with.
  const seen = new Map<number, Int16Array>();
  const course: string[] = [];
  let found: Found | null = null;
  let events = 0;

  const known = (steps: number, disturbances: number): boolean => {
    const digest = new Digest();
    world.digest(digest, memory);
    const key = digest.value;
    const before = seen.get(key);
    if (before) {
      for (let left = disturbances; left <= bounds.disturbances; left++) if (before[left]! >= steps) return true;
      before[disturbances] = steps;
      return false;
    }
    const fresh = new Int16Array(bounds.disturbances + 1).fill(-1);
    fresh[disturbances] = steps;
    seen.set(key, fresh);
    return false;
  };

  const after = (event: string, steps: number, disturbances: number): void => {
    events++;
    course.push(event);
    const violation = world.violation();
    if (violation === null) visit(steps, disturbances);
    else found = { violation, course: course.slice() };
    course.pop();
  };

  const visit = (steps: number, disturbances: number): void => {
    if (steps === 0 || found || known(steps, disturbances)) return;
    const saved = memory.save(world);
    after(world.next(), steps - 1, disturbances);
    if (disturbances === 0) return;
    memory.restore(saved);
    for (const name of world.disturbances()) {
      if (found) return;
      if (bounds.only && !bounds.only.includes(name)) continue;
      memory.restore(saved);
      world.disturb(name);
      after(`! ${name}`, steps, disturbances - 1);
    }
  };

  visit(bounds.steps, bounds.disturbances);
  return { found, states: seen.size, events };
}
