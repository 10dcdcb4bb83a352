/**
 * Which layout a folder of recorded parts has, and its samples. Refuses a folder that fits none, saying what it saw.
 */
import { fail } from '../../errors.ts';
import type { FileReader } from '../files.ts';
import { isEyecandies, listEyecandies } from './eyecandies.ts';
import { expectNothingLeftBehind } from './left-behind.ts';
import { foldersIn, remarkOn, withoutClutter } from './listing.ts';
import { isMvtec3d, listMvtec3d } from './mvtec3d.ts';
import { isPairs, listPairs } from './pairs.ts';
import type { Sample } from './sample.ts';

/** In the order of detection; no folder fits two. */
const layouts = {
  mvtec3d: { fits: isMvtec3d, list: listMvtec3d },
  eyecandies: { fits: isEyecandies, list: listEyecandies },
  pairs: { fits: isPairs, list: listPairs },
} as const;
export type Layout = keyof typeof layouts;
export const layoutNames = Object.keys(layouts) as Layout[];

/** Throws `dataset/layout` where none fits. */
export async function detectLayout(files: FileReader, root: string): Promise<Layout> {
  const entries = await files.list(root);
  if (entries === null) throw fail('dataset/layout', { path: root, problem: 'there is no such folder' });
  for (const layout of layoutNames) if (await layouts[layout].fits(files, root)) return layout;
  const inside = entries.map((entry) => entry.name);
  for (const folder of await foldersIn(files, root)) {
    for (const layout of layoutNames) {
      if (!(await layouts[layout].fits(files, `${root}/${folder}`))) continue;
      throw fail('dataset/layout', { path: root, problem: `it holds several sets; choose one, as ${root}/${folder}` });
    }
  }
  // one that is nearly laid out well says so more clearly
  await expectNothingLeftBehind(files, root, 'depth');
  const shown = inside.slice(0, 8).join(', ') + (inside.length > 8 ? ', ...' : '');
  throw fail('dataset/layout', {
    path: root,
    problem: `no layout fits (${layoutNames.join(', ')}); it holds ${shown || 'nothing'}`,
  });
}

/** The samples of a folder, by split and name; the layout is detected unless given. Never an empty list. */
export async function listSamples(files: FileReader, root: string, layout?: Layout): Promise<Sample[]> {
  const { tidy, leftOut } = withoutClutter(files);
  const chosen = layout ?? (await detectLayout(tidy, root));
  if (chosen !== 'eyecandies') await expectNothingLeftBehind(tidy, root, chosen === 'pairs' ? 'depth' : 'xyz');
  const samples = await layouts[chosen].list(tidy, root);
  expectOwnIds(root, samples);
  const remark = remarkOn(leftOut);
  if (remark !== null) files.noticed?.(root, remark);
  if (samples.length === 0)
    throw fail('dataset/layout', { path: root, problem: `it has no parts in layout ${chosen}` });
  return samples;
}

/** Two folders whose accents are spelt differently are one kind, and their parts would have the same ids. */
function expectOwnIds(root: string, samples: readonly Sample[]): void {
  const seen = new Set<string>();
  for (const { id } of samples) {
    if (seen.has(id)) throw fail('dataset/names', { path: `${root}/${id}`, problem: 'is there twice' });
    seen.add(id);
  }
}
