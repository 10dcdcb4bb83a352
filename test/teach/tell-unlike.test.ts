/** What is said of good parts that look unlike the rest: each with its place, or a whole group in one line. */
import { expect, test } from 'vitest';
import type { UnlikePart } from '../../models/teach/teaching.ts';
import { tellUnlike } from '../../models/teach/tell-unlike.ts';

const frame = { x: 100, y: 40, widthPx: 200, heightPx: 80 };
const unlike = (id: string, group: UnlikePart['group'], apart = 6): UnlikePart => ({
  ...{ id, group, side: 'taught', seenBy: 'depth', apart },
  at: { x: 0.5, y: 0.25 },
});
const several = (count: number, group: UnlikePart['group']): UnlikePart[] =>
  Array.from({ length: count }, (_, i) => unlike(`${group.name}${i}`, group, 5 + i / 10));

test('nothing where all are alike', () => expect(tellUnlike([], frame)).toEqual([]));

test('places are told on the whole image, whatever is looked at of it', () => {
  const [heading, line] = tellUnlike([unlike('a', { name: 'a', parts: 1 })], frame);
  expect(heading).toContain('1 good part looks unlike');
  expect(line).toBe('  a (taught): depth at 200,60, 6.0 standard deviations from the others');
});

test('where half of what was recorded together is named, one line says so; others keep theirs', () => {
  const told = tellUnlike([unlike('a', { name: 'a', parts: 1 }), ...several(6, { name: 'b', parts: 12 })], frame);
  expect(told).toHaveLength(3);
  expect(told[0]).toContain('7 good parts look unlike');
  expect(told[1]).toContain('a (taught)');
  expect(told[2]).toContain(
    'b5 (taught): depth at 200,60, 5.5 standard deviations from the others; so are 5 more of the 12 recorded with it',
  );
});

test.each([
  ['fewer than half', several(5, { name: 'b', parts: 12 })],
  ['a small group', several(3, { name: 'b', parts: 3 })],
])('%s: each part by itself', (_, parts) => {
  expect(tellUnlike(parts, frame)).toHaveLength(1 + parts.length);
});
