/**
 * `twinspect camera watch`: once a second what each camera delivered in that second, what was lost, and what its
 * library counts (lost and resent packets). Stops at Ctrl-C, after --for, or with the recording.
 */

import type { Camera } from '../../../drivers/index.ts';
import { NativeCamera } from '../../../drivers/native/camera.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { chooseCameras } from './chosen.ts';
import { type Heard, listening, nothingHeard, whileRunning } from './listening.ts';

const everyMs = 1000;

interface Watched {
  readonly camera: Camera;
  readonly heard: Heard;
  before: { triggers: number; rgb: number; depth: number };
}

export async function watchCameras(context: Context, args: Args): Promise<void> {
  args.atMost(2);
  const seconds = args.number('for', { min: 1, max: 1e6 });
  const { cameras } = await chooseCameras(context, args, args.positionals[1]);
  const watched = cameras.map((camera): Watched => {
    return { camera, heard: nothingHeard(), before: { triggers: 0, rgb: 0, depth: 0 } };
  });
  const heardOf = (camera: Camera): Heard => watched.find((each) => each.camera === camera)!.heard;
  const json = args.flag('json');
  await whileRunning(
    cameras,
    (camera) => listening(heardOf(camera), () => {}),
    () =>
      eachSecond(context, seconds, () => {
        for (const each of watched) context.stdout(json ? JSON.stringify(row(each)) : line(row(each)));
        return watched.every(({ heard }) => heard.ended);
      }),
  );
}

function eachSecond({ clock, signal }: Context, seconds: number | null, show: () => boolean): Promise<void> {
  const beganAtMs = clock.nowMs();
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    const tick = (count: number): void => {
      const over = show();
      if (over || (seconds !== null && count >= seconds)) resolve();
      else clock.after(Math.max(0, beganAtMs + (count + 1) * everyMs - clock.nowMs()), () => tick(count + 1), signal);
    };
    clock.after(everyMs, () => tick(1), signal);
  });
}

interface Row {
  readonly camera: string;
  readonly state: string;
  /** In the last second. */
  readonly triggers: number;
  readonly rgb: number;
  readonly depth: number;
  /** Since the start. */
  readonly incomplete: number;
  readonly dropped: number;
  readonly reconnects: number;
  /** Exposure of depth minus that of RGB of the latest frames, us; null without both. */
  readonly apartUs: number | null;
  readonly library: Readonly<Record<string, number>>;
}

function row(watched: Watched): Row {
  const { camera, heard, before } = watched;
  const { triggers, frames, incomplete, dropped, lost, ended, lastUs } = heard;
  const { rgb, depth } = lastUs;
  watched.before = { triggers, ...frames };
  return {
    camera: camera.id,
    state: lost ?? (ended ? 'ended' : 'running'),
    triggers: triggers - before.triggers,
    rgb: frames.rgb - before.rgb,
    depth: frames.depth - before.depth,
    incomplete,
    dropped,
    reconnects: camera.counters().reconnects,
    apartUs: rgb === undefined || depth === undefined ? null : Math.round(depth - rgb),
    library: camera instanceof NativeCamera ? camera.libraryCounters : {},
  };
}

/** Counters of the library that mean trouble, and only where they are not 0. */
function line({ camera, state, triggers, rgb, depth, incomplete, dropped, reconnects, apartUs, library }: Row): string {
  const troubles = Object.entries({ incomplete, dropped, reconnects, ...library })
    .filter(([name, count]) => count > 0 && !/completed|transferred|buffers_delivered|received/.test(name))
    .map(([name, count]) => `${name} ${count}`);
  const apart = apartUs === null ? '' : `, depth ${apartUs} us after rgb`;
  const rates = `${triggers} triggers/s, ${rgb} rgb/s, ${depth} depth/s${apart}`;
  return [`${camera}: ${state}: ${rates}`, ...troubles].join('; ');
}
