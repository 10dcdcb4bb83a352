import { describe, expect, test } from 'vitest';
import { maxMissedTriggers } from '../../../daemon/line/counter.ts';
import { noResultText, resultText, textMaxBytes } from '../../../daemon/publish/opcua/plc/result-text.ts';
import { TriggerSequence } from '../../../daemon/publish/opcua/plc/sequence.ts';
import { randomOf } from '../../simulation/world.ts';

describe('the count of triggers', () => {
  const steps = (...values: number[]) => {
    const sequence = new TriggerSequence();
    return values.map((value) => {
      const step = sequence.next(value);
      return step.kind === 'trigger' ? step.unseen + 1 : step.kind;
    });
  };

  test.each<[string, number[], (number | string)[]]>([
    ['the first number is a baseline', [7, 8, 9], ['baseline', 1, 1]],
    ['zero first too', [0, 1], ['baseline', 1]],
    ['a repeated write is nothing', [7, 7, 8, 8, 8], ['baseline', 'same', 1, 'same', 'same']],
    ['a jump by n is one trigger and n - 1 missed', [7, 10, 11], ['baseline', 3, 1]],
    ['over the wrap', [0xffff_fffe, 0xffff_ffff, 0, 1], ['baseline', 1, 1, 1]],
    ['a jump over the wrap', [0xffff_ffff, 1], ['baseline', 2]],
    ['going back: the PLC began anew', [500, 0, 1], ['baseline', 'baseline', 1]],
    ['going back by one', [500, 499, 500], ['baseline', 'baseline', 1]],
    ['the largest jump', [0, maxMissedTriggers + 1], ['baseline', maxMissedTriggers + 1]],
    ['a leap is no count', [0, maxMissedTriggers + 2, maxMissedTriggers + 3], ['baseline', 'baseline', 1]],
    ['half way round is a leap', [0, 0x8000_0000, 0], ['baseline', 'baseline', 'baseline']],
  ])('%s', (_, values, expected) => expect(steps(...values)).toEqual(expected));

  test('however it runs and restarts, each trigger is counted once or not at all', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = randomOf(seed);
      const sequence = new TriggerSequence();
      let plc = Math.floor(random() * 2 ** 32);
      let [triggered, counted] = [0, 0];
      sequence.next(plc);
      for (let at = 0; at < 100; at++) {
        if (random() < 0.05) {
          plc = 0;
          expect(sequence.next(plc).kind, `seed ${seed}`).not.toBe('trigger');
          continue;
        }
        const by = 1 + Math.floor(random() ** 3 * 5);
        plc = (plc + by) >>> 0;
        triggered += by;
        const step = sequence.next(plc);
        if (step.kind === 'trigger') counted += step.unseen + 1;
      }
      expect(counted, `seed ${seed}`).toBe(triggered);
    }
  });
});

describe('the result in one scalar', () => {
  const base = { sequence: 42, verdict: 1, reasonCode: 1, score: 0.25, recipe: 3, challenge: false, partId: 'A1' };
  test.each<[Partial<typeof base> | { sequence: null } | { score: null } | { partId: null }, string]>([
    [{}, '42;1;1;0.25;3;0;A1'],
    [{ score: null }, '42;1;1;-1;3;0;A1'],
    [{ score: Number.NaN }, '42;1;1;-1;3;0;A1'],
    [{ score: 1e-9 }, '42;1;1;0;3;0;A1'],
    [{ score: 1e300 }, '42;1;1;999999;3;0;A1'],
    [{ score: 100 }, '42;1;1;100;3;0;A1'],
    [{ sequence: null }, ';1;1;0.25;3;0;A1'],
    [{ recipe: 0, challenge: true }, '42;1;1;0.25;0;1;A1'],
    [{ partId: null }, '42;1;1;0.25;3;0;'],
    [{ partId: 'a;b' }, '42;1;1;0.25;3;0;a;b'],
    [{ partId: 'Prüfling 1' }, '42;1;1;0.25;3;0;Prüfling 1'],
  ])('%j', (changes, expected) => expect(resultText({ ...base, ...changes })).toBe(expected));

  test('always seven fields, never longer than a STRING, never half a character', () => {
    expect(resultText({ ...base, partId: 'x'.repeat(500) })).toHaveLength(textMaxBytes);
    for (const partId of ['ä'.repeat(500), '😀'.repeat(500)]) {
      const text = resultText({ ...base, partId });
      expect(Buffer.byteLength(text)).toBeGreaterThan(textMaxBytes - 4);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(textMaxBytes);
      expect(partId.startsWith(text.split(';')[6]!)).toBe(true);
    }
    // The longest id a PLC may give is never cut.
    const longest = '界'.repeat(64);
    const all = { ...base, sequence: 0xffff_ffff, reasonCode: 21, score: 999_998.123456, recipe: 32_767 };
    expect(resultText({ ...all, partId: longest }).endsWith(`;${longest}`)).toBe(true);
    expect(noResultText.split(';')).toHaveLength(7);
  });
});
