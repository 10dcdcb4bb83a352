import { describe, expect, it } from 'vitest';
import { schema } from '../../config/schema.ts';
import { presetNames } from '../../drivers/aravis/presets/index.ts';
import { countSources, triggerModes } from '../../drivers/aravis/settings.ts';
import { type CameraSettings, driverNames, openCamera } from '../../drivers/index.ts';
import { ReplayCamera } from '../../drivers/replay/camera.ts';
import { SyntheticCamera } from '../../drivers/synthetic/camera.ts';
import { exportSynthetic } from '../../drivers/synthetic/export.ts';
import { renderPart } from '../../drivers/synthetic/part.ts';
import { RecordingSink } from './recording-sink.ts';
import { MemoryFiles } from './replay/memory-files.ts';
import { SimulatedClock } from './simulated-clock.ts';

const grid = { widthPx: 32, heightPx: 24 };

async function recorded(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const settings = { dir: 'set', seed: 1, train: 1, validation: 0, testGood: 1, testPerKind: 1, grid };
  await exportSynthetic(files.write, { ...settings, kinds: ['hole'] });
  return files;
}

const open = async (settings: Partial<CameraSettings>, files = new MemoryFiles()) =>
  openCamera({ id: 'cam', driver: 'synthetic', ...settings }, new SimulatedClock(), files);

describe('opening a camera by its settings', () => {
  it('opens the synthetic one; its parts come from a thread of its own', async () => {
    const clock = new SimulatedClock();
    const sink = new RecordingSink();
    const settings = { id: 'cam', driver: 'synthetic', synthetic: { seed: 9, periodMs: 50, defectRate: 0, grid } };
    const camera = await openCamera(settings, clock, new MemoryFiles());
    expect(camera).toBeInstanceOf(SyntheticCamera);
    await camera.start(sink, new AbortController().signal);
    clock.advance(50);
    await camera.stop();
    expect(sink.log).toEqual(['trigger 1 P000001', 'rgb 1', 'depth 1']);
    expect(sink.rgb(1)!.pixels).toEqual(renderPart({ seed: 9, part: 1, grid }).rgb);
  });

  it('opens a replay of one split', async () => {
    const clock = new SimulatedClock();
    const sink = new RecordingSink();
    const replay = { folder: 'set', split: 'test', pace: 'stepped', periodMs: 50, loop: false };
    const camera = await openCamera({ id: 'cam', driver: 'replay', replay }, clock, await recorded());
    expect(camera).toBeInstanceOf(ReplayCamera);
    await camera.start(sink, new AbortController().signal);
    while (camera.trigger());
    await (camera as ReplayCamera).settled();
    expect(sink.log.filter((line) => line.startsWith('trigger'))).toEqual([
      'trigger 1 test/good/000',
      'trigger 2 test/hole/000',
    ]);
    expect(sink.depth(2)!.depthMm).toEqual(
      renderPart({ seed: 1, part: 3, defect: { kind: 'hole', severity: 0.65 }, grid }).depthMm,
    );
  });

  it('refuses an unknown driver by listing the known ones', async () => {
    for (const driver of ['basler', 'toString', '']) {
      await expect(open({ driver })).rejects.toThrow(
        `Camera cam: no driver called "${driver}"; there are synthetic, replay`,
      );
    }
  });

  it('refuses settings by name', async () => {
    const files = await recorded();
    const replay = (over: Record<string, unknown>) =>
      open({ driver: 'replay', replay: { folder: 'set', ...over } }, files);
    await expect(open({ driver: 'replay' })).rejects.toThrow('replay.folder is empty');
    await expect(replay({ folder: 'nowhere' })).rejects.toThrow('Cannot read nowhere as recorded parts');
    await expect(replay({ layout: 'bag' })).rejects.toThrow(
      'replay.layout is bag, expected mvtec3d, eyecandies, pairs',
    );
    await expect(replay({ pace: 'fast' })).rejects.toThrow('replay.pace is fast, expected original, fixed, stepped');
    await expect(replay({ split: 'tests' })).rejects.toThrow('replay.split is tests');
    await expect(replay({ split: 'validation' })).rejects.toThrow('expected a split of set: train, test');
    await expect(replay({ periodMs: 1 })).rejects.toThrow('periodMs is 1');
    await expect(open({ synthetic: { defectRate: 2 } })).rejects.toThrow('defectRate is 2');
  });
});

it('the configuration knows the drivers and presets there are', () => {
  expect(schema.camera.driver.expected).toBe(`one of ${driverNames.join(', ')}`);
  expect(schema.camera.aravis.preset.expected).toBe(`one of ${presetNames.join(', ')}`);
  expect(schema.camera.aravis.trigger.expected).toBe(`one of ${triggerModes.join(', ')}`);
  expect(schema.camera.aravis.count.expected).toBe(`one of ${countSources.join(', ')}`);
});
