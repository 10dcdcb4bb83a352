import { expect, test } from 'vitest';
import { Line } from '../../daemon/line/line.ts';
import type { LineSettings } from '../../daemon/line/settings.ts';
import { maxUntold } from '../../daemon/line/settings.ts';
import { openedByCamera, type Reason, reasons } from '../../daemon/line/verdict.ts';
import { TwinspectError } from '../../errors.ts';
import {
  bundle,
  command,
  defectReading,
  FrameMaker,
  type FrameWish,
  HandClock,
  ListSink,
  readingOf,
  ScriptedPort,
  settings,
  settle,
  twoCameras,
} from './rig.ts';

function rig(changes: Partial<LineSettings> = {}) {
  const clock = new HandClock();
  const port = new ScriptedPort();
  const sink = new ListSink();
  const frames = new FrameMaker(clock);
  const line = new Line({ settings: { ...settings, ...changes }, clock, port, sink });
  const cam = line.sinkFor('cam');
  const send = (wish: FrameWish): void => line.sinkFor(wish.cameraId ?? 'cam').frame(frames.make(wish));
  const part = (trigger: number): void => {
    cam.triggered(trigger, `part-${trigger}`);
    send({ modality: 'rgb', trigger });
    send({ modality: 'depth', trigger });
  };
  const told = (): string[] => sink.records.map(({ trigger, reason }) => `${trigger} ${reason}`);
  return { clock, port, sink, frames, line, cam, send, part, told };
}
type Rig = ReturnType<typeof rig>;

/** One way to each reason; each ends with the part of trigger 1 or 2 told with it. */
const ways: Record<Exclude<Reason, 'journal'>, (r: Rig) => void | Promise<void>> = {
  good: (r) => r.part(1),
  defect: (r) => {
    r.port.answer = () => Promise.resolve(defectReading());
    r.part(1);
  },
  timeout: (r) => {
    r.port.answer = () => new Promise(() => {});
    r.part(1);
  },
  unpaired: (r) => {
    r.cam.triggered(1, null);
    r.send({ modality: 'rgb', trigger: 1 });
  },
  noFrames: (r) => r.cam.triggered(1, null),
  incomplete: (r) => {
    r.cam.triggered(1, null);
    r.send({ modality: 'rgb', trigger: 1, complete: false });
  },
  stale: (r) => {
    r.cam.triggered(1, null);
    r.send({ modality: 'rgb', trigger: 1, fill: 77 });
    r.cam.triggered(2, null);
    r.send({ modality: 'rgb', trigger: 2, fill: 77 });
  },
  size: (r) => {
    r.cam.triggered(1, null);
    r.send({ modality: 'rgb', trigger: 1, widthPx: 8 });
    r.send({ modality: 'depth', trigger: 1, widthPx: 8 });
  },
  unmatched: (r) => {
    r.cam.triggered(1, null);
    r.send({ modality: 'rgb', trigger: 1, frameId: 1 });
    r.send({ modality: 'rgb', trigger: 1, frameId: 2 });
  },
  coverage: (r) => {
    r.port.answer = () => Promise.resolve(readingOf({ judgedShare: 0.5 }));
    r.part(1);
  },
  rgbDead: (r) => {
    const { depth } = readingOf().vitals;
    r.port.answer = () =>
      Promise.resolve(readingOf({ vitals: { rgb: { share: 1, contrast: 0.4, grain: 0.1 }, depth } }));
    r.part(1);
  },
  depthDead: (r) => {
    const { rgb } = readingOf().vitals;
    r.port.answer = () => Promise.resolve(readingOf({ vitals: { rgb, depth: { share: 0, contrast: 0, grain: 0 } } }));
    r.part(1);
  },
  datum: (r) => {
    r.port.answer = () => Promise.resolve(readingOf({ datum: { offsetMm: -3, tiltMmAcross: 0 } }));
    r.part(1);
  },
  notFinite: (r) => {
    r.port.answer = () => Promise.resolve(readingOf({ score: Number.NaN }));
    r.part(1);
  },
  inference: (r) => {
    r.port.answer = () => Promise.reject(new Error('the host died'));
    r.part(1);
  },
  noModel: (r) => {
    r.port.served = null;
    r.part(1);
  },
  cameraLost: (r) => {
    r.cam.triggered(1, null);
    r.cam.lost('unplugged');
  },
  overrun: (r) => {
    for (const trigger of [1, 2, 3, 4]) r.cam.triggered(trigger, null);
  },
  halted: (r) => {
    r.line.halt('by the operator');
    r.part(1);
  },
  interrupted: async (r) => {
    r.cam.triggered(1, null);
    await r.line.stop();
  },
};

test.each(Object.entries(ways))('a part ends as %s', async (reason, way) => {
  const r = rig();
  await way(r);
  await r.clock.advance(2000);
  expect(r.sink.records.map((record) => record.reason)).toContain(reason);
  expect(r.sink.records).toHaveLength(r.sink.opens.length);
  const { decisions, triggers, reasons: counted } = r.line.counters();
  expect(decisions.pass + decisions.fail + decisions.undecided).toBe(triggers);
  expect(counted[reason as Reason]).toBeGreaterThan(0);
  expect(decisions.pass).toBe(reason === 'good' ? 1 : 0);
  await r.line.stop();
  expect(r.frames.released).toBe(r.frames.made);
});

