/**
 * The drivers by name, and the one place where the settings of a camera become a camera. Refuses an unknown name by
 * listing the known ones.
 */
import { fail, type TwinspectError } from '../errors.ts';
import type { AravisSettings } from './aravis/settings.ts';
import type { Camera, DriverClock } from './camera.ts';
import type { FileReader } from './files.ts';
import type { Modality } from './frame.ts';
import type { GstreamerSettings } from './gstreamer/settings.ts';
import { readRecording } from './recording/reader.ts';
import { defaultReplayPeriodMs, type Pace, paces, ReplayCamera } from './replay/camera.ts';
import { layoutNames, listSamples } from './replay/layouts.ts';
import { RecordingCamera } from './replay/mcap/camera.ts';
import { expectPlausible } from './replay/plausible.ts';
import type { Split } from './replay/sample.ts';
import { SyntheticCamera } from './synthetic/camera.ts';
import { WorkerRenderer } from './synthetic/renderer.ts';

export type { FoundDevice } from './aravis/discover.ts';
export type { Feature } from './aravis/features.ts';
export { type Preset, presets } from './aravis/presets/index.ts';
export { type Found, searchAravis } from './aravis/search.ts';
export type { AravisSettings } from './aravis/settings.ts';
export type { Camera, CameraCounters, CameraSink, DriverClock } from './camera.ts';
export { diskFiles, type FileEntry, type FileReader, noticing } from './files.ts';
export type { DepthFrame, Frame, FrameStamp, Modality, RgbFrame } from './frame.ts';
export { type Layout, layoutNames, listSamples } from './replay/layouts.ts';
export { expectKinds, expectPlausible, expectTruth } from './replay/plausible.ts';
export type { LoadedSample, Sample, Split } from './replay/sample.ts';
export { type Level, levelNames } from './synthetic/amounts.ts';
export { allKindNames, type DefectKind, defectKindNames } from './synthetic/defects.ts';
export { type ExportSettings, exportSynthetic, writeSet } from './synthetic/export.ts';
export { suiteDefaults, suiteMostParts, suiteSet } from './synthetic/suite.ts';
export { suitePage } from './synthetic/suite-page.ts';

/** What the config says of a camera: one section per driver; a driver reads its own and refuses what it cannot use. */
export interface CameraSettings {
  id: string;
  driver: string;
  synthetic?: {
    seed?: number;
    /** null: parts come by software trigger. */
    periodMs?: number | null;
    defectRate?: number;
    grid?: { widthPx: number; heightPx: number };
  };
  replay?: {
    folder: string;
    /** Detected where absent. */
    layout?: string;
    /** Only this split; all where absent. */
    split?: string;
    pace?: string;
    periodMs?: number;
    loop?: boolean;
  };
  aravis?: AravisSettings;
  gstreamer?: GstreamerSettings;
  /** What a live camera is to deliver; what else it has is left alone. Both where absent. */
  modalities?: readonly Modality[];
  /** Exposures of a live camera that may be held at a time. */
  slots?: number;
}

/** As many as parts may be in flight by default, and the ones that come before their part or are being written. */
const usualSlots = 12;

type Open = (settings: CameraSettings, clock: DriverClock, files: FileReader) => Promise<Camera>;

const drivers: Record<string, Open> = {
  synthetic: async (settings, clock) => openSynthetic(settings, clock),
  replay: openReplay,
  aravis: openAravis,
  gstreamer: openGstreamer,
};
export const driverNames: readonly string[] = Object.keys(drivers);

/** Throws `camera/driver` or `camera/setting`; a folder that cannot be replayed throws what `listSamples` throws. */
export async function openCamera(settings: CameraSettings, clock: DriverClock, files: FileReader): Promise<Camera> {
  const { id, driver } = settings;
  const open = Object.hasOwn(drivers, driver) ? drivers[driver] : undefined;
  if (!open) throw fail('camera/driver', { id, driver, known: driverNames.join(', ') });
  return open(settings, clock, files);
}

function openSynthetic({ id, synthetic }: CameraSettings, clock: DriverClock): Camera {
  return new SyntheticCamera({ ...synthetic, id }, clock, new WorkerRenderer());
}

/** Native code is loaded where it is asked for: a line without such a camera needs no library. */
async function openAravis(settings: CameraSettings, clock: DriverClock): Promise<Camera> {
  const { AravisCamera } = await import('./aravis/camera.ts');
  const { id, modalities = ['rgb', 'depth'], slots = usualSlots, aravis } = settings;
  return new AravisCamera(aravis ?? { address: '' }, { id, modalities, slots, clock });
}

async function openGstreamer(settings: CameraSettings, clock: DriverClock): Promise<Camera> {
  const { GstreamerCamera } = await import('./gstreamer/camera.ts');
  const { id, slots = usualSlots, gstreamer } = settings;
  return new GstreamerCamera(gstreamer ?? { pipeline: '' }, { id, slots, clock });
}

/** Parts looked at before a line is played to: as many as do not keep its start waiting. */
const replayLookedAt = 16;

const splits: readonly string[] = ['train', 'validation', 'test'] satisfies Split[];

async function openReplay({ id, replay }: CameraSettings, clock: DriverClock, files: FileReader): Promise<Camera> {
  const refuse = (setting: string, value: string, expected: string): TwinspectError =>
    fail('camera/setting', { id, setting: `replay.${setting}`, value, expected });
  if (!replay?.folder) throw refuse('folder', 'empty', 'a folder of recorded parts');
  const { folder, layout, split, pace, ...rest } = replay;
  if (layout !== undefined && !isOneOf(layoutNames, layout)) throw refuse('layout', layout, layoutNames.join(', '));
  if (pace !== undefined && !isOneOf(paces, pace)) throw refuse('pace', pace, paces.join(', '));
  if (split !== undefined && !splits.includes(split)) throw refuse('split', split, splits.join(', '));
  if (folder.endsWith(recordingEnding))
    return openRecording(id, folder, { pace: pace ?? 'original', ...rest }, clock, files);
  const all = await listSamples(files, folder, layout);
  const samples = split === undefined ? all : all.filter((sample) => sample.split === split);
  if (samples.length === 0) {
    const have = [...new Set(all.map((sample) => sample.split))].join(', ');
    throw refuse('split', split ?? '', `a split of ${folder}: ${have}`);
  }
  await expectPlausible(folder, samples, { most: replayLookedAt });
  return new ReplayCamera({ id, samples, ...(pace !== undefined && { pace }), ...rest }, clock);
}

/** A recording is one file, and a dataset a folder. */
export const recordingEnding = '.mcap';

async function openRecording(
  id: string,
  path: string,
  { pace, periodMs = defaultReplayPeriodMs, loop = false }: { pace: Pace; periodMs?: number; loop?: boolean },
  clock: DriverClock,
  files: FileReader,
): Promise<Camera> {
  const open = (): ReturnType<typeof readRecording> => readRecording(files.pieces(path), path);
  const { info, close } = await open();
  await close();
  return new RecordingCamera({ id, info, open, pace, periodMs, loop }, clock);
}

function isOneOf<T extends string>(values: readonly T[], value: string): value is T {
  return (values as readonly string[]).includes(value);
}
