/**
 * Parts opened by command, their frames by a hardware trigger that comes on its own way. Whatever is lost, doubled or
 * early on either way, no frame is ever judged under the trigger of another part. A failure names its seed.
 */
import { describe, expect, test } from 'vitest';
import { Line } from '../../daemon/line/line.ts';
import type { LineSettings } from '../../daemon/line/settings.ts';
import { randomOf } from '../simulation/world.ts';
import { settings as base, command, FrameMaker, fillsOf, HandClock, ListSink, ScriptedPort, settle } from './rig.ts';

const settings: LineSettings = { ...base, triggerFrom: null };
const windowMs = settings.captureEarlyMs + settings.captureLateMs;

function rig(expose?: (camera: { fire: (shows: number) => void }) => void, changes: Partial<LineSettings> = {}) {
  const clock = new HandClock();
  const port = new ScriptedPort();
  const sink = new ListSink();
  const frames = new FrameMaker(clock);
  let count = 500;
  /** What each record's pair showed, null where it had none: the frames are gone after the call. */
  const shown: ({ rgb: number; depth: number } | null)[] = [];
  const closed = sink.closed.bind(sink);
  sink.closed = (record, evidence) => {
    shown.push(evidence && fillsOf(evidence.pair));
    return closed(record, evidence);
  };
  const camera = {
    /** An electrical trigger: the edge now, both frames some time later. */
    fire(shows: number, { heard = true, afterMs = 5 } = {}): void {
      const trigger = ++count;
      const cam = line.sinkFor('cam');
      if (heard) cam.triggered(trigger, null);
      const capturedAtMs = clock.nowMs();
      clock.after(afterMs, () => {
        for (const modality of ['rgb', 'depth'] as const) {
          cam.frame(frames.make({ modality, trigger, capturedAtMs, fill: shows }));
        }
      });
    },
    /** The counter advances and nobody hears of it. */
    skip: () => void count++,
  };
  const given = expose ? { expose: () => expose(camera) } : {};
  const line = new Line({ settings: { ...settings, ...changes }, clock, port, sink, ...given });
  const told = (): string[] => sink.records.map(({ partId, reason }) => `${partId} ${reason}`);
  return { clock, port, sink, frames, line, camera, told, shown };
}

describe('a camera that hardware triggers', () => {
  test('the edge may come after the command or before it', async () => {
    const r = rig();
    r.line.trigger(command('1'));
    await r.clock.advance(30);
    r.camera.fire(1);
    await r.clock.advance(200);
    r.camera.fire(2);
    await r.clock.advance(8);
    r.line.trigger(command('2', { plantSequence: 7, jobId: 'j', challenge: true }));
    await r.clock.advance(700);
    expect(r.told()).toEqual(['1 good', '2 good']);
    expect(r.sink.records.map(({ triggerSource }) => triggerSource)).toEqual(['command', 'command']);
    expect(r.sink.records[1]).toMatchObject({ plantSequence: 7, jobId: 'j', measId: null, challenge: true });
    expect(r.sink.opens[1]!.origin).toMatchObject({ plantSequence: 7 });
    expect(r.line.counters()).toMatchObject({ decisions: { pass: 1 }, challenges: { pass: 1 } });
  });

  test('a missing edge is unmatched, and the next part is judged by its own', async () => {
    const r = rig();
    r.camera.fire(0);
    await r.clock.advance(300);
    r.line.trigger(command('1'));
    await r.clock.advance(300);
    r.line.trigger(command('2'));
    r.camera.fire(2);
    await r.clock.advance(1000);
    expect(r.told()).toEqual(['1 unmatched', '2 good']);
    expect(r.shown[1]).toEqual({ rgb: 2, depth: 2 });
    expect(r.sink.records[0]!.detail).toContain('no trigger for this command');
    expect(r.line.counters()).toMatchObject({ surplusEdges: 1, framesDropped: { unmatched: 2 } });
  });

  test('two edges for one command, and one edge for two commands, judge nothing', async () => {
    const r = rig();
    r.line.trigger(command('1'));
    r.camera.fire(1);
    // The second edge's frames never come; that there was one is enough.
    r.camera.fire(1, { afterMs: 5000 });
    await r.clock.advance(300);
    r.line.trigger(command('2'));
    r.line.trigger(command('3'));
    r.camera.fire(3);
    await r.clock.advance(6000);
    expect(r.told()).toEqual(['1 unmatched', '2 unmatched', '3 unmatched']);
    expect(r.frames.released).toBe(r.frames.made);
  });

  test('a trigger that only the plant counted is a part, undecided, and takes no frame of the next one', async () => {
    const r = rig();
    r.line.trigger(command('1', { plantSequence: 0xffff_fffe }));
    r.camera.fire(1);
    await r.clock.advance(200);
    r.camera.fire(2);
    await r.clock.advance(200);
    r.line.trigger(command('3', { plantSequence: 0, unseen: 1 }));
    r.camera.fire(3);
    await r.clock.advance(700);
    expect(r.told()).toEqual(['1 good', 'null unmatched', '3 good']);
    expect(r.sink.records.map(({ plantSequence }) => plantSequence)).toEqual([0xffff_fffe, 0xffff_ffff, 0]);
    expect(r.line.counters().unseenTriggers).toBe(1);
  });

  test('halted, or with the recording over: closed at the trigger', async () => {
    const r = rig();
    r.line.halt('by the operator');
    r.line.trigger(command('1'));
    r.line.halt(null);
    r.line.sinkFor('cam').ended();
    r.line.trigger(command('2'));
    await settle();
    expect(r.told()).toEqual(['1 halted', '2 cameraLost']);
    await r.line.stop();
    expect(() => r.line.trigger(command('3'))).toThrow('after the line was stopped');
  });
});