test('every reason but journal has a way here; journal comes of a failed commit', async () => {
  expect(Object.keys(ways).sort()).toEqual(reasons.filter((reason) => reason !== 'journal').sort());
  const r = rig();
  r.sink.commit = () => Promise.resolve(false);
  r.part(1);
  await r.clock.advance(10);
  const { reasons: counted, decisions, uncommitted } = r.line.counters();
  expect([counted.good, counted.journal, decisions.pass, decisions.undecided, uncommitted]).toEqual([0, 1, 0, 1, 1]);
  expect(r.line.readyState()).toMatchObject({ ready: false, why: 'journal' });
  r.sink.commit = () => Promise.resolve(true);
  r.part(2);
  await r.clock.advance(10);
  expect(r.line.readyState()).toEqual({ ready: true });
});

test('the record names all that was known of the part', async () => {
  const r = rig();
  r.cam.triggered(7, 'serial-7');
  r.send({ modality: 'rgb', trigger: 7 });
  await r.clock.advance(30);
  r.port.answer = () => Promise.resolve(defectReading(3));
  r.send({ modality: 'depth', trigger: 7, capturedAtMs: 1002 });
  await settle();
  expect(r.sink.records[0]).toEqual({
    lineId: 'line1',
    resultId: 'line1-1',
    epoch: null,
    sequence: 1,
    trigger: 7,
    partId: 'serial-7',
    ...openedByCamera,
    decision: 'fail',
    reason: 'defect',
    detail: null,
    score: 3,
    threshold: 1,
    judgedShare: 1,
    regions: [{ id: 1, x: 1, y: 1, widthPx: 1, heightPx: 1, areaPx: 1, peak: 3 }],
    bundle: { name: 'demo', version: '1', digest: 'd1' },
    recipe: null,
    openedAtMs: 1_700_000_001_000,
    closedAtMs: 1_700_000_001_030,
    deadlineMs: 1000,
    captureToVerdictMs: 30,
    inferMs: 5,
  });
  expect(r.sink.evidence[0]?.pair.widthPx).toBe(4);
  expect(r.sink.evidence[0]?.mask?.pixels[5]).toBe(1);
});

test('verdicts are told in trigger order, and a lost frame does not cost the next part', async () => {
  const r = rig();
  r.cam.triggered(1, null);
  await r.clock.advance(100);
  r.part(2);
  await r.clock.advance(100);
  expect(r.told()).toEqual([]);
  await r.clock.advance(500);
  expect(r.told()).toEqual(['1 noFrames', '2 good']);
});

test('one inference at a time; a late reading is only counted', async () => {
  const r = rig();
  const answers: ((reading: ReturnType<typeof readingOf>) => void)[] = [];
  r.port.answer = () => new Promise((resolve) => answers.push(resolve));
  r.part(1);
  r.part(2);
  await r.clock.advance(1000);
  expect(r.told()).toEqual(['1 timeout', '2 timeout']);
  expect(answers).toHaveLength(1);
  answers[0]!(readingOf());
  await settle();
  r.part(3);
  await settle();
  answers[1]!(readingOf());
  await settle();
  expect(r.told()).toEqual(['1 timeout', '2 timeout', '3 good']);
  expect(r.line.counters()).toMatchObject({ lateReadings: 1, abandonedInferences: 0 });
  expect(r.port.peakRunning).toBe(1);
});

test('the commit has its share of the deadline: a part without a reading is closed that much earlier', async () => {
  const r = rig({ deadlineMs: 1000, frameWaitMs: 300, commitReserveMs: 250 });
  r.port.answer = () => new Promise(() => {});
  r.part(1);
  await r.clock.advance(749);
  expect(r.told()).toEqual([]);
  await r.clock.advance(1);
  expect(r.told()).toEqual(['1 timeout']);
  expect(r.sink.records[0]?.deadlineMs).toBe(1000);
});

test('a promise that never settles is abandoned and its frames come back', async () => {
  const r = rig();
  r.port.answer = () => new Promise(() => {});
  r.part(1);
  await r.clock.advance(1100);
  expect(r.frames.released).toBe(0);
  await r.clock.advance(100);
  expect(r.frames.released).toBe(2);
  expect(r.line.counters().abandonedInferences).toBe(1);
  r.port.answer = () => Promise.resolve(readingOf());
  r.part(2);
  await settle();
  expect(r.told()).toEqual(['1 timeout', '2 good']);
});

test('a reading that comes after the deadline is late even where the timer has not run yet', async () => {
  const r = rig();
  let answer = (_: ReturnType<typeof readingOf>): void => {};
  r.port.answer = () => new Promise((resolve) => (answer = resolve));
  r.part(1);
  await settle();
  r.clock.jump(1000);
  answer(readingOf());
  await settle();
  expect(r.told()).toEqual(['1 timeout']);
  expect(r.line.counters().lateReadings).toBe(1);
});

