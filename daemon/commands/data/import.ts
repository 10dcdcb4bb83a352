/**
 * `twinspect data import`: pictures and depth in the files people have -> a folder of layout `pairs`. The unit is asked
 * for; nothing is written over; what found no partner is named and left where it is.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { encodeDepthPng16, encodePng } from '../../../drivers/image/png.ts';
import { anyDepthEndings, readAnyDepth } from '../../../drivers/points/read.ts';
import { type RawDepth, toMm } from '../../../drivers/replay/depth-signs.ts';
import { imagesIn, maskEndings, pictureEndings, withoutClutter } from '../../../drivers/replay/listing.ts';
import { usualRangeMm } from '../../../drivers/replay/plausible.ts';
import { readMask, readRgb } from '../../../drivers/replay/read-image.ts';
import { fail } from '../../../errors.ts';
import { writeNew } from '../../write-whole.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';

const unitsMm: Readonly<Record<string, number>> = { m: 1000, cm: 10, mm: 1, um: 0.001, µm: 0.001 };
/** Steps of the 16-bit depth, mm, finest first. */
const stepsMm = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const largestUnit = 65_535;

interface Plan {
  rgb: Map<string, string>;
  depth: Map<string, string>;
  gt: Map<string, string>;
  mmPerUnit: number;
  missing: number[];
  grid: { widthPx: number; heightPx: number } | null;
  out: string;
  folder: string;
}

export async function importData(context: Context, args: Args): Promise<number | undefined> {
  args.atMost(1);
  const plan = await planOf(context, args);
  const names = [...plan.rgb.keys()].filter((name) => plan.depth.has(name)).sort();
  const alone = [...plan.rgb, ...plan.depth].filter(([name]) => !names.includes(name)).map(([, path]) => path);
  if (names.length === 0)
    throw fail('dataset/layout', { path: plan.out, problem: 'no picture has the name of a depth' });
  const orphan = [...plan.gt].find(([name]) => !names.includes(name))?.[1];
  if (orphan !== undefined) {
    throw fail('dataset/names', {
      path: orphan,
      problem: 'is the mask of no part: no picture and depth have its name',
    });
  }
  const farthestMm = await farthestOf(context, plan, names);
  const stepMm = stepsMm.find((step) => farthestMm / step <= largestUnit);
  if (stepMm === undefined) {
    const expected = `${largestUnit} mm at the most; is the unit right, or is it a missing reading (--no-reading)?`;
    throw fail('dataset/field', {
      path: args.required('depth'),
      field: 'the farthest depth',
      value: `${farthestMm} mm`,
      expected,
    });
  }
  for (const [index, name] of names.entries()) {
    context.signal.throwIfAborted();
    if (index % 50 === 0) context.stderr(`${index} of ${names.length} parts`);
    await writePart(context, plan, name, stepMm);
  }
  const description = {
    depthMmPerUnit: stepMm,
    source: `imported from ${args.required('rgb')}, ${args.required('depth')}`,
  };
  // last: a folder without it is unfinished
  await write(`${plan.out}/dataset.json`, new TextEncoder().encode(`${JSON.stringify(description, null, 1)}\n`));
  if (args.flag('json')) {
    context.stdout(
      JSON.stringify({ folder: plan.out, parts: names.length, depthMmPerUnit: stepMm, farthestMm, alone }),
    );
  } else {
    context.stdout(
      `${plan.out}: ${names.length} parts, depth to ${farthestMm.toPrecision(5)} mm in steps of ${stepMm} mm`,
    );
    for (const path of alone) context.stdout(`left out, no partner of its name: ${path}`);
    context.stdout(`look at it with "twinspect data check ${args.required('out')}"`);
  }
  return undefined;
}

/** Throws `dataset/field` where a reading lies behind the camera: 16 bit hold none, and it would be lost. */
async function farthestOf(context: Context, plan: Plan, names: readonly string[]): Promise<number> {
  let farthestMm = 0;
  for (const name of names) {
    context.signal.throwIfAborted();
    for (const mm of (await depthOf(context, plan, name)).depthMm) {
      if (mm > farthestMm) farthestMm = mm;
      if (mm >= 0) continue;
      const expected = 'above 0; a missing reading (--no-reading)? or heights, or a view along -z?';
      throw fail('dataset/field', { path: plan.depth.get(name)!, field: 'a depth', value: `${mm} mm`, expected });
    }
  }
  if (farthestMm === 0) {
    const value = 'missing in every pixel';
    throw fail('dataset/field', { path: plan.out, field: 'the depth', value, expected: 'readings above 0' });
  }
  const [near, far] = usualRangeMm;
  if (farthestMm < near || farthestMm > far) {
    context.stderr(
      `warning: depth ends at ${farthestMm.toPrecision(4)} mm, usual is ${near} to ${far}: is --unit right?`,
    );
  }
  return farthestMm;
}

