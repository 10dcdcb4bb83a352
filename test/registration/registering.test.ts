import { expect, onTestFinished, test } from 'vitest';
import { openRegistering } from '../../daemon/registration/registering.ts';
import { calibrationDigest, checkCalibration, formatCalibration } from '../../drivers/registration/calibration.ts';
import { proofCalibration, proofScene } from '../../drivers/registration/proof-scene.ts';
import { Registration } from '../../drivers/registration/registration.ts';
import { fail } from '../../errors.ts';
import { HandClock } from '../line/rig.ts';

const calibration = checkCalibration(proofCalibration, 'proof');
const text = formatCalibration(calibration);
const scene = proofScene();
const stamp = { cameraId: 'c', frameId: 1, trigger: 1, capturedAtUs: 0, arrivedAtMs: 0, complete: true };
const rgb = { ...stamp, ...scene.rgb, modality: 'rgb' as const, release: () => {} };
const depth = { ...stamp, ...scene.depth, modality: 'depth' as const, release: () => {} };

function opening(calibrationFile: string | null, own: string | null = null) {
  const told: string[] = [];
  const log = { info: () => {}, warn: (_: object, line: string) => void told.push(line) };
  const opened = openRegistering({
    ...{ calibrationFile, camera: { id: 'b', calibration: own }, limitPx: 1.5 },
    ...{ clock: new HandClock(), signal: new AbortController().signal, log },
    store: { load: async () => null, save: async () => {} },
    read: async (path) => {
      if (path !== 'cal.json') throw fail('file/missing', { path });
      return new TextEncoder().encode(text);
    },
  });
  return { opened, told };
}

test("by the configured file, by the camera's own, or as the frames come", async () => {
  const expected = new Registration(calibration).register(scene.rgb, scene.depth);
  for (const opened of [opening('cal.json').opened, opening(null, text).opened]) {
    const { register, digest, close } = await opened;
    onTestFinished(close);
    expect(digest).toBe(calibrationDigest(calibration));
    const pair = await register(rgb, depth);
    expect([pair.widthPx, pair.heightPx]).toEqual([640, 480]);
    expect(Buffer.compare(pair.rgb, expected.rgb)).toBe(0);
  }
  const plain = await opening(null).opened;
  expect(plain.digest).toBeNull();
  await expect(plain.register(rgb, depth)).rejects.toThrow(/RGB frame of camera c is 1280 x 960/);
});

test('a file that is not there or not good stops the start and is named', async () => {
  await expect(opening('none.json').opened).rejects.toMatchObject({ code: 'file/missing' });
  await expect(opening(null, '{}').opened).rejects.toThrow(/Calibration of camera b: schema is missing/);
});

test('a bundle whose parts were registered otherwise is told, once', async () => {
  const { opened, told } = opening('cal.json');
  const { heed, digest, close } = await opened;
  onTestFinished(close);
  heed(null);
  heed({ digest: 'b1', calibration: digest });
  expect(told).toEqual([]);
  heed({ digest: 'b2', calibration: 'other' });
  heed({ digest: 'b2', calibration: 'other' });
  expect(told).toEqual(['the bundle was taught on parts registered with another calibration']);
});
