/** What is in a folder, sorted; a folder that is not there has nothing in it. */
import type { FileReader } from '../files.ts';

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
