/**
 * Temporary files for reading (OPC 10000-20): a FileType object that is not browsed to, its methods bound by hand. A
 * file belongs to the session that asked for it and is gone when it is closed, or when its client has been silent for
 * the processing time-out: one that never closes leaks nothing. Refuses to write, and more files than the limits allow.
 */
import {
  DataType,
  type NodeId,
  StatusCodes,
  type UAObject,
  type UAVariable,
  VariantArrayType,
  type VariantOptions,
} from 'node-opcua';
import { invariant } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import { type Binder, type Caller, Failed, type Inputs, type Outputs } from './bind.ts';

export const fileLimits = {
  /** Files at once, of all clients and of one session. */
  filesMax: 32,
  filesOfSessionMax: 4,
  handlesOfFileMax: 4,
  /** Silence after which a file is taken away: `ClientProcessingTimeout`. */
  silenceMaxMs: 10_000,
  /** Bytes of one Read: well below what clients take in a message. */
  readMaxBytes: 1024 * 1024,
} as const;

/** 4.2.2: bit 0 reads; every other bit would change the file. */
const readOnly = 1;

interface TemporaryFile {
  readonly node: UAObject;
  readonly bytes: Buffer;
  readonly session: string;
  /** Handle -> position. */
  readonly handles: Map<number, number>;
  silence: AbortController;
}

export class TemporaryFiles {
  readonly #parent: UAObject;
  readonly #bind: Binder;
  readonly #clock: Clock;
  readonly #files = new Set<TemporaryFile>();
  #made = 0;
  #nextHandle = 1;

  /** `parent` gives the files' node ids their beginning. */
  constructor(parent: UAObject, bind: Binder, clock: Clock) {
    this.#parent = parent;
    this.#bind = bind;
    this.#clock = clock;
  }

  get size(): number {
    return this.#files.size;
  }

  /** A new file, opened for reading. Throws `Failed` where the limits are reached. */
  make(bytes: Uint8Array, mimeType: string, { session }: Caller): { node: NodeId; handle: number } {
    const ofSession = this.#files.values().filter((file) => file.session === session);
    if (this.#files.size >= fileLimits.filesMax || [...ofSession].length >= fileLimits.filesOfSessionMax) {
      throw new Failed(StatusCodes.BadTooManyOperations, `${this.#files.size} files are open already`);
    }
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const node = this.#instantiate(buffer.length, mimeType);
    const file: TemporaryFile = { node, bytes: buffer, session, handles: new Map(), silence: new AbortController() };
    this.#files.add(file);
    this.#bindMethods(file);
    return { node: node.nodeId, handle: this.#open(file) };
  }

  /** Takes every file away. */
  clear(): void {
    for (const file of [...this.#files]) this.#remove(file);
  }

  #instantiate(bytes: number, mimeType: string): UAObject {
    const { addressSpace } = this.#parent;
    const type = addressSpace.findObjectType('FileType');
    invariant(type, 'the standard nodeset has no FileType');
    this.#made += 1;
    const name = `File${this.#made}`;
    const node = type.instantiate({
      browseName: name,
      nodeId: `s=${this.#parent.nodeId.value}.${name}`,
      namespace: addressSpace.getOwnNamespace(),
      optionals: ['MimeType'],
    });
    const at = new Date(this.#clock.wallMs());
    const set = (property: string, value: VariantOptions): void =>
      (node.getPropertyByName(property) as UAVariable).setValueFromSource(value, StatusCodes.Good, at);
    set('Size', { dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value: [0, bytes] });
    set('Writable', { dataType: DataType.Boolean, value: false });
    set('UserWritable', { dataType: DataType.Boolean, value: false });
    set('MimeType', { dataType: DataType.String, value: mimeType });
    return node;
  }

  #bindMethods(file: TemporaryFile): void {
    const bound = (name: string, act: (inputs: Inputs) => Outputs): void =>
      this.#bind(file.node, name, null, (inputs, caller) => {
        if (caller.session !== file.session) throw new Failed(StatusCodes.BadUserAccessDenied, 'of another session');
        this.#heard(file);
        return act(inputs);
      });
    bound('Open', ({ Mode }) => {
      if (Mode !== readOnly) throw new Failed(StatusCodes.BadNotWritable, `mode ${String(Mode)}, expected 1`);
      return { FileHandle: this.#open(file) };
    });
    bound('Read', (inputs) => ({ Data: this.#read(file, handleIn(file, inputs), Number(inputs['Length'])) }));
    bound('GetPosition', (inputs) => ({ Position: [0, file.handles.get(handleIn(file, inputs))] }));
    bound('SetPosition', (inputs) => {
      const handle = handleIn(file, inputs);
      file.handles.set(handle, Math.min(uint64(inputs['Position']), file.bytes.length));
      return {};
    });
    bound('Write', () => {
      throw new Failed(StatusCodes.BadNotWritable, 'a result is not written by clients');
    });
    bound('Close', (inputs) => {
      file.handles.delete(handleIn(file, inputs));
      if (file.handles.size === 0) this.#remove(file);
      else this.#showCount(file);
      return {};
    });
  }

  #open(file: TemporaryFile): number {
    if (file.handles.size >= fileLimits.handlesOfFileMax) {
      throw new Failed(StatusCodes.BadTooManyOperations, `${file.handles.size} handles of this file are open`);
    }
    const handle = this.#nextHandle;
    this.#nextHandle = (this.#nextHandle % 0xffffffff) + 1;
    file.handles.set(handle, 0);
    this.#showCount(file);
    this.#heard(file);
    return handle;
  }

  #read(file: TemporaryFile, handle: number, length: number): Buffer {
    if (!(length > 0)) throw new Failed(StatusCodes.BadInvalidArgument, `${length} bytes, expected more than 0`);
    const from = file.handles.get(handle) ?? 0;
    const data = file.bytes.subarray(from, from + Math.min(length, fileLimits.readMaxBytes));
    file.handles.set(handle, from + data.length);
    return data;
  }

  /** The client is alive: the silence begins anew. */
  #heard(file: TemporaryFile): void {
    file.silence.abort();
    file.silence = new AbortController();
    this.#clock.after(fileLimits.silenceMaxMs, () => this.#remove(file), file.silence.signal);
  }

  #showCount(file: TemporaryFile): void {
    const count = file.node.getPropertyByName('OpenCount') as UAVariable;
    const value = { dataType: DataType.UInt16, value: file.handles.size };
    count.setValueFromSource(value, StatusCodes.Good, new Date(this.#clock.wallMs()));
  }

  #remove(file: TemporaryFile): void {
    file.silence.abort();
    if (this.#files.delete(file)) file.node.addressSpace.deleteNode(file.node);
  }
}

function handleIn(file: TemporaryFile, inputs: Inputs): number {
  const handle = Number(inputs['FileHandle']);
  if (file.handles.has(handle)) return handle;
  throw new Failed(StatusCodes.BadInvalidArgument, `file handle ${handle} is not open`);
}

/** The library gives 64 bits as two halves, the high one first. */
function uint64(value: unknown): number {
  const [high = 0, low = 0] = Array.isArray(value) ? (value as number[]) : [0, Number(value)];
  return high * 2 ** 32 + low;
}
