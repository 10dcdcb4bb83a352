/**
 * The settings of a GStreamer camera: a pipeline as `gst-launch-1.0` takes it, up to the point where frames come out.
 * The sink is ours and is appended; a pipeline that brings one is refused.
 */
import { fail } from '../../errors.ts';

export interface GstreamerSettings {
  /** `v4l2src device=/dev/video0 ! videoconvert`: everything before the sink. */
  readonly pipeline: string;
  /** Each frame is a trigger: where this camera opens parts. Otherwise its frames are matched by time alone. */
  readonly counts?: boolean;
  /** Silent for so long, it is stalled and opened anew. */
  readonly stallMs?: number;
}

export interface CheckedGstreamer {
  readonly pipeline: string;
  readonly counts: boolean;
  readonly stallMs: number;
}

/** Throws `camera/setting`. */
export function checkGstreamer(id: string, settings: GstreamerSettings): CheckedGstreamer {
  const refuse = (setting: string, value: string | number, expected: string): never => {
    throw fail('camera/setting', { id, setting, value, expected });
  };
  const pipeline = settings.pipeline.trim();
  if (pipeline === '') refuse('pipeline', 'empty', 'a pipeline such as "v4l2src device=/dev/video0 ! videoconvert"');
  if (/!\s*$/.test(pipeline))
    refuse('pipeline', pipeline, 'a pipeline that ends with an element: the sink is appended');
  const sink = /(?:^|!)\s*(\w*sink)\b/.exec(pipeline)?.[1];
  if (sink !== undefined) refuse('pipeline', pipeline, `a pipeline without a sink (it has ${sink}): ours is appended`);
  const { stallMs = 2000 } = settings;
  if (!(Number.isInteger(stallMs) && stallMs >= 100 && stallMs <= 60_000)) refuse('stallMs', stallMs, '100 to 60000');
  return { pipeline, counts: settings.counts ?? false, stallMs };
}
