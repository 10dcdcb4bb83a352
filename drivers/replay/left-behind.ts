/**
 * What lies in a folder of recorded parts and nobody would read: a split or a half that is spelt otherwise, a kind
 * without one of its halves, images a folder too deep. Refused by name, since less than what is there would be taught
 * and measured on, without a word; what may well be something else is remarked upon.
 */
import { fail } from '../../errors.ts';
import type { FileReader } from '../files.ts';
import { foldersIn, isImage } from './listing.ts';

const splits = ['train', 'validation', 'test'] as const;
/** What others call the same; endings of names are not guessed at. */
const otherWords: Readonly<Record<string, readonly string[]>> = {
  train: ['training', 'trainset', 'train_set'],
  validation: ['val', 'valid', 'validate', 'val_set'],
  test: ['testing', 'tests', 'testset', 'test_set'],
  rgb: ['color', 'colour', 'colors', 'image', 'images', 'img', 'picture', 'pictures'],
  depth: ['depths', 'range', 'z'],
  xyz: ['depth', 'points'],
  gt: ['mask', 'masks', 'ground_truth', 'groundtruth', 'truth', 'label', 'labels', 'annotation', 'annotations'],
};
/** A split, a kind, a half: nothing lies deeper. */
const deepest = 3;

/** Throws `dataset/names`. `depthName` is what this layout calls its folder of depth. */
export async function expectNothingLeftBehind(
  files: FileReader,
  root: string,
  depthName: 'depth' | 'xyz',
): Promise<void> {
  const halves = ['rgb', depthName];
  const flat = await hasAll(files, root, halves);
  let divided = false;
  for (const { name, directory } of (await files.list(root)) ?? []) {
    const path = `${root}/${name}`;
    if (splits.some((split) => split === name)) {
      if (!directory) throw refusal(path, 'is no folder, or a link that leads nowhere');
      divided = (await expectSplit(files, path, halves)) || divided;
      continue;
    }
    if (!directory || (flat && [...halves, 'gt'].includes(name))) continue;
    const meant = meantBy(name, splits);
    if (!(await holdsImages(files, path))) continue;
    if (meant !== null) throw refusal(path, `is not read; expected the name ${meant}`);
    files.noticed?.(path, `the folder ${name} holds images and is not read: it is none of ${splits.join(', ')}`);
  }
  if (!flat) return;
  if (divided) throw refusal(`${root}/rgb`, `is not read beside ${splits.join(', ')}`);
  await expectKind(files, root, halves);
}

/** True where the split has parts. */
async function expectSplit(files: FileReader, split: string, halves: readonly string[]): Promise<boolean> {
  const inside = await foldersIn(files, split);
  let parts = false;
  for (const name of inside) {
    const path = `${split}/${name}`;
    if (await hasAll(files, path, halves)) {
      await expectKind(files, path, halves);
      parts = true;
      continue;
    }
    if (!(await holdsImages(files, path))) continue;
    if (halves.includes(name)) throw refusal(path, `is not read; expected ${split}/good/${name}`);
    const there = await foldersIn(files, path);
    const missing = halves.find((half) => !there.includes(half))!;
    const near = there.find((folder) => meantBy(folder, [missing]) !== null);
    const hint = near === undefined ? '' : `; is it ${near}?`;
    throw refusal(path, `has no folder ${missing}, so none of its parts can be read${hint}`);
  }
  return parts;
}

async function expectKind(files: FileReader, kind: string, halves: readonly string[]): Promise<void> {
  const read = [...halves, 'gt'];
  const inside = await foldersIn(files, kind);
  for (const name of inside) {
    const path = `${kind}/${name}`;
    if (read.includes(name)) {
      for (const deeper of await foldersIn(files, path)) {
        const folder = `${path}/${deeper}`;
        if (await holdsImages(files, folder)) throw refusal(folder, `is not read; images lie in ${path} itself`);
      }
      continue;
    }
    const meant = meantBy(name, read);
    if (meant === null || inside.includes(meant) || !(await holdsImages(files, path))) continue;
    throw refusal(path, `is not read; expected the name ${meant}`);
  }
}

const refusal = (path: string, problem: string): Error => fail('dataset/names', { path, problem });

/** The known name that is spelt in another case or in another word; null where there is none. */
function meantBy(name: string, known: readonly string[]): string | null {
  const plain = name.normalize('NFC').trim().toLowerCase();
  return known.find((each) => each === plain || otherWords[each]?.includes(plain)) ?? null;
}

async function hasAll(files: FileReader, folder: string, names: readonly string[]): Promise<boolean> {
  const inside = await foldersIn(files, folder);
  return names.every((name) => inside.includes(name));
}

async function holdsImages(files: FileReader, folder: string, depth = deepest): Promise<boolean> {
  const entries = (await files.list(folder)) ?? [];
  if (entries.some(({ name, directory }) => !directory && isImage(name))) return true;
  if (depth === 0) return false;
  for (const { name, directory } of entries) {
    if (directory && (await holdsImages(files, `${folder}/${name}`, depth - 1))) return true;
  }
  return false;
}
