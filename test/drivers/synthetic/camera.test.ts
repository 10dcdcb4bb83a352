import { describe, expect, it } from 'vitest';
import { maxHeldFrames } from '../../../drivers/buffers.ts';
import { SyntheticCamera } from '../../../drivers/synthetic/camera.ts';
import type { Fault } from '../../../drivers/synthetic/faults.ts';
import { type PartRequest, type RenderedPart, renderPart } from '../../../drivers/synthetic/part.ts';
import { inlineRenderer, type PartRenderer, WorkerRenderer } from '../../../drivers/synthetic/renderer.ts';
import type { SyntheticSettings } from '../../../drivers/synthetic/settings.ts';
import { RecordingSink } from '../recording-sink.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const grid = { widthPx: 64, heightPx: 48 };
const periodMs = 100;

async function running(
  settings: Partial<SyntheticSettings> = {},
  renderer: PartRenderer = inlineRenderer(),
): Promise<{ camera: SyntheticCamera; clock: SimulatedClock; sink: RecordingSink; abort: AbortController }> {
  const clock = new SimulatedClock();
  const sink = new RecordingSink();
  const abort = new AbortController();
  const camera = new SyntheticCamera({ id: 'cam', seed: 3, periodMs, grid, ...settings }, clock, renderer);
  await camera.start(sink, abort.signal);
  return { camera, clock, sink, abort };
}

/** A camera whose second part has the fault, after three parts. */
async function faulty(fault: Fault): Promise<{ camera: SyntheticCamera; sink: RecordingSink; clock: SimulatedClock }> {
  const made = await running({ faults: (part) => (part === 2 ? fault : null) });
  made.clock.advance(3 * periodMs);
  return made;
}

describe('the synthetic camera', () => {
  it('delivers both modalities of each part after its trigger, at its period', async () => {
    const { camera, clock, sink } = await running({ firstPart: 123 });
    clock.advance(periodMs - 1);
    expect(sink.log).toEqual([]);
    clock.advance(1);
    expect(sink.log).toEqual(['trigger 1 P000123', 'rgb 1', 'depth 1']);
    clock.advance(periodMs);
    expect(sink.log.slice(3)).toEqual(['trigger 2 P000124', 'rgb 2', 'depth 2']);
    expect(sink.frames[2]).toMatchObject({
      cameraId: 'cam',
      frameId: 2,
      trigger: 2,
      capturedAtUs: 1_200_000,
      arrivedAtMs: 1200,
      complete: true,
      ...grid,
    });
    expect(camera.counters()).toEqual({ frames: 4, dropped: 0, reconnects: 0 });
  });

  it('delivers exactly the part that renderPart gives', async () => {
    const { camera, clock, sink } = await running({ defectRate: 1 });
    clock.advance(periodMs);
    const part = renderPart(camera.requestOf(1));
    expect(part.defect).not.toBeNull();
    expect(sink.rgb(1)?.pixels).toEqual(part.rgb);
    expect(sink.depth(1)?.depthMm).toEqual(part.depthMm);
  });

  it('keeps its pace over many parts', async () => {
    const { clock, sink } = await running({ grid: { widthPx: 16, heightPx: 16 } });
    for (let i = 0; i < 10; i++) {
      clock.advance(periodMs);
      for (const frame of sink.frames.splice(0)) frame.release();
    }
    expect(sink.log.filter((line) => line.startsWith('trigger')).length).toBe(10);
  });

  it('exposes when told to, if it has no period', async () => {
    const { camera, clock, sink } = await running({ periodMs: null });
    clock.advance(10_000);
    expect(sink.log).toEqual([]);
    expect(camera.trigger()).toBe(true);
    expect(sink.log).toEqual(['trigger 1 P000001', 'rgb 1', 'depth 1']);
    const paced = await running();
    expect(paced.camera.trigger()).toBe(false);
  });

  it('stops in every state, twice, and by the signal', async () => {
    const { camera, clock, sink } = await running();
    await camera.stop();
    await camera.stop();
    clock.advance(10 * periodMs);
    expect(sink.log).toEqual([]);
    const aborted = await running();
    aborted.abort.abort();
    aborted.clock.advance(10 * periodMs);
    expect(aborted.sink.log).toEqual([]);
    await new SyntheticCamera({ id: 'never started' }, clock, inlineRenderer()).stop();
  });

  it('lends frames that are released exactly once', async () => {
    const { camera, clock, sink } = await running();
    clock.advance(periodMs);
    expect(camera.held).toBe(2);
    sink.frames[0]!.release();
    expect(camera.held).toBe(1);
    expect(() => sink.frames[0]!.release()).toThrow('internal: frame 1 of camera cam was released twice');
    expect(camera.held).toBe(1);
  });

  it('drops, counted and with a reason, when the consumer holds all buffers', async () => {
    const { camera, clock, sink } = await running({ grid: { widthPx: 16, heightPx: 16 } });
    clock.advance((maxHeldFrames / 2 + 1) * periodMs);
    expect(sink.frames.length).toBe(maxHeldFrames);
    expect(sink.log.slice(-2)).toEqual([
      'dropped rgb 17: overrun: the consumer holds all buffers',
      'dropped depth 17: overrun: the consumer holds all buffers',
    ]);
    expect(camera.counters().dropped).toBe(2);
    for (const frame of sink.frames) frame.release();
    clock.advance(periodMs);
    expect(sink.rgb(18)).toBeDefined();
  });

  it('refuses settings out of bounds by name', () => {
    const make = (settings: Partial<SyntheticSettings>) => () =>
      new SyntheticCamera({ id: 'cam', ...settings }, new SimulatedClock(), inlineRenderer());
    expect(make({ periodMs: 1 })).toThrow('Camera cam: periodMs is 1, expected 10 or more, or null');
    expect(make({ periodMs: Number.NaN })).toThrow('periodMs is NaN');
    expect(make({ defectRate: 1.5 })).toThrow('defectRate is 1.5, expected 0 to 1');
    expect(make({ seed: 0.5 })).toThrow('seed is 0.5');
    expect(make({ firstPart: 0 })).toThrow('firstPart is 0');
    expect(make({ grid: { widthPx: 4, heightPx: 240 } })).toThrow('widthPx is 4, expected 16 to 1280');
  });
});

