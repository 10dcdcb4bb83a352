/**
 * The source tree as the architecture tests read it: files with comments and strings told apart from code, and what
 * each file imports. A scanner, not a parser: it knows comments, strings, templates and regular expressions, which is
 * enough to never mistake a word in a text for code. Sound only for code as Biome formats it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The file it names, from the root; null for a package or a part of Node. */
  readonly file: string | null;
  readonly line: number;
  /** How it is named: a static or lazy import, or the URL of a child process or worker. */
  readonly kind: 'import' | 'entry';
}

export interface Source {
  /** From the root, with `/`. */
  readonly path: string;
  readonly lines: readonly string[];
  /** The text with comments blanked; same length and lines. */
  readonly withoutComments: string;
  /** The text with comments and the insides of strings blanked; same length and lines. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

const rooms = ['daemon', 'drivers', 'models', 'config', 'test'];

/** Every TypeScript file of the project, sorted. */
export function readSources(): Source[] {
  const paths = [...readdirSync(root).filter((name) => name.endsWith('.ts')), ...rooms.flatMap((room) => under(room))];
  return paths
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map(readSource);
}

/** Files under a folder of the project, from the root; none where it does not exist yet. */
export function under(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(root.length + 1), entry.name));
}

export function readSource(path: string): Source {
  return toSource(path, readFileSync(join(root, path), 'utf8'));
}

export function toSource(path: string, text: string): Source {
  const { withoutComments, code } = blank(text);
  return { path, lines: text.split('\n'), withoutComments, code, imports: importsOf(path, withoutComments, code) };
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

const importForms: readonly (readonly [RegExp, Import['kind']])[] = [
  [/\b(?:import|export)\b[\s\w{},*$]*?['"]([^'"\n]+)['"]/g, 'import'],
  [/\bimport\(\s*['"]([^'"\n]+)['"]/g, 'import'],
  [/\bnew URL\(\s*['"](\.[^'"\n]+\.ts)['"],\s*import\.meta\.url/g, 'entry'],
  [/\bjoin\(import\.meta\.dirname, ['"]([^'"\n]+\.ts)['"]/g, 'entry'],
];

function importsOf(path: string, withoutComments: string, code: string): Import[] {
  return importForms.flatMap(([form, kind]) =>
    [...withoutComments.matchAll(form)]
      // Where the keyword itself is blanked, it stands in a string.
      .filter((match) => code[match.index] !== ' ')
      .map((match) => {
        const specifier = match[1]!;
        const file = kind === 'entry' || specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
        return { specifier, file, line: lineAt(withoutComments, match.index), kind };
      }),
  );
}

/** What may stand before a `/` that begins a regular expression and not a division. */
const beforeRegExp = /(?:^|[=(,:[!&|?{};+*%<>~^-]|\breturn|\btypeof|\bcase)$/;

/** Blanks comments, and in `code` the insides of strings, templates and regular expressions as well. */
export function blank(text: string): { withoutComments: string; code: string } {
  const withoutComments = text.split('');
  const code = text.split('');
  /** Brace depths at which a template goes on after its `${...}`. */
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const erase = (from: number, to: number, comment: boolean): void => {
    for (let index = from; index < to; index++) {
      if (text[index] === '\n') continue;
      code[index] = ' ';
      if (comment) withoutComments[index] = ' ';
    }
  };
  const template = (from: number): void => {
    const end = endOfTemplate(text, from);
    erase(from, end.index, false);
    if (end.hole) templates.push(depth++);
    at = end.index + (end.hole ? 2 : 1);
  };

  while (at < text.length) {
    const char = text[at]!;
    const pair = text.slice(at, at + 2);
    if (pair === '//' || pair === '/*') {
      const close = pair === '//' ? text.indexOf('\n', at) : text.indexOf('*/', at + 2) + 2;
      const end = close < at + 2 ? text.length : close;
      erase(at, end, true);
      at = end;
    } else if (char === "'" || char === '"') {
      const end = endOfQuoted(text, at + 1, char);
      erase(at + 1, end, false);
      at = end + 1;
    } else if (char === '`') {
      template(at + 1);
    } else if (
      char === '/' &&
      beforeRegExp.test(
        code
          .slice(Math.max(0, at - 40), at)
          .join('')
          .trimEnd(),
      )
    ) {
      const end = endOfRegExp(text, at + 1);
      erase(at + 1, end, false);
      at = end + 1;
    } else if (char === '}' && templates.at(-1) === depth - 1) {
      depth = templates.pop()!;
      template(at + 1);
    } else {
      if (char === '{') depth++;
      if (char === '}') depth--;
      at++;
    }
  }
  return { withoutComments: withoutComments.join(''), code: code.join('') };
}

function endOfQuoted(text: string, from: number, quote: string): number {
  let at = from;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function endOfTemplate(text: string, from: number): { index: number; hole: boolean } {
  let at = from;
  while (at < text.length && text[at] !== '`') {
    if (text.startsWith('${', at)) return { index: at, hole: true };
    at += text[at] === '\\' ? 2 : 1;
  }
  return { index: at, hole: false };
}

function endOfRegExp(text: string, from: number): number {
  let at = from;
  let inClass = false;
  while (at < text.length && text[at] !== '\n' && (inClass || text[at] !== '/')) {
    if (text[at] === '[') inClass = true;
    if (text[at] === ']') inClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at;
}
