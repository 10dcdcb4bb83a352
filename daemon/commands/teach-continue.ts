/**
 * `twinspect teach --continue`: good parts that a bundle rejected are added without starting over. Makes the next
 * version, never changes the one it starts from; what the bundle settled (teacher, areas, datum, product) stays.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fail } from '../../errors.ts';
import { type OpenedBundle, openBundle } from '../../models/bundle/load.ts';
import {
  type Continued,
  type ContinueOptions,
  continueTeaching,
  taughtModalities,
} from '../../models/teach/continue.ts';
import { inspectParts, named } from '../../models/teach/inspect.ts';
import type { Args } from './args.ts';
import type { Context } from './command.ts';
import { type GoodParts, goodPartsOf, together } from './good-parts.ts';
import { dataFolders, namesOf, readFalseRejectRate, readThreads } from './teach-options.ts';
import { hooksOf } from './teaching-display.ts';
import { openTeachingFolder } from './teaching-folder.ts';

/**
 * A short while at a low rate; shorter and lower where the golden parts alone say what must not be forgotten. `views`
 * bounds how often new parts are seen in all: many of them need no more steps than a few.
 */
const beside = { epochs: 20, views: 400, learningRate: 0.0003 };
const alone = { epochs: 10, views: 120, learningRate: 0.0001 };
const batch = 8;
const featureCacheMb = 2000;
/** What the bundle settled when it was taught. */
const settled = ['product', 'teacher', 'seed', 'modality', 'datum', 'roi', 'ignore', 'working'] as const;
/** A threshold that rises by more than this share lets defects pass that were found before. */
const muchHigher = 0.25;
/** A new part this many times above the threshold was no narrow false reject. */
const widely = 2;

export async function continueBundle(context: Context, args: Args, path: string, out: string): Promise<void> {
  const started = context.clock.nowMs();
  for (const option of settled) {
    const found = args.texts(option);
    if (found.length > 0)
      throw fail('usage/value', { option, found: found.join(' '), expected: 'none: the bundle has its own' });
  }
  const parent = await openBundle((file) => context.files.read(join(path, file)), path);
  const names = nextVersion(parent, out);
  const folders = await goodPartsOf(context, dataFolders(context, args), parent.manifest.taught.seed);
  const added = folders.at(-1)!;
  const old = folders.length > 1 ? together(folders.slice(0, -1)) : null;
  if (added.training.length === 0) throw fail('teach/tooFew', { found: 0, least: 1 });
  const digest = await inspected(context, parent, old, added);
  const usual = old ? beside : alone;
  const options: ContinueOptions = {
    ...names,
    parent,
    old,
    added,
    epochs: args.whole('epochs', { min: 1, max: 10_000 }) ?? epochsFor(added.training.length, usual),
    batch,
    learningRate: usual.learningRate,
    falseRejectRate: readFalseRejectRate(args) ?? parent.manifest.taught.falseRejectRate.wanted,
    threads: readThreads(args),
    featureCacheMb,
  };
  for (const line of cautions(parent, old)) context.stderr(`warning: ${line}`);
  const { epochs, falseRejectRate, threads } = options;
  const key = JSON.stringify([names, parent.digest, digest, old !== null, epochs, falseRejectRate, threads]);
  const folder = await openTeachingFolder(out, createHash('sha256').update(key).digest('hex'));
  const made = await continueTeaching(options, hooksOf(context, folder).hooks);
  await folder.finish(made.files);
  report(context, args, made, { path, out, seconds: (context.clock.nowMs() - started) / 1000 });
}

function epochsFor(parts: number, { epochs, views }: { epochs: number; views: number }): number {
  return Math.max(1, Math.min(epochs, Math.floor(views / parts)));
}

/** NAME@VERSION of the folder to make, which must not be the parent's own. */
export function nextVersion(
  { manifest }: Pick<OpenedBundle, 'manifest'>,
  out: string,
): { name: string; version: string } {
  const names = namesOf(out);
  if (names.name === manifest.name && names.version === manifest.version) {
    const found = `${names.name}@${names.version}`;
    throw fail('usage/value', {
      option: 'out',
      found,
      expected: 'another version than that of the bundle it is made from',
    });
  }
  return names;
}

