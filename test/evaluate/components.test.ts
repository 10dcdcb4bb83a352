import { expect, it } from 'vitest';
import { components } from '../../models/evaluate/components.ts';
import { seeded } from '../../models/random.ts';
import { slowLabels } from './reference.ts';

const mask = (...rows: string[]): Uint8Array => Uint8Array.from(rows.join(''), (c) => (c === '#' ? 255 : 0));

it('joins over corners, keeps apart what a column separates, does not wrap around the edge', () => {
  const found = components(mask('#..#', '.#..', '....', '#..#'), 4, 4);
  expect(found.map((pixels) => [...pixels])).toEqual([[0, 5], [3], [12], [15]]);
});

it('joins a U whose arms meet late', () => {
  expect(components(mask('#.#', '#.#', '###'), 3, 3).map((pixels) => pixels.length)).toEqual([7]);
});

it('an empty and a full mask', () => {
  expect(components(new Uint8Array(6), 3, 2)).toEqual([]);
  expect(components(new Uint8Array(6).fill(1), 3, 2).map((pixels) => pixels.length)).toEqual([6]);
});

it('refuses a mask of another size', () => {
  expect(() => components(new Uint8Array(5), 3, 2)).toThrow('internal: mask of 5 pixels for 3 x 2');
});

it('agrees with labels spread until nothing changes, on random masks', () => {
  const random = seeded(5);
  for (let round = 0; round < 25; round++) {
    const [width, height] = [1 + Math.floor(random.uniform() * 9), 1 + Math.floor(random.uniform() * 9)];
    const density = 0.2 + 0.5 * random.uniform();
    const some = Uint8Array.from({ length: width * height }, () => (random.uniform() < density ? 1 : 0));
    const labels = new Array<number>(some.length).fill(0);
    for (const pixels of components(some, width, height)) for (const i of pixels) labels[i] = Math.min(...pixels) + 1;
    expect(labels).toEqual(slowLabels(some, width, height));
  }
});
