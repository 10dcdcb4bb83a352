import { describe, expect, test } from 'vitest';
import { drawScenes, rgbStamp, type SceneChoice, stampDepth, stampRgb } from '../../gige/scene.ts';
import { until } from '../../inference/rig.ts';
import {
  aravis,
  colourModel,
  depthModel,
  KeepingSink,
  openCamera,
  patience,
  recordedParts,
  skipAravis,
  startRig,
} from './rig.ts';

describe.skipIf(skipAravis)(
  `libaravis ${aravis ?? '(not installed)'} and the simulated camera`,
  { timeout: patience },
  () => {
    test('a hardware trigger: every frame by content, in order, with its count and its instant', async () => {
      const rig = await startRig({ models: [colourModel('127.0.10.1')] });
      const { camera, sink } = await openCamera({ address: '127.0.10.1', count: 'chunk' }, ['rgb']);
      expect(camera.facts).toMatchObject({ vendor: 'Twinspect', model: 'Colour', address: '127.0.10.1' });
      await rig.pace(10, 20);
      await until('ten frames', () => sink.seen.length === 10);
      expect(sink.seen.map(({ trigger, stamp }) => [trigger, stamp])).toEqual(
        Array.from({ length: 10 }, (_, at) => [at + 1, at + 1]),
      );
      expect(sink.log.slice(0, 4)).toEqual(['trigger 1 null', 'rgb 1', 'trigger 2 null', 'rgb 2']);
      for (const { frame } of sink.seen) {
        expect(frame.capturedAtUs / 1000).toBeLessThanOrEqual(frame.arrivedAtMs);
        expect(frame.arrivedAtMs - frame.capturedAtUs / 1000).toBeLessThan(5000);
      }
      expect(camera.counters()).toEqual({ frames: 10, dropped: 0, reconnects: 0 });
      expect(camera.held).toBe(0);
      await until('a beat', () => camera.libraryCounters['n_completed_buffers'] === 10);
    });

    test.each([
      ['drawn', async (): Promise<SceneChoice> => ({ seed: 7, scenes: 2 })],
      ['recorded', async (): Promise<SceneChoice> => ({ folder: await recordedParts(96, 64), scenes: 2 })],
    ])('a frame is the scene, byte by byte: one that was %s', async (_, chosen) => {
      const [colour, range] = [colourModel('127.0.10.2'), depthModel('127.0.10.3')];
      const choice = await chosen();
      const rig = await startRig({ models: [colour, range], scene: choice });
      const [scene] = (await drawScenes(choice, 96, 64)).slice(1);
      const { sink, camera } = await openCamera({ address: colour.ip }, ['rgb'], new KeepingSink());
      const depth = await openCamera({ address: range.ip }, ['depth'], new KeepingSink());
      await rig.edge();
      await until('both frames', () => sink.frames.length === 1 && depth.sink.frames.length === 1);
      const rgb = scene!.rgb.slice();
      stampRgb(rgb, 1);
      expect(sink.rgb(1)!.pixels).toEqual(rgb);
      const expected = scene!.depthMm.slice();
      stampDepth(expected, 1);
      const { depthMm } = depth.sink.depth(1)!;
      expect(depthMm.length).toBe(expected.length);
      depthMm.forEach((mm, at) => {
        if (expected[at]! > 0) expect(mm, `at ${at}`).toBeCloseTo(expected[at]!, 2);
        else expect(mm, `at ${at}`).toBeNaN();
      });
      expect(camera.held + depth.camera.held).toBe(2);
      for (const frame of [...sink.frames, ...depth.sink.frames]) frame.release();
      expect(camera.held + depth.camera.held).toBe(0);
    });

    test.each([
      ['Coord3D_C16', { scale: 0.05, offset: 100, invalid: 0 }],
      ['Coord3D_C16', { scale: 0.00001, offset: 0, invalid: 65_535, unit: 'Meter' }],
      ['Coord3D_C32f', { scale: 1, offset: 0 }],
      ['Coord3D_ABC32f', { scale: 1, offset: 0 }],
      ['Coord3D_ABC32f', { scale: 0.5, offset: 0.01, unit: 'Meter' }],
    ] as const)('%s with %o is mm', async (format, depth) => {
      const rig = await startRig({
        models: [depthModel('127.0.10.4', { format, depth })],
        scene: { seed: 3, scenes: 1 },
      });
      const { sink } = await openCamera({ address: '127.0.10.4' }, ['depth']);
      await rig.edge();
      await until('a frame', () => sink.seen.length === 1);
      expect(sink.seen[0]!.stamp).toBe(1);
    });

    test.each(['Mono8', 'Mono16', 'BayerRG8', 'RGB8'] as const)('%s becomes colour', async (format) => {
      const rig = await startRig({ models: [colourModel('127.0.10.5', { format })] });
      const { sink } = await openCamera({ address: '127.0.10.5' }, ['rgb'], new KeepingSink());
      await rig.edge();
      await until('a frame', () => sink.frames.length === 1);
      const [frame] = sink.frames;
      expect(frame).toMatchObject({ modality: 'rgb', widthPx: 96, heightPx: 64 });
      expect(new Set(sink.rgb(1)!.pixels).size).toBeGreaterThan(20);
      frame!.release();
    });

    test('one camera delivers both: range and intensity of one exposure, in one slot', async () => {
      const rig = await startRig({ models: [depthModel('127.0.10.6')] });
      const { camera, sink } = await openCamera({ address: '127.0.10.6' }, ['rgb', 'depth']);
      expect(camera.facts!.delivers).toEqual([
        { modality: 'rgb', component: 'Intensity', format: 'Mono8' },
        { modality: 'depth', component: 'Range', format: 'Coord3D_C16' },
      ]);
      await rig.pace(3, 20);
      await until('six frames', () => sink.seen.length === 6);
      expect(sink.log.slice(0, 3)).toEqual(['trigger 1 null', 'rgb 1', 'depth 1']);
      expect(sink.seen.filter(({ modality }) => modality === 'depth').map(({ stamp }) => stamp)).toEqual([1, 2, 3]);
      expect(camera.held).toBe(0);
    });

    test.each(['software', 'action'] as const)('by %s trigger', async (trigger) => {
      await startRig({ models: [colourModel('127.0.10.7')] });
      const { camera, sink } = await openCamera({ address: '127.0.10.7', trigger }, ['rgb']);
      for (let shot = 1; shot <= 3; shot++) {
        expect(camera.trigger()).toBe(true);
        await until(`frame ${shot}`, () => sink.seen.length === shot);
      }
      expect(sink.seen.map(({ stamp }) => stamp)).toEqual([1, 2, 3]);
    });

    test('at its own pace, and features that are set at opening', async () => {
      await startRig({ models: [colourModel('127.0.10.8')] });
      const features = 'AcquisitionFrameRate=40 # per second\nExposureTime=2500; Width=96';
      const { camera, sink } = await openCamera({ address: '127.0.10.8', trigger: 'free', features }, ['rgb']);
      await until('frames', () => sink.seen.length >= 5);
      expect(await camera.readFeature('ExposureTime')).toMatchObject({
        ...{ kind: 'float', value: '2500', access: 'readWrite', expected: '1 to 100000 us' },
      });
      expect(await camera.readFeature('AcquisitionFrameRate')).toMatchObject({ value: '40' });
      const all = await camera.features();
      expect(all.map(({ name }) => name)).toContain('Scan3dCoordinateScale');
      expect(all.find(({ name }) => name === 'TriggerMode')).toMatchObject({
        ...{ value: 'Off', expected: 'one of Off, On', category: 'AcquisitionControl' },
      });
    });

    test('features that cannot be: the feature, the value and what it may be', async () => {
      await startRig({ models: [colourModel('127.0.10.9')] });
      const open = (features: string) => openCamera({ address: '127.0.10.9', features }, ['rgb']);
      const refusals = [
        ['ExposureTime=0', 'feature ExposureTime cannot be 0: expected 1 to 100000 us'],
        ['ExposureTime=long', 'feature ExposureTime cannot be long: expected 1 to 100000 us'],
        ['Width=5000', 'feature Width cannot be 5000: expected 16 to 4096'],
        ['PixelFormat=RGB9', 'feature PixelFormat cannot be RGB9: expected one of Mono8'],
        ['ChunkModeActive=maybe', 'feature ChunkModeActive cannot be maybe: expected true or false'],
        ['Gain=3', 'feature Gain cannot be 3: the camera has no such feature'],
        ['PayloadSize=5', 'feature PayloadSize cannot be 5: it is read-only'],
      ];
      for (const [features, expected] of refusals) await expect(open(features!)).rejects.toThrow(expected);
      await expect(openCamera({ address: '127.0.10.9' }, ['depth'])).rejects.toThrow(
        'it delivers the image in RGB8, expected depth (Coord3D_C16',
      );
      // None of them kept the camera.
      const { camera } = await open('ExposureTime=77');
      await expect(camera.writeFeature('ExposureTime', '1e9')).rejects.toThrow('expected 1 to 100000 us');
      expect(await camera.writeFeature('ExposureTime', '78')).toMatchObject({ value: '78' });
    });

    test('a consumer that holds every buffer is told, and nothing is overwritten', async () => {
      const rig = await startRig({ models: [colourModel('127.0.10.10')] });
      const { camera, sink } = await openCamera({ address: '127.0.10.10' }, ['rgb'], new KeepingSink());
      await rig.pace(9, 15);
      await until('all told', () => sink.log.filter((line) => /^(rgb|dropped)/.test(line)).length === 9);
      expect(sink.log.filter((line) => line.startsWith('dropped'))).toEqual(
        [7, 8, 9].map((trigger) => `dropped rgb ${trigger}: the consumer holds all buffers`),
      );
      expect(sink.frames.map((frame) => frame.modality === 'rgb' && rgbStamp(frame.pixels))).toEqual([
        1, 2, 3, 4, 5, 6,
      ]);
      for (const frame of sink.frames) frame.release();
      await rig.edge();
      await until('one more', () => sink.frames.length === 7);
      expect(camera.counters()).toMatchObject({ frames: 7, dropped: 3 });
      expect(() => sink.frames[0]!.release()).toThrow('released twice');
      sink.frames[6]!.release();
    });
  },
);
