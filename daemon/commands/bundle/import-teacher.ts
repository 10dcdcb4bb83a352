/**
 * `twinspect bundle import-teacher`: is a weights file a teacher, and which? Names the layers that are used, what an
 * image costs and what the file says of its licence; with `--out` it writes those layers alone, normalisations folded.
 */
import { basename, resolve } from 'node:path';
import { fail } from '../../../errors.ts';
import { type ImportedTeacher, importTeacher } from '../../../models/bundle/import-teacher.ts';
import { sha256 } from '../../../models/bundle/load.ts';
import { writeSafetensors } from '../../../models/bundle/safetensors.ts';
import { teacherLayers, teacherName } from '../../../models/bundle/teacher-layers.ts';
import { writeNew } from '../../write-whole.ts';
import type { Args } from '../args.ts';
import type { Context } from '../command.ts';

/** The size costs are told for. */
const sidePx = 256;
const notStated = 'not stated in the file; ask where it came from';

export async function importTeacherFile(context: Context, args: Args): Promise<void> {
  const path = resolve(context.cwd, args.required('from'));
  const bytes = await context.files.read(path);
  const teacher = importTeacher(bytes, path);
  const digest = sha256(bytes);
  const licence = args.text('licence') ?? teacher.metadata['licence'] ?? null;
  const { layers, gflop } = teacherLayers(teacher.spec, sidePx);
  if (args.flag('json')) {
    const { spec, metadata, unused } = teacher;
    const name = teacherName(spec);
    context.stdout(JSON.stringify({ path, digest, name, spec, gflop, licence, metadata, layers, unused }, null, 2));
  } else {
    for (const line of summary(teacher, { digest, licence, gflop })) context.stdout(line);
    for (const { name, shape, stride, output } of layers)
      context.stdout(
        `  ${name.padEnd(24)}${`[${shape}]`.padEnd(20)}${String(stride).padEnd(8)}${output.slice(1).join(' x ')}`,
      );
    context.stdout(`not used: ${someOf(teacher.unused)}`);
  }
  const out = args.text('out');
  if (out === null) return;
  const source = teacher.metadata['source'] ?? `${basename(path)} (sha256 ${digest})`;
  const made = foldedFile(teacher, { source, ...(licence !== null && { licence }) });
  const target = resolve(context.cwd, out);
  await writeNew(target, made);
  context.stderr(`${target}: ${made.byteLength} bytes; teach --teacher takes it`);
}

function summary(
  { spec, metadata }: ImportedTeacher,
  { digest, licence, gflop }: { digest: string; licence: string | null; gflop: number },
): string[] {
  const { block = 'basic', blocks, channels, widths, stem, stemPool } = spec;
  const narrow = widths ? `, ${widths.join(', ')} inside` : '';
  const rows: [string, string][] = [
    [
      'network',
      `${teacherName(spec)}: ${blocks.join(', ')} ${block} blocks, ${stem} channels from conv1, pool ${stemPool}`,
    ],
    ['features', `${channels.join(', ')} channels at strides 4, 8, 16${narrow}`],
    ['cost', `${gflop.toFixed(2)} GFLOP for an image of ${sidePx} x ${sidePx}; a part is two, colour and depth`],
    ['licence', licence ?? notStated],
    ['source', metadata['source'] ?? 'not stated in the file'],
    ['digest', digest],
  ];
  return [
    ...rows.map(([name, value]) => name.padEnd(10) + value),
    `${'layer'.padEnd(26)}${'weights'.padEnd(20)}stride  output`,
  ];
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, 4).join(', ');
  return names.length > 4 ? `${shown} and ${names.length - 4} more tensors` : shown || 'nothing, every tensor is';
}

/** Each convolution with its normalisation in it, as `importTeacher` reads it again. */
function foldedFile({ spec, weights, metadata }: ImportedTeacher, lineage: Record<string, string>): Uint8Array {
  const tensors = teacherLayers(spec, sidePx).layers.flatMap(({ name, shape }) => {
    const conv = weights.get(name);
    if (!conv) throw fail('weights/unusable', { path: name, problem: 'it is missing' });
    return [
      [`${name}.weight`, { shape, data: conv.weight }],
      [`${name}.bias`, { shape: [shape[0]!], data: conv.bias }],
    ] as const;
  });
  return writeSafetensors(new Map(tensors), { ...metadata, format: 'pt', stemPool: String(spec.stemPool), ...lineage });
}