describe('injected faults', () => {
  it.each([
    [['rgb'], ['dropped rgb 2: injected: lost', 'depth 2']],
    [['depth'], ['rgb 2', 'dropped depth 2: injected: lost']],
    [
      ['rgb', 'depth'],
      ['dropped rgb 2: injected: lost', 'dropped depth 2: injected: lost'],
    ],
  ] as const)('lose %s: reported', async (of, lines) => {
    const { sink, camera } = await faulty({ kind: 'lose', of });
    expect(sink.log.slice(3, -3)).toEqual(['trigger 2 P000002', ...lines]);
    expect(camera.counters()).toEqual({ frames: 6 - of.length, dropped: of.length, reconnects: 0 });
  });

  it('vanish: nobody says so, frame ids go on', async () => {
    const { sink, camera } = await faulty({ kind: 'vanish', of: ['depth'] });
    expect(sink.log.slice(3, -3)).toEqual(['trigger 2 P000002', 'rgb 2']);
    expect(sink.depth(3)?.frameId).toBe(3);
    expect(camera.counters().dropped).toBe(0);
  });

  it('incomplete: marked, and its lower half empty', async () => {
    const { sink } = await faulty({ kind: 'incomplete', of: ['rgb', 'depth'] });
    const rgb = sink.rgb(2)!;
    expect([rgb.complete, sink.depth(2)?.complete, sink.rgb(1)?.complete]).toEqual([false, false, true]);
    expect(rgb.pixels.subarray(rgb.pixels.length / 2).every((value) => value === 0)).toBe(true);
    expect(rgb.pixels.subarray(0, rgb.pixels.length / 2).some((value) => value > 0)).toBe(true);
  });

  it('repeat: the bytes of the part before under a new id', async () => {
    const { sink } = await faulty({ kind: 'repeat', of: ['depth'] });
    expect(sink.depth(2)!.depthMm).toEqual(sink.depth(1)!.depthMm);
    expect(sink.depth(2)!.frameId).toBe(2);
    expect(sink.rgb(2)!.pixels).not.toEqual(sink.rgb(1)!.pixels);
    expect(sink.depth(3)!.depthMm).not.toEqual(sink.depth(1)!.depthMm);
  });

  it('stuckId: the frame of the part before once more', async () => {
    const { sink } = await faulty({ kind: 'stuckId', of: ['rgb'] });
    const again = sink.frames.filter((frame) => frame.modality === 'rgb' && frame.frameId === 1);
    expect(again.map((frame) => frame.trigger)).toEqual([1, 1]);
    expect(sink.rgb(2)).toBeUndefined();
    expect(sink.depth(2)).toBeDefined();
  });

  it('delay: later by so much, captured when it was', async () => {
    const { sink, clock } = await faulty({ kind: 'delay', of: ['depth'], delayMs: 150 });
    expect(sink.depth(2)).toBeUndefined();
    clock.advance(50);
    expect(sink.log.at(-1)).toBe('depth 2');
    expect(sink.depth(2)).toMatchObject({ capturedAtUs: 1_200_000, arrivedAtMs: 1350, frameId: 2 });
  });

  it('allInvalid and nan: what some cameras send instead of readings', async () => {
    const invalid = await faulty({ kind: 'allInvalid' });
    expect(invalid.sink.depth(2)!.depthMm.every((mm) => mm === 0)).toBe(true);
    const nan = await faulty({ kind: 'nan' });
    const { depthMm } = nan.sink.depth(2)!;
    expect(depthMm.filter((mm) => Number.isNaN(mm)).length).toBe(depthMm.length / 3);
    expect(nan.sink.depth(3)!.depthMm.some((mm) => Number.isNaN(mm))).toBe(false);
  });

  it('wrongSize: half in each direction, data to match', async () => {
    const { sink } = await faulty({ kind: 'wrongSize', of: ['rgb'] });
    expect(sink.rgb(2)).toMatchObject({ widthPx: 32, heightPx: 24 });
    expect(sink.rgb(2)!.pixels.length).toBe(32 * 24 * 3);
    expect(sink.depth(2)).toMatchObject({ widthPx: 64, heightPx: 48 });
  });

  it('disconnect: lost, no triggers, recovered, counted', async () => {
    const { camera, sink, clock } = await faulty({ kind: 'disconnect', forMs: 250 });
    expect(sink.log.slice(3)).toEqual(['lost: injected: the camera is gone']);
    expect(await camera.probe()).toContain('gone');
    clock.advance(200);
    expect(await camera.probe()).toBeNull();
    expect(sink.log.slice(4)).toEqual(['recovered', 'trigger 2 P000003', 'rgb 2', 'depth 2']);
    expect(camera.counters().reconnects).toBe(1);
    expect(sink.rgb(2)!.pixels).toEqual(renderPart(camera.requestOf(3)).rgb);
  });
});

