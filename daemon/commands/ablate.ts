/**
 * `twinspect ablate`: the default recipe against itself with one change at a time, on the same parts and seed, and the
 * table of what each change gave. Each row is a file in the output folder; a row that is there is not made again, so
 * that an interrupted table goes on where it was.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Sample as RecordedSample } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { pairedDifference } from '../../models/evaluate/bootstrap.ts';
import { evaluateInDetail, type Figures, type JudgedImage } from '../../models/evaluate/evaluate.ts';
import { summaryOfKinds } from '../../models/evaluate/kinds.ts';
import { auroc } from '../../models/evaluate/roc.ts';
import type { SourceName } from '../../models/evaluate/samples.ts';
import { seeded } from '../../models/random.ts';
import { type Ablation, ablations } from '../../models/teach/ablations.ts';
import { teach } from '../../models/teach/teach.ts';
import type { TeachOptions } from '../../models/teach/teaching.ts';
import type { Args } from './args.ts';
import { testSamples } from './checked-samples.ts';
import type { Command, Context } from './command.ts';
import { giveWay } from './give-way.ts';
import { openBundleJudge } from './judge-bundle.ts';
import { dataFolders, readOptions, teachOptions } from './teach-options.ts';
import { openTeachingFolder } from './teaching-folder.ts';

/** What stays of a row. */
interface Row {
  name: string;
  /** Of data, teacher and options: a row of another table is no row of this one. */
  digest: string;
  figures: Figures;
  images: JudgedImage[];
}

const { data, teacher, epochs, seed, threads } = teachOptions;

export const command: Command = {
  name: 'ablate',
  summary: 'what each choice of the method gives, one change at a time',
  usage: ['ablate --data DIR --out DIR [--rows NAMES] [--epochs N] [--seed N]'],
  options: {
    data: { ...data!, doc: 'recorded parts with a test split' },
    out: { type: 'string', value: 'DIR', doc: 'folder for bundles and rows; what is there is not made again' },
    rows: { type: 'string', value: 'NAMES', doc: `of ${ablations.map(({ name }) => name).join(', ')}; default all` },
    teacher: teacher!,
    epochs: epochs!,
    seed: seed!,
    threads: threads!,
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    await giveWay();
    const out = resolve(context.cwd, args.required('out'));
    const [folder] = dataFolders(context, args);
    const samples = await testSamples(context, folder!);
    const { options, digest } = await readOptions(context, args, join(out, 'default@1.0.0'));
    await mkdir(out, { recursive: true });
    const rows: Row[] = [];
    for (const ablation of chosen(args.text('rows'))) {
      rows.push(await rowOf(context, ablation, { out, options, samples, digest }));
    }
    for (const line of table(rows)) context.stdout(line);
  },
};

/** The default comes first: the others are held against it. */
function chosen(found: string | null): readonly Ablation[] {
  if (found === null) return ablations;
  const names = found.split(',');
  const unknown = names.find((name) => !ablations.some((ablation) => ablation.name === name));
  const expected = ablations.map(({ name }) => name).join(', ');
  if (unknown !== undefined) throw fail('usage/value', { option: 'rows', found: unknown, expected });
  return ablations.filter(({ name }) => name === 'default' || names.includes(name));
}

interface Setting {
  out: string;
  options: TeachOptions;
  samples: readonly RecordedSample[];
  digest: string;
}

async function rowOf(context: Context, ablation: Ablation, setting: Setting): Promise<Row> {
  const path = join(setting.out, `${ablation.name}.json`);
  const known = await readFile(path, 'utf8').catch(() => null);
  if (known !== null) {
    const row = JSON.parse(known) as Row;
    if (row.digest !== setting.digest) throw fail('teach/other', { path });
    return row;
  }
  context.stderr(`${ablation.name}:`);
  const bundle = await bundleOf(context, ablation, setting);
  const judge = await openBundleJudge(context, bundle, setting.options.threads);
  const reread = ablation.reread ?? ((sample) => sample);
  async function* judged() {
    for (const sample of setting.samples) {
      context.signal.throwIfAborted();
      yield reread(await judge.sample(sample));
    }
  }
  try {
    const { figures, detail } = await evaluateInDetail(judged(), { threshold: judge.served.threshold });
    const row: Row = { name: ablation.name, digest: setting.digest, figures, images: detail.images };
    await writeFile(path, JSON.stringify(row));
    return row;
  } finally {
    await judge.release();
  }
}

/** The bundle a row is judged with: its own, or the default's where only the reading differs. */
async function bundleOf(context: Context, ablation: Ablation, { out, options, digest }: Setting): Promise<string> {
  const name = ablation.reread ? 'default' : ablation.name;
  const folder = join(out, `${name}@1.0.0`);
  if ((await context.files.list(folder)) !== null) return folder;
  const recipe = { ...options.recipe, ...ablation.recipe };
  const changed: TeachOptions = { ...options, ...ablation.options?.(options), name, recipe };
  const made = await openTeachingFolder(folder, `${digest} ${name}`);
  const taught = await teach(changed, {
    snapshots: made.snapshots,
    say: () => {},
    progress: () => {},
    signal: context.signal,
  });
  await made.finish(taught.files);
  return folder;
}

const columns = [
  ...['change', 'image AUROC', 'AUPRO@30', 'AUPRO@1', 'network: image AUROC', 'AUPRO@30'],
  ...['kinds: mean', 'worst', 'difference'],
];

/** As Markdown: the whole, the network, the kinds, and the network's image AUROC against the default's, 95 %. */
function table(rows: readonly Row[]): string[] {
  const cell = (value: number | null | undefined): string => value?.toFixed(3) ?? '-';
  const [base] = rows;
  return [
    `| ${columns.join(' | ')} |`,
    `| ${columns.map(() => '---').join(' | ')} |`,
    ...rows.map(({ name, figures, images }) => {
      const kinds = summaryOfKinds(figures.perKind);
      const { networkOnly } = figures;
      const cells = [
        name,
        cell(figures.imageAuroc),
        cell(figures.aupro30),
        cell(figures.aupro1),
        cell(networkOnly?.imageAuroc),
        cell(networkOnly?.aupro30),
        cell(kinds?.mean),
        kinds ? `${cell(kinds.worst)} ${kinds.worstKind}` : '-',
        base && name !== base.name ? difference(base.images, images) : '-',
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
}

/** Of the network's image AUROC, resampled by source image. */
function difference(base: readonly JudgedImage[], changed: readonly JudgedImage[]): string {
  const pairs = base.map((image, i) => ({ base: image, changed: changed[i]! }));
  const figure =
    (which: 'base' | 'changed', source: SourceName) => (some: typeof pairs | readonly (typeof pairs)[number][]) => {
      const scores = (isGood: boolean): Float64Array =>
        Float64Array.from(
          some.filter((pair) => (pair.base.kind === 'good') === isGood).map((pair) => pair[which].scores[source]),
        ).sort();
      return auroc(scores(true), scores(false));
    };
  const { value, low, high } = pairedDifference(
    pairs,
    (pair) => pair.base.group,
    figure('changed', 'network'),
    figure('base', 'network'),
    { random: seeded(1) },
  );
  const signed = (x: number | null): string => (x === null ? '-' : `${x >= 0 ? '+' : ''}${x.toFixed(3)}`);
  return `${signed(value)} (${signed(low)} to ${signed(high)})`;
}
