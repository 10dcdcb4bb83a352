/** A line whose camera opens the parts: the PLC reads, acknowledges and says when a sample is a known-bad one. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../inference/rig.ts';
import { tinyFiles } from '../inference/taught-once.ts';
import { lenient, writeBundle } from '../inference/tiny-bundle.ts';
import { syntheticCamera } from '../run/rig.ts';
import { openPlc, openStation, stateOf } from './rig.ts';

test('the record numbers the result; challenge parts are flagged; a trigger of the PLC is refused', async () => {
  const folder = temporaryFolder();
  const bundle = await writeBundle(join(folder, 'a@1.0.0'), await tinyFiles(), lenient);
  const camera = syntheticCamera();
  const station = await openStation(stateOf(folder), bundle, camera, { trigger: 'camera' });
  const plc = await openPlc(station);
  camera.trigger();
  const first = await plc.until('a result', ({ ResSeq, Verdict }) => ResSeq !== 0 && Verdict !== 0);
  expect(first).toMatchObject({ Verdict: 1, Challenge: false, ResSeqStart: first.ResSeq, ResPartId: 'P000001' });
  plc.memory.AckSeq = first.ResSeq;
  await plc.until('the acknowledgement', ({ Unacknowledged }) => Unacknowledged === false);
  plc.memory.Mode = 1;
  await plc.scans(2);
  camera.trigger();
  const second = await plc.until(
    'the next',
    ({ ResSeq, Verdict }) => ResSeq !== 0 && ResSeq !== first.ResSeq && Verdict !== 0,
  );
  expect(second).toMatchObject({ Challenge: true, Unacknowledged: true });
  expect(station.records.map(({ triggerSource, challenge }) => [triggerSource, challenge])).toEqual([
    ['camera', false],
    ['camera', true],
  ]);
  plc.memory.TrigSeq = 1;
  const refused = await plc.until('the refusal', ({ LastOrder }) => LastOrder !== '');
  expect(refused.LastOrder).toMatch(/^TrigSeq 1: .*counter of camera camera1/);
  expect(station.records).toHaveLength(2);
});
