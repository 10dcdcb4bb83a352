/** What the search stands on: a state that is put back is the same state, and equal digests have equal futures. */
import { expect, test } from 'vitest';
import { randomOf } from '../../simulation/world.ts';
import { Digest, Memory } from './memory.ts';
import { change, OpenedModules } from './opened.ts';
import { camera, client, polling, type Ready } from './rig.ts';

class Box {
  list: unknown[] = [1];
  map = new Map<string, Box | number>([['a', 1]]);
  frozen: object = Object.freeze({ x: 1 });
  foreign = new Date(0);
}

const digestOf = (memory: Memory, root: object): number => {
  const digest = new Digest();
  memory.digest(root, digest);
  return digest.value;
};

test('saved and put back in place: lists, maps, fields, and what was replaced', () => {
  const memory = new Memory([Box.prototype]);
  const box = new Box();
  const inner = new Box();
  box.map.set('inner', inner);
  const [saved, before] = [memory.save(box), digestOf(memory, box)];
  inner.list.push(2);
  box.map.delete('a');
  box.list = [];
  box.frozen = Object.freeze({ x: 2 });
  expect(digestOf(memory, box)).not.toBe(before);
  memory.restore(saved);
  expect(digestOf(memory, box)).toBe(before);
  expect([inner.list, [...box.map.keys()], box.list]).toEqual([[1], ['a', 'inner'], [1]]);
});

test('each thing that may differ makes another digest', () => {
  const memory = new Memory([Box.prototype]);
  const values = [0, 1, -1, 2 ** 32, 2 ** 32 - 1, true, false, null, undefined, '', 'a', 'b', [], [0], { x: 1 }];
  const digests = [...values, Object.freeze({ x: 2 }), new Map([[1, 2]]), new Set([1])].map((value) => {
    const box = new Box();
    box.list = [value];
    return digestOf(memory, box);
  });
  expect(new Set(digests).size).toBe(digests.length);
});

const worlds: [string, () => Promise<Ready>][] = [
  ['polling', () => polling()],
  ['client', () => client()],
  ['camera', () => camera({}, 1)],
];

test.each(worlds)('%s: states of equal digest go on alike', async (_name, world) => {
  const { make, memory } = await world();
  const random = randomOf(7);
  const key = (floor: ReturnType<typeof make>): number => {
    const digest = new Digest();
    floor.digest(digest, memory);
    return digest.value;
  };
  const next = new Map<number, number>();
  let met = 0;
  for (let run = 0; run < 60; run++) {
    const floor = make();
    let before = key(floor);
    for (let step = 0; step < 30; step++) {
      const list = floor.disturbances();
      if (random() < 0.15) {
        floor.disturb(list[Math.floor(random() * list.length)]!);
        before = key(floor);
      }
      floor.next();
      const after = key(floor);
      if (next.has(before)) met++;
      expect(next.get(before) ?? after).toBe(after);
      next.set(before, after);
      before = after;
    }
  }
  expect(met).toBeGreaterThan(50);
});

test('a change that fits nothing, or a file that nothing loads, is no planted fault', async () => {
  expect(() => change('no such text', '')('some text')).toThrow('nothing to change: no such text');
  const modules = new OpenedModules({ 'daemon/publish/opcua/plc/nodeset.ts': (source) => source });
  await modules.load('daemon/publish/opcua/plc/sequence.ts');
  expect(() => modules.checkChanges()).toThrow('nodeset.ts is changed and not loaded');
});
