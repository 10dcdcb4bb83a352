/**
 * `twinspect teach`: a folder of good parts -> a bundle. Shows how far it is and how long it still takes; stopped by
 * Ctrl-C it goes on where it was when called again with the same options. Never writes into an existing bundle.
 */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { type Layout, layoutNames, listSamples } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { sha256 } from '../../models/bundle/load.ts';
import type { Area } from '../../models/bundle/manifest.ts';
import { teach } from '../../models/teach/teach.ts';
import type { Taught, TeachOptions } from '../../models/teach/teaching.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';
import { goodParts } from './good-parts.ts';
import { shippedTeacher } from './shipped.ts';
import { TeachingDisplay } from './teaching-display.ts';
import { openTeachingFolder } from './teaching-folder.ts';

const defaults = { epochs: 40, batch: 8, learningRate: 0.002, seed: 1, falseRejectRate: 0.01, featureCacheMb: 2000 };
/** The working image's longer side, unless asked for otherwise. */
const workingSidePx = 256;
/** The network halves an image five times. */
const workingStep = 32;

export const command: Command = {
  name: 'teach',
  summary: 'make a bundle from a folder of good parts',
  usage: ['teach --data DIR --out DIR [options]'],
  options: {
    data: { type: 'string', value: 'DIR', doc: `recorded parts; layouts: ${layoutNames.join(', ')}` },
    out: { type: 'string', value: 'DIR', doc: 'the bundle folder to make, as NAME@VERSION; must not exist yet' },
    product: { type: 'string', value: 'NAME', doc: 'what the parts are; default: the bundle name' },
    teacher: {
      type: 'string',
      value: 'FILE',
      doc: 'pretrained ResNet weights (.safetensors); default: the shipped teacher',
    },
    epochs: { type: 'string', value: 'N', doc: `times every part is seen; default ${defaults.epochs}` },
    seed: { type: 'string', value: 'N', doc: `of weights, order and split; default ${defaults.seed}` },
    modality: { type: 'string', value: 'NAME', doc: 'what the student learns from: both (default), rgb or depth' },
    datum: {
      type: 'string',
      value: 'KIND',
      doc: 'fitted (default): height above a plane through each part; fixed: above the taught plane',
    },
    precision: {
      type: 'string',
      value: 'NAME',
      doc: 'fp32 (default); int8: the student learns on an eight-bit teacher, and the bundle holds both variants',
    },
    roi: { type: 'string', value: 'X,Y,W,H', doc: 'only this rectangle is looked at, pixels' },
    ignore: {
      type: 'string',
      value: 'X,Y,W,H',
      multiple: true,
      doc: 'a rectangle never judged, pixels; may be given often',
    },
    working: { type: 'string', value: 'WxH', doc: `size the networks see, multiples of ${workingStep}` },
    'false-reject-rate': {
      type: 'string',
      value: 'RATE',
      doc: `share of good parts that may fail; default ${defaults.falseRejectRate}`,
    },
    threads: { type: 'string', value: 'N', doc: 'default 2' },
    json: { type: 'boolean', doc: 'print the result as JSON' },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    const started = context.clock.nowMs();
    const out = resolve(context.cwd, args.required('out'));
    const options = await readOptions(context, args, out);
    const folder = await openTeachingFolder(out, await digestOf(options, context.signal));
    const display = new TeachingDisplay(context.clock, (line) => context.stderr(line));
    display.estimate(options);
    if (folder.resumed) context.stderr('going on with an interrupted teaching');
    const taught = await teach(options, {
      snapshots: folder.snapshots,
      say: (line) => context.stderr(line),
      progress: (progress) => display.progress(progress),
      signal: context.signal,
    });
    await folder.finish(taught.files);
    report(context, args, taught, out, (context.clock.nowMs() - started) / 1000);
  },
};

async function readOptions(context: Context, args: Args, out: string): Promise<TeachOptions> {
  const samples = await listSamples(
    context.files,
    resolve(context.cwd, args.required('data')),
    undefined as Layout | undefined,
  );
  const seed = args.whole('seed', { min: 0, max: 2 ** 31 - 1 }) ?? defaults.seed;
  const { training, heldOut } = goodParts(samples, seed);
  if (training.length < defaults.batch) throw fail('teach/tooFew', { found: training.length, least: defaults.batch });
  const first = await training[0]!.load();
  const [name, version = '1.0.0'] = basename(out).split('@') as [string, string?];
  const roi = args.text('roi');
  const frame = roi === null ? first : area('roi', roi, first);
  return {
    name,
    version,
    product: args.text('product') ?? name,
    training,
    heldOut,
    teacher: await openTeacher(context, args.text('teacher')),
    modalities: modalitiesOf(args.text('modality') ?? 'both'),
    working: workingSize(args.text('working'), frame),
    roi: roi === null ? null : area('roi', roi, first),
    ignore: args.texts('ignore').map((each) => area('ignore', each, first)),
    datum: datumOf(args.text('datum') ?? 'fitted'),
    ...(eightBits(args.text('precision') ?? 'fp32') && { precision: 'int8' as const }),
    epochs: args.whole('epochs', { min: 1, max: 10_000 }) ?? defaults.epochs,
    batch: defaults.batch,
    learningRate: defaults.learningRate,
    seed,
    falseRejectRate: args.number('false-reject-rate', { min: 1e-6, max: 0.5 }) ?? defaults.falseRejectRate,
    threads: args.whole('threads', { min: 1, max: 64 }) ?? 2,
    featureCacheMb: defaults.featureCacheMb,
  };
}

