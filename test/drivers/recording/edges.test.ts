import { expect, test } from 'vitest';
import { openCamera } from '../../../drivers/index.ts';
import { Recorder } from '../../../drivers/recording/recorder.ts';
import { RecordingWriter } from '../../../drivers/recording/writer.ts';
import { RecordingSink } from '../recording-sink.ts';
import { MemoryFiles } from '../replay/memory-files.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { MemoryFile, settle, unlimited } from './recorded.ts';

test('a trigger told of later than it happened keeps its own instant, against everything else', async () => {
  const clock = new SimulatedClock();
  const cameras = [{ id: 'cam', modalities: ['rgb'] as const }];
  const file = new MemoryFile();
  const info = { cameras, beganAtMs: 1.7e12, beganAtMonotonicMs: clock.nowMs(), calibration: null };
  const recorder = new Recorder(await RecordingWriter.begin(file, info), cameras, clock, unlimited);
  const sink = recorder.sinkFor('cam');
  const frame = (trigger: number, capturedAtUs: number): void =>
    sink.frame({
      ...{ cameraId: 'cam', frameId: trigger, trigger, capturedAtUs, arrivedAtMs: clock.nowMs(), complete: true },
      ...{ modality: 'rgb', widthPx: 1, heightPx: 1, pixels: Uint8Array.of(1, 2, 3), release: () => {} },
    });
  clock.advance(100);
  sink.triggered(1, null, clock.nowMs() - 40);
  frame(1, (clock.nowMs() - 40) * 1000);
  await settle();
  await recorder.stop();

  const files = new MemoryFiles();
  await files.write('/r/a.mcap', file.contents());
  const play = new SimulatedClock();
  const camera = await openCamera({ id: 'film', driver: 'replay', replay: { folder: '/r/a.mcap' } }, play, files);
  const heard = new RecordingSink();
  const edges: (number | undefined)[] = [];
  await camera.start(
    {
      triggered: (_count, _partId, atMs) => edges.push(atMs),
      frame: (each) => heard.frame(each),
      ...{ dropped: () => {}, lost: () => {}, recovered: () => {}, ended: () => {} },
    },
    new AbortController().signal,
  );
  for (let i = 0; i < 200 && heard.frames.length === 0; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    play.advance(10);
  }
  await camera.stop();
  expect(edges).toHaveLength(1);
  expect(edges[0]! * 1000).toBeCloseTo(heard.frames[0]!.capturedAtUs, 3);
});
