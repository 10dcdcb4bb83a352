/**
 * Liveness: whatever disturbs, at any moment, and is over again, good parts pass again by themselves; where the camera
 * triggers, once a person has said that the line is empty. A gate that never opened would let nothing wrong through.
 */
import { expect, test, vi } from 'vitest';
import { goodOf, run } from './course.ts';
import { camera, client, gateway, polling, type Ready } from './rig.ts';

vi.setConfig({ testTimeout: 600_000 });

const worlds: [name: string, world: () => Promise<Ready>][] = [
  ['a PLC that polls', () => polling()],
  ['a PLC behind a gateway', () => gateway()],
  ["tags in the PLC's own server", () => client()],
  ['the camera triggers', () => camera()],
  ['the camera triggers, the gate is two parts behind', () => camera({}, 2)],
];

/** Rounds until a gate that lost everything passes parts again: two steps of a heartbeat, a number taken, a part. */
const backRounds = 12;

test.each(worlds)('%s: after a disturbance at any moment, good parts pass again', async (name, world) => {
  const { make, memory } = await world();
  const floor = make();
  let disturbances = 0;
  for (let moment = 0; moment < floor.rounds() * floor.phases; moment++) {
    const [saved, names] = [memory.save(floor), floor.disturbances()];
    for (const what of names) {
      memory.restore(saved);
      floor.disturb(what);
      // The fault has to be seen before it is put right.
      run(floor, 2);
      floor.heal();
      run(floor, backRounds);
      // Where the camera triggers, a person says that the line is empty, when it is.
      floor.empty = true;
      run(floor, 2);
      if (floor.disturbances().includes('line empty')) floor.disturb('line empty');
      run(floor, 4);
      floor.empty = false;
      const from = floor.station.front + 1;
      const { wrong, passed } = run(floor, 6 * floor.rounds());
      const course = `${what} at ${moment}`;
      expect({ course, wrong }).toEqual({ course, wrong: null });
      const to = floor.station.front - 1 - floor.behind;
      expect({ course, passed: passed.filter((part) => part >= from && part <= to) }).toEqual({
        ...{ course, passed: goodOf(from, to) },
      });
      expect(goodOf(from, to).length).toBeGreaterThan(0);
      disturbances++;
    }
    memory.restore(saved);
    floor.next();
  }
  process.stdout.write(`${name}: ${disturbances} disturbances, each got over\n`);
});
