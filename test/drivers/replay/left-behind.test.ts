/** What a folder of recorded parts holds and nobody would read is refused by name, never left out without a word. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { diskFiles, noticing } from '../../../drivers/files.ts';
import { listSamples } from '../../../drivers/replay/layouts.ts';
import { expectKinds } from '../../../drivers/replay/plausible.ts';
import { MemoryFiles } from './memory-files.ts';

let files: MemoryFiles;
const image = new Uint8Array(1);
beforeEach(async () => {
  files = new MemoryFiles();
  await files.write('set/dataset.json', '{"depthMmPerUnit":0.1}');
  await parts('train/good', 'validation/good', 'test/dent');
  await files.write('set/test/dent/gt/000.png', image);
});

async function parts(...folders: string[]): Promise<void> {
  for (const folder of folders)
    for (const half of ['rgb', 'depth']) await files.write(`set/${folder}/${half}/000.png`, image);
}

/** Renames a folder or a file. */
function renamed(from: string, to: string): void {
  for (const [path, bytes] of [...files.contents]) {
    if (path !== `set/${from}` && !path.startsWith(`set/${from}/`)) continue;
    files.contents.delete(path);
    files.contents.set(`set/${to}${path.slice(`set/${from}`.length)}`, bytes);
  }
}

test.each([
  ['train', 'Train', 'set/Train is not read; expected the name train'],
  ['test', 'TEST', 'set/TEST is not read; expected the name test'],
  ['validation', 'val', 'set/val is not read; expected the name validation'],
  [
    'train/good/rgb',
    'train/good/RGB',
    'set/train/good has no folder rgb, so none of its parts can be read; is it RGB?',
  ],
  ['test/dent/depth', 'test/dent/z', 'set/test/dent has no folder depth, so none of its parts can be read; is it z?'],
  ['test/dent/depth', 'elsewhere', 'set/test/dent has no folder depth, so none of its parts can be read'],
  ['test/dent/gt', 'test/dent/GT', 'set/test/dent/GT is not read; expected the name gt'],
  ['test/dent/gt', 'test/dent/ground_truth', 'set/test/dent/ground_truth is not read; expected the name gt'],
  ['test/dent/gt/000.png', 'test/dent/gt/000_mask.png', 'set/test/dent/gt/000_mask.png is the mask of no part'],
  ['train/good/rgb', 'train/good/rgb/batch1', 'set/train/good/rgb/batch1 is not read; images lie in'],
  ['train/good', 'train', 'is not read; expected set/train/good/'],
  ['dataset.json', 'Dataset.JSON', 'set/Dataset.JSON is not read; expected the name dataset.json'],
  ['dataset.json', 'dataset.json.txt', 'set/dataset.json.txt is not read; expected the name dataset.json'],
])('%s as %s', async (from, to, text) => {
  renamed(from, to);
  await expect(listSamples(files, 'set')).rejects.toMatchObject({
    code: 'dataset/names',
    message: expect.stringContaining(text),
  });
});

test('every split in another case is named too, where no layout fits', async () => {
  for (const split of ['train', 'validation', 'test']) renamed(split, split.toUpperCase());
  await expect(listSamples(files, 'set')).rejects.toThrow('set/TEST is not read; expected the name test');
});

test('parts of the root beside splits, and one kind spelt in two ways of Unicode', async () => {
  await parts('.');
  for (const half of ['rgb', 'depth']) renamed(`./${half}`, half);
  await expect(listSamples(files, 'set')).rejects.toThrow('set/rgb is not read beside train, validation, test');
  for (const half of ['rgb', 'depth']) files.contents.delete(`set/${half}/000.png`);
  await parts(`test/${'Däl'.normalize('NFC')}`, `test/${'Däl'.normalize('NFD')}`);
  await expect(listSamples(files, 'set')).rejects.toThrow('set/test/Däl/000 is there twice');
});

test('what may be something else is remarked upon, and what holds no images is nothing', async () => {
  await parts('old/train/good');
  await files.write('set/notes/read-me.txt', '');
  await files.write('set/train/reports/monday.pdf', '');
  await files.write('set/train/good/rgb/settings.ini', '');
  const told: string[] = [];
  const samples = await listSamples(
    noticing(files, (path, what) => told.push(`${path}: ${what}`)),
    'set',
  );
  expect(samples).toHaveLength(3);
  expect(told).toEqual([
    'set/old: the folder old holds images and is not read: it is none of train, validation, test',
    'set/train/good/rgb/settings.ini: what does not end as an image does is left out',
  ]);
});

test.each(['Good', 'OK', 'normal'])('good parts in a folder named %s are no defects', async (kind) => {
  renamed('train/good', `train/${kind}`);
  const samples = await listSamples(files, 'set');
  expect(() => expectKinds('set', samples)).toThrow(`set/train/${kind} counts as a kind of defect; good parts lie in`);
});

test('a link that leads nowhere or in a circle costs its part, not its folder', async () => {
  const root = await mkdtemp(join(tmpdir(), 'twinspect-links-'));
  try {
    for (const [path, bytes] of files.contents) {
      const to = join(root, path.slice('set/'.length));
      await mkdir(join(to, '..'), { recursive: true });
      await writeFile(to, bytes);
    }
    await symlink('circle.png', join(root, 'train/good/rgb/circle.png'));
    await symlink('/nowhere', join(root, 'train/good/depth/lost.png'));
    await symlink('/nowhere', join(root, 'latest'));
    const samples = await listSamples(diskFiles, root);
    const train = samples.filter(({ split }) => split === 'train');
    expect(train.map(({ id }) => id)).toEqual(['train/good/000', 'train/good/circle', 'train/good/lost']);
    await expect(train[1]!.loadRgb()).rejects.toMatchObject({ code: 'file/unreadable' });
    await expect(train[2]!.loadDepth()).rejects.toMatchObject({ code: 'file/missing' });
    await rm(join(root, 'test'), { recursive: true });
    await symlink('/nowhere', join(root, 'test'));
    await expect(listSamples(diskFiles, root)).rejects.toThrow('test is no folder, or a link that leads nowhere');
  } finally {
    await rm(root, { recursive: true });
  }
});
