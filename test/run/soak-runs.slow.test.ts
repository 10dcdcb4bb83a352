/** The soak runs, in small: that they run, and find nothing wrong in a few kills and messages. */
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../inference/rig.ts';
import { skipMosquitto } from '../publish/plant.ts';
import { kills } from '../soak/kills.ts';
import { latency } from '../soak/latency.ts';
import { outage } from '../soak/outage.ts';
import { rogue } from '../soak/rogue.ts';
import { slopePerHour, soak } from '../soak/soak.ts';
import { type Received, tally } from '../soak/tally.ts';

const minutes = 60_000;

test('kills: what was opened is recorded, once and in order', { timeout: 5 * minutes }, async () => {
  const folder = temporaryFolder();
  const first = await kills({ kills: 1, seed: 3, folder });
  expect(first.kills).toBe(1);
  // Goes on where it was.
  const figures = await kills({ kills: 2, seed: 3, folder });
  expect(figures.kills).toBe(2);
  expect(figures.triggersOpened).toBeGreaterThan(0);
  expect(figures.verdictsRecorded).toBeGreaterThanOrEqual(first.verdictsRecorded);
  const wrong = ['verdictsLost', 'verdictsReordered', 'verdictsDoubled', 'passesUnrecorded'] as const;
  expect(wrong.map((name) => figures[name])).toEqual(wrong.map(() => 0));
});

const needsMosquitto = describe.skipIf(skipMosquitto);
needsMosquitto('with Mosquitto', () => {
  test('outage: all arrive in order, through a refused password, a half-open link and a restart', {
    timeout: 5 * minutes,
  }, async () => {
    const figures = await outage({ records: 300 });
    expect(figures).toMatchObject({ outageSent: 600, outageDelivered: 600, outageReordered: 0 });
    expect(figures.refusedLogins).toBeGreaterThan(0);
    expect(figures.cuts).toBeGreaterThanOrEqual(2);
  });
});

test('rogue: the daemon outlives its clients and what they say', { timeout: 5 * minutes }, async () => {
  const figures = await rogue({ clients: 8, messages: 80, quietMs: 1000 });
  expect(figures).toMatchObject({ rogueLetIn: 8, malformedMessages: 80, malformedAccepted: 0, firstAccepted: null });
  expect(figures.plcPolls).toBeGreaterThan(0);
  expect(figures.plcAnewMs).toBeGreaterThan(0);
});

test('latency: each verdict reaches both clients after its decision', { timeout: 5 * minutes }, async () => {
  const figures = await latency({ parts: 20 });
  expect(figures.latencyParts).toBeGreaterThan(0);
  expect(figures.opcuaVerdictsSeen).toBeGreaterThan(0);
  expect(figures.mqttVerdictsSeen).toBeGreaterThan(0);
  expect(figures.opcuaDecisionToClientMsP50).toBeGreaterThan(0);
  expect(figures.mqttDecisionToClientMsP50).toBeGreaterThan(0);
  expect(figures.inferenceCores).toBeGreaterThan(0);
});

test('soak: samples, and their sums at the end', { timeout: 5 * minutes }, async () => {
  const signal = new AbortController().signal;
  const figures = await soak({ hours: 6 / 3600, everyS: 2, folder: temporaryFolder(), signal });
  expect(figures.opened).toBeGreaterThan(0);
  expect(figures.rssMb).toBeGreaterThan(0);
  expect(figures.pass + figures.fail + figures.undecided + figures.open).toBe(figures.opened);
  const line = [0, 1, 2, 3, 4, 5, 6, 7].map((minute) => ({ atMs: minute * minutes, value: minute < 2 ? 9 : minute }));
  expect(slopePerHour(line)).toBeCloseTo(60, 6);
});

describe('the tally finds', () => {
  const record = (sequence: number, partId: string, decision = 'pass', topic: Received['topic'] = 'record') => {
    const reason = decision === 'pass' ? 'good' : 'interrupted';
    return { topic, resultId: `line1-${sequence}`, sequence, partId, decision, reason };
  };
  const book = ['fired P1', 'opened 1 P1', 'fired P2', 'opened 2 P2'];
  const clean = { book, journaled: [{ sequence: 2, partId: 'P2' }], received: [record(1, 'P1'), record(2, 'P2')] };

  test('nothing where nothing is wrong', () => {
    expect(tally(clean)).toMatchObject({
      ...{ triggersFired: 2, triggersOpened: 2, firedNotOpened: 0, verdictsRecorded: 2, verdictsLost: 0 },
      ...{ verdictsReordered: 0, verdictsDoubled: 0, announcedOtherwise: 0, arrivedAgain: 0, interrupted: 0 },
    });
  });

  test('a verdict that is missing, also one that only the journal knew of', () => {
    expect(tally({ ...clean, received: [record(1, 'P1')] }).verdictsLost).toBe(1);
    const journaled = [...clean.journaled, { sequence: 3, partId: 'P3' }];
    expect(tally({ ...clean, journaled })).toMatchObject({ triggersOpened: 3, verdictsLost: 1 });
  });

  test('a trigger that was nowhere opened', () => {
    expect(tally({ ...clean, book: [...book, 'fired P3'] })).toMatchObject({ firedNotOpened: 1, verdictsLost: 0 });
  });

  test('an order that is not that of the journal, and one that is not that of the parts', () => {
    expect(tally({ ...clean, received: [record(2, 'P2'), record(1, 'P1')] }).verdictsReordered).toBe(1);
    expect(tally({ ...clean, received: [record(1, 'P2'), record(2, 'P1')] }).verdictsReordered).toBe(1);
  });

  test('a part under two ids, and an id with two contents; the same again is none', () => {
    expect(tally({ ...clean, received: [...clean.received, record(3, 'P1')] }).verdictsDoubled).toBe(1);
    expect(tally({ ...clean, received: [...clean.received, record(1, 'P1', 'undecided')] }).verdictsDoubled).toBe(1);
    const again = tally({ ...clean, received: [...clean.received, record(1, 'P1')] });
    expect(again).toMatchObject({ verdictsDoubled: 0, arrivedAgain: 1, verdictsReordered: 0 });
  });

  test('a pass that was announced and recorded otherwise', () => {
    const live = record(2, 'P2', 'pass', 'verdict');
    const received = [record(1, 'P1'), live, record(2, 'P2', 'undecided')];
    expect(tally({ ...clean, received })).toMatchObject({ announcedOtherwise: 1, passesUnrecorded: 1, interrupted: 1 });
    const cautious = [record(1, 'P1'), record(2, 'P2', 'undecided', 'verdict'), record(2, 'P2')];
    expect(tally({ ...clean, received: cautious })).toMatchObject({ announcedOtherwise: 1, passesUnrecorded: 0 });
  });
});