test('a bundle swap falls between two parts', async () => {
  const r = rig();
  let answer = (_: ReturnType<typeof readingOf>): void => {};
  r.port.answer = () => new Promise((resolve) => (answer = resolve));
  r.part(1);
  r.part(2);
  await settle();
  const swapped = r.line.betweenParts(() => {
    r.port.served = { ...bundle, version: '2', digest: 'd2' };
  });
  await settle();
  expect(r.port.served?.digest).toBe('d1');
  answer(readingOf());
  await swapped;
  await settle();
  answer(readingOf());
  await settle();
  expect(r.sink.records.map((record) => record.bundle?.digest)).toEqual(['d1', 'd2']);
  expect(r.told()).toEqual(['1 good', '2 good']);
  const refused = r.line.betweenParts(() => {
    throw new Error('not this one');
  });
  await expect(refused).rejects.toThrow('not this one');
});

test('changes that wait are few', async () => {
  const r = rig();
  r.port.answer = () => new Promise(() => {});
  r.part(1);
  await settle();
  const asked = Array.from({ length: 9 }, () => r.line.betweenParts(() => {}));
  await expect(asked[8]).rejects.toThrow('changes wait for the gap');
  await r.clock.advance(1300);
  await Promise.all(asked.slice(0, 8));
});

test('a storm of triggers is told in bounded memory', async () => {
  const r = rig();
  for (let trigger = 1; trigger <= 3000; trigger++) {
    r.cam.triggered(trigger, null);
    expect(r.line.load.untold).toBeLessThanOrEqual(maxUntold);
    expect(r.line.load.inFlight).toBeLessThanOrEqual(3);
  }
  await r.clock.advance(1000);
  expect(r.sink.records.map((record) => record.trigger)).toEqual(Array.from({ length: 3000 }, (_, at) => at + 1));
});

test('triggers the counter tells of by a gap are parts too', async () => {
  const r = rig();
  r.part(1);
  r.cam.triggered(1, null);
  r.part(3);
  await r.clock.advance(1000);
  expect(r.told()).toEqual(['1 good', '2 noFrames', '3 good']);
  expect(r.line.counters()).toMatchObject({ duplicateEdges: 1, missedEdges: 1 });
});

test('a command opens a part, unless a counter does', async () => {
  const r = rig({ triggerFrom: null });
  expect(r.line.trigger(command('a'))).toBe(1);
  r.send({ modality: 'rgb' });
  r.send({ modality: 'depth' });
  await settle();
  expect(r.sink.records[0]).toMatchObject({ partId: 'a', decision: 'pass' });
  expect(() => rig().line.trigger(command('a'))).toThrow(TwinspectError);
});

test('not ready says why, and a stopped line takes nothing on', async () => {
  const r = rig();
  expect(r.line.readyState()).toEqual({ ready: true });
  r.cam.lost('unplugged');
  expect(r.line.readyState()).toMatchObject({ why: 'cameraLost', detail: 'camera cam: unplugged' });
  r.cam.triggered(1, null);
  r.cam.recovered();
  r.port.served = null;
  expect(r.line.readyState()).toMatchObject({ why: 'noModel' });
  r.port.served = bundle;
  r.cam.ended();
  expect(r.line.readyState()).toMatchObject({ why: 'ended' });
  await r.line.stop();
  expect(r.line.readyState()).toMatchObject({ why: 'stopped' });
  r.part(2);
  expect(r.told()).toEqual(['1 cameraLost']);
  expect(r.line.counters()).toMatchObject({ triggersRefused: 1 });
  expect(r.frames.released).toBe(2);
});

test.each<[string, Partial<LineSettings>]>([
  ['frameWaitMs', { frameWaitMs: 2000 }],
  ['maxPartsInFlight', { maxPartsInFlight: 0 }],
  ['deadlineMs', { deadlineMs: Number.NaN }],
  ['cameras', { cameras: [{ id: 'cam', modalities: ['rgb'] }] }],
  ['triggerFrom', { triggerFrom: 'nobody' }],
])('settings that cannot work are refused: %s', (field, changes) => {
  expect(() => rig(changes)).toThrow(`${field} is`);
});

test('two cameras whose frames come in either order', async () => {
  const r = rig(twoCameras);
  for (let count = 1; count <= 4; count++) {
    const [first, second] = count % 2 ? ['range', 'colour'] : ['colour', 'range'];
    r.line.sinkFor(first!).triggered(count + (first === 'colour' ? 90 : 0), null);
    r.line.sinkFor(second!).triggered(count + (second === 'colour' ? 90 : 0), null);
    const rgb: FrameWish = { modality: 'rgb', cameraId: 'colour', trigger: count + 90 };
    const depth: FrameWish = { modality: 'depth', cameraId: 'range', trigger: count };
    for (const wish of count > 2 ? [rgb, depth] : [depth, rgb]) r.send(wish);
    await r.clock.advance(100);
  }
  expect(r.told()).toEqual(['1 good', '2 good', '3 good', '4 good']);
});
