/**
 * `twinspect camera export`: a recording -> RGB and depth PNG pairs with dataset.json, which `teach`, `evaluate` and
 * the replay camera read. Pairs are those a running line would judge, registered by the same function; depth is
 * rounded to the finest step whose 16 bits hold the farthest reading, and that step is said.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { encodeDepthPng16, encodePng } from '../../../drivers/image/png.ts';
import { type Recording, readRecording } from '../../../drivers/recording/reader.ts';
import { type Calibration, calibrationDigest, parseCalibration } from '../../../drivers/registration/calibration.ts';
import { type RegisteredPair, Registration } from '../../../drivers/registration/registration.ts';
import { fail, messageOf } from '../../../errors.ts';
import { sameGrid } from '../../line/held.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';
import { configFor } from '../config.ts';
import { type PartCounts, type RecordedPart, recordedParts } from './recorded-parts.ts';

const splits = ['train', 'validation', 'test'];
/** Steps of the 16-bit depth, mm, finest first. */
const stepsMm = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const largestUnit = 65_535;

interface Plan {
  readonly path: string;
  readonly out: string;
  readonly split: string;
  readonly kind: string;
}

export async function exportRecording(context: Context, args: Args): Promise<void> {
  const plan = await planOf(context, args);
  const { config } = await configFor(context, args.text('config'));
  const open = (): Promise<Recording> => readRecording(context.files.pieces(plan.path), plan.path);
  const { info, farthestMm } = await survey(context, await open());
  const given = args.text('calibration');
  const calibration = await calibrationOf(context, given, info.calibration, plan.path);
  const register = calibration === null ? sameGrid : registering(calibration);
  const counts: PartCounts = { opened: 0, paired: 0, faults: {} };
  const stepMm = stepsMm.find((step) => farthestMm / step <= largestUnit) ?? stepsMm.at(-1)!;
  const capturedAtMs: Record<string, number> = {};
  const recording = await open();
  for await (const part of recordedParts(recording, config, counts)) {
    context.signal.throwIfAborted();
    const name = String(part.ordinal).padStart(6, '0');
    const pair = register(part.rgb, part.depth);
    await writePair(`${plan.out}/${plan.split}/${plan.kind}`, name, pair, stepMm);
    capturedAtMs[`${plan.split}/${plan.kind}/${name}`] = part.openedAtMs;
    if (counts.paired % 50 === 0) context.stderr(`${counts.paired} parts`);
  }
  if (counts.paired === 0) throw fail('recording/noParts', { path: plan.path, faults: shown(counts) });
  // last: a folder without it is unfinished
  await write(
    `${plan.out}/dataset.json`,
    new TextEncoder().encode(
      `${JSON.stringify(
        {
          depthMmPerUnit: stepMm,
          source: `recording ${basename(plan.path)}`,
          calibration: calibration && calibrationDigest(calibration),
          capturedAtMs,
        },
        null,
        1,
      )}\n`,
    ),
  );
  report(context, args, plan, { counts, stepMm, damage: recording.damage() });
}

async function planOf(context: Context, args: Args): Promise<Plan> {
  const path = resolve(context.cwd, args.positional(1, 'the recording'));
  args.atMost(2);
  const out = resolve(context.cwd, args.required('out'));
  const split = args.text('split') ?? splits[0]!;
  if (!splits.includes(split))
    throw fail('usage/value', { option: 'split', found: split, expected: splits.join(', ') });
  const kind = args.text('kind') ?? 'good';
  if (!/^[\w-]{1,64}$/.test(kind)) {
    throw fail('usage/value', { option: 'kind', found: kind, expected: 'letters, digits, dash, underscore' });
  }
  const entries = await context.files.list(out);
  if (entries !== null && entries.length > 0) throw fail('file/exists', { path: out });
  return { path, out, split, kind };
}

/** Once through the file for its farthest reading: one step for all its parts. */
async function survey({ signal }: Context, { info, items }: Recording) {
  let farthestMm = 0;
  for await (const item of items) {
    signal.throwIfAborted();
    if (!('stamp' in item) || item.stamp.modality !== 'depth') continue;
    for (const mm of new Float32Array(item.image.data.buffer as ArrayBuffer)) {
      if (mm > farthestMm && mm < Number.POSITIVE_INFINITY) farthestMm = mm;
    }
  }
  return { info, farthestMm };
}

async function calibrationOf(
  { files, cwd }: Context,
  given: string | null,
  recorded: string | null,
  path: string,
): Promise<Calibration | null> {
  if (given === null) return recorded === null ? null : parseCalibration(recorded, `in ${path}`);
  const file = resolve(cwd, given);
  return parseCalibration(new TextDecoder().decode(await files.read(file)), file);
}

type Pair = Pick<RegisteredPair, 'widthPx' | 'heightPx' | 'depthMm'> & { readonly rgb: Uint8Array };

function registering(calibration: Calibration): (rgb: RecordedPart['rgb'], depth: RecordedPart['depth']) => Pair {
  const registration = new Registration(calibration);
  return (rgb, depth) => registration.register(rgb, depth);
}

async function writePair(folder: string, name: string, pair: Pair, stepMm: number): Promise<void> {
  const { widthPx, heightPx, rgb, depthMm } = pair;
  // no reading is 0, whatever the camera calls it; beyond the last unit is none either
  const units = Uint16Array.from(depthMm, (mm) => {
    const unit = mm > 0 ? Math.round(mm / stepMm) : 0;
    return unit <= largestUnit ? unit : 0;
  });
  const [colour, depth] = await Promise.all([
    encodePng(rgb, widthPx, heightPx),
    encodeDepthPng16(units, widthPx, heightPx),
  ]);
  await write(`${folder}/rgb/${name}.png`, colour);
  await write(`${folder}/depth/${name}.png`, depth);
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  } catch (error) {
    throw fail('file/unwritable', { path, cause: messageOf(error) }, error);
  }
}

function report(
  context: Context,
  args: Args,
  { out }: Plan,
  { counts, stepMm, damage }: { counts: PartCounts; stepMm: number; damage: string | null },
): void {
  const { opened, paired, faults } = counts;
  if (args.flag('json')) {
    context.stdout(JSON.stringify({ folder: out, opened, parts: paired, faults, depthMmPerUnit: stepMm, damage }));
    return;
  }
  context.stdout(`${out}: ${paired} of ${opened} parts, depth in steps of ${stepMm} mm`);
  if (opened > paired) context.stderr(`left out: ${shown(counts)}`);
  if (damage !== null) context.stderr(`warning: ${damage}; everything before that is exported`);
}

function shown({ opened, faults }: PartCounts): string {
  if (opened === 0) return 'no trigger';
  return Object.entries(faults)
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
}
