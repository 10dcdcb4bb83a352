/**
 * What is in a folder, sorted; a folder that is not there has nothing in it.
 *
 * Names are compared as Unicode's NFC: macOS and some file servers spell an accent as a letter of its own, and then
 * two names that look alike are two. Whatever case an ending is in, it is the same ending.
 */
import { fail } from '../../errors.ts';
import type { FileReader } from '../files.ts';

const leftByDesktops = /^((ehthumbs_?|thumbs)\.db|desktop\.ini|__macosx|@eadir|icon\r|\$recycle\.bin|~\$.*)$/i;

/** What file managers of desktops leave behind: forks of macOS, previews of Windows, and other hidden files. */
export function isClutter(name: string): boolean {
  return name.startsWith('.') || leftByDesktops.test(name);
}

/** The same files without what is no part of the data; `leftOut` counts it, each file once. */
export function withoutClutter(files: FileReader): { tidy: FileReader; leftOut: ReadonlySet<string> } {
  const leftOut = new Set<string>();
  const tidy: FileReader = {
    async list(path) {
      const entries = await files.list(path);
      for (const { name } of entries ?? []) if (isClutter(name)) leftOut.add(`${path}/${name}`);
      return entries?.filter(({ name }) => !isClutter(name)) ?? null;
    },
    read: (path) => files.read(path),
    pieces: (path) => files.pieces(path),
    noticed: files.noticed && ((path, what) => files.noticed?.(path, what)),
  };
  return { tidy, leftOut };
}

/** Said once of a folder; null where nothing was left out. */
export function remarkOn(leftOut: ReadonlySet<string>): string | null {
  if (leftOut.size === 0) return null;
  const names = [...leftOut].map((path) => path.slice(path.lastIndexOf('/') + 1));
  const shown = [...new Set(names)].slice(0, 3).join(', ');
  return `${leftOut.size} file${leftOut.size === 1 ? ' is' : 's are'} left out, no part of the data: ${shown}`;
}

export function isImage(name: string): boolean {
  return otherImages.test(endingOf(name));
}

function endingOf(name: string): string {
  return (/\.[^.]*$/.exec(name)?.[0] ?? '').toLowerCase();
}

export async function foldersIn(files: FileReader, path: string): Promise<string[]> {
  const entries = (await files.list(path)) ?? [];
  return entries.filter((entry) => entry.directory).map((entry) => entry.name);
}

/** Names of the files that end in `ending`, without it. */
export async function filesIn(files: FileReader, path: string, ending: string): Promise<string[]> {
  const entries = (await files.list(path)) ?? [];
  return entries
    .filter((entry) => !entry.directory && entry.name.endsWith(ending))
    .map((entry) => entry.name.slice(0, entry.name.length - ending.length));
}

export const pictureEndings = ['.png', '.jpg', '.jpeg', '.tif', '.tiff'] as const;
export const depthEndings = ['.png', '.tif', '.tiff'] as const;
/** JPEG smears a mask: what lies beside a mark is above 0 too. */
export const maskEndings = ['.png', '.tif', '.tiff'] as const;
/** What holds pictures or depth as well; a part that is silently not there is worse than a refusal. */
const otherImages =
  /^\.(png|jpe?g|tiff?|bmp|gif|webp|heic|heif|avif|jp2|jxl|tga|hdr|exr|pfm|pgm|ppm|npy|npz|ply|pcd|xyz|mat|raw|bin)$/i;

/** The images of a folder: name in NFC without its ending -> path. Throws `dataset/names`. */
export async function imagesIn(
  files: FileReader,
  folder: string,
  endings: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name, directory } of (await files.list(folder)) ?? []) {
    const ending = endingOf(name);
    const path = `${folder}/${name}`;
    if (directory && isImage(name)) throw fail('dataset/names', { path, problem: 'is a folder, expected an image' });
    if (directory) continue;
    if (!isImage(name)) {
      files.noticed?.(path, 'what does not end as an image does is left out');
      continue;
    }
    if (!endings.includes(ending)) {
      throw fail('dataset/names', { path, problem: `is not read here; expected ${endings.join(', ')}` });
    }
    const stem = name.slice(0, name.length - ending.length).normalize('NFC');
    const other = found.get(stem);
    if (other !== undefined) throw fail('dataset/names', { path, problem: `has the same name as ${other}` });
    found.set(stem, path);
  }
  return found;
}

/** Refuses a mask that is of no part. Throws `dataset/names`. */
export function expectKnownMasks(masks: ReadonlyMap<string, string>, ...halves: ReadonlyMap<string, string>[]): void {
  for (const [name, path] of masks) {
    if (halves.some((half) => half.has(name))) continue;
    throw fail('dataset/names', { path, problem: 'is the mask of no part: no picture and no depth has its name' });
  }
}
