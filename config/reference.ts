/** The reference of all keys as Markdown, from the same table that checks them; docs/config.md is this text. */
import type { Key } from './key.ts';
import { environmentName, keys } from './schema.ts';

const intro = `# Configuration

A YAML or JSON file (by its extension), given by \`--config F\` or the variable \`TWINSPECT_CONFIG\`. Every key has a
default; without a file the first run starts. The environment overrides the file. Unknown keys are refused; a table is
overridden whole, by JSON. Relative paths are relative to the working folder, and written out: nothing puts a value in
for \`\${...}\`, \`$NAME\` or \`~\`, so such a path is refused. Twinspect never writes this file.
An empty file, or one of zeros, is refused: a power cut leaves such files.

Variables whose name begins with \`TWINSPECT_\` and that are no key are told apart:

- refused as misspelt: a few letters off a variable of ours (one letter for each three of its name, three at most), one
  of ours without its section (\`TWINSPECT_DEADLINE_MS\`), or one that begins with a section (\`TWINSPECT_MQTT_\`);
- not used, and a warning names it: every other one, and whatever has the form of the links that container platforms
  make for a service called twinspect or twinspect-NAME, also where a key of ours has that name: \`_SERVICE_HOST\`,
  \`_SERVICE_PORT\`, \`_PORT_1883_TCP\` with what follows, and \`_PORT\` with a value such as \`tcp://10.0.0.7:1883\`.

While the daemon runs it follows the file: it watches the folder and, because a watch does not see what happens behind
a symlink, on a network file system or a bind mount, it reads the file every three seconds and compares. Both begin with
the text that was read at the start; an edit during the start takes effect when the start is done. A change is taken
when two readings in a row agree. \`SIGHUP\` has the file read at once, and the log says what came of it even where that
is nothing. A file with problems changes nothing and is reported; of a good one each change takes effect as its key
says: **live** at once, **between parts** from the next part on, **restart** when the daemon is started again.

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
