/**
 * How the commands of the pages are run here: as they stand, but for those named below by their exact text. What is
 * shortened is shortened by replacing or adding the words that are given, and nothing else.
 */

export type Treatment =
  /** Not run here, and why. */
  | { readonly notRun: string }
  | {
      /** Words taken out, and what stands in their place. */
      readonly replaced?: readonly (readonly [string, string])[];
      /** Words put behind it. */
      readonly added?: string;
      /** It runs until it is stopped: with Ctrl-C, when its output shows this. */
      readonly until?: RegExp;
      /** The exit codes it may have, where not 0 alone. */
      readonly exitCodes?: readonly number[];
      readonly why: string;
    };

const oneEpoch: Treatment = { added: '--epochs 1', why: 'that it teaches is tested, not how well' };
const longFigures = (length: string): Treatment => ({
  notRun: `${length}; the runs it is made of are tested in small by test/run/soak-runs.slow.test.ts and test/commands`,
});
const builtElsewhere: Treatment = {
  notRun: 'builds a library from sources of others, in a container of another machine',
};
const meson = [
  'meson setup build --prefix=/opt/aravis --buildtype=release -Dviewer=disabled -Dgst-plugin=disabled',
  '-Dintrospection=disabled -Dtests=false -Ddocumentation=disabled',
].join(' ');
const onlySystemd: Treatment = {
  notRun: 'changes the machine it runs on; test/systemd/service.slow.test.ts runs it in a container of its own',
};

export const treatments: Readonly<Record<string, Treatment>> = {
  'npm ci': { notRun: 'puts node_modules anew, under the tests that run on it' },
  'npm start': { until: /PASS|FAIL/, why: 'it judges until it is stopped' },

  'npx twinspect teach --data recorded --out bundles/housing@1.0.0 --product housing': oneEpoch,
  'npx twinspect teach --continue bundles/housing@1.0.0 --data recorded --data rejected --out bundles/housing@1.1.0':
    oneEpoch,
  'npx twinspect teach --data out/first-run-data --out first-run@1.0.0 --product first-run --seed 1': oneEpoch,
  'twinspect teach --data good --out washer@1.0.0': oneEpoch,
  'twinspect teach --data recorded --out housing@1.0.0': oneEpoch,
  'npx twinspect synthetic --out out/first-run-data --seed 11': {
    added: '--train 10 --validation 4 --test-good 2 --test-per-kind 1',
    why: 'fewer parts of the same kinds',
  },
  'twinspect camera record --config line.yaml --out monday.mcap --parts 200': {
    replaced: [['--parts 200', '--parts 30']],
    why: 'fewer parts',
  },

  'npx twinspect camera list': { exitCodes: [0, 1], why: '1 where no camera is at hand, as the page of errors says' },

  'npm run --silent figures -- science': longFigures('an hour'),
  'npm run --silent figures -- line': longFigures('half an hour'),
  'npm run --silent figures -- plant': longFigures('25 minutes'),
  'npm run --silent figures -- cameras': longFigures('15 minutes'),

  'npx twinspect service install line1': onlySystemd,
  'systemctl start twinspect@line1': onlySystemd,

  'apt-get install -y build-essential meson ninja-build libglib2.0-dev libxml2-dev libusb-1.0-0-dev zlib1g-dev':
    builtElsewhere,
  [meson]: builtElsewhere,
  'ninja -C build install': builtElsewhere,
  'tar -C /opt -czf aravis.tar.gz aravis': builtElsewhere,
};

/**
 * Whether a command may be run here: ours, in a folder of its own, but for what installs itself into the machine. All
 * others must be listed as not run, so that a new line on a page changes nothing of the machine that tests it.
 */
export function isHarmless(text: string): boolean {
  return /^(?:npx )?twinspect (?!service\b)/.test(text) || /^npm (?:start|run) ?/.test(text);
}

/** The command as it is run. Throws where a word to be replaced is not in it. */
export function treated(text: string, placeholders: Readonly<Record<string, string>>): string {
  const treatment = treatments[text];
  let run = text;
  const rules = treatment !== undefined && 'why' in treatment ? treatment : null;
  for (const [from, to] of [...(rules?.replaced ?? []), ...Object.entries(placeholders)]) {
    if (rules?.replaced?.some(([word]) => word === from) && !run.includes(from))
      throw new Error(`no "${from}" in ${text}`);
    run = run.replace(from, to);
  }
  return rules?.added === undefined ? run : `${run} ${rules.added}`;
}