async function planOf(context: Context, args: Args): Promise<Plan> {
  const { tidy } = withoutClutter(context.files);
  const at = (option: string): string => resolve(context.cwd, args.required(option));
  const out = at('out');
  const unit = args.required('unit');
  const mmPerUnit = unitsMm[unit] ?? Number(unit);
  if (!(mmPerUnit > 0 && mmPerUnit < 1e6)) {
    throw fail('usage/value', { option: 'unit', found: unit, expected: 'm, cm, mm, um, or mm as a number above 0' });
  }
  const missing = args.texts('no-reading').map((text) => {
    if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
    throw fail('usage/value', { option: 'no-reading', found: text, expected: 'a number in units of the depth files' });
  });
  const [split, kind] = [args.text('split') ?? 'train', args.text('kind') ?? 'good'];
  if (!['train', 'validation', 'test'].includes(split)) {
    throw fail('usage/value', { option: 'split', found: split, expected: 'train, validation or test' });
  }
  if (!/^[\p{L}\p{N}_-]{1,64}$/u.test(kind)) {
    throw fail('usage/value', { option: 'kind', found: kind, expected: 'letters, digits, dash, underscore' });
  }
  if (((await context.files.list(out)) ?? []).length > 0) throw fail('file/exists', { path: out });
  const [rgb, depth] = [
    await imagesIn(tidy, at('rgb'), pictureEndings),
    await imagesIn(tidy, at('depth'), anyDepthEndings),
  ];
  const gt = args.text('gt') === null ? new Map<string, string>() : await imagesIn(tidy, at('gt'), maskEndings);
  const grid = gridOf(args.text('grid'));
  return { rgb, depth, gt, mmPerUnit, missing: [0, ...missing], grid, out, folder: `${out}/${split}/${kind}` };
}

function gridOf(text: string | null): Plan['grid'] {
  if (text === null) return null;
  const found = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  if (found === null) throw fail('usage/value', { option: 'grid', found: text, expected: 'WIDTHxHEIGHT in pixels' });
  return { widthPx: Number(found[1]), heightPx: Number(found[2]) };
}

async function depthOf({ files }: Context, plan: Plan, name: string): Promise<ReturnType<typeof toMm>> {
  const raw: RawDepth = await readAnyDepth(files, plan.depth.get(name)!, plan.grid);
  return toMm(raw, { mmPerUnit: plan.mmPerUnit, missing: plan.missing });
}

async function writePart(context: Context, plan: Plan, name: string, stepMm: number): Promise<void> {
  const picture = await readRgb(context.files, plan.rgb.get(name)!);
  const { widthPx, heightPx, depthMm } = await depthOf(context, plan, name);
  if (picture.widthPx !== widthPx || picture.heightPx !== heightPx) {
    throw fail('image/size', {
      what: plan.depth.get(name)!,
      actual: `${widthPx} x ${heightPx}`,
      expected: `${picture.widthPx} x ${picture.heightPx} as ${plan.rgb.get(name)}`,
    });
  }
  // a reading stays one, however near it is
  const units = Uint16Array.from(depthMm, (mm) => (mm > 0 ? Math.max(1, Math.round(mm / stepMm)) : 0));
  await write(`${plan.folder}/rgb/${name}.png`, await encodePng(picture.rgb, widthPx, heightPx));
  await write(`${plan.folder}/depth/${name}.png`, await encodeDepthPng16(units, widthPx, heightPx));
  const maskPath = plan.gt.get(name);
  if (maskPath === undefined) return;
  const { mask, ...size } = await readMask(context.files, maskPath);
  if (size.widthPx !== widthPx || size.heightPx !== heightPx) {
    const [actual, expected] = [`${size.widthPx} x ${size.heightPx}`, `${widthPx} x ${heightPx} as its picture`];
    throw fail('image/size', { what: maskPath, actual, expected });
  }
  const marks = mask.map((mark) => mark * 255);
  await write(`${plan.folder}/gt/${name}.png`, await encodePng(marks, size.widthPx, size.heightPx));
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeNew(path, bytes);
}
