/**
 * The product's own modules, read from their source with private names opened, so that a search can copy and compare
 * the state of what it drives. The text is otherwise the product's, letter for letter; a planted fault changes it by a
 * replacement that must fit. What lies outside the opened folders is imported as it is.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const opcua = 'daemon/publish/opcua/';

export type Exports = Record<string, unknown>;
/** By path from the root: what is written there otherwise. */
export type Changes = Readonly<Record<string, (source: string) => string>>;

/** A replacement of the text that has to fit. */
export function change(from: string | RegExp, to: string): (source: string) => string {
  return (source) => {
    const changed = source.replace(from, to);
    if (changed === source) throw new Error(`nothing to change: ${String(from)}`);
    return changed;
  };
}

/** Of the tags, the handshake and the client; `sync` names files whose promises are taken out. */
export class OpenedModules {
  readonly #changes: Changes;
  readonly #sync: readonly string[];
  readonly #loaded = new Map<string, Promise<Exports>>();
  readonly #used = new Set<string>();

  constructor(changes: Changes = {}, sync: readonly string[] = []) {
    this.#changes = changes;
    this.#sync = sync;
  }

  load(path: string): Promise<Exports> {
    return this.#module(join(root, path));
  }

  /** A change of a file that nothing loads would plant nothing. */
  checkChanges(): void {
    const idle = Object.keys(this.#changes).find((changed) => !this.#used.has(changed));
    if (idle) throw new Error(`${idle} is changed and not loaded`);
  }

  /** The classes of all that was opened. */
  async classes(): Promise<object[]> {
    const all = await Promise.all(this.#loaded.values());
    return all.flatMap((exports) =>
      Object.values(exports).flatMap((value) =>
        typeof value === 'function' && value.prototype ? [value.prototype as object] : [],
      ),
    );
  }

  #module(path: string): Promise<Exports> {
    const known = this.#loaded.get(path);
    if (known !== undefined) return known;
    const loading = opensHere(path) ? this.#open(path) : (import(pathToFileURL(path).href) as Promise<Exports>);
    this.#loaded.set(path, loading);
    return loading;
  }

  async #open(path: string): Promise<Exports> {
    const name = relative(root, path);
    const changed = this.#changes[name] ?? ((source: string) => source);
    if (name in this.#changes) this.#used.add(name);
    let source = opened(changed(readFileSync(path, 'utf8')));
    if (this.#sync.includes(name)) source = source.replace(/\basync /g, '').replace(/\bawait /g, '');
    const { code, imports, exports } = asFunction(stripTypeScriptTypes(source));
    const names: string[] = [];
    const values: unknown[] = [];
    for (const { specifier, bindings } of imports) {
      const module = specifier.startsWith('.')
        ? await this.#module(resolve(dirname(path), specifier))
        : ((await import(specifier)) as Exports);
      for (const [imported, local] of bindings) {
        names.push(local);
        values.push(module[imported]);
      }
    }
    const body = `'use strict';${code}\nreturn { ${exports.join(', ')} };`;
    return compileFunction(body, names, { filename: path })(...values) as Exports;
  }
}

/** Only what holds state of a connection, a count or a part. */
function opensHere(path: string): boolean {
  const name = relative(root, path);
  return name.startsWith(`${opcua}plc/`) || name.startsWith(`${opcua}client/`) || name === `${opcua}lane.ts`;
}

/** Private names become plain ones that nothing else has. */
function opened(source: string): string {
  return source.replace(/(?<=[.\s]|^)#(?=[a-zA-Z])/gm, 'opened_');
}

interface Imported {
  readonly specifier: string;
  readonly bindings: [imported: string, local: string][];
}

function asFunction(module: string): { code: string; imports: Imported[]; exports: string[] } {
  const imports: Imported[] = [];
  const exports: string[] = [];
  const code = module
    .replace(/^import\s*\{([^}]*)\}\s*from\s*'([^']+)';/gm, (text, names: string, specifier: string) => {
      const bindings = names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '')
        .map((name): [string, string] => {
          const [imported, local = imported] = name.split(/\s+as\s+/);
          return [imported!, local!];
        });
      imports.push({ specifier, bindings });
      return text.replace(/[^\n]/g, ' ');
    })
    .replace(/^export (?=(?:class|const|function|async function)\s+(\w+))/gm, (_text, name: string) => {
      exports.push(name);
      return '';
    });
  const left = /^(?:import|export)\b.*/m.exec(code);
  if (left) throw new Error(`not opened: ${left[0]}`);
  return { code, imports, exports };
}
