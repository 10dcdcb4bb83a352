import { describe, expect, test } from 'vitest';
import { until } from '../../inference/rig.ts';
import { aravis, colourModel, depthModel, openCamera, patience, skipAravis, startRig } from './rig.ts';

const total = 60;

describe.skipIf(skipAravis)(
  `libaravis ${aravis ?? '(not installed)'}: what a network does to frames`,
  { timeout: patience },
  () => {
    const big = { widthPx: 320, heightPx: 240 };

    test('lost packets are asked for again: no frame is missed', async () => {
      const rig = await startRig({ models: [colourModel('127.0.13.1', big)], seed: 5 });
      const { sink } = await openCamera({ address: '127.0.13.1', count: 'chunk' }, ['rgb']);
      await rig.faults(0, { loss: 0.01 });
      const [facts] = await rig.pace(total, 25);
      await until('all frames', () => sink.seen.length === total);
      expect(facts!.framesHit).toBeGreaterThan(5);
      expect((await rig.facts())[0]!.packetsResent).toBeGreaterThan(0);
      expect(sink.seen.map(({ stamp }) => stamp)).toEqual(Array.from({ length: total }, (_, at) => at + 1));
      expect(sink.count('dropped')).toBe(0);
    });

    test.each([
      ['resend refused by the camera', { resendRefused: true }, {}],
      ['resend not asked for', {}, { resend: false }],
    ])('%s: exactly the frames that were hit are missed, each told', async (_, faults, settings) => {
      const rig = await startRig({ models: [colourModel('127.0.13.2', big)], seed: 5 });
      const { sink } = await openCamera({ address: '127.0.13.2', ...settings }, ['rgb']);
      await rig.faults(0, { loss: 0.005, ...faults });
      const [facts] = await rig.pace(total, 25);
      const hit = facts!.framesHit;
      expect(hit).toBeGreaterThan(2);
      await until('all told', () => sink.seen.length + sink.count('dropped') === total, patience / 2);
      expect(sink.seen.length).toBe(total - hit);
      for (const { stamp, trigger } of sink.seen) expect(stamp).toBe(trigger);
      const dropped = sink.log.filter((line) => line.startsWith('dropped'));
      const missed = new Set(dropped.map((line) => Number(/dropped rgb (\d+): packets/.exec(line)?.[1])));
      expect(missed.size).toBe(hit);
      for (const { trigger } of sink.seen) expect(missed.has(trigger!)).toBe(false);
    });

    test('missed triggers, frames that vanish, late and doubled ones, no chunk, no time, another size', async () => {
      const rig = await startRig({ models: [colourModel('127.0.13.3')] });
      const { sink } = await openCamera({ address: '127.0.13.3', count: 'chunk' }, ['rgb']);
      const shot = async (faults: Record<string, number>): Promise<void> => {
        await rig.faults(0, faults);
        await rig.edge();
      };
      await shot({});
      await shot({ deaf: 1 });
      await shot({});
      await until('2', () => sink.seen.length === 2);
      expect(sink.seen.map(({ trigger }) => trigger)).toEqual([1, 2]);
      await shot({ vanish: 1 });
      await shot({ lateMs: 120 });
      await until('the late one', () => sink.seen.at(-1)?.trigger === 4);
      await shot({ lateMs: 0, twice: 1 });
      await until('and the next', () => sink.seen.at(-1)?.trigger === 5);
      await shot({ withoutChunk: 1 });
      await until('told by its number alone', () => sink.seen.at(-1)?.trigger === 6);
      await shot({ withoutTime: 1 });
      await until('7', () => sink.seen.at(-1)?.trigger === 7);
      const { frame } = sink.seen.at(-1)!;
      expect(frame.arrivedAtMs - frame.capturedAtUs / 1000).toBeLessThan(1000);
      await shot({ wrongSize: 1 });
      await until('8', () => sink.seen.at(-1)?.trigger === 8);
      expect(sink.seen.at(-1)!.frame).toMatchObject({ widthPx: 96, heightPx: 32 });
      for (const { stamp, trigger } of sink.seen) expect(stamp).toBe(trigger);
      expect(sink.count('recovered')).toBe(0);
    });

    test('a multipart frame without its range, and one without parts, are told with what they lack', async () => {
      const rig = await startRig({ models: [depthModel('127.0.13.4')] });
      const { sink } = await openCamera({ address: '127.0.13.4' }, ['rgb', 'depth']);
      await rig.faults(0, { withoutRange: 1 });
      await rig.edge();
      await until('told', () => sink.log.length === 3);
      expect(sink.log).toEqual(['trigger 1 null', 'dropped depth 1: the frame has no Range', 'rgb 1']);
      await rig.edge();
      await until('whole again', () => sink.seen.length === 3);
      expect(sink.log.slice(3)).toEqual(['trigger 2 null', 'rgb 2', 'depth 2']);
    });

    test('a lost leader or trailer costs that frame alone', async () => {
      const rig = await startRig({ models: [colourModel('127.0.13.5')] });
      const { sink } = await openCamera({ address: '127.0.13.5', resend: false }, ['rgb']);
      for (const faults of [{}, { withoutLeader: 1 }, {}, { withoutTrailer: 1 }, {}, {}, {}]) {
        await rig.faults(0, faults);
        await rig.edge();
      }
      await until('the last', () => sink.seen.some(({ trigger }) => trigger === 7));
      const whole = sink.seen.map(({ trigger }) => trigger);
      expect(whole).toEqual(expect.arrayContaining([1, 3, 5, 6, 7]));
      expect(whole).not.toContain(2);
      for (const { stamp, trigger } of sink.seen) expect(stamp).toBe(trigger);
    });

    test('control is mute for a moment: nothing is lost', async () => {
      const rig = await startRig({ models: [colourModel('127.0.13.6')] });
      const { sink, camera } = await openCamera({ address: '127.0.13.6' }, ['rgb']);
      await rig.faults(0, { frozen: true });
      await rig.pace(1, 200);
      await rig.faults(0, { frozen: false });
      await rig.pace(20, 50);
      await until('frames', () => sink.seen.length === 20);
      expect(sink.count('lost')).toBe(0);
      expect(camera.counters().reconnects).toBe(0);
    });
  },
);
