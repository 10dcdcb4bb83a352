/**
 * The one importer of koffi: native libraries are loaded here, by path or by the first of their usual names. Refuses
 * nothing by itself; what a library lacks is the caller's to name. Only loaded where a native camera is configured.
 */
import koffi from 'koffi';
import { messageOf } from '../../errors.ts';

/** A pointer into native memory: only ever handed back to the library it came from. */
export type Pointer = bigint & { readonly __native: unique symbol };

/** A native function; `async` runs it on a thread of libuv's pool and resolves with its result. */
export interface Native {
  // biome-ignore lint/suspicious/noExplicitAny: a C function's arguments are said by its declaration, not by TypeScript
  (...args: any[]): any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  promise(...args: any[]): Promise<any>;
}

export interface Library {
  /** The path or name it was loaded by. */
  readonly name: string;
  has(symbol: string): boolean;
  /** Declares a function by its C prototype. Throws where the library lacks it. */
  declare(prototype: string): Native;
}

/** Loads the first that loads. Throws an Error that says what each attempt met. */
export function loadLibrary(names: readonly string[]): Library {
  const problems: string[] = [];
  for (const name of names) {
    try {
      const loaded = koffi.load(name);
      return {
        name,
        has: (symbol) => declares(() => loaded.func(`void ${symbol}()`)),
        declare: (prototype) => toNative(loaded.func(prototype)),
      };
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  throw new Error(problems.join('; '));
}

type KoffiFunction = ReturnType<ReturnType<typeof koffi.load>['func']>;

function toNative(func: KoffiFunction): Native {
  const promise = (...args: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      func.async(...args, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result)));
    });
  return Object.assign((...args: unknown[]) => func(...args), { promise }) as Native;
}

function declares(declare: () => unknown): boolean {
  try {
    declare();
    return true;
  } catch (error) {
    // What koffi throws for a symbol that is not there; anything else is ours.
    if (/Cannot find function/.test(messageOf(error))) return false;
    throw error;
  }
}

/** Names a type that is only ever pointed to. Safe twice. */
export function opaque(...names: readonly string[]): void {
  for (const name of names) if (!known.has(name)) known.set(name, koffi.opaque(name));
}

/** Declares a struct by its members, in order. Safe twice. */
export function struct(name: string, members: Readonly<Record<string, string>>): void {
  if (!known.has(name)) known.set(name, koffi.struct(name, members));
}

const known = new Map<string, unknown>();

/** Native memory as bytes, without a copy: valid only as long as its owner keeps it. */
export function viewOf(pointer: Pointer, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(koffi.view(pointer, length));
}

/** More places than any driver's buffers have. */
const maxViews = 256;

/**
 * Views of memory that its owner fills again and again, made once for each place: every one weighs on the garbage
 * collector as much as it shows. Valid only as long as the owner keeps the memory.
 */
export class Views {
  readonly #views = new Map<Pointer, Uint8Array<ArrayBuffer>>();

  of(pointer: Pointer, length: number): Uint8Array<ArrayBuffer> {
    const known = this.#views.get(pointer);
    if (known?.length === length) return known;
    if (this.#views.size >= maxViews) this.#views.clear();
    const view = viewOf(pointer, length);
    this.#views.set(pointer, view);
    return view;
  }
}

/** Reads a value of a type at a pointer, or `offset` bytes behind it. */
export function valueAt(pointer: Pointer, type: string, offset = 0): unknown {
  return koffi.decode(pointer, offset, type);
}

/** The strings of a `char **` of so many. */
export function stringsAt(pointer: Pointer, count: number): string[] {
  return koffi.decode(pointer, koffi.array('char *', count)) as string[];
}
