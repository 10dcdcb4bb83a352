/**
 * `twinspect bundle`: which bundles are there, what is in one, is it whole; weights for a teacher. A bundle is never
 * changed in place.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { bundleFolder } from '../../config/shipped.ts';
import { fail } from '../../errors.ts';
import { type Manifest, parseManifest, type Variant } from '../../models/bundle/manifest.ts';
import { type Args, precisionOf } from './args.ts';
import { importTeacherFile } from './bundle/import-teacher.ts';
import type { Command, Context } from './command.ts';

const actions: Command['actions'] = {
  list: {
    summary: 'the bundles in folders; without one, those that come with Twinspect and ./bundles',
    options: ['json'],
  },
  show: { summary: 'what is in a bundle', options: ['json'] },
  verify: {
    summary: 'is it whole, and does it judge here as it was taught',
    options: ['provider', 'precision', 'digests', 'json'],
  },
  quantise: {
    summary: 'add a variant in lower precision, as a bundle of its own',
    options: ['data', 'out', 'precision', 'for', 'threads', 'json'],
  },
  compare: { summary: 'its variants against fp32, on recorded parts', options: ['data', 'threads', 'json'] },
  threshold: {
    summary: 'set its threshold again from parts whose truth is known, as the next version',
    options: ['data', 'out', 'false-reject-rate', 'value', 'threads', 'json'],
  },
  'import-teacher': {
    summary: 'check pretrained weights and take the layers a teacher needs',
    options: ['from', 'out', 'licence', 'json'],
  },
};
/** Folders deeper than this are no part of a bundle. */
const depthMax = 4;

export const command: Command = {
  name: 'bundle',
  summary: 'list, show, verify, quantise and compare bundles, set thresholds, check teacher weights',
  actions,
  usage: [
    'bundle list [FOLDER ...] [--json]',
    'bundle show BUNDLE [--json]',
    'bundle verify BUNDLE [--provider NAME] [--precision NAME] [--digests] [--json]',
    'bundle quantise BUNDLE --data DIR --out DIR [--precision int8|fp16] [--for cpu|tensorrt] [--json]',
    'bundle compare BUNDLE --data DIR [--json]',
    'bundle threshold BUNDLE --data DIR --out NAME@NEXT [--false-reject-rate RATE | --value SCORE] [--json]',
    'bundle import-teacher --from FILE [--out FILE] [--licence TEXT] [--json]',
  ],
  options: {
    provider: {
      type: 'string',
      value: 'NAME',
      doc: 'verify: what replays the golden parts, cpu (default) or tensorrt',
    },
    precision: {
      type: 'string',
      value: 'NAME',
      doc: 'verify: the variant to replay, fp32 (default), fp16 or int8; quantise: int8 (default) or fp16',
    },
    for: {
      type: 'string',
      value: 'NAME',
      doc: 'quantise: what will run it, cpu (default for int8) or tensorrt (default for fp16)',
    },
    digests: { type: 'boolean', doc: 'verify: compare the digests only, replay nothing' },
    data: {
      type: 'string',
      value: 'DIR',
      doc: 'quantise, compare: recorded good parts, best those it was taught on; threshold: parts whose truth is known',
    },
    'false-reject-rate': {
      type: 'string',
      value: 'RATE',
      doc: "threshold: share of good parts that may fail; default: the bundle's",
    },
    value: { type: 'string', value: 'SCORE', doc: 'threshold: this very score' },
    threads: { type: 'string', value: 'N', doc: 'quantise, compare, threshold: default 2' },
    from: { type: 'string', value: 'FILE', doc: 'import-teacher: pretrained ResNet weights (.safetensors)' },
    out: {
      type: 'string',
      value: 'PATH',
      doc: 'quantise, threshold: the bundle folder to make; import-teacher: write the layers a teacher needs',
    },
    licence: { type: 'string', value: 'TEXT', doc: 'import-teacher: the licence, where the file does not state it' },
    json: { type: 'boolean', doc: 'print JSON' },
  },
  async run(context: Context, args: Args) {
    const [action] = args.positionals;
    if (action === 'list') return list(context, args);
    if (action === 'import-teacher') {
      args.atMost(1);
      return importTeacherFile(context, args);
    }
    const path = bundleFolder(args.positional(1, 'the bundle folder, or shipped:NAME@VERSION'));
    args.atMost(2);
    if (action === 'threshold') return (await import('./bundle/threshold.ts')).setThreshold(context, args, path);
    if (action === 'compare') return (await import('./bundle-quantise.ts')).compareCommand(context, args, path);
    if (action === 'quantise') return (await import('./bundle-quantise.ts')).quantiseCommand(context, args, path);
    await (action === 'show' ? show(context, args, path) : verify(context, args, path));
  },
};

interface Opened {
  readonly manifest: Manifest;
  /** sha256 of manifest.json: the digest of the bundle. */
  readonly digest: string;
}