describe('rendering elsewhere', () => {
  /** A renderer that answers when the test says so. */
  class SlowRenderer implements PartRenderer {
    waiting: (() => void)[] = [];
    render(request: PartRequest, done: (part: RenderedPart | Error) => void): void {
      this.waiting.push(() => done(renderPart(request)));
    }
    async close(): Promise<void> {}
    answer(): void {
      this.waiting.shift()?.();
    }
  }

  it('waits for the first part before it starts, and drops exposures that come while it is busy', async () => {
    const renderer = new SlowRenderer();
    const clock = new SimulatedClock();
    const sink = new RecordingSink();
    const camera = new SyntheticCamera({ id: 'cam', periodMs, grid }, clock, renderer);
    const started = camera.start(sink, new AbortController().signal);
    clock.advance(5 * periodMs);
    renderer.answer();
    await started;
    clock.advance(3 * periodMs);
    expect(sink.log).toEqual([
      'trigger 1 P000001',
      'rgb 1',
      'depth 1',
      'trigger 2 P000002',
      'trigger 3 P000003',
      'dropped rgb 3: overrun: the last part is not ready',
      'dropped depth 3: overrun: the last part is not ready',
    ]);
    renderer.answer();
    expect(sink.log.slice(-2)).toEqual(['rgb 2', 'depth 2']);
    renderer.answer();
    clock.advance(periodMs);
    expect(sink.log.slice(-3)).toEqual(['trigger 4 P000004', 'rgb 4', 'depth 4']);
    expect(sink.rgb(4)!.pixels).toEqual(renderPart(camera.requestOf(4)).rgb);
  });

  it('ends its start when stopped before the first part came', async () => {
    const clock = new SimulatedClock();
    const camera = new SyntheticCamera({ id: 'cam', grid }, clock, new SlowRenderer());
    const started = camera.start(new RecordingSink(), new AbortController().signal);
    await camera.stop();
    await started;
  });

  it('reports a part that could not be rendered as dropped', async () => {
    const failing: PartRenderer = {
      render: (_request, done) => done(new Error('the rendering thread ended')),
      close: async () => {},
    };
    const { sink, clock } = await running({}, failing);
    clock.advance(periodMs);
    expect(sink.log).toEqual([
      'trigger 1 P000001',
      'dropped rgb 1: the rendering thread ended',
      'dropped depth 1: the rendering thread ended',
    ]);
  });

  it('renders the same bytes in a worker thread', async () => {
    const renderer = new WorkerRenderer();
    const request: PartRequest = { seed: 1, part: 2, defect: { kind: 'dent', severity: 1 }, grid };
    const part = await new Promise<RenderedPart | Error>((done) => renderer.render(request, done));
    await renderer.close();
    expect(part).toEqual(renderPart(request));
  });
});
