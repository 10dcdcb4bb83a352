import { expect, test } from 'vitest';
import { outputNames, TagImage } from '../../../daemon/publish/opcua/client/tag-image.ts';
import { resultValues } from '../../../daemon/publish/opcua/plc/result-values.ts';
import { judged } from '../fixtures-record.ts';

const namesOf = (image: TagImage): string[][] => image.take().map((writes) => writes.map(([name]) => name));

test('a result goes out in two calls, the counts that say it is complete in the second', () => {
  const image = new TagImage();
  const values = resultValues({ ...judged(7), triggerSource: 'command', plantSequence: 3 }, 0);
  image.show(Object.fromEntries(Object.entries(values).reverse()));
  const [first, last] = namesOf(image);
  expect(last).toEqual(['Sequence', 'ResSeq']);
  expect(first![0]).toBe('ResSeqStart');
  expect(first).toEqual(outputNames.filter((name) => first!.includes(name)));
  expect(image.waits).toBe(false);
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
  image.show({ Heartbeat: 2, Score: Number.NaN });
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
