/** `twinspect synthetic`: writes a set of synthetic parts with their truth, to teach and to measure on. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { exportSynthetic } from '../../drivers/index.ts';
import { fail, messageOf } from '../../errors.ts';
import type { Args } from './args.ts';
import type { Command, Context } from './command.ts';

const defaults = { seed: 1, train: 160, validation: 120, 'test-good': 60, 'test-per-kind': 10 };
const mostParts = 100_000;

export const command: Command = {
  name: 'synthetic',
  summary: 'write a set of synthetic parts with their truth',
  usage: ['synthetic --out DIR [--seed N] [--train N] [--validation N] [--test-good N] [--test-per-kind N]'],
  options: {
    out: { type: 'string', value: 'DIR', doc: 'the folder to make; must be empty or absent' },
    seed: { type: 'string', value: 'N', doc: `of everything that varies from part to part; default ${defaults.seed}` },
    train: { type: 'string', value: 'N', doc: `good parts to learn from; default ${defaults.train}` },
    validation: { type: 'string', value: 'N', doc: `good parts held out; default ${defaults.validation}` },
    'test-good': { type: 'string', value: 'N', doc: `good parts to test on; default ${defaults['test-good']}` },
    'test-per-kind': { type: 'string', value: 'N', doc: `parts of each defect; default ${defaults['test-per-kind']}` },
  },
  async run(context: Context, args: Args) {
    args.atMost(0);
    const out = resolve(context.cwd, args.required('out'));
    const entries = await context.files.list(out);
    if (entries !== null && entries.length > 0) throw fail('bundle/exists', { path: out });
    const count = (name: keyof typeof defaults): number =>
      args.whole(name, { min: 0, max: mostParts }) ?? defaults[name];
    const settings = {
      dir: out,
      seed: count('seed'),
      train: count('train'),
      validation: count('validation'),
      testGood: count('test-good'),
      testPerKind: count('test-per-kind'),
    };
    const written = await exportSynthetic(writeWithFolder, {
      ...settings,
      onPart: (done: number) => {
        context.signal.throwIfAborted();
        if (done % 50 === 0) context.stderr(`${done} parts`);
      },
    });
    context.stdout(`${out}: ${written} parts`);
  },
};

async function writeWithFolder(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  } catch (error) {
    throw fail('file/unwritable', { path, cause: messageOf(error) }, error);
  }
}
