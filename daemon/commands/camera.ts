/**
 * `twinspect camera`: everything a person does with cameras by hand. Which there are, what they can, what they see,
 * whether the host is fit for them; recording, and what recordings and calibrations become.
 */
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';

type Run = (context: Context, args: Args) => Promise<void>;

/** Loaded when called: a native library that is broken must not take the others along. */
const runs: Readonly<Record<string, () => Promise<Run>>> = {
  list: async () => (await import('./camera/list.ts')).listCameras,
  show: async () => (await import('./camera/show.ts')).showCamera,
  features: async () => (await import('./camera/features.ts')).listFeatures,
  snap: async () => (await import('./camera/snap.ts')).snapCameras,
  watch: async () => (await import('./camera/watch.ts')).watchCameras,
  doctor: async () => (await import('./camera/doctor.ts')).cameraDoctor,
  record: async () => (await import('./camera/record.ts')).recordCameras,
  export: async () => (await import('./camera/export.ts')).exportRecording,
  calibrate: async () => (await import('./camera/calibrate.ts')).calibrateCameras,
};

const named = ['config', 'library', 'of', 'trigger', 'json'];

const actions: Command['actions'] = {
  list: { summary: 'the cameras that answer now', options: ['library', 'json'] },
  show: { summary: 'one camera as it is when it is opened', options: named },
  features: { summary: 'what can be set in it, with ranges', options: [...named, 'set'] },
  snap: { summary: 'one picture of each modality', options: [...named, 'out'] },
  watch: { summary: 'count what comes, second by second', options: [...named, 'for'] },
  doctor: { summary: 'is this host fit for cameras', options: ['config', 'library', 'json'] },
  record: { summary: 'record parts to a file', options: ['out', 'for', 'parts', 'max-gb', 'config', 'json'] },
  export: {
    summary: 'bring a recording into a folder of parts',
    options: ['out', 'split', 'kind', 'calibration', 'config', 'json'],
  },
  calibrate: {
    summary: 'bring in a calibration of two cameras, or check one',
    options: ['depth', 'rgb', 'pose', 'unit', 'first', 'depth-size', 'rgb-size', 'out', 'check', 'json'],
  },
};

export const command: Command = {
  name: 'camera',
  actions,
  summary: 'list, show, watch and record cameras, bring in calibrations',
  usage: [
    'camera list [--library FILE] [--json]',
    'camera show [NAME] [--config FILE] [--json]',
    'camera features [NAME] [FILTER] [--set FEATURE=VALUE] [--config FILE] [--json]',
    'camera snap [NAME] [--out DIR] [--config FILE] [--json]',
    'camera watch [NAME] [--for SECONDS] [--config FILE] [--json]',
    'camera doctor [--config FILE] [--json]',
    'camera record --out FILE.mcap [--for SECONDS] [--parts N] [--max-gb N] [--config FILE] [--json]',
    'camera export FILE.mcap --out DIR [--split NAME] [--kind NAME] [--calibration FILE] [--config FILE] [--json]',
    'camera calibrate --depth FILE --rgb FILE --pose FILE --unit mm|m --out FILE.json [--first depth|rgb] ...',
    'camera calibrate --check FILE.json',
  ],
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the configuration; without it TWINSPECT_CONFIG, else the defaults' },
    library: {
      type: 'string',
      value: 'FILE',
      doc: 'list, and a NAME: path of libaravis; without it the system has one',
    },
    of: { type: 'string', value: 'NAMES', doc: 'a NAME: what it delivers, rgb (default), depth or rgb,depth' },
    trigger: { type: 'string', value: 'HOW', doc: 'a NAME: free (default), software, hardware or action' },
    set: {
      type: 'string',
      value: 'F=V',
      doc: 'features: write this one until the camera is opened anew',
      multiple: true,
    },
    out: {
      type: 'string',
      value: 'PATH',
      doc: 'snap, export: a folder; record, calibrate: a file that is not there yet',
    },
    for: { type: 'string', value: 'SECONDS', doc: 'record, watch: no longer than this' },
    parts: { type: 'string', value: 'N', doc: 'record: stop after this many parts' },
    'max-gb': { type: 'string', value: 'N', doc: 'record: no larger than this; default 20' },
    split: { type: 'string', value: 'NAME', doc: 'export: train (default), validation or test' },
    kind: { type: 'string', value: 'NAME', doc: 'export: good (default), or the kind of defect all these parts have' },
    calibration: { type: 'string', value: 'FILE', doc: 'export: in place of the one that was recorded' },
    depth: { type: 'string', value: 'FILE', doc: "calibrate: the depth camera's lens, OpenCV or ROS YAML" },
    rgb: { type: 'string', value: 'FILE', doc: "calibrate: the RGB camera's; may be the same file (M1 D1 M2 D2)" },
    pose: { type: 'string', value: 'FILE', doc: 'calibrate: OpenCV YAML with R and T' },
    unit: { type: 'string', value: 'UNIT', doc: "calibrate: of T, mm or m: what the board's squares were measured in" },
    first: {
      type: 'string',
      value: 'NAME',
      doc: 'calibrate: R and T map this camera into the other; depth (default) or rgb',
    },
    'depth-size': { type: 'string', value: 'WxH', doc: 'calibrate: where its file does not say' },
    'rgb-size': { type: 'string', value: 'WxH', doc: 'calibrate: where its file does not say' },
    check: { type: 'string', value: 'FILE', doc: 'calibrate: read a finished one and show it, write nothing' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  async run(context: Context, args: Args) {
    const run = await runs[args.positional(0, 'a sub-command')]!();
    await run(context, args);
  },
};
