/**
 * The gate against the station: the listing's own blocks, the station's own handshake, in all orders of events with one
 * disturbance (search.slow.test.ts goes deeper); and faults planted in either, each of which the search must find.
 */
import { describe, expect, test } from 'vitest';
import { goodOf, run } from './course.ts';
import { type Bounds, explore, type Found } from './explore.ts';
import { change } from './opened.ts';
import { camera, client, gateway, type Planted, polling, type Ready, WrongFromTheStart } from './rig.ts';

const handshake = 'daemon/publish/opcua/plc/handshake.ts';
const shown = 'daemon/publish/opcua/plc/shown-results.ts';
type World = (planted?: Planted) => Promise<Ready>;
/** With the events of a run: a restart, the way back, and parts until what went wrong has come to the gate. */
const worlds: [name: string, world: World, steps: number][] = [
  ['a PLC that polls', polling, 56],
  ['a PLC behind a gateway', gateway, 63],
  ["tags in the PLC's own server", client, 49],
  ['the camera triggers', camera, 72],
  ['the camera triggers, the gate is two parts behind', (planted) => camera(planted, 2), 96],
];

describe('nothing passes that was not proven, and good parts do', () => {
  test.each(worlds)('%s: undisturbed, every good part passes and no other', async (_name, world) => {
    const floor = (await world()).make();
    const [first] = floor.passed as [number];
    const { wrong, passed } = run(floor, 40);
    const last = Math.max(...passed);
    expect(wrong).toBeNull();
    expect(last).toBeGreaterThan(first + 8);
    expect(passed.filter((part) => part > first)).toEqual(goodOf(first + 1, last));
  });

  test.each(worlds)('%s: one disturbance, at every moment', async (name, world, steps) => {
    const { make, memory } = await world();
    const searched = explore(make(), memory, { steps, disturbances: 1 });
    process.stdout.write(`${name}: ${searched.states} states, ${searched.events} events\n`);
    expect(searched.found).toBeNull();
    expect(searched.states).toBeGreaterThan(1000);
  });
});

interface Fault {
  readonly planted: Planted;
  /** Of these alone, at all moments. */
  readonly only: readonly string[];
  readonly finds: RegExp;
  readonly world?: World;
  readonly steps?: number;
}

type Swap = readonly [from: string | RegExp, to: string];
const inListing = (...swaps: readonly Swap[]) => ({
  listing: (source: string) => swaps.reduce((text, [from, to]) => change(from, to)(text), source),
});

