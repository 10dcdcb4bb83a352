/**
 * Features of a camera by name, as its own description declares them: kind, access, range. A value that does not fit
 * is refused with the feature, the value and what it may be, before the camera sees it. Values are text, as in a
 * configuration; numbers are written as the camera's description counts them.
 */
import { fail, messageOf } from '../../errors.ts';
import { type Pointer, stringsAt } from '../native/koffi.ts';
import { type Aravis, call } from './library.ts';

export type FeatureKind = 'integer' | 'float' | 'boolean' | 'enumeration' | 'string' | 'command' | 'category' | 'other';

export interface Feature {
  readonly name: string;
  readonly kind: FeatureKind;
  readonly access: 'read' | 'write' | 'readWrite' | 'none';
  /** Null where it cannot be read now. */
  readonly value: string | null;
  /** What it may be: a range with its unit, or the names of its entries. Empty where the camera does not say. */
  readonly expected: string;
  /** Category it stands in. */
  readonly category: string;
  readonly tooltip: string;
}

const kinds: Readonly<Record<string, FeatureKind>> = {
  ArvGcIntegerNode: 'integer',
  ArvGcIntReg: 'integer',
  ArvGcIntRegNode: 'integer',
  ArvGcMaskedIntRegNode: 'integer',
  ArvGcIntSwissKnifeNode: 'integer',
  ArvGcIntConverterNode: 'integer',
  ArvGcFloatNode: 'float',
  ArvGcFloatRegNode: 'float',
  ArvGcSwissKnifeNode: 'float',
  ArvGcConverterNode: 'float',
  ArvGcBoolean: 'boolean',
  ArvGcEnumeration: 'enumeration',
  ArvGcStringNode: 'string',
  ArvGcStringRegNode: 'string',
  ArvGcCommand: 'command',
  ArvGcCategory: 'category',
};
/** `ArvGcAccessMode`. */
const readOnly = 0;
const accesses = ['read', 'write', 'readWrite'] as const;
/** Of features that can be read at all; deeper nesting is a description that goes round in a circle. */
const categoryMaxDepth = 8;

export class Features {
  readonly #id: string;
  readonly #arv: Aravis;
  readonly #device: Pointer;

  constructor(id: string, arv: Aravis, device: Pointer) {
    this.#id = id;
    this.#arv = arv;
    this.#device = device;
  }

  has(name: string): boolean {
    return this.#arv.feature(this.#device, name) !== null;
  }

