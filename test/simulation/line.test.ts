/**
 * The promises of a line under every fault it may meet, thousands of parts a second. A failure names layout and seed;
 * `new World(layout, seed, share)` plays it again.
 */
import { expect, test } from 'vitest';
import { reasons } from '../../daemon/line/verdict.ts';
import { type Fault, faults, type Layout, layouts, World } from './world.ts';

const seedsPerLayout = 12;
const partsPerRun = 150;
const met = { reasons: new Set<string>(), faults: new Set<Fault>() };

async function play(layout: Layout, seed: number, faultShare: number): Promise<World> {
  const world = new World(layout, seed, faultShare);
  await world.run(partsPerRun);
  const where = `${layout}, seed ${seed}`;
  const { sink, line, frames, announced } = world;
  expect(world.problems, where).toEqual([]);
  // one trigger, one verdict, in order
  const told = sink.records.map((record) => record.sequence);
  expect(told, where).toEqual(Array.from({ length: sink.opens.length }, (_, at) => at + 1));
  const parts = sink.records.flatMap((record) => (record.partId === null ? [] : [Number(record.partId)]));
  expect(parts, where).toEqual(announced);
  // the books agree
  const counters = line.counters();
  const { decisions, framesDropped, framesUsed, framesReceived } = counters;
  const sum = (values: Record<string, number>): number => Object.values(values).reduce((a, b) => a + b, 0);
  expect(counters.triggers, where).toBe(told.length);
  expect(sum(decisions), where).toBe(told.length);
  expect(sum(counters.reasons), where).toBe(told.length);
  expect(framesUsed + sum(framesDropped), where).toBe(framesReceived);
  expect(framesReceived, where).toBe(frames.made);
  expect(frames.released, where).toBe(frames.made);
  expect(line.load, where).toEqual({ untold: 0, inFlight: 0, frames: 0 });
  for (const [reason, count] of Object.entries(counters.reasons)) if (count > 0) met.reasons.add(reason);
  for (const fault of world.faultsMet) met.faults.add(fault);
  return world;
}

const cases = (Object.keys(layouts) as Layout[]).flatMap((layout) =>
  Array.from({ length: seedsPerLayout }, (_, seed) => [layout, seed] as const),
);

test.each(cases)('no fault breaks a promise: %s, seed %i', async (layout, seed) => {
  const { line } = await play(layout, seed, 0.3);
  // most parts are not hit: the line must go on judging, not hide behind undecided
  const { pass, fail } = line.counters().decisions;
  expect(pass + fail, `${layout}, seed ${seed}`).toBeGreaterThan(partsPerRun * 0.3);
});

test.each(Object.keys(layouts) as Layout[])('without faults every part is judged as it is: %s', async (layout) => {
  const { sink, truths } = await play(layout, 99, 0);
  const right = sink.records.filter(
    ({ partId, decision }) => decision === (truths.get(Number(partId))?.defect ? 'fail' : 'pass'),
  );
  expect(right).toHaveLength(partsPerRun);
});

test('the runs met every fault and every reason', () => {
  expect([...met.faults].sort()).toEqual(Object.keys(faults).sort());
  expect([...met.reasons].sort()).toEqual([...reasons].sort());
});
