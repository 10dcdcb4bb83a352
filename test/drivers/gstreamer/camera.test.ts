import process from 'node:process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { GstreamerCamera } from '../../../drivers/gstreamer/camera.ts';
import { loadGstreamer } from '../../../drivers/gstreamer/library.ts';
import { checkGstreamer } from '../../../drivers/gstreamer/settings.ts';
import { until } from '../../inference/rig.ts';
import { testMaxMs } from '../../patience.ts';
import { ReleasingSink } from '../aravis/rig.ts';

function installed(): boolean {
  try {
    loadGstreamer();
    return true;
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return false;
  }
}

const patience = testMaxMs;

function make(pipeline: string, more: { counts?: boolean; stallMs?: number } = {}): GstreamerCamera {
  const camera = new GstreamerCamera({ pipeline, ...more }, { id: 'uvc', slots: 4, clock: systemClock });
  onTestFinished(() => camera.stop());
  return camera;
}

async function start(camera: GstreamerCamera): Promise<ReleasingSink> {
  const sink = new ReleasingSink();
  await camera.start(sink, new AbortController().signal);
  return sink;
}

const live = 'videotestsrc is-live=true pattern=snow ! video/x-raw,width=322,height=18,framerate=50/1';

describe.skipIf(!installed())('GStreamer', { timeout: patience }, () => {
  test('frames of a live source: sizes, rows that were padded, and the instant of capture', async () => {
    const camera = make(live);
    const sink = await start(camera);
    await until('frames', () => sink.seen.length >= 10);
    expect(camera.facts).toMatchObject({ vendor: 'GStreamer', delivers: [{ modality: 'rgb', format: 'RGB' }] });
    expect(camera.trigger()).toBe(false);
    const stamps = sink.seen.map(({ frame }) => frame.capturedAtUs);
    expect(stamps).toEqual(stamps.toSorted((a, b) => a - b));
    // The pace of the source, as it says itself, whatever the machine is busy with.
    const [first, second] = sink.seen;
    const step =
      (second!.frame.capturedAtUs - first!.frame.capturedAtUs) / (second!.frame.frameId - first!.frame.frameId);
    expect(Math.abs(step - 20_000)).toBeLessThan(10);
    for (const { frame } of sink.seen) {
      expect(frame).toMatchObject({ widthPx: 322, heightPx: 18, trigger: null });
      expect(frame.capturedAtUs / 1000).toBeLessThanOrEqual(frame.arrivedAtMs + 1);
    }
    // Without a counter of its own it opens no part.
    expect(sink.count('trigger')).toBe(0);
  });

  test('a picture is what the source drew', async () => {
    const colour = 'videotestsrc is-live=true pattern=solid-color foreground-color=0xff204060';
    const camera = make(`${colour} ! video/x-raw,width=33,height=5,framerate=30/1,format=RGB`);
    const pixels: Uint8Array[] = [];
    class Copying extends ReleasingSink {
      override frame(frame: Parameters<ReleasingSink['frame']>[0]): void {
        if (frame.modality === 'rgb') pixels.push(frame.pixels.slice());
        super.frame(frame);
      }
    }
    await camera.start(new Copying(), new AbortController().signal);
    await until('a frame', () => pixels.length > 0);
    expect(pixels[0]).toHaveLength(33 * 5 * 3);
    for (let at = 0; at < pixels[0]!.length; at += 3) {
      expect([...pixels[0]!.subarray(at, at + 3)]).toEqual([0x20, 0x40, 0x60]);
    }
  });

  test('where it opens parts, each frame is a trigger', async () => {
    const sink = await start(make(live, { counts: true }));
    await until('frames', () => sink.seen.length >= 3);
    expect(sink.log.slice(0, 4)).toEqual(['trigger 1 null', 'rgb 1', 'trigger 2 null', 'rgb 2']);
  });

  test('a source that ends is opened anew', async () => {
    const camera = make('videotestsrc num-buffers=10 is-live=true ! video/x-raw,width=32,height=16,framerate=100/1');
    const sink = await start(camera);
    await until('lost', () => sink.log.includes('lost: the pipeline has ended'));
    const before = sink.seen.length;
    await until('again', () => sink.log.includes('recovered') && sink.seen.length > before, patience / 2);
  });

  test('a pipeline that is none is refused with what GStreamer says', async () => {
    await expect(start(make('nosuchsource ! nosuchfilter'))).rejects.toThrow(
      'pipeline is nosuchsource ! nosuchfilter, expected one: no element "nosuchsource"',
    );
  });
});

test.each([
  ['', 'pipeline is empty'],
  ['v4l2src !', 'a pipeline that ends with an element'],
  ['v4l2src ! fakesink', 'it has fakesink'],
])('pipeline "%s": %s', (pipeline, expected) => {
  expect(() => checkGstreamer('uvc', { pipeline })).toThrow(expected);
});
