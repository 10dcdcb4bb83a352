import { spawn } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import { pickDevice } from '../../../drivers/aravis/discover.ts';
import { searchAravis } from '../../../drivers/aravis/search.ts';
import { until } from '../../inference/rig.ts';
import { aravis, KeepingSink, openCamera, patience, ReleasingSink, skipAravis } from './rig.ts';

/** It listens on an address of an interface only; the others of the loopback network are none. */
const fakeIp = '127.0.0.1';

/** The fake camera that Aravis brings: another device than ours, by other people. */
function startFake(ip: string, serial: string): void {
  const child = spawn('arv-fake-gv-camera-0.8', ['-i', ip, '-s', serial], { stdio: 'ignore' });
  child.once('error', (error) => {
    throw error;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
}

describe.skipIf(skipAravis)(
  `Aravis' own fake camera, libaravis ${aravis ?? '(not installed)'}`,
  { timeout: patience },
  () => {
    test('frames by software trigger, numbered over the wrap of 16 bits', async () => {
      startFake(fakeIp, 'FAKE1');
      const sink = new KeepingSink();
      // Its numbers begin at 65400.
      const settings = { address: fakeIp, trigger: 'software', features: 'Width=64; Height=32', stallMs: 60_000 };
      const { camera } = await openCamera(settings, ['rgb'], sink);
      await until('it runs', () => camera.problem === null);
      expect(camera.facts).toMatchObject({ vendor: 'Aravis', model: 'Fake', serial: 'FAKE1' });
      // Some triggers fall between two ticks of its own and are lost: that is its way.
      while (sink.frames.length < 145) {
        const before = sink.frames.length;
        camera.trigger();
        await until('a frame', () => sink.frames.length > before, 500).catch(() => undefined);
        sink.frames.at(-1)?.release();
      }
      const ids = sink.frames.map(({ frameId }) => frameId);
      expect(Math.max(...ids)).toBeGreaterThan(65_535);
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
      expect(new Set(ids).size).toBe(ids.length);
      expect(sink.count('lost') + sink.count('recovered')).toBe(0);
      for (const frame of sink.frames) expect(frame).toMatchObject({ widthPx: 64, heightPx: 32, complete: true });
    });

    test('lost when it is killed, found again when it is back', async () => {
      const child = spawn('arv-fake-gv-camera-0.8', ['-i', fakeIp, '-s', 'FAKE2'], { stdio: 'ignore' });
      onTestFinished(() => void child.kill('SIGKILL'));
      const sink = new ReleasingSink();
      const { camera } = await openCamera({ address: fakeIp, trigger: 'free' }, ['rgb'], sink);
      await until('frames', () => sink.seen.length > 3, patience / 2);
      child.kill('SIGKILL');
      await until('lost', () => sink.count('lost') > 0, patience / 2);
      startFake(fakeIp, 'FAKE2');
      const before = sink.seen.length;
      await until('frames again', () => camera.problem === null && sink.seen.length > before, patience / 2);
    });

    test('its features by name, with their ranges', async () => {
      startFake(fakeIp, 'FAKE3');
      const { camera } = await openCamera({ address: fakeIp }, ['rgb']);
      await until('it runs', () => camera.problem === null);
      const features = await camera.features();
      expect(features.length).toBeGreaterThan(20);
      const width = features.find(({ name }) => name === 'Width');
      expect(width).toMatchObject({ kind: 'integer', access: 'readWrite', expected: '1 to 2048' });
      await expect(camera.writeFeature('Width', '4000')).rejects.toThrow('Width cannot be 4000: expected 1 to 2048');
    });

    test('found by a search, and opened by serial number and by name', async () => {
      startFake(fakeIp, 'FAKE4');
      const searched = async () =>
        (await searchAravis('', systemClock)).devices.find(({ serial }) => serial === 'FAKE4');
      let found = await searched();
      for (let again = 0; again < 10 && !found; again++) found = await searched();
      expect(found).toMatchObject({ vendor: 'Aravis', model: 'Fake', address: fakeIp, protocol: 'GigEVision' });
      for (const address of ['FAKE4', found!.id]) {
        const { camera } = await openCamera({ address, trigger: 'free' }, ['rgb']);
        await until('it runs', () => camera.problem === null, patience / 2);
        expect(camera.facts).toMatchObject({ serial: 'FAKE4', address: fakeIp });
        await camera.stop();
      }
      const { sink } = await openCamera({ address: 'NOBODY' }, ['rgb']);
      expect(sink.log[0]).toContain('lost: no camera called NOBODY answers; found');
      expect(sink.log[0]).toContain('FAKE4');
    });

    test('a search says which library it used, whatever it finds', async () => {
      const found = await searchAravis('', systemClock);
      expect(found.library).toBe(`libaravis ${aravis} (libaravis-0.8.so.0)`);
      expect(Array.isArray(found.devices)).toBe(true);
      await expect(searchAravis('/nowhere.so', systemClock)).rejects.toThrow('/nowhere.so');
    });
  },
);

test('a name fits one camera, or it is said which there are', () => {
  const device = (serial: string, address: string) => ({
    ...{ id: `Maker-Model-${serial}`, physicalId: `00:${serial}`, address, vendor: 'Maker', model: 'Model', serial },
    protocol: 'GigEVision',
  });
  const found = [device('A1', '10.0.0.1'), device('A2', '10.0.0.2'), device('A2', '10.0.0.3')];
  for (const name of ['A1', 'Maker-Model-A1', '10.0.0.1', '00:A1']) expect(pickDevice(found, name)).toBe(found[0]);
  expect(pickDevice(found, 'A2')).toBe(
    '2 cameras are called A2: Maker-Model-A2 (serial A2, 10.0.0.2), Maker-Model-A2 (serial A2, 10.0.0.3)',
  );
  expect(pickDevice([], 'A3')).toBe('no camera called A3 answers; found none');
  expect(pickDevice(found.slice(0, 1), 'A3')).toContain('found Maker-Model-A1');
});