/** All parts looked at first. Warns where the old parts are not those of the bundle. */
async function inspected(
  context: Context,
  parent: OpenedBundle,
  old: GoodParts | null,
  added: GoodParts,
): Promise<string> {
  const { manifest } = parent;
  const look = (parts: GoodParts) =>
    inspectParts([...parts.training, ...parts.heldOut], taughtModalities(parent), context.signal);
  const seen = old ? [await look(old), await look(added)] : [await look(added)];
  for (const { widthPx, heightPx, warnings } of seen) {
    for (const warning of warnings) context.stderr(`warning: ${warning}`);
    if (widthPx === manifest.input.widthPx && heightPx === manifest.input.heightPx) continue;
    const { input, name, version } = manifest;
    const expected = `${input.widthPx} x ${input.heightPx} as ${name}@${version} was taught on`;
    throw fail('image/size', { what: 'a good part', actual: `${widthPx} x ${heightPx}`, expected });
  }
  if (old && seen[0]!.dataDigest !== manifest.taught.dataDigest)
    context.stderr(
      'warning: the old parts are not exactly those the bundle was taught on: they are divided anew, and what is ' +
        'held out now may have been taught on then',
    );
  return JSON.stringify(seen.map(({ digest }) => digest));
}

function cautions({ manifest }: OpenedBundle, old: GoodParts | null): string[] {
  const others = manifest.variants.slice(1).map(({ provider, precision }) => `${provider}/${precision}`);
  return [
    ...(old
      ? []
      : [
          'the parts the bundle was taught on are not given (--data OLD --data NEW): its golden parts are used ' +
            'place, scales stay as they are, and the threshold may rise but not fall',
        ]),
    ...(others.length > 0 ? [`only ${manifest.variants[0]!.provider} is made; make again: ${others.join(', ')}`] : []),
  ];
}

function report(
  context: Context,
  args: Args,
  { manifest, added, golden, thresholdBefore, thresholds }: Continued,
  { path, out, seconds }: { path: string; out: string; seconds: number },
): void {
  const threshold = { before: thresholdBefore, after: thresholds.score.threshold };
  const { partsAdded, heldOutAdded, digest } = manifest.taught.parents![0]!;
  const rejected = {
    before: added.filter(({ before }) => before >= threshold.before),
    after: added.filter(({ after }) => after >= threshold.after),
  };
  const wide = rejected.before.filter(({ before }) => before >= widely * threshold.before);
  const defects = golden.filter(({ id }) => !id.startsWith('golden good'));
  const passing = defects.filter(({ before, after }) => before >= threshold.before && after < threshold.after);
  if (wide.length > 0)
    context.stderr(
      `warning: the bundle was sure that ${named(wide.map(({ id }) => id))} had a defect (score from ` +
        `${Math.min(...wide.map(({ before }) => before)).toPrecision(4)}); a part like them will pass from now on`,
    );
  if (threshold.after > (1 + muchHigher) * threshold.before)
    context.stderr(
      `warning: the threshold rises from ${threshold.before.toPrecision(4)} to ${threshold.after.toPrecision(4)}: ` +
        'what scores between them passed for a defect until now. Look at the new parts, and evaluate before it serves',
    );
  for (const { id } of passing) context.stderr(`warning: ${id} was rejected and passes now`);
  if (args.flag('json')) {
    const counts = { before: rejected.before.length, after: rejected.after.length };
    const rest = { partsAdded, heldOutAdded, threshold, rejected: counts, added, golden };
    context.stdout(JSON.stringify({ bundle: out, parent: path, parentDigest: digest, seconds, ...rest }));
    return;
  }
  const count = added.length;
  context.stdout(`${out}: ${partsAdded} good parts added, ${heldOutAdded} more held out, in ${Math.round(seconds)} s`);
  context.stdout(`rejected of the ${count} new parts: ${rejected.before.length} before, ${rejected.after.length} now`);
  for (const { id, before, after } of rejected.after)
    context.stdout(`  ${id}: score ${before.toPrecision(4)} before, ${after.toPrecision(4)} now`);
  context.stdout(`threshold ${threshold.before.toPrecision(5)} before, ${threshold.after.toPrecision(5)} now`);
  context.stdout(`next: twinspect evaluate --bundle ${out} --data DIR, or set line.bundle to it`);
}
