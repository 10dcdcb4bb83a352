/** The options of `teach`, read and checked against the parts: everything is refused before the first epoch. */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { layoutNames } from '../../drivers/index.ts';
import { fail } from '../../errors.ts';
import { importTeacher } from '../../models/bundle/import-teacher.ts';
import { sha256 } from '../../models/bundle/load.ts';
import type { Area } from '../../models/bundle/manifest.ts';
import { bestRecipe } from '../../models/nets/recipe.ts';
import { inspectParts } from '../../models/teach/inspect.ts';
import type { TeachOptions } from '../../models/teach/teaching.ts';
import type { Args, Option } from './args.ts';
import type { Context } from './command.ts';
import { calibrationOf, type GoodParts, goodPartsOf, requireEnough, together } from './good-parts.ts';
import { shippedTeacher } from './shipped.ts';

const defaults = { batch: 8, learningRate: 0.002, seed: 1, falseRejectRate: 0.01, featureCacheMb: 2000 };
/** The student looks at every part so often, and where parts are few, at all of them together so many times. */
const leastLooks = { eachPart: 12, together: 1200 };
/** The working image's longer side, unless asked for otherwise. */
const workingSidePx = 256;
/** The network halves an image five times. */
const workingStep = 32;

export const teachOptions: Readonly<Record<string, Option>> = {
  data: {
    type: 'string',
    value: 'DIR',
    multiple: true,
    doc: `recorded parts, may be given often; layouts: ${layoutNames.join(', ')}`,
  },
  out: { type: 'string', value: 'DIR', doc: 'the bundle folder to make, as NAME@VERSION; must not exist yet' },
  continue: {
    type: 'string',
    value: 'BUNDLE',
    doc: 'retrain a bundle with more good parts, without starting over: --data NEW, or --data OLD --data NEW',
  },
  product: { type: 'string', value: 'NAME', doc: 'what the parts are; default: the bundle name' },
  teacher: {
    type: 'string',
    value: 'FILE',
    doc: 'pretrained ResNet weights (.safetensors); default: the shipped teacher',
  },
  epochs: {
    type: 'string',
    value: 'N',
    doc: `times every part is seen; default ${leastLooks.eachPart}, more where parts are few`,
  },
  seed: { type: 'string', value: 'N', doc: `of weights, order and split; default ${defaults.seed}` },
  modality: { type: 'string', value: 'NAME', doc: 'what the student learns from: both (default), rgb or depth' },
  datum: {
    type: 'string',
    value: 'KIND',
    doc: 'the pose reference. fitted (default): height above a plane through each part; fixed: above the taught plane',
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
  report: {
    type: 'string',
    value: 'DIR',
    doc: 'write report.html there: one page, opens offline; default: OUT.report.html beside the bundle',
  },
  threads: { type: 'string', value: 'N', doc: 'default 2' },
  json: { type: 'boolean', doc: 'print the result as JSON' },
};

/** `digest` names this very teaching: two with the same one may go on with each other's snapshot. */
export async function readOptions(
  context: Context,
  args: Args,
  out: string,
): Promise<{ options: TeachOptions & GoodParts; digest: string }> {
  const seed = args.whole('seed', { min: 0, max: 2 ** 31 - 1 }) ?? defaults.seed;
  const parts = together(await goodPartsOf(context, dataFolders(context, args), seed));
  requireEnough(parts, defaults.batch);
  const plain = {
    ...namesOf(out),
    modalities: modalitiesOf(args.text('modality') ?? 'both'),
    recipe: bestRecipe,
    ...(eightBits(args.text('precision') ?? 'fp32') && { precision: 'int8' as const }),
    datum: datumOf(args.text('datum') ?? 'fitted'),
    epochs: args.whole('epochs', { min: 1, max: 10_000 }) ?? epochsFor(parts.training.length),
    batch: defaults.batch,
    learningRate: defaults.learningRate,
    seed,
    falseRejectRate: readFalseRejectRate(args) ?? defaults.falseRejectRate,
    threads: readThreads(args),
    featureCacheMb: defaults.featureCacheMb,
  };
  const teacher = await openTeacher(context, args.text('teacher'));
  const found = await inspectParts([...parts.training, ...parts.heldOut], plain.modalities, context.signal);
  for (const warning of found.warnings) context.stderr(`warning: ${warning}`);
  const roi = args.text('roi');
  const frame = roi === null ? found : area('roi', roi, found);
  const shaped = {
    ...plain,
    product: args.text('product') ?? plain.name,
    working: workingSize(args.text('working'), frame),
    roi: roi === null ? null : area('roi', roi, found),
    ignore: args.texts('ignore').map((each) => area('ignore', each, found)),
  };
  const key = JSON.stringify([shaped, teacher.digest, found.digest]);
  return {
    options: { ...shaped, ...parts, teacher, calibration: calibrationOf(parts) },
    digest: createHash('sha256').update(key).digest('hex'),
  };
}

export function dataFolders(context: Context, args: Args): string[] {
  const folders = args.texts('data').map((folder) => resolve(context.cwd, folder));
  if (folders.length === 0) throw fail('usage/missing', { command: args.command, what: '--data' });
  return folders;
}

/** Looking longer restores the taught parts better, and other good parts less alike (docs/method.md, Epochs). */
function epochsFor(parts: number): number {
  return Math.max(leastLooks.eachPart, Math.ceil(leastLooks.together / parts));
}

/** NAME@VERSION; without a version it is the first. */
export function namesOf(out: string): { name: string; version: string } {
  const [name, version = '1.0.0'] = basename(out).split('@') as [string, string?];
  return { name, version };
}

export const readThreads = (args: Args): number => args.whole('threads', { min: 1, max: 64 }) ?? 2;
export const readFalseRejectRate = (args: Args): number | null =>
  args.number('false-reject-rate', { min: 1e-6, max: 0.5 });

async function openTeacher(context: Context, path: string | null): Promise<TeachOptions['teacher']> {
  const file = path === null ? shippedTeacher(context.packageRoot) : resolve(context.cwd, path);
  const bytes = await context.files.read(file);
  return { ...importTeacher(bytes, file), source: basename(file), digest: sha256(bytes) };
}

function eightBits(found: string): boolean {
  if (found === 'fp32' || found === 'int8') return found === 'int8';
  throw fail('usage/value', { option: 'precision', found, expected: 'fp32 or int8' });
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
