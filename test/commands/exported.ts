/** A small set of synthetic parts on disk with a tiny teacher beside it, and commands called as people call them. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Context } from '../../daemon/commands/command.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { exportSynthetic } from '../../drivers/synthetic/export.ts';
import { grid } from '../inference/tiny-bundle.ts';
import { tinyTeacherFile } from '../teach/tiny-teacher.ts';
import { scene } from './scene.ts';

/** Folder with `data/` (8 to teach, 3 held out, tests of two kinds) and `teacher.safetensors`. */
export async function exported(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'twinspect-teach-'));
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  const counts = { train: 8, validation: 3, testGood: 4, testPerKind: 3, kinds: ['dent', 'stain'] as const };
  await exportSynthetic(write, { dir: join(folder, 'data'), seed: 3, grid, ...counts });
  await writeFile(join(folder, 'teacher.safetensors'), tinyTeacherFile());
  return folder;
}

export async function call(cwd: string, argv: string, given: Partial<Context> = {}) {
  const it = scene({ cwd, ...given });
  const code = await dispatch(argv.split(' '), it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}
