import { expect, test } from 'vitest';
import { outputNames, TagImage } from '../../../daemon/publish/opcua/client/tag-image.ts';
import { resultValues, slotValues } from '../../../daemon/publish/opcua/plc/result-values.ts';
import { judged } from '../fixtures-record.ts';

const namesOf = (image: TagImage): string[][] => image.take().map((writes) => writes.map(([name]) => name));

test('a result goes out in two calls, the counts that say it is complete in the second', () => {
  const image = new TagImage();
  image.unknown();
  image.take();
  const values = resultValues({ ...judged(7), triggerSource: 'command', plantSequence: 3 }, 0);
  image.show(Object.fromEntries(Object.entries(values).reverse()));
  const [first, last] = namesOf(image);
  expect(last).toEqual(['Sequence', 'ResSeq']);
  expect(first![0]).toBe('ResSeqStart');
  expect(first).toEqual(outputNames.filter((name) => first!.includes(name)));
  expect(image.waits).toBe(false);
});

test('before a result that stands there is changed it is made nobody', () => {
  const image = new TagImage();
  image.unknown();
  image.take();
  const shown = (plantSequence: number) => {
    const record = { ...judged(7), triggerSource: 'command' as const, plantSequence };
    const values = resultValues(record, 0);
    return { ...values, ...slotValues(plantSequence, values) };
  };
  image.show(shown(3));
  expect(namesOf(image).at(-1)).toEqual(['Sequence', 'ResSeq', 'Ring03ResSeq']);
  // Nobody wrote that it was cleared in between.
  image.show({ ...shown(19), Sequence: 8 });
  const [first, , last] = namesOf(image);
  expect(first).toEqual(['ResSeqStart', 'Ring03ResSeqStart']);
  expect(last).toEqual(['Sequence', 'ResSeq', 'Ring03ResSeq']);
});

test('at the beginning of a connection no result is written everywhere, whatever is shown', () => {
  const image = new TagImage();
  const values = resultValues({ ...judged(7), triggerSource: 'command', plantSequence: 3 }, 0);
  image.unknown();
  image.take();
  image.show({ ...values, ...slotValues(3, values), Ready: true });
  const written = image.noResult();
  expect(written.map((writes) => writes[0]![0])).toEqual(['ResSeqStart', 'Verdict', 'ResSeq']);
  const stands = new Map(written.flat());
  for (const name of ['Verdict', 'ResSeq', 'Ring03Verdict', 'Ring03ResSeq', 'Ring15ResSeq'] as const) {
    expect(stands.get(name), name).toBe(0);
  }
  expect(stands.has('Ready')).toBe(false);
  expect(image.waits).toBe(true);
});

test('newer values take the place of those that wait; the same value again is nothing to write', () => {
  const image = new TagImage();
  image.show({ Heartbeat: 1, Ready: true });
  image.show({ Heartbeat: 2 });
  expect(image.take()).toEqual([
    [
      ['Ready', true],
      ['Heartbeat', 2],
    ],
  ]);
  image.show({ Heartbeat: 2, Score: 0.5 });
  image.take();
  image.show({ Score: Number.NaN });
  image.show({ Score: Number.NaN });
  expect(namesOf(image)).toEqual([['Score']]);
});

test('after a cut all of it is written again; a stop leaves no verdict and not ready', () => {
  const image = new TagImage();
  image.show({ Ready: true, Verdict: 1, ResSeq: 9 });
  image.take();
  image.unknown();
  expect(namesOf(image).flat().sort()).toEqual([...outputNames].sort());
  image.reset();
  expect(image.take()).toEqual([
    [
      ['Verdict', 0],
      ['Ready', false],
    ],
    [['ResSeq', 0]],
  ]);
});
