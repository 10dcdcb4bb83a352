import { expect, test } from 'vitest';
import { type CameraSettings, openCamera } from '../../../drivers/index.ts';
import type { RecordingCamera } from '../../../drivers/replay/mcap/camera.ts';
import { RecordingSink } from '../recording-sink.ts';
import { MemoryFiles } from '../replay/memory-files.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { type Made, periodMs, record } from './recorded.ts';

const three = await record(3 * periodMs + 50, { calibration: '{}' });

interface Play {
  camera: RecordingCamera;
  sink: RecordingSink;
  pass(byMs: number): Promise<void>;
}

async function playing(made: Made | Uint8Array, replay: Partial<CameraSettings['replay']> = {}): Promise<Play> {
  const files = new MemoryFiles();
  await files.write('/r/a.mcap', made instanceof Uint8Array ? made : made.file.contents());
  const clock = new SimulatedClock();
  const settings = { id: 'film', driver: 'replay', replay: { folder: '/r/a.mcap', ...replay } };
  const camera = (await openCamera(settings, clock, files)) as RecordingCamera;
  const sink = new RecordingSink();
  await camera.start(sink, new AbortController().signal);
  const pass = async (byMs: number): Promise<void> => {
    for (let left = byMs; left > 0; left -= 10) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(Math.min(10, left));
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { camera, sink, pass };
}

test('it is played as it was recorded: the same words, pixels and distances in time', async () => {
  const { camera, sink, pass } = await playing(three, { periodMs: 100 });
  expect(camera.modalities).toEqual(['rgb', 'depth']);
  expect(camera.calibration).toBe('{}');
  await pass(5 * periodMs);
  expect(sink.log).toEqual([...three.heard.log, 'ended']);
  const [moved, original] = [sink.frames, three.heard.frames];
  const shifts = moved.map((frame, i) => frame.capturedAtUs - original[i]!.capturedAtUs);
  expect(new Set(shifts.map((us) => Math.round(us))).size).toBe(1);
  for (const [i, frame] of moved.entries()) {
    expect(frame.cameraId).toBe('film');
    const was = original[i]!;
    if (frame.modality === 'rgb') expect(Buffer.compare(frame.pixels, (was as typeof frame).pixels)).toBe(0);
    else expect(frame.depthMm).toEqual((was as typeof frame).depthMm);
  }
  for (const frame of sink.frames) frame.release();
  expect(camera.held).toBe(0);
});

test('at a fixed pace a part comes each period, its frames behind it as recorded', async () => {
  const { sink, pass } = await playing(three, { pace: 'fixed', periodMs: 500 });
  await pass(490);
  expect(sink.log).toEqual([]);
  await pass(20);
  expect(sink.log).toHaveLength(3);
  await pass(480);
  expect(sink.log).toHaveLength(3);
  await pass(20);
  expect(sink.log).toHaveLength(6);
  const apart = sink.frames[2]!.capturedAtUs - sink.frames[0]!.capturedAtUs;
  expect(apart).toBe(500_000);
});

test('stepped, a part comes for each trigger', async () => {
  const { camera, sink, pass } = await playing(three, { pace: 'stepped' });
  await pass(300);
  expect(sink.log).toEqual([]);
  expect(camera.trigger()).toBe(true);
  await pass(300);
  expect(sink.log).toEqual(three.heard.log.slice(0, 3));
  expect(camera.trigger()).toBe(true);
  expect(camera.trigger()).toBe(false);
  await pass(50);
  expect(sink.log).toHaveLength(6);
  await camera.stop();
});

test('in a loop the counts go on rising, as those of a camera that never stopped', async () => {
  const { camera, sink, pass } = await playing(three, { pace: 'fixed', periodMs: 100, loop: true });
  await pass(750);
  const counts = sink.log.filter((line) => line.startsWith('trigger')).map((line) => Number(line.split(' ')[1]));
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const ids = sink.frames.filter(({ modality }) => modality === 'rgb').map(({ frameId }) => frameId);
  expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await camera.stop();
  expect(sink.log).not.toContain('ended');
});

test('a cut recording is played to its last whole message, which is said, and then it is over', async () => {
  const bytes = three.file.contents();
  const { sink, pass } = await playing(bytes.slice(0, Math.floor(bytes.length * 0.55)));
  await pass(3000);
  expect(sink.log.at(-1)).toBe('ended');
  expect(sink.log.at(-2)).toMatch(/^dropped depth null: the recording ends early: it is cut/);
  expect(sink.log.slice(0, -2)).toEqual(three.heard.log.slice(0, sink.log.length - 2));
});

test('losses and returns are played too', async () => {
  const made = await record(8 * periodMs, {
    synthetic: { faults: (part) => (part === 3 ? { kind: 'disconnect', forMs: 150 } : null) },
  });
  const { camera, sink, pass } = await playing(made, { periodMs: 10 });
  await pass(9 * periodMs);
  expect(sink.log).toEqual([...made.heard.log, 'ended']);
  expect(camera.counters().reconnects).toBe(1);
});

test('a file that is missing, empty or foreign is refused when the camera is opened', async () => {
  const files = new MemoryFiles();
  await files.write('/r/empty.mcap', new Uint8Array(0));
  const open = (folder: string) =>
    openCamera({ id: 'film', driver: 'replay', replay: { folder } }, new SimulatedClock(), files);
  await expect(open('/r/none.mcap')).rejects.toMatchObject({ code: 'file/missing' });
  await expect(open('/r/empty.mcap')).rejects.toMatchObject({ code: 'recording/unreadable' });
});
