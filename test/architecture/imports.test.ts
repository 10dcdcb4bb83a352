import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { seats } from '../../daemon/commands/index.ts';
import { type Import, readSources, root, type Source } from './source.ts';

const sources = readSources();
const byPath = new Map(sources.map((source) => [source.path, source]));
const project = sources.filter(({ path }) => !path.startsWith('test/') && !/^vitest\..*config\.ts$/.test(path));

const room = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path);
const at = ({ path }: Source, { line, specifier }: Import): string => `${path}:${line} imports ${specifier}`;

/** Every import of the project's files that a rule forbids. */
function offences(rule: (source: Source, imported: Import) => boolean): string[] {
  return project.flatMap((source) =>
    source.imports.filter((imported) => rule(source, imported)).map((imported) => at(source, imported)),
  );
}

test('the project is read: files, and imports in them', () => {
  expect(project.length).toBeGreaterThan(20);
  expect(byPath.get('daemon/main.ts')!.imports.map(({ file }) => file)).toContain('daemon/log.ts');
});

test('every relative import names a file that exists', () => {
  // A data file, such as the URL of a folder, is no import of code.
  const missing = (source: Source) =>
    source.imports
      .filter(({ file }) => file?.endsWith('.ts') && !byPath.has(file))
      .map((imported) => at(source, imported));
  expect(sources.flatMap(missing)).toEqual([]);
});

test('daemon knows drivers, models and config; these know neither daemon nor one another', () => {
  const mayKnow: Record<string, readonly string[]> = {
    daemon: ['daemon', 'drivers', 'models', 'config', 'errors.ts'],
    drivers: ['drivers', 'errors.ts', 'nearest.ts'],
    models: ['models', 'errors.ts'],
    config: ['config', 'errors.ts', 'nearest.ts'],
    'nearest.ts': [],
    'errors.ts': [],
  };
  expect(offences(({ path }, { file }) => file !== null && !mayKnow[room(path)]!.includes(room(file)))).toEqual([]);
});

test('inside models the arrows go one way', () => {
  const mayKnow: Record<string, readonly string[]> = {
    graph: [],
    runtime: [],
    grad: ['graph'],
    onnx: ['graph'],
    nets: ['graph'],
  };
  const folder = (path: string): string => path.split('/')[1]!;
  const wrong = ({ path }: Source, { file }: Import): boolean => {
    if (!path.startsWith('models/') || !file?.startsWith('models/')) return false;
    const [from, to] = [folder(path), folder(file)];
    return from !== to && mayKnow[from]?.includes(to) === false;
  };
  expect(offences(wrong)).toEqual([]);
});

test('models take bytes and give bytes: no disk, no network, no processes', () => {
  const outside = /^node:(fs|net|http|https|dgram|child_process|worker_threads|os|tls)\b/;
  // Asks whether it is in a thread, and starts none.
  const quiet = 'models/runtime/quiet.ts';
  expect(
    offences(({ path }, { specifier }) => path.startsWith('models/') && path !== quiet && outside.test(specifier)),
  ).toEqual([]);
});

test('only tests import test tools and tests', () => {
  const tool = ({ specifier, file }: Import): boolean => specifier === 'vitest' || file?.startsWith('test/') === true;
  expect(offences((_source, imported) => tool(imported))).toEqual([]);
});

test('parts of Node are named with node:', () => {
  const bare = /^(fs|path|os|net|util|crypto|events|stream|url|child_process|worker_threads|process|module|zlib)(\/|$)/;
  expect(offences((_source, { specifier }) => bare.test(specifier))).toEqual([]);
});

test('no cycles, value and type imports alike', () => {
  expect(
    cycles(
      project.map(({ path }) => path),
      (path) => filesOf(byPath.get(path)!),
    ),
  ).toEqual([]);
});

test('no cycles between the folders of models', () => {
  const folderOf = (path: string): string => posix.dirname(path);
  const folders = new Map<string, Set<string>>();
  for (const { path, imports } of project.filter((source) => source.path.startsWith('models/'))) {
    const known = folders.get(folderOf(path)) ?? new Set();
    folders.set(folderOf(path), known);
    for (const { file } of imports) {
      if (file?.startsWith('models/') && folderOf(file) !== folderOf(path)) known.add(folderOf(file));
    }
  }
  expect(cycles([...folders.keys()], (folder) => [...(folders.get(folder) ?? [])])).toEqual([]);
});

test('a cycle is found where there is one', () => {
  const edges: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['b', 'd'], d: [] };
  expect(cycles(Object.keys(edges), (node) => edges[node]!)).toEqual(['b -> c -> b']);
});

/** One library for the wire of two file formats that know nothing of each other: beside its home, the other place. */
const twoFormats: Readonly<Record<string, readonly string[]>> = {
  protobufjs: ['daemon/publish/sparkplug'],
  // config's are read with line numbers for its errors; calibrations are OpenCV's and ROS'
  yaml: ['drivers/registration'],
};

test('each npm package has one importing file or folder, and is declared; each declared one is imported', () => {
  const importers = new Map<string, Set<string>>();
  for (const { path, imports } of project) {
    for (const { specifier, file } of imports) {
      if (file !== null || specifier.startsWith('node:')) continue;
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      importers.set(name, (importers.get(name) ?? new Set()).add(posix.dirname(path)));
    }
  }
  for (const [name, homes] of Object.entries(twoFormats)) for (const home of homes) importers.get(name)?.delete(home);
  // A folder is one place with what lies below it.
  const onePlace = (folders: Set<string>): boolean =>
    [...folders].some((top) => [...folders].every((folder) => folder === top || folder.startsWith(`${top}/`)));
  const shared = [...importers].filter(([, folders]) => !onePlace(folders));
  expect(shared.map(([name, folders]) => `${name} is imported by ${[...folders].join(' and ')}`)).toEqual([]);
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { dependencies: Record<string, string> };
  const declared = Object.keys(manifest.dependencies);
  expect([...importers.keys()].filter((name) => !declared.includes(name))).toEqual([]);
  expect(declared.filter((name) => !importers.has(name))).toEqual([]);
});

test('no dead files: each is reached from the program, a process of its own, or a test', () => {
  const entries = sources.flatMap(({ imports }) => imports.filter(({ kind }) => kind === 'entry'));
  const starts = [
    'daemon/main.ts',
    'vitest.config.ts',
    'vitest.slow.config.ts',
    ...seats.map(({ name }) => `daemon/commands/${name}.ts`),
    ...entries.map(({ file }) => file!),
    ...sources.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => path),
  ];
  const reached = new Set<string>();
  const waiting = [...starts];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path) || !byPath.has(path)) continue;
    reached.add(path);
    waiting.push(...filesOf(byPath.get(path)!));
  }
  expect(sources.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

function filesOf({ imports }: Source): string[] {
  // A child process is another program: its imports are no dependency of the file that starts it.
  return imports.filter(({ file, kind }) => kind === 'import' && file?.endsWith('.ts')).map(({ file }) => file!);
}

/** Every way back that a depth-first walk meets, written as a path. */
function cycles(nodes: readonly string[], next: (node: string) => readonly string[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, way: readonly string[]): void => {
    const before = way.indexOf(node);
    if (before >= 0) {
      found.push([...way.slice(before), node].join(' -> '));
      return;
    }
    if (done.has(node)) return;
    for (const after of next(node)) walk(after, [...way, node]);
    done.add(node);
  };
  for (const node of nodes) walk(node, []);
  return found;
}