async function openTeacher(context: Context, path: string | null): Promise<TeachOptions['teacher']> {
  const file = path === null ? shippedTeacher(context.packageRoot) : resolve(context.cwd, path);
  const bytes = await context.files.read(file);
  return { ...importTeacher(bytes, file), source: basename(file), digest: sha256(bytes) };
}

function modalitiesOf(found: string): TeachOptions['modalities'] {
  if (found === 'both') return ['rgb', 'depth'];
  if (found === 'rgb' || found === 'depth') return [found];
  throw fail('usage/value', { option: 'modality', found, expected: 'both, rgb or depth' });
}

function datumOf(found: string): TeachOptions['datum'] {
  if (found === 'fitted' || found === 'fixed') return found;
  throw fail('usage/value', { option: 'datum', found, expected: 'fitted or fixed' });
}

function eightBits(found: string): boolean {
  if (found === 'fp32' || found === 'int8') return found === 'int8';
  throw fail('usage/value', { option: 'precision', found, expected: 'fp32 or int8' });
}

function area(option: string, found: string, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Area {
  const [x, y, w, h] = found.split(',').map(Number) as [number, number, number, number];
  // Number('') is 0: each of the four must be written out.
  if (!/^\d+(?:,\d+){3}$/.test(found) || w < 1 || h < 1 || x + w > widthPx || y + h > heightPx) {
    throw fail('usage/value', { option, found, expected: `X,Y,W,H inside ${widthPx} x ${heightPx}` });
  }
  return { x, y, widthPx: w, heightPx: h };
}

/** As large as the frame, but no longer than the usual side, each side a multiple of the step. */
function workingSize(
  found: string | null,
  frame: { widthPx: number; heightPx: number },
): { widthPx: number; heightPx: number } {
  if (found !== null) {
    const [widthPx, heightPx] = found.split('x').map(Number) as [number, number];
    const fits =
      /^\d+x\d+$/.test(found) &&
      [widthPx, heightPx].every((side) => side >= 2 * workingStep && side % workingStep === 0);
    if (!fits)
      throw fail('usage/value', {
        option: 'working',
        found,
        expected: `WxH, each a multiple of ${workingStep} from ${2 * workingStep}`,
      });
    return { widthPx, heightPx };
  }
  const scale = Math.min(1, workingSidePx / Math.max(frame.widthPx, frame.heightPx));
  const side = (length: number): number =>
    Math.max(2 * workingStep, workingStep * Math.round((length * scale) / workingStep));
  return { widthPx: side(frame.widthPx), heightPx: side(frame.heightPx) };
}

/**
 * Two teachings with the same digest are the same teaching: one may go on with the other's snapshot. Pixels count, not
 * ids alone: two folders of recordings name their parts alike.
 */
async function digestOf({ training, heldOut, teacher, ...rest }: TeachOptions, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256').update(JSON.stringify([rest, teacher.digest]));
  for (const part of [...training, ...heldOut]) {
    signal.throwIfAborted();
    const { rgb, depthMm } = await part.load();
    digest
      .update(part.id)
      .update(rgb)
      .update(new Uint8Array(depthMm.buffer, depthMm.byteOffset, depthMm.byteLength));
  }
  return digest.digest('hex');
}

function report(context: Context, args: Args, { manifest, thresholds }: Taught, out: string, seconds: number): void {
  const { score } = thresholds;
  if (args.flag('json')) {
    const { wanted, expected, lowestSupported, partsMissing, interval95 } = score;
    context.stdout(
      JSON.stringify({
        bundle: out,
        seconds,
        parts: manifest.taught.parts,
        heldOut: manifest.taught.heldOut,
        curve: manifest.taught.curve,
        threshold: score.threshold,
        falseRejectRate: { wanted, expected, lowestSupported, partsMissing, interval95 },
      }),
    );
    return;
  }
  const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  context.stdout(`${out}: taught on ${manifest.taught.parts} good parts in ${Math.round(seconds)} s`);
  context.stdout(
    `threshold ${score.threshold.toPrecision(5)}: about ${percent(score.expected)} of good parts will fail`,
  );
  context.stdout(`  (95 % sure it is between ${percent(score.interval95[0])} and ${percent(score.interval95[1])})`);
  if (score.partsMissing > 0) {
    context.stdout(
      `${manifest.taught.heldOut} held-out parts support a rate of ${percent(score.lowestSupported)} at the lowest; ` +
        `${score.partsMissing} more are needed for the ${percent(score.wanted)} asked for`,
    );
  }
  context.stdout(`next: twinspect evaluate --bundle ${out} --data DIR, or set line.bundle to it`);
}
