/** The reference of all keys as Markdown, from the same table that checks them; docs/config.md is this text. */
import type { Key } from './key.ts';
import { environmentName, keys } from './schema.ts';

const intro = `# Configuration

A YAML or JSON file (by its extension), given by \`--config F\` or the variable \`TWINSPECT_CONFIG\`. Every key has a
default; without a file the first run starts. The environment overrides the file. Unknown keys and variables are
refused; a table is overridden whole, by JSON. Relative paths are relative to the working folder. Twinspect never
writes this file.

While the daemon runs it watches the file. A file with problems changes nothing and is reported; of a good one each
change takes effect as its key says: **live** at once, **between parts** from the next part on, **restart** when the
daemon is started again (it says so until then).

This page is printed by \`twinspect config doc\`.
`;

export function configReference(): string {
  const parts = [intro];
  let section: string | null = null;
  for (const [path, key] of keys) {
    const name = path.includes('.') ? path.slice(0, path.indexOf('.')) : key.columns ? path : 'general';
    if (name !== section) parts.push(`## ${name}\n`);
    section = name;
    parts.push(entry(path, key));
  }
  return parts.join('\n');
}

function entry(path: string, key: Key): string {
  const empty = key.default === '' || key.columns !== undefined;
  const fallback = empty ? 'empty' : `\`${key.default}\`${key.unit === null ? '' : ` ${key.unit}`}`;
  return [
    `### ${path}`,
    '',
    key.doc,
    '',
    `- default: ${fallback}`,
    `- expected: ${key.expected}`,
    ...Object.entries(key.columns ?? {}).map(column),
    `- takes effect: ${key.takes}`,
    `- variable: \`${environmentName(path)}\`${key.columns ? ', as JSON' : ''}`,
    '',
  ].join('\n');
}

function column([name, { doc, expected, optional }]: [string, NonNullable<Key['columns']>[string]]): string {
  return `- column \`${name}\`${optional ? ' (may be left out)' : ''}: ${doc} Expected: ${expected}.`;
}
