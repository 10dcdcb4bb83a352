/** `twinspect data`: what a folder of recorded parts holds and what looks wrong in it; other files brought in. */
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { checkData } from './data/check.ts';
import { importData } from './data/import.ts';

const runs: Readonly<Record<string, (context: Context, args: Args) => Promise<number | undefined>>> = {
  check: checkData,
  import: importData,
};

export const command: Command = {
  name: 'data',
  summary: 'check a folder of recorded parts; bring other files into our layout',
  actions: {
    check: { summary: 'what a folder of recorded parts holds, and what looks wrong in it', options: ['json'] },
    import: {
      summary: 'bring JPEG, TIFF, .npy and PLY into a folder of parts',
      options: ['rgb', 'depth', 'gt', 'unit', 'no-reading', 'grid', 'split', 'kind', 'out', 'json'],
    },
  },
  usage: [
    'data check FOLDER [--json]',
    'data import --rgb DIR --depth DIR --unit UNIT --out DIR [--gt DIR] [--split NAME] [--kind NAME] [...]',
  ],
  options: {
    rgb: { type: 'string', value: 'DIR', doc: 'import: pictures, PNG, JPEG or TIFF' },
    depth: { type: 'string', value: 'DIR', doc: 'import: depth of the same names, PNG, TIFF, .npy or .ply' },
    gt: { type: 'string', value: 'DIR', doc: 'import: masks of the same names, PNG or TIFF; needed for a defect' },
    unit: {
      type: 'string',
      value: 'UNIT',
      doc: 'import: what 1 is in the depth files: m, cm, mm, um, or a number of mm',
    },
    'no-reading': {
      type: 'string',
      value: 'N',
      multiple: true,
      doc: 'import: what stands for a missing reading, beside 0',
    },
    grid: { type: 'string', value: 'WxH', doc: 'import: size of the grid of a .ply that does not say it' },
    split: { type: 'string', value: 'NAME', doc: 'import: train (default), validation or test' },
    kind: { type: 'string', value: 'NAME', doc: 'import: good (default), or the kind of defect' },
    out: { type: 'string', value: 'DIR', doc: 'import: the folder to make; must be empty or absent' },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  async run(context: Context, args: Args) {
    return runs[args.positional(0, 'a sub-command')]!(context, args);
  },
};
