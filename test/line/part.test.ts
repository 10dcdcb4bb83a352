import { expect, test } from 'vitest';
import { advance, opened, type PartEvent, type PartState } from '../../daemon/line/part.ts';

const good = { decision: 'pass', reason: 'good', detail: null } as const;
const events: PartEvent[] = [
  { kind: 'frame' },
  { kind: 'paired' },
  { kind: 'inferring' },
  { kind: 'framesDue' },
  { kind: 'deadline' },
  { kind: 'fault', reason: 'inference', detail: 'x' },
  { kind: 'reading', outcome: good },
];

const after = (...kinds: PartEvent['kind'][]): PartState =>
  kinds.reduce((state, kind) => advance(state, events.find((event) => event.kind === kind)!), opened);

test('a closed part stays as it was closed, whatever comes', () => {
  for (const closed of [after('deadline'), after('fault'), after('paired', 'inferring', 'reading')]) {
    for (const event of events) expect(advance(closed, event)).toBe(closed);
  }
});

test.each<[PartEvent['kind'][], string]>([
  [['deadline'], 'noFrames'],
  [['framesDue'], 'noFrames'],
  [['frame', 'framesDue'], 'unpaired'],
  [['frame', 'deadline'], 'unpaired'],
  [['frame', 'paired', 'deadline'], 'timeout'],
  [['frame', 'paired', 'inferring', 'deadline'], 'timeout'],
  [['paired', 'inferring', 'reading', 'deadline'], 'good'],
  [['paired', 'inferring', 'fault', 'reading'], 'inference'],
])('%j closes as %s', (kinds, reason) => {
  expect(after(...kinds)).toMatchObject({ phase: 'closed', outcome: { reason } });
});

test('the wait for frames does not touch a complete pair', () => {
  const framed = after('paired');
  expect(advance(framed, { kind: 'framesDue' })).toBe(framed);
});

test.each<PartEvent['kind'][]>([
  ['inferring'],
  ['reading'],
  ['paired', 'paired'],
  ['paired', 'frame'],
  ['paired', 'reading'],
])('steps out of order are faults of ours: %s %s', (...kinds) => {
  expect(() => after(...kinds.filter((kind) => kind !== undefined))).toThrow('internal:');
});
