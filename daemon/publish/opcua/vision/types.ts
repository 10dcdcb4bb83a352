/**
 * The data types of OPC 40100-1 in an address space: builds their values, and reads the ids a client gives. Ids are cut
 * of spaces and bounded; a value of another kind is refused, an absent one is an empty id.
 */
import {
  type AddressSpace,
  DataType,
  type ExtensionObject,
  type LocalizedTextOptions,
  type UADataType,
  type UAEventType,
  type UAObjectType,
  type UAVariableType,
  type VariantOptions,
} from 'node-opcua';
import { invariant } from '../../../../errors.ts';
import { Refused } from './codes.ts';

const namespaceUri = 'http://opcfoundation.org/UA/MachineVision';
/** Longer ids are no ids: what a PLC's string holds (S7: 254), and what goes into each record. */
export const idMaxChars = 254;

/** A recipe's or a configuration's identity (BinaryIdBaseDataType). */
export interface BinaryId {
  readonly id: string;
  readonly version?: string;
  /** SHA-256, hex. */
  readonly digest?: string;
  readonly description?: string;
}

export class VisionTypes {
  readonly namespaceIndex: number;
  readonly #space: AddressSpace;

  constructor(space: AddressSpace) {
    this.#space = space;
    this.namespaceIndex = space.getNamespaceIndex(namespaceUri);
    invariant(this.namespaceIndex > 0, 'the machine vision nodeset is not loaded');
  }

  object(name: string): UAObjectType {
    return found(this.#space.findObjectType(name, this.namespaceIndex), name);
  }

  variable(name: string): UAVariableType {
    return found(this.#space.findVariableType(name, this.namespaceIndex), name);
  }

  event(name: string): UAEventType {
    return found(this.#space.findEventType(name, this.namespaceIndex), name);
  }

  data(name: string): UADataType {
    return found(this.#space.findDataType(name, this.namespaceIndex), name);
  }

  /** A structure; fields in lower camel case, optional ones left out. */
  make(name: string, fields: Record<string, unknown>): ExtensionObject {
    return this.#space.constructExtensionObject(this.data(name), fields);
  }

  /** MeasId, PartId, ProductId, JobId, ResultId: one id. */
  id(name: `${'Meas' | 'Part' | 'Product' | 'Job' | 'Result'}IdDataType`, id: string): ExtensionObject {
    return this.make(name, { id });
  }

  binaryId(
    name: 'RecipeIdExternalDataType' | 'RecipeIdInternalDataType' | 'ConfigurationIdDataType',
    { id, version, digest, description }: BinaryId,
  ): ExtensionObject {
    return this.make(name, {
      id,
      ...(version !== undefined && { version }),
      ...(digest !== undefined && { hash: Buffer.from(digest, 'hex'), hashAlgorithm: 'SHA-256' }),
      ...(description !== undefined && { description: { text: description } satisfies LocalizedTextOptions }),
    });
  }
}

function found<T>(node: T | null, name: string): T {
  invariant(node, `the machine vision nodeset has no ${name}`);
  return node;
}

/** The id in a structure a client gave; empty where it gave none. Throws `Refused` with `argument`. */
export function idIn(value: unknown, name: string): string {
  if (value === null || value === undefined) return '';
  const id: unknown = typeof value === 'object' ? (value as { id?: unknown }).id : value;
  if (id === null || id === undefined) return '';
  if (typeof id !== 'string') throw new Refused('argument', `${name} carries no id but ${typeof id}`);
  const trimmed = id.trim();
  if (trimmed.length <= idMaxChars) return trimmed;
  throw new Refused('argument', `${name} has ${trimmed.length} characters, expected at most ${idMaxChars}`);
}

/** Version and hash of an id a client gave; null where it left them out, which then do not matter. */
export function detailsIn(value: unknown): { version: string | null; digest: string | null } {
  const given = (value ?? {}) as { version?: unknown; hash?: unknown };
  const version = typeof given.version === 'string' && given.version !== '' ? given.version : null;
  const digest = given.hash instanceof Uint8Array && given.hash.length > 0 ? Buffer.from(given.hash) : null;
  return { version, digest: digest?.toString('hex') ?? null };
}

export const dateTime = (ms: number): VariantOptions => ({ dataType: DataType.DateTime, value: new Date(ms) });
export const text = (value: string): VariantOptions => ({ dataType: DataType.LocalizedText, value: { text: value } });
export const object = (value: ExtensionObject | null): VariantOptions => ({
  dataType: DataType.ExtensionObject,
  value,
});
