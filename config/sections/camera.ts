/** Where frames come from: one driver, its settings in a section of its name. */
import { choiceKey, numberKey, pathKey, switchKey, textKey, wholeKey } from '../key.ts';
import { genicam } from './genicam.ts';

export const camera = {
  driver: choiceKey({
    doc:
      'Where frames come from: seeded synthetic parts, a folder of recorded ones, a GenICam camera (GigE Vision, ' +
      'USB3 Vision), or a GStreamer pipeline (UVC, CSI; colour alone, so it needs a `depthCamera`).',
    values: ['synthetic', 'replay', 'aravis', 'gstreamer'],
    default: 'synthetic',
    takes: 'restart',
  }),
  synthetic: {
    seed: wholeKey({
      doc: 'Same seed, same parts.',
      default: 1,
      min: 0,
      max: 2 ** 32 - 1,
      takes: 'restart',
    }),
    periodMs: wholeKey({
      doc: 'Time from one part to the next.',
      default: 1000,
      unit: 'ms',
      min: 10,
      max: 3_600_000,
      takes: 'restart',
    }),
    defectRate: numberKey({
      doc: 'Share of parts that carry a painted defect.',
      default: 0.25,
      min: 0,
      max: 1,
      takes: 'restart',
    }),
  },
  replay: {
    folder: pathKey({
      doc:
        'What to replay; needed by driver `replay`: a recording (.mcap, by `twinspect camera record`), or a folder ' +
        'laid out as dataset.json with RGB + 16-bit depth PNG, MVTec 3D-AD or Eyecandies.',
      default: '',
      takes: 'restart',
    }),
    pace: choiceKey({
      doc: 'As recorded, one part each periodMs, or one part for each trigger command.',
      values: ['original', 'fixed', 'stepped'],
      default: 'fixed',
      takes: 'restart',
    }),
    periodMs: wholeKey({
      doc: 'Time from one part to the next at pace `fixed`.',
      default: 1000,
      unit: 'ms',
      min: 10,
      max: 3_600_000,
      takes: 'restart',
    }),
    split: choiceKey({
      doc: 'Which split of the dataset is replayed; a recording has none.',
      values: ['train', 'validation', 'test', 'all'],
      default: 'test',
      takes: 'restart',
    }),
    loop: switchKey({ doc: 'Begin again after the last part.', default: false, takes: 'restart' }),
  },
  aravis: genicam,
  gstreamer: {
    pipeline: textKey({
      doc:
        'A pipeline as gst-launch-1.0 takes it, without its sink: `v4l2src device=/dev/video0`. Its cameras cannot ' +
        'be hardware-triggered in general; frames are matched by the instant of capture.',
      default: '',
      expected: 'a GStreamer pipeline without its sink',
      matches: /^\P{Cc}{0,4000}$/u,
      takes: 'restart',
    }),
    stallMs: wholeKey({
      doc: 'A pipeline that delivers nothing for so long is opened anew.',
      default: 2000,
      unit: 'ms',
      min: 100,
      max: 60_000,
      takes: 'restart',
    }),
  },
};