  /** There, and usable in the present state of the others. */
  isAvailable(name: string): boolean {
    return this.has(name) && call<boolean>(this.#arv, this.#arv.isFeatureAvailable, this.#device, name);
  }

  kindOf(name: string): FeatureKind {
    const node = this.#arv.feature(this.#device, name) as Pointer | null;
    if (node === null) throw this.#refuse(name, 'read', 'the camera has no such feature');
    return kinds[this.#arv.typeName(node) as string] ?? 'other';
  }

  integer(name: string): bigint {
    return BigInt(call<number | bigint>(this.#arv, this.#arv.getInteger, this.#device, name));
  }

  float(name: string): number {
    const { getFloat } = this.#arv;
    return this.kindOf(name) === 'integer'
      ? Number(this.integer(name))
      : call<number>(this.#arv, getFloat, this.#device, name);
  }

  /** Any readable feature as text. Throws `camera/feature` where there is none, `DeviceError` where it cannot be. */
  read(name: string): string {
    const { getFloat, getBoolean, getString } = this.#arv;
    switch (this.kindOf(name)) {
      case 'integer':
        return String(this.integer(name));
      case 'float':
        return String(call<number>(this.#arv, getFloat, this.#device, name));
      case 'boolean':
        return String(call<boolean>(this.#arv, getBoolean, this.#device, name));
      case 'enumeration':
      case 'string':
        return call<string | null>(this.#arv, getString, this.#device, name) ?? '';
      default:
        throw this.#refuse(name, 'read', 'a feature with a value');
    }
  }

  /** Sets a feature, or executes a command (value empty or `1`). Throws `camera/feature`. */
  write(name: string, value: string): void {
    if (!this.has(name)) throw this.#refuse(name, value, 'the camera has no such feature');
    const kind = this.kindOf(name);
    const node = this.#arv.feature(this.#device, name) as Pointer;
    try {
      if (this.#arv.accessMode(node) === readOnly) throw this.#refuse(name, value, 'it is read-only');
      if (!this.isAvailable(name))
        throw this.#refuse(name, value, 'it is not available in the present state of the camera');
      this.#set(kind, name, value);
    } catch (error) {
      if (error instanceof Error && error.name === 'TwinspectError') throw error;
      throw this.#refuse(name, value, `the camera answered "${messageOf(error)}"`, error);
    }
  }

  /** Every feature below the root, in the description's order. Reads them all: a second or two on a real camera. */
  list(): Feature[] {
    const genicam = this.#arv.genicam(this.#device) as Pointer;
    const found = new Map<string, Feature>();
    this.#walk(genicam, 'Root', 0, found);
    return [...found.values()];
  }

  one(name: string, category = ''): Feature {
    const kind = this.kindOf(name);
    const node = this.#arv.feature(this.#device, name) as Pointer;
    const mode = this.#arv.accessMode(node) as number;
    const shown = this.#attempt(() => (kind === 'command' || kind === 'other' ? null : this.read(name)), null);
    return {
      name,
      kind,
      access: this.#attempt(() => this.isAvailable(name), false) ? (accesses[mode] ?? 'none') : 'none',
      value: shown,
      expected: this.#attempt(() => this.#expected(kind, name), ''),
      category,
      tooltip: (this.#arv.tooltip(node) as string | null) ?? '',
    };
  }

  #set(kind: FeatureKind, name: string, value: string): void {
    const { setInteger, setFloat, setBoolean, setString, execute } = this.#arv;
    const expected = this.#attempt(() => this.#expected(kind, name), '');
    const refuse = (): never => {
      throw this.#refuse(name, value, `expected ${expected}`);
    };
    switch (kind) {
      case 'integer': {
        const whole = /^[+-]?(?:\d+|0x[0-9a-f]+)$/i.test(value) ? BigInt(value) : refuse();
        const { min, max } = this.#integerBounds(name);
        if (whole < min || whole > max) refuse();
        call(this.#arv, setInteger, this.#device, name, whole);
        return;
      }
      case 'float': {
        const number = value.trim() === '' ? Number.NaN : Number(value);
        const { min, max } = this.#floatBounds(name);
        if (!(number >= min && number <= max)) refuse();
        call(this.#arv, setFloat, this.#device, name, number);
        return;
      }
      case 'boolean':
        if (!/^(?:true|false|1|0)$/i.test(value)) refuse();
        call(this.#arv, setBoolean, this.#device, name, /^(?:true|1)$/i.test(value));
        return;
      case 'enumeration':
        if (!this.entries(name).includes(value)) refuse();
        call(this.#arv, setString, this.#device, name, value);
        return;
      case 'string':
        call(this.#arv, setString, this.#device, name, value);
        return;
      case 'command':
        if (value !== '' && value !== '1' && value !== 'true') refuse();
        call(this.#arv, execute, this.#device, name);
        return;
      default:
        throw this.#refuse(name, value, `a ${kind} feature cannot be set`);
    }
  }

  entries(name: string): string[] {
    const count = [0];
    const list = call<Pointer | null>(this.#arv, this.#arv.entries, this.#device, name, count);
    if (list === null) return [];
    const names = stringsAt(list, count[0]!);
    this.#arv.glib.free(list);
    return names;
  }

  #expected(kind: FeatureKind, name: string): string {
    const node = this.#arv.feature(this.#device, name) as Pointer;
    switch (kind) {
      case 'integer': {
        const { min, max } = this.#integerBounds(name);
        const step = this.#attempt(() => Number(call(this.#arv, this.#arv.integerStep, this.#device, name)), 1);
        return `${min} to ${max}${step > 1 ? ` in steps of ${step}` : ''}${this.#unit(this.#arv.integerUnit(node))}`;
      }
      case 'float': {
        const { min, max } = this.#floatBounds(name);
        return `${round(min)} to ${round(max)}${this.#unit(this.#arv.floatUnit(node))}`;
      }
      case 'boolean':
        return 'true or false';
      case 'enumeration':
        return `one of ${this.entries(name).join(', ')}`;
      case 'command':
        return 'nothing, or 1';
      default:
        return '';
    }
  }

  #integerBounds(name: string): { min: bigint; max: bigint } {
    const min: (number | bigint)[] = [0];
    const max: (number | bigint)[] = [0];
    call(this.#arv, this.#arv.integerBounds, this.#device, name, min, max);
    return { min: BigInt(min[0]!), max: BigInt(max[0]!) };
  }

  #floatBounds(name: string): { min: number; max: number } {
    const min = [0];
    const max = [0];
    call(this.#arv, this.#arv.floatBounds, this.#device, name, min, max);
    return { min: min[0]!, max: max[0]! };
  }

  #walk(genicam: Pointer, category: string, depth: number, found: Map<string, Feature>): void {
    const node = this.#arv.node(genicam, category) as Pointer | null;
    if (node === null || depth > categoryMaxDepth) return;
    const list = this.#arv.categoryFeatures(node) as Pointer | null;
    const length = list === null ? 0 : (this.#arv.glib.listLength(list) as number);
    for (let at = 0; at < length; at++) {
      const name = this.#arv.glib.listNth(list, at) as string | null;
      if (name === null || found.has(name) || !this.has(name)) continue;
      if (this.kindOf(name) === 'category') this.#walk(genicam, name, depth + 1, found);
      else found.set(name, this.one(name, category));
    }
  }

  #unit(unit: unknown): string {
    return typeof unit === 'string' && unit !== '' ? ` ${unit}` : '';
  }

  /** Some cameras describe ranges by features they do not have: that costs the range, not the listing. */
  #attempt<T>(attempt: () => T, otherwise: T): T {
    try {
      return attempt();
    } catch {
      // What cannot be read is shown as unreadable.
      return otherwise;
    }
  }

  #refuse(feature: string, value: string, expected: string, cause?: unknown): Error {
    return fail('camera/feature', { id: this.#id, feature, value, expected }, cause);
  }
}

function round(value: number): number {
  return Number(value.toPrecision(9));
}