async function open({ files }: Context, path: string): Promise<Opened> {
  if (!(await files.list(path))?.some(({ name }) => name === 'manifest.json')) throw fail('bundle/missing', { path });
  const bytes = await files.read(join(path, 'manifest.json'));
  return { manifest: parseManifest(new TextDecoder().decode(bytes), path), digest: sha256(bytes) };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function list(context: Context, args: Args): Promise<void> {
  const given = args.positionals.slice(1);
  const folders = given.length > 0 ? given : [join(context.packageRoot, 'models/shipped'), 'bundles'];
  const rows: Record<string, string>[] = [];
  for (const folder of folders) {
    const entries = await context.files.list(folder);
    if (entries === null && given.length > 0) {
      const there = await stat(folder).catch(() => null);
      throw fail(there === null ? 'file/missing' : 'file/notFolder', { path: folder });
    }
    for (const { name, directory } of entries ?? []) {
      if (directory && name.includes('@')) rows.push(await row(context, join(folder, name)));
    }
  }
  if (args.flag('json')) context.stdout(JSON.stringify(rows, null, 2));
  // As a search that finds nothing: whoever names a folder believes that there are some.
  if (rows.length === 0) throw fail('bundle/none', { folders: folders.join(', ') });
  if (args.flag('json')) return;
  for (const { path, ...rest } of rows) {
    context.stdout(
      `${basename(path!)}  ${Object.entries(rest)
        .map(([key, value]) => `${key} ${value}`)
        .join(', ')}`,
    );
    context.stdout(`  ${path}`);
  }
}

/** One bundle of a list; one that cannot be read is a row too, it must not hide the others. */
async function row(context: Context, path: string): Promise<Record<string, string>> {
  try {
    const { manifest, digest } = await open(context, path);
    const { widthPx, heightPx } = manifest.input;
    return { path, product: manifest.product, digest: digest.slice(0, 12), input: `${widthPx} x ${heightPx}` };
  } catch (error) {
    return { path, problem: (error as Error).message };
  }
}

async function show(context: Context, args: Args, path: string): Promise<void> {
  const { manifest, digest } = await open(context, path);
  if (args.flag('json')) return context.stdout(JSON.stringify({ path, digest, manifest }, null, 2));
  const { input, working, taught, datum, variants, golden } = manifest;
  const lines: [string, string][] = [
    ['bundle', `${manifest.name}@${manifest.version}`],
    ['digest', digest],
    ['product', manifest.product],
    ['input', `${input.widthPx} x ${input.heightPx} px, ${input.rgb}, ${input.depth}`],
    ['working', `${working.widthPx} x ${working.heightPx} px`],
    ['datum', datum.kind],
    ['taught', `${taught.parts} parts, ${taught.heldOut} held out, seed ${taught.seed}, data ${taught.dataDigest}`],
    ...(taught.parents ?? []).map(({ bundle, digest: from, how, partsAdded, heldOutAdded }): [string, string] => [
      'made from',
      `${bundle}, digest ${from.slice(0, 12)}: ${how}, ${partsAdded} parts taught and ${heldOutAdded} measured with`,
    ]),
    ['golden', golden.map(({ name }) => name).join(', ') || 'none'],
    ...variants.map(({ provider, precision, threshold, pixelThreshold }): [string, string] => [
      `${provider}/${precision}`,
      `fail from score ${threshold}, region from ${pixelThreshold}`,
    ]),
  ];
  for (const [name, value] of lines) context.stdout(`${name.padEnd(14)}${value}`);
}

const providers: readonly Variant['provider'][] = ['cpu', 'tensorrt'];

/** Is it the bundle that was taught: every file, and what it gives on this machine. */
async function verify(context: Context, args: Args, path: string): Promise<void> {
  const wanted = args.text('provider') ?? 'cpu';
  const provider = providers.find((name) => name === wanted);
  if (provider === undefined) {
    throw fail('usage/value', { option: 'provider', found: wanted, expected: providers.join(' or ') });
  }
  const precision = precisionOf(args);
  const { manifest, digest } = await open(context, path);
  const json = args.flag('json');
  const say = (line: string): void => {
    if (!json) context.stdout(line);
  };
  const problems = await digestProblems(context, manifest, path, say);
  if (problems.length > 0) {
    const told = problems.map((problem) => problem.message);
    if (json) context.stdout(JSON.stringify({ path, digest, whole: false, problems: told }));
    for (const problem of told.slice(1)) context.stderr(problem);
    throw problems[0];
  }
  say(`${manifest.name}@${manifest.version} is whole, digest ${digest}`);
  const golden = args.flag('digests') ? null : await replayed(context, path, { provider, precision }, say);
  if (json) context.stdout(JSON.stringify({ path, digest, whole: true, problems: [], golden }));
}

async function replayed(
  context: Context,
  path: string,
  { provider, precision }: Pick<Variant, 'provider' | 'precision'>,
  say: (line: string) => void,
) {
  const { replay } = await import('./replay.ts');
  const outcomes = await replay(context, path, provider, precision);
  for (const { name, score, expectedScore, mapError } of outcomes) {
    say(`ok  golden part ${name}: score ${score}, taught as ${expectedScore}, map off by ${mapError} thresholds`);
  }
  return outcomes;
}

/** Every file against its digest, and no file beside those of the manifest. */
async function digestProblems(
  context: Context,
  manifest: Manifest,
  path: string,
  say: (line: string) => void,
): Promise<Error[]> {
  const problems: Error[] = [];
  for (const [file, expected] of Object.entries(manifest.files)) {
    const actual = await digestOf(context, join(path, file));
    if (actual === expected) say(`ok  ${file}`);
    else problems.push(fail('bundle/digest', { path, file, actual, expected }));
  }
  for (const file of await filesUnder(context, path, path, 0)) {
    if (file !== 'manifest.json' && !Object.hasOwn(manifest.files, file)) {
      problems.push(fail('bundle/digest', { path, file, actual: 'present', expected: 'no such file' }));
    }
  }
  return problems;
}

async function digestOf({ files }: Context, path: string): Promise<string> {
  try {
    return sha256(await files.read(path));
  } catch (error) {
    if ((error as { code?: string }).code === 'file/missing') return 'none (missing)';
    throw error;
  }
}

async function filesUnder(context: Context, root: string, folder: string, depth: number): Promise<string[]> {
  const found: string[] = [];
  for (const { name, directory } of (await context.files.list(folder)) ?? []) {
    const path = join(folder, name);
    if (!directory || depth === depthMax) found.push(relative(root, path));
    else found.push(...(await filesUnder(context, root, path, depth + 1)));
  }
  return found;
}
