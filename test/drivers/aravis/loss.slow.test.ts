import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { SimulatedCamera } from '../../gige/camera.ts';
import { drawScenes } from '../../gige/scene.ts';
import { until } from '../../inference/rig.ts';
import {
  aravis,
  colourModel,
  makeCamera,
  type Opened,
  openCamera,
  patience,
  ReleasingSink,
  running,
  skipAravis,
  startRig,
} from './rig.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => systemClock.after(ms, resolve));
/** Waiting for a device costs seconds: its own heartbeat, and libaravis' patience. */
const longMs = 30_000;

async function lost(opened: Opened, before = 0): Promise<string> {
  await until('lost', () => opened.sink.count('lost') > before, longMs);
  return opened.sink.log.filter((line) => line.startsWith('lost')).at(-1)!;
}

const settings = (address: string) => ({ address, count: 'chunk', countFeature: 'CounterValue' });

describe.skipIf(skipAravis)(
  `libaravis ${aravis ?? '(not installed)'}: cameras that go and come`,
  { timeout: 2 * patience },
  () => {
    test('an idle camera that freezes is lost, and delivers again when it thaws, numbered anew', async () => {
      const rig = await startRig({ models: [colourModel('127.0.12.1')] });
      const opened = await openCamera({ ...settings('127.0.12.1'), features: 'ExposureTime=321' }, ['rgb']);
      await rig.faults(0, { frozen: true });
      expect(await lost(opened)).toMatch(/has not answered for \d+ ms/);
      expect(opened.camera.trigger()).toBe(false);
      await expect(opened.camera.features()).rejects.toThrow('cannot be asked now');
      await rig.faults(0, { frozen: false });
      await until('recovered', () => opened.sink.log.at(-1) === 'recovered', longMs);
      await rig.edge();
      await until('a frame', () => opened.sink.seen.length === 1);
      expect(opened.camera.counters().reconnects).toBe(1);
      // The whole configuration was set again.
      expect(await opened.camera.readFeature('ExposureTime')).toMatchObject({ value: '321' });
    });

    test('a camera that was switched off and on is noticed by its lost controller', async () => {
      const rig = await startRig({ models: [colourModel('127.0.12.2')] });
      const opened = await openCamera({ ...settings('127.0.12.2'), features: 'ExposureTime=321' }, ['rgb']);
      await rig.pace(3, 20);
      await until('frames', () => opened.sink.seen.length === 3);
      await rig.reboot(0, 100);
      await lost(opened);
      await until('recovered', () => opened.sink.log.at(-1) === 'recovered', longMs);
      await rig.edge();
      await until('a frame', () => opened.sink.seen.length === 4);
      expect(opened.sink.seen.at(-1)).toMatchObject({ trigger: 1, stamp: 1 });
      expect(await opened.camera.readFeature('ExposureTime')).toMatchObject({ value: '321' });
    });

    test('an address nobody answers at: said, and tried until somebody does', async () => {
      const opened = await openCamera(settings('127.0.12.3'), ['rgb']);
      expect(opened.sink.log).toEqual(['lost: no camera answers at 127.0.12.3']);
      await pause(2500);
      // Once for all the while.
      expect(opened.sink.log).toHaveLength(1);
      await startRig({ models: [colourModel('127.0.12.3')] });
      await running(opened);
      expect(opened.sink.log.at(-1)).toBe('recovered');
    });

    test('a camera that another program controls: said, and taken when it is let go', async () => {
      const rig = await startRig({ models: [colourModel('127.0.12.4')] });
      const first = await openCamera(settings('127.0.12.4'), ['rgb']);
      const second = await openCamera(settings('127.0.12.4'), ['rgb']);
      expect(second.sink.log).toEqual(['lost: 127.0.12.4 is controlled by another host or program']);
      expect(first.camera.problem).toBeNull();
      await first.camera.stop();
      await running(second);
      await rig.edge();
      await until('a frame', () => second.sink.seen.length === 1);
      expect(first.sink.seen).toEqual([]);
    });

    test('a process that is killed is replaced', async () => {
      const rig = await startRig({ models: [colourModel('127.0.12.5')] });
      const opened = await openCamera(settings('127.0.12.5'), ['rgb']);
      process.kill(opened.camera.pid!, 'SIGKILL');
      expect(await lost(opened)).toBe('lost: its process was killed by SIGKILL');
      await running(opened);
      await rig.edge();
      await until('a frame', () => opened.sink.seen.length === 1);
    });

    test('one that answers, counts triggers and sends nothing is opened anew, and its triggers are told', async () => {
      const rig = await startRig({ models: [colourModel('127.0.12.6')] });
      const opened = await openCamera(settings('127.0.12.6'), ['rgb']);
      await rig.edge();
      await until('a frame', () => opened.sink.seen.length === 1);
      await rig.faults(0, { mute: true });
      await rig.pace(3, 50);
      expect(await lost(opened)).toMatch(/answers, but no frame came for \d+ ms although it is triggered/);
      expect(opened.sink.log).toContain('trigger 4 null');
      await rig.faults(0, { mute: false });
      await until('recovered', () => opened.sink.log.at(-1) === 'recovered', longMs);
      await rig.edge();
      await until('a frame', () => opened.sink.seen.length === 2);
    });

    test('a device clock that jumps, by which frames stay on the host clock', async () => {
      const rig = await startRig({ models: [colourModel('127.0.12.7')] });
      const opened = await openCamera(settings('127.0.12.7'), ['rgb']);
      for (const aheadMs of [0, 37_000, -37_000, 3_600_000]) {
        await rig.clock(0, { aheadMs });
        // Compared with the host's once a second.
        await pause(2500);
        const before = opened.sink.seen.length;
        const sentMs = systemClock.nowMs();
        await rig.edge();
        await until('a frame', () => opened.sink.seen.length > before);
        const { frame } = opened.sink.seen.at(-1)!;
        expect(frame.capturedAtUs / 1000, `${aheadMs} ms ahead`).toBeGreaterThan(sentMs - 100);
        expect(frame.capturedAtUs / 1000, `${aheadMs} ms ahead`).toBeLessThanOrEqual(frame.arrivedAtMs + 2);
      }
      expect(opened.sink.count('lost')).toBe(0);
      await until('a beat', () => (opened.camera.libraryCounters['clockJumps'] ?? 0) >= 3);
    });

    test('stopping while it waits, and before it was started', async () => {
      const { camera } = makeCamera(settings('127.0.12.8'), ['rgb']);
      const started = camera.start(new ReleasingSink(), new AbortController().signal);
      await camera.stop();
      await started;
      await camera.stop();
      await makeCamera(settings('127.0.12.8'), ['rgb']).camera.stop();
    });

    test('a library that is none, or too old, is named with what it lacks', async () => {
      await expect(openCamera({ address: '127.0.12.9', library: '/nowhere/libaravis.so' }, ['rgb'])).rejects.toThrow(
        /camera library .*nowhere.libaravis.so cannot be used: .*cannot open shared object file/,
      );
      await expect(openCamera({ address: '127.0.12.9', library: 'libc.so.6' }, ['rgb'])).rejects.toThrow(
        'it lacks arv_buffer_get_part_component_id, expected libaravis 0.8.25 or later',
      );
    });
  },
);

test('the simulated camera is refused an address that is taken', async () => {
  const scenes = await drawScenes({ seed: 1, scenes: 1 }, 96, 64);
  const [one, other] = [1, 2].map((seed) => new SimulatedCamera(colourModel('127.0.12.10'), scenes, seed));
  await one!.start();
  await expect(other!.start()).rejects.toThrow('EADDRINUSE');
  one!.stop();
});
