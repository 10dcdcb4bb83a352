import { describe, expect, test } from 'vitest';
import type { VerdictRecord } from '../../daemon/line/verdict.ts';
import { OkLine } from '../../daemon/output/ok-line.ts';
import type { DigitalOutput } from '../../daemon/output/port.ts';
import { newCounters } from '../../daemon/publish/publisher.ts';
import type { LineStatus } from '../../daemon/publish/status.ts';
import { seeded } from '../../models/random.ts';
import { SimulatedClock } from '../drivers/simulated-clock.ts';
import { judged } from '../publish/fixtures-record.ts';

/** A pin that remembers. */
class Pin implements DigitalOutput {
  energised = true;
  readonly problem = null;
  energise(): void {
    this.energised = true;
  }
  release(): void {
    this.energised = false;
  }
  onProblem(): void {}
  async close(): Promise<void> {
    this.release();
  }
}

function scene(holdMs = 0) {
  const pin = new Pin();
  const clock = new SimulatedClock();
  const line = new OkLine({ lineId: 'line1', output: pin, clock, holdMs });
  return { pin, clock, line };
}

const status = (ready: boolean): LineStatus => ({
  ...{ lineId: 'line1', ready, why: ready ? null : 'no', cause: null, fault: null, bundle: null },
  counters: newCounters(),
});
const record = (sequence: number, given: Partial<VerdictRecord> = {}): VerdictRecord => ({
  ...judged(sequence),
  ...given,
});

describe('OK', () => {
  test('is said for a pass of the part triggered last, until the next trigger', () => {
    const { pin, line } = scene();
    expect(pin.energised).toBe(false);
    line.showStatus(status(true));
    line.opened(null, 1);
    line.announce(record(1));
    expect(pin.energised).toBe(true);
    line.opened(null, 2);
    expect(pin.energised).toBe(false);
  });

  test.each([
    ['fail', { decision: 'fail', reason: 'defect' }],
    ['undecided', { decision: 'undecided', reason: 'journal' }],
    ['a challenge sample that passed', { challenge: true }],
  ] as const)('is not said for %s', (_what, given) => {
    const { pin, line } = scene();
    line.showStatus(status(true));
    line.opened(null, 1);
    line.announce(record(1, given));
    expect(pin.energised).toBe(false);
  });

  test('is not said for an older part, twice for one, or while the line is not ready', () => {
    const { pin, line } = scene();
    line.opened(null, 1);
    line.announce(record(1));
    expect(pin.energised).toBe(false);
    line.showStatus(status(true));
    line.announce(record(1));
    expect(pin.energised).toBe(false);
    line.opened(null, 2);
    line.opened(null, 3);
    line.announce(record(2));
    expect(pin.energised).toBe(false);
    line.announce(record(3));
    expect(pin.energised).toBe(true);
    line.showStatus(status(false));
    line.showStatus(status(true));
    expect(pin.energised).toBe(false);
  });

  test('is taken back after its time, by a line that is not proven to work, and the time is each part’s own', () => {
    const { pin, line, clock } = scene(100);
    line.showStatus(status(true));
    line.opened(null, 1);
    line.announce(record(1));
    clock.advance(60);
    line.opened(null, 2);
    line.announce(record(2));
    clock.advance(60);
    expect(pin.energised).toBe(true);
    clock.advance(40);
    expect(pin.energised).toBe(false);
    line.opened(null, 3);
    line.announce(record(3));
    line.beat(null);
    expect(pin.energised).toBe(true);
    line.beat('the inference does not answer');
    expect(pin.energised).toBe(false);
  });
});

/** What the rule says, written down once more and apart: the books of one run. */
interface Books {
  triggered: number;
  last: VerdictRecord | null;
  ready: boolean;
  spoiled: boolean;
}

test('whatever happens in whatever order: energised only after a pass of the part triggered last', () => {
  let energised = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const below = (limit: number): number => Math.floor(random.uniform() * limit);
    const { pin, clock, line } = scene(below(2) * 50);
    const books: Books = { triggered: 0, last: null, ready: false, spoiled: true };
    const untold: number[] = [];
    const trail: string[] = [];
    for (let step = 0; step < 100; step++) {
      const event = below(9);
      if (event < 3) {
        Object.assign(books, { triggered: books.triggered + 1, last: null, spoiled: false });
        untold.push(books.triggered);
        line.opened(null, books.triggered);
        trail.push(`trigger ${books.triggered}`);
      } else if (event < 6 && untold.length > 0) {
        const decision = (['pass', 'pass', 'fail', 'undecided'] as const)[below(4)]!;
        const told = record(untold.shift()!, { decision, challenge: below(8) === 0 });
        // A line that is not ready when it hears the verdict says OK at no later time.
        if (told.sequence === books.triggered) Object.assign(books, { last: told, spoiled: !books.ready });
        line.announce(told);
        trail.push(`${told.sequence} ${decision}`);
      } else if (event === 6) {
        books.ready = below(4) > 0;
        books.spoiled ||= !books.ready;
        line.showStatus(status(books.ready));
        trail.push(books.ready ? 'ready' : 'not ready');
      } else if (event === 7) {
        clock.advance(below(40));
      } else {
        const problem = below(5) === 0 ? 'hangs' : null;
        books.spoiled ||= problem !== null && books.last !== null;
        line.beat(problem);
      }
      const { last, ready, spoiled } = books;
      const allowed = ready && !spoiled && last?.sequence === books.triggered && last.decision === 'pass';
      if (pin.energised) energised++;
      expect(pin.energised && !(allowed && !last.challenge), `seed ${seed}: ${trail.join(', ')}`).toBe(false);
    }
  }
  // The rule is not kept by never saying OK.
  expect(energised).toBeGreaterThan(500);
});
