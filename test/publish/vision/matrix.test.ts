import type { ClientSession } from 'node-opcua';
import { expect, test } from 'vitest';
import { codes } from '../../../daemon/publish/opcua/vision/codes.ts';
import {
  callIn,
  type Leaf,
  leafAfter,
  leaves,
  type Method,
  methods,
  stateNumbers,
} from '../../../daemon/publish/opcua/vision/states.ts';
import { until } from '../fixtures.ts';
import { callMethod, shownState } from './calls.ts';
import { type Station, startStation } from './station.ts';

async function stands(session: ClientSession, leaf: Leaf): Promise<void> {
  await until(leaf, async () => (await shownState(session)).leaf === leaf);
}

/** From wherever it is: reset, and up again by calls and the line's own events. */
async function goTo({ line }: Station, session: ClientSession, leaf: Leaf): Promise<void> {
  line.fault = null;
  for (const sequence of [...line.open.keys()]) await line.close(sequence);
  line.show();
  await callMethod(session, 'Reset');
  await stands(session, 'Preoperational');
  const way: Partial<Record<Leaf, Method[]>> = {
    Halted: ['Halt'],
    Initialized: ['SelectModeAutomatic'],
    Ready: ['SelectModeAutomatic', 'PrepareRecipe'],
    SingleExecution: ['SelectModeAutomatic', 'PrepareRecipe', 'StartSingleJob'],
    ContinuousExecution: ['SelectModeAutomatic', 'PrepareRecipe', 'StartContinuous'],
  };
  for (const method of way[leaf] ?? []) {
    const { status, out } = await callMethod(session, method);
    expect([leaf, method, status, out['Error']]).toEqual([leaf, method, 'Good', 0]);
  }
  if (leaf === 'Error') {
    line.fault = 'the lamp is out';
    line.show();
  }
  await stands(session, leaf);
}

test('every state x every method: legal ones move as the tables say, others answer -1 and change nothing', async () => {
  const station = await startStation();
  const session = await station.session('operate');
  await stands(session, 'ContinuousExecution');
  let [legal, illegal] = [0, 0];
  for (const leaf of leaves) {
    for (const method of methods) {
      await goTo(station, session, leaf);
      const ordersBefore = station.line.orders.length;
      const openBefore = station.line.open.size;
      expect(await shownState(session)).toEqual({ leaf, number: stateNumbers[leaf] });
      const answer = await callMethod(session, method);
      const expected = callIn(leaf, method);
      const what = `${method} in ${leaf}`;
      expect([what, answer.status]).toEqual([what, 'Good']);
      if (expected === undefined) {
        illegal += 1;
        expect([what, answer.out['Error']]).toEqual([what, codes.state.number]);
        expect([what, await shownState(session)]).toEqual([what, { leaf, number: stateNumbers[leaf] }]);
        expect([what, station.line.orders.length, station.line.open.size]).toEqual([what, ordersBefore, openBefore]);
      } else {
        legal += 1;
        expect([what, answer.out['Error'] ?? 0]).toEqual([what, 0]);
        // A fault that is confirmed, and gone, leads back by the system's own way: here to waiting for a mode.
        const stays = leaf === 'Error' && method === 'ConfirmAll' ? 'Preoperational' : leaf;
        const after = expected ? leafAfter(expected) : stays;
        expect([what, (await shownState(session)).leaf]).toEqual([what, after]);
      }
    }
  }
  expect(legal + illegal).toBe(leaves.length * methods.length);
  expect(Math.min(legal, illegal)).toBeGreaterThan(20);
}, 300_000);