/** As the station once was. */
const oldVerdictStands: Planted = {
  product: { [handshake]: change(/(step\.kind === 'baseline'\) \{\s+)this\.#disown\(\);/, '$1') },
};
const noOldResult: Swap = [/\n\s+AND \(Result\.Verdict = 0 OR [^;]*;/, ';'];
const unsettled: Swap = ['ELSIF Settle.Q THEN', 'ELSIF Settle.Q OR NothingOld THEN'];
const blindToTheAnswer: Swap[] = [[' AND NOT Edge AND Heard AND HeardSeq = TrigSeq\n', ' AND NOT Edge\n'], noOldResult];
const uncounted: Swap[] = [
  ['AND Agreed[AtGate MOD 16] AND Agreed[(AtGate - 1) MOD 16]', 'AND (Agreed[0] OR NOT Agreed[0])'],
  ['Ahead := Differs <> 0;', 'Ahead := FALSE;'],
  ['ELSIF Differs >= 2147483648 THEN\n        InStep := FALSE;', ''],
];

const unnumbered: Swap[] = [
  [
    'AND Ring.Slot[Slot].ResSeq = Line.ResyncSeq + AtGate AND Ring.Slot[Slot].ResSeqStart = Line.ResyncSeq + AtGate',
    '',
  ],
  ['AND Ring.Slot[Slot].Trigger = Line.ResyncTrigger + AtGate AND', 'AND'],
];

const faults: Readonly<Record<string, Fault>> = {
  'opening a part clears nothing': {
    planted: {
      product: { [shown]: change('return { ...noResult(rejectsInARow), ...emptySlot(slotOf(own)) };', 'return {};') },
    },
    only: [],
    finds: /the current result shows number \d+, and another part was opened since/,
  },
  'nothing clears anything': {
    planted: {
      product: {
        [handshake]: change(
          '#show(values: TagValues): void {',
          '#show(values: TagValues): void { if (values.Verdict === 0) return;',
        ),
      },
    },
    only: [],
    finds: /another part was opened since/,
  },
  'a slot of the ring is kept when its part opens': {
    planted: { product: { [shown]: change(', ...emptySlot(slotOf(own)) };', ' };') }, parts: 17 },
    only: [],
    finds: /part \d+ is open, and Ring\d\d shows a verdict/,
  },
  'a baseline leaves the old verdict': {
    planted: oldVerdictStands,
    only: ['PLC restarts one below, same session'],
    finds: /the current result shows number \d+, which is of an older life/,
  },
  'parts in flight from before a baseline keep their number': {
    planted: {
      product: {
        [shown]: change(/(disown\(rejectsInARow: number\): TagValues \{\s+)this\.#awaited\.clear\(\);/, '$1'),
      },
    },
    only: ['PLC restarts one below, same session', 'nothing for once'],
    finds: /shows number \d+, which is of an older life/,
  },
  'pass is not cleared at the edge': {
    planted: inListing([/(IF Edge THEN\n) {4}Proven := FALSE;\n/, '$1']),
    only: ['part comes'],
    finds: /part \d+ passes and was judged by nobody/,
  },
  'pass does not end with its window': {
    planted: inListing(['ELSIF WindowEnd.Q OR NOT Begun THEN', 'ELSIF WindowEnd.Q AND NOT Begun THEN']),
    only: ['window over'],
    finds: /part \d+ passes, and its window is over/,
  },
  'a challenge is ignored': {
    planted: inListing([' AND NOT Result.Challenge', '']),
    only: ['challenge switched', 'judged otherwise'],
    finds: /part \d+ passes and is a challenge/,
  },
  'the recipe that judged is ignored': {
    planted: inListing(['AND Result.ResRecipe = AskedRecipe ', '']),
    only: ['recipe changed'],
    finds: /part \d+ passes and was judged by recipe 1 instead of 2/,
  },
  'a heartbeat is believed fresh at connect': {
    planted: inListing([
      'ELSIF NewRead AND Steps = 0 THEN\n    Steps := 1;',
      'ELSIF NewRead AND Steps = 0 THEN\n    Steps := 3;',
    ]),
    only: ['heartbeat stands', 'link cut'],
    steps: 96,
    finds: /part \d+ passes, and no heartbeat stepped on this connection/,
  },
  'a read that began before the write was answered': {
    planted: { ...oldVerdictStands, ...inListing(...blindToTheAnswer), gateOnly: true },
    only: ['PLC restarts one below, same session', 'part comes'],
    steps: 96,
    finds: /part \d+ passes and was judged by nobody/,
  },
  'the counts of the edges are not compared: a surplus trigger': {
    world: camera,
    planted: inListing(...uncounted),
    only: ['surplus trigger'],
    steps: 72,
    finds: /part \d+ passes and was judged (?:fail|by nobody)/,
  },
  'the counts of the edges are not compared: a missed trigger': {
    world: (planted) => camera(planted, 2),
    planted: inListing(...uncounted),
    only: ['next trigger missed'],
    steps: 144,
    finds: /part \d+ passes and was judged (?:fail|by nobody)/,
  },
  'the slot is taken whatever number it has: of the part a lap before': {
    world: camera,
    planted: { ...inListing(...uncounted, ...unnumbered), parts: 18 },
    only: ['next trigger missed'],
    steps: 72,
    finds: /part \d+ passes and was judged by nobody/,
  },
  'pass does not end with its window where the camera triggers': {
    world: camera,
    planted: inListing(['ELSIF WindowEnd.Q THEN', 'ELSIF FALSE THEN']),
    only: ['window over'],
    steps: 72,
    finds: /part \d+ passes, and its window is over/,
  },
  'pass does not end with the link': {
    planted: inListing(['IF NOT LinkGood OR Silence.Q THEN', 'IF Silence.Q THEN']),
    only: ['link cut'],
    finds: /part \d+ passes, and the link is lost/,
  },
  'pass does not end with the link where the camera triggers': {
    world: camera,
    planted: inListing(['IF NOT LinkGood OR Silence.Q THEN', 'IF Silence.Q THEN']),
    only: ['link cut'],
    steps: 72,
    finds: /part \d+ passes, and the link is lost/,
  },
  'ready and fault are not asked': {
    planted: {
      product: { [handshake]: change('const faultRises = ', 'const faultRises = false && ') },
      gateOnly: true,
      ...inListing(
        [' AND NOT (Mine AND Line.Ready AND NOT Line.Fault) THEN', ' AND NOT Mine THEN'],
        ['AskedRecipe <> 0\n        AND Line.Ready AND NOT Line.Fault;', 'AskedRecipe <> 0;'],
      ),
    },
    only: ['fault'],
    finds: /part \d+ passes, and the station (?:is not ready|has a fault)/,
  },
  'an old result is not asked for before counting begins, behind a gateway that is late': {
    world: gateway,
    planted: inListing(unsettled, noOldResult),
    only: ['PLC restarts one below', 'late: result'],
    steps: 117,
    finds: /part \d+ passes and was judged by nobody/,
  },
  'a challenge is ignored where the camera triggers': {
    world: camera,
    planted: inListing([' AND NOT Ring.Slot[Slot].Challenge', '']),
    only: ['challenge switched'],
    steps: 96,
    finds: /part \d+ passes and is a challenge/,
  },
};

describe('a fault that is planted is found', () => {
  test.each(Object.entries(faults))('%s', async (_name, { planted, only, finds, world = polling, steps = 56 }) => {
    const { make, memory } = await world(planted);
    const disturbances = Math.min(only.length, 2);
    expect(search(make, memory, { steps, disturbances, only })?.violation).toMatch(finds);
  });

  test('the listing holds by itself where the station leaves an old verdict standing', async () => {
    const { make, memory } = await polling({ ...oldVerdictStands, gateOnly: true });
    expect(explore(make(), memory, { steps: 56, disturbances: 1 }).found).toBeNull();
  });
});

/** What is found, also where it is so from the first part on. */
function search(make: Ready['make'], memory: Ready['memory'], bounds: Bounds): Found | null {
  try {
    return explore(make(), memory, bounds).found;
  } catch (error) {
    if (error instanceof WrongFromTheStart) return { violation: error.message, course: [] };
    throw error;
  }
}
