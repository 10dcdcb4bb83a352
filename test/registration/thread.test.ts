import { expect, onTestFinished, test } from 'vitest';
import { RegistrationThread } from '../../daemon/registration/thread.ts';
import { checkCalibration } from '../../drivers/registration/calibration.ts';
import { proofCalibration, proofScene } from '../../drivers/registration/proof-scene.ts';
import { Registration } from '../../drivers/registration/registration.ts';

const calibration = checkCalibration(proofCalibration, 'proof');
const scene = proofScene();
const darker = { ...scene.rgb, pixels: scene.rgb.pixels.map((value) => value >> 1) };
const inline = new Registration(calibration);

async function opened(): Promise<RegistrationThread> {
  const thread = await RegistrationThread.open(calibration);
  onTestFinished(() => thread.close());
  return thread;
}

test('the same bytes as on the spot, pair by pair, also where the next one does not wait', async () => {
  const thread = await opened();
  const pairs = await Promise.all([thread.register(scene.rgb, scene.depth), thread.register(darker, scene.depth)]);
  for (const [at, rgb] of [scene.rgb, darker].entries()) {
    expect(Buffer.compare(pairs[at]!.rgb, inline.register(rgb, scene.depth).rgb)).toBe(0);
    expect(pairs[at]!.depthMm).toBe(scene.depth.depthMm);
  }
});

test('once it is asked, the frame may be filled with the next picture', async () => {
  const thread = await opened();
  const rgb = { ...scene.rgb, pixels: scene.rgb.pixels.slice() };
  const asked = thread.register(rgb, scene.depth);
  // as soon as the copy is made, which is before any other callback
  await Promise.resolve();
  rgb.pixels.fill(0);
  expect(Buffer.compare((await asked).rgb, inline.register(scene.rgb, scene.depth).rgb)).toBe(0);
});

test('frames of another size are refused, and the next pair is registered', async () => {
  const thread = await opened();
  const small = { widthPx: 2, heightPx: 1, pixels: new Uint8Array(6) };
  await expect(thread.register(small, scene.depth)).rejects.toMatchObject({ code: 'image/size' });
  await expect(thread.register(scene.rgb, scene.depth)).resolves.toMatchObject({ widthPx: 640, heightPx: 480 });
});

test('a thread that ended is replaced with the next pair', async () => {
  const thread = await opened();
  await thread.register(scene.rgb, scene.depth);
  await thread.close();
  const pair = await thread.register(scene.rgb, scene.depth);
  expect(Buffer.compare(pair.rgb, inline.register(scene.rgb, scene.depth).rgb)).toBe(0);
});
