import { describe, expect, it } from 'vitest';
import { maxPendingParts, ReplayCamera, type ReplaySettings } from '../../../drivers/replay/camera.ts';
import { makeSample, type Sample } from '../../../drivers/replay/sample.ts';
import { RecordingSink } from '../recording-sink.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const widthPx = 2;
const heightPx = 1;

function sample(name: string, over: Partial<Sample> = {}): Sample {
  return {
    ...makeSample({
      id: `test/good/${name}`,
      split: 'test',
      kind: 'good',
      rgbPath: `${name}.png`,
      depthPath: `${name}.png`,
      truthPath: null,
      loadRgb: async () => ({ widthPx, heightPx, rgb: new Uint8Array(6).fill(Number(name)) }),
      loadDepth: async () => ({ widthPx, heightPx, depthMm: new Float32Array(2).fill(Number(name)) }),
      loadTruth: async () => null,
    }),
    ...over,
  };
}

interface Run {
  camera: ReplayCamera;
  clock: SimulatedClock;
  sink: RecordingSink;
  /** Moves time in steps, letting the files be read in between. */
  pass(byMs: number): Promise<void>;
}

async function running(samples: Sample[], settings: Partial<ReplaySettings> = {}): Promise<Run> {
  const clock = new SimulatedClock();
  const sink = new RecordingSink();
  const camera = new ReplayCamera({ id: 'film', samples, periodMs: 100, ...settings }, clock);
  await camera.start(sink, new AbortController().signal);
  const pass = async (byMs: number): Promise<void> => {
    for (let left = byMs; left > 0; left -= 10) {
      clock.advance(Math.min(10, left));
      await camera.settled();
    }
  };
  return { camera, clock, sink, pass };
}

const triggers = (sink: RecordingSink): string[] => sink.log.filter((line) => line.startsWith('trigger'));

describe('the replay camera', () => {
  it('plays at a fixed pace and says when it is over', async () => {
    const { camera, sink, pass } = await running([sample('1'), sample('2')]);
    await pass(90);
    expect(sink.log).toEqual([]);
    await pass(10);
    expect(sink.log).toEqual(['trigger 1 test/good/1', 'rgb 1', 'depth 1']);
    await pass(500);
    expect(sink.log.slice(3)).toEqual(['trigger 2 test/good/2', 'rgb 2', 'depth 2', 'ended']);
    expect(sink.depth(2)).toMatchObject({ widthPx, heightPx, frameId: 2, capturedAtUs: 1_200_000, complete: true });
    expect([...sink.rgb(2)!.pixels]).toEqual([2, 2, 2, 2, 2, 2]);
    expect(camera.counters()).toEqual({ frames: 4, dropped: 0, reconnects: 0 });
  });

  it('plays as recorded where the recording says when, within reason', async () => {
    const at = [0, 30, 250, null, 99_999_999, 100_000_000, 50].map((capturedAtMs, i) =>
      sample(String(i + 1), { capturedAtMs }),
    );
    const { sink, clock } = await running(at, { pace: 'original' });
    const startedMs = clock.nowMs();
    clock.advance(200_000);
    await new Promise((resolve) => setImmediate(resolve));
    const instants = sink.frames.filter((frame) => frame.modality === 'rgb').map((frame) => frame.capturedAtUs / 1000);
    // the period first; 30 and 220 as recorded; the period where an instant is missing; 1; the period on going back
    expect(instants.map((ms) => ms - startedMs)).toEqual([100, 130, 350, 450, 550, 551, 651]);
  });

  it('does not wait out a night between two parts', async () => {
    const night = [sample('1', { capturedAtMs: 0 }), sample('2', { capturedAtMs: 8 * 3_600_000 })];
    const { sink, clock, camera } = await running(night, { pace: 'original' });
    clock.advance(100 + 60_000);
    await camera.settled();
    expect(triggers(sink).length).toBe(2);
  });

  it('steps by trigger, and only then', async () => {
    const { camera, sink, pass } = await running([sample('1'), sample('2')], { pace: 'stepped' });
    await pass(300);
    expect(sink.log).toEqual([]);
    expect(await camera.probe()).toBeNull();
    expect([camera.trigger(), camera.trigger(), camera.trigger()]).toEqual([true, true, false]);
    expect(await camera.probe()).toBe('the recording is over');
    await camera.settled();
    expect(sink.log.at(-1)).toBe('ended');
    const paced = await running([sample('1')]);
    expect(paced.camera.trigger()).toBe(false);
  });

  it('loops', async () => {
    const { sink, pass } = await running([sample('1'), sample('2')], { loop: true });
    await pass(500);
    expect(triggers(sink)).toEqual([1, 2, 3, 4, 5].map((count) => `trigger ${count} test/good/${2 - (count % 2)}`));
    expect(sink.log).not.toContain('ended');
  });

  it('drops what cannot be read and goes on', async () => {
    const bad = sample('2', { loadDepth: () => Promise.reject(new Error('Cannot decode 2.png: it is truncated')) });
    const { camera, sink, pass } = await running([sample('1'), bad, sample('3')]);
    await pass(300);
    expect(sink.log.slice(3)).toEqual([
      'trigger 2 test/good/2',
      'rgb 2',
      'dropped depth 2: Cannot decode 2.png: it is truncated',
      'trigger 3 test/good/3',
      'rgb 3',
      'depth 3',
      'ended',
    ]);
    expect(camera.counters()).toEqual({ frames: 5, dropped: 1, reconnects: 0 });
  });

  it('delivers in order, and drops when the disk is slower than the pace', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const slow = sample('1', { loadRgb: () => gate.then(() => ({ widthPx, heightPx, rgb: new Uint8Array(6) })) });
    const parts = [slow, ...Array.from({ length: 11 }, (_, i) => sample(String(i + 2)))];
    const { camera, sink, clock } = await running(parts);
    clock.advance(1000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sink.log.every((line) => line.startsWith('trigger'))).toBe(true);
    open();
    await camera.settled();
    const delivered = sink.log.filter((line) => !line.startsWith('trigger'));
    expect(delivered.slice(0, 4)).toEqual(['rgb 1', 'depth 1', 'rgb 2', 'depth 2']);
    expect(delivered.filter((line) => line.includes('overrun: 8 parts are still being read')).length).toBe(
      2 * (10 - maxPendingParts),
    );
    clock.advance(200);
    await camera.settled();
    expect(sink.log.slice(-4)).toEqual(['depth 11', 'rgb 12', 'depth 12', 'ended']);
  });

  it('lends frames that are released exactly once', async () => {
    const { camera, sink, pass } = await running([sample('1')]);
    await pass(100);
    expect(camera.held).toBe(2);
    for (const frame of sink.frames) frame.release();
    expect(camera.held).toBe(0);
    expect(() => sink.frames[1]!.release()).toThrow('released twice');
  });

  it('stops in every state, twice', async () => {
    const { camera, sink, pass } = await running([sample('1')], { loop: true });
    await pass(100);
    await camera.stop();
    await camera.stop();
    await pass(500);
    expect(triggers(sink).length).toBe(1);
    await new ReplayCamera({ id: 'never started', samples: [sample('1')] }, new SimulatedClock()).stop();
  });

  it('refuses a period that is none', () => {
    const make = (periodMs: number) => () =>
      new ReplayCamera({ id: 'film', samples: [sample('1')], periodMs }, new SimulatedClock());
    expect(make(0)).toThrow('Camera film: periodMs is 0, expected 5 or more');
    expect(make(Number.NaN)).toThrow('periodMs is NaN');
  });
});