describe('a camera that we trigger', () => {
  test('every exposure belongs to its command, however close they come', async () => {
    let part = 0;
    const r = rig((camera) => camera.fire(++part));
    for (let burst = 0; burst < 20; burst++) {
      for (const _ of [1, 2, 3]) r.line.trigger(command(String(part + 1)));
      await r.clock.advance(60);
    }
    expect(r.told()).toEqual(Array.from({ length: 60 }, (_, at) => `${at + 1} good`));
    expect(r.shown.map((seen) => seen?.rgb)).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  });

  test("an exposure that does not happen is its own part's loss", async () => {
    let part = 0;
    const r = rig((camera) => {
      part++;
      if (part !== 3) camera.fire(part);
    });
    for (let at = 1; at <= 5; at++) {
      r.line.trigger(command(String(at)));
      await r.clock.advance(100);
    }
    await r.clock.advance(1000);
    expect(r.told()).toEqual(['1 good', '2 good', '3 unmatched', '4 good', '5 good']);
  });

  test('a part that is closed at its trigger exposes nothing; a camera that throws loses its part alone', async () => {
    let part = 0;
    const r = rig((camera) => {
      if (++part === 2) throw new Error('no link');
      camera.fire(part);
    });
    r.port.served = null;
    r.line.trigger(command('a'));
    r.port.served = { ...new ScriptedPort().served! };
    for (const id of ['b', 'c', 'd']) {
      r.line.trigger(command(id));
      await r.clock.advance(100);
    }
    expect(r.told()).toEqual(['a noModel', 'b good', 'c cameraLost', 'd good']);
  });
});

/** An exposure with nothing in front of the camera. */
const nothing = 1_000_000;

interface Happenings {
  /** Least and most time between parts. */
  readonly everyMs: readonly [number, number];
  readonly faults: readonly ('noPulse' | 'unheard' | 'noise' | 'lostCommand' | 'unseenCommand' | 'lateFrames')[];
  readonly share: number;
}

async function play(seed: number, { everyMs, faults, share }: Happenings) {
  const random = randomOf(seed);
  const between = (from: number, to: number): number => from + random() * (to - from);
  const r = rig(undefined, { maxPartsInFlight: 16 });
  let dueMs = r.clock.nowMs() + 200;
  const plantSequence = { last: Math.floor(random() * 2 ** 32), unseen: 0 };
  const commanded: string[] = [];
  for (let part = 1; part <= 60; part++) {
    dueMs += between(...everyMs);
    const fault = random() < share ? faults[Math.floor(random() * faults.length)] : undefined;
    const at = (offsetMs: number, what: () => void): void => r.clock.after(dueMs + offsetMs - r.clock.nowMs(), what);
    const afterMs = fault === 'lateFrames' ? between(100, 700) : between(3, 40);
    if (fault === 'noise') at(between(-30, 30), () => r.camera.fire(nothing));
    if (fault !== 'noPulse') at(0, () => r.camera.fire(part, { heard: fault !== 'unheard', afterMs }));
    // The command comes at most so long before the edge or after it.
    at(between(1 - settings.captureLateMs, settings.captureEarlyMs - 1), () => {
      plantSequence.last = (plantSequence.last + 1) >>> 0;
      if (fault === 'lostCommand') return;
      if (fault === 'unseenCommand') {
        plantSequence.unseen++;
        return;
      }
      for (; plantSequence.unseen > 0 && commanded.push('null'); plantSequence.unseen--) unseen++;
      commanded.push(String(part));
      r.line.trigger(command(String(part), { plantSequence: plantSequence.last, unseen }));
      unseen = 0;
    });
  }
  let unseen = 0;
  await r.clock.advance(dueMs - r.clock.nowMs() + 2000);
  const where = `seed ${seed}`;
  expect(
    r.sink.records.map(({ partId }) => String(partId)),
    where,
  ).toEqual(commanded);
  const wrong = r.sink.records.flatMap((record, at) => {
    if (record.decision === 'undecided') return [];
    const { rgb, depth } = r.shown[at]!;
    const own = rgb === Number(record.partId) || rgb === nothing;
    return own && rgb === depth ? [] : [`part ${record.partId} was judged by frames of ${rgb} and ${depth}`];
  });
  expect(wrong, where).toEqual([]);
  await r.line.stop();
  expect(r.frames.released, where).toBe(r.frames.made);
  return r.sink.records.filter(({ decision }) => decision === 'pass').length;
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

describe('never shifted by one', () => {
  const spaced = [windowMs + 1, 4 * windowMs] as const;

  test('without faults every part is judged', async () => {
    for (const seed of seeds) expect(await play(seed, { everyMs: spaced, faults: [], share: 0 })).toBe(60);
  });

  test('parts further apart than the window: whatever is lost or surplus on either way', async () => {
    const faults = ['noPulse', 'unheard', 'noise', 'lostCommand', 'unseenCommand', 'lateFrames'] as const;
    let passed = 0;
    for (const seed of seeds) passed += await play(seed, { everyMs: spaced, faults, share: 0.4 });
    expect(passed).toBeGreaterThan(seeds.length * 60 * 0.5);
  });

  test('parts closer than the window: what cannot be told apart is not judged', async () => {
    const faults = ['noPulse', 'unheard', 'lateFrames'] as const;
    for (const seed of seeds) await play(seed, { everyMs: [2, 1.5 * windowMs], faults, share: 0.3 });
  });
});
