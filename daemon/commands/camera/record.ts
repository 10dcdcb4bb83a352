/**
 * `twinspect camera record`: what the configured cameras say, into a recording, until a limit or Ctrl-C. The daemon
 * must not run beside it on the same cameras: a camera has one owner.
 */
import { resolve } from 'node:path';
import type { Config } from '../../../config/schema.ts';
import type { Camera } from '../../../drivers/index.ts';
import { createRecordingFile, freeBeside } from '../../../drivers/recording/disk.ts';
import { Recorder, type RecordingSummary } from '../../../drivers/recording/recorder.ts';
import { RecordingWriter } from '../../../drivers/recording/writer.ts';
import { parseCalibration } from '../../../drivers/registration/calibration.ts';
import { fail } from '../../../errors.ts';
import { openingCamera } from '../../supervise/settings.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { chooseCameras } from './chosen.ts';

const defaultMaxGb = 20;
const bytesPerGb = 1e9;
const bytesPerMb = 1024 * 1024;
const ending = '.mcap';

export async function recordCameras(context: Context, args: Args): Promise<void> {
  args.atMost(1);
  const out = resolve(context.cwd, args.required('out'));
  if (!out.endsWith(ending)) throw fail('usage/value', { option: 'out', found: out, expected: `FILE${ending}` });
  const seconds = args.number('for', { min: 0.001, max: 1e6 });
  const limits = {
    bytesMax: (args.number('max-gb', { min: 0.001, max: 100_000 }) ?? defaultMaxGb) * bytesPerGb,
    forMs: seconds === null ? null : seconds * 1000,
    partsMax: args.whole('parts', { min: 1, max: 1e9 }),
  };
  const { config, cameras } = await chooseCameras(context, args, undefined);
  const calibration = await calibrationText(context, config, cameras);
  const opener = openingCamera(
    config,
    cameras.map(({ id }) => id),
  );
  // whoever plays it opens parts by the first
  const described = cameras
    .map(({ id, modalities }) => ({ id, modalities }))
    .sort((a, b) => Number(b.id === opener) - Number(a.id === opener));
  const { clock } = context;
  const floor = { bytes: config.evidence.minFreeMb * bytesPerMb, free: () => freeBeside(out) };
  const freeMb = Math.floor((await floor.free()) / bytesPerMb);
  if (freeMb < config.evidence.minFreeMb) {
    throw fail('camera/disk', { path: out, freeMb, leastMb: config.evidence.minFreeMb });
  }
  const file = await createRecordingFile(out);
  const writer = await RecordingWriter.begin(file, {
    ...{ cameras: described, calibration },
    ...{ beganAtMs: clock.wallMs(), beganAtMonotonicMs: clock.nowMs() },
  });
  const recorder = new Recorder(writer, described, clock, { ...limits, floor });
  if (!args.flag('json')) context.stderr(`recording ${described.map(({ id }) => id).join(', ')} to ${out}`);
  const summary = await until(context, recorder, cameras);
  report(context, args, out, summary);
}

async function until({ signal }: Context, recorder: Recorder, cameras: readonly Camera[]): Promise<RecordingSummary> {
  const stopping = new AbortController();
  const asked = new Promise<void>((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
  try {
    for (const camera of cameras) await camera.start(recorder.sinkFor(camera.id), stopping.signal);
    await Promise.race([recorder.over, asked]);
  } finally {
    for (const camera of cameras) await camera.stop();
  }
  return recorder.stop();
}

/** What the line registers by, so that the recording can be judged and taught on wherever it goes. */
async function calibrationText(
  { cwd, files }: Context,
  { registration }: Config,
  cameras: readonly Camera[],
): Promise<string | null> {
  if (registration.calibration === '') return cameras.find(({ calibration }) => calibration)?.calibration ?? null;
  const path = resolve(cwd, registration.calibration);
  const text = new TextDecoder().decode(await files.read(path));
  parseCalibration(text, path);
  return text;
}

const reasons: Readonly<Record<RecordingSummary['why'], string>> = {
  stopped: 'stopped',
  bytes: '--max-gb was reached',
  time: '--for was reached',
  parts: '--parts were reached',
  ended: 'the cameras ended',
  room: 'the disk has less free than evidence.minFreeMb',
};

function report(context: Context, args: Args, file: string, summary: RecordingSummary): void {
  const { triggers, frames, bytes, dropped, why } = summary;
  if (args.flag('json')) {
    context.stdout(JSON.stringify({ file, ...summary }));
    return;
  }
  context.stdout(`${file}: ${triggers} triggers, ${frames} frames, ${(bytes / 1e6).toFixed(1)} MB; ${reasons[why]}`);
  if (dropped > 0) context.stderr(`warning: ${dropped} frames were dropped: the disk is slower than the cameras`);
}
