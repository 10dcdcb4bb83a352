/**
 * The block of one line in the address space: shows what it is told, and tells what a client wrote. All values of one
 * call carry one source timestamp and are written in one tick, in the order given. Values stand until the next call;
 * there are no pulses to miss. A write that is refused leaves the old value standing.
 */
import {
  DataType,
  type DataValue,
  type ISessionContext,
  type Namespace,
  type NodeId,
  NumericRange,
  type StatusCode,
  StatusCodes,
  type UAObject,
  type UAVariable,
  VariantArrayType,
} from 'node-opcua';
import type { Actor } from '../../command/port.ts';
import { cut } from './plc/result-text.ts';
import { type InputName, inputTags, type Scalar, type Tag, type TagName, tags } from './plc/tag-table.ts';
import { actorOf } from './security/actor.ts';
import { plcWritable } from './security/permissions.ts';
import { type Connection, WriterWatch } from './writer-watch.ts';

export type TagValues = Partial<Record<TagName, Scalar>>;

/** What a client writes: checked before it is taken, done after it. */
export interface InputTaker {
  /** False refuses the value. */
  accepts(name: InputName, value: Scalar): boolean;
  /** The value stands by now; false takes it back. In the same tick as the write, before its answer. */
  take(name: InputName, value: Scalar, actor: Actor, writer?: string | null): boolean;
  /** Whoever may write it did, and it was not taken: what he meant is not what stood there before. */
  refused?(name: InputName, why: string): void;
  /** Whoever wrote is gone, or cannot be heard: his count of triggers begins anew. */
  lost?(): void;
}

/** What counts parts: behind all else of its call, and whoever writes it owns the inputs. */
const counting: readonly InputName[] = ['TrigSeq', 'ResyncRequest'];

/** Where the block of a line lives: in our own address space, or in a PLC's. */
export type TagPort = Pick<TagBlock, 'show' | 'takeInputsBy'>;

interface Misfit {
  readonly status: StatusCode;
  readonly why: string;
}

type WriteDone = (error: Error | null, status?: StatusCode) => void;

export class TagBlock {
  readonly #nodes: Record<TagName, UAVariable>;
  readonly #inputs = new Map<string, InputName>();
  readonly #writer = new WriterWatch(() => this.#taker?.lost?.());
  #taker: InputTaker | null = null;

  constructor(namespace: Namespace, folder: UAObject, lineId: string) {
    const nodes = Object.entries(tags).map(([name, tag]: [string, Tag]) => {
      const input = Object.hasOwn(inputTags, name);
      const access = input ? 'CurrentRead | CurrentWrite' : 'CurrentRead';
      const node = namespace.addVariable({
        browseName: name,
        nodeId: `s=${lineId}.${name}`,
        componentOf: folder,
        description: tag.text,
        dataType: tag.dataType ?? tag.type,
        minimumSamplingInterval: tag.samplingMs ?? 0,
        accessLevel: access,
        userAccessLevel: access,
        ...(input && { rolePermissions: plcWritable() }),
      });
      if (input) this.#listen(node, name as InputName);
      return [name, node] as const;
    });
    this.#nodes = Object.fromEntries(nodes) as Record<TagName, UAVariable>;
  }

  /** Who takes what clients write; until then every write is refused. */
  takeInputsBy(taker: InputTaker): void {
    this.#taker = taker;
  }

  /** Whether a part is counted by writing this. */
  counts(nodeId: NodeId): boolean {
    const name = this.#inputs.get(nodeId.toString());
    return name !== undefined && counting.includes(name);
  }

  /** It was written without any value, which the library refuses by itself. */
  noValue(nodeId: NodeId, context: ISessionContext): void {
    const name = this.#inputs.get(nodeId.toString());
    if (name !== undefined && this.#nodes[name].isUserWritable(context)) {
      this.#taker?.refused?.(name, 'it came without a value');
    }
  }

  /** No verdict, not ready: the state after every start. */
  reset(at: Date): void {
    this.show(Object.fromEntries(Object.entries(tags).map(([name, tag]: [string, Tag]) => [name, tag.initial])), at);
  }

  show(values: TagValues, at: Date): void {
    for (const [name, value] of Object.entries(values)) this.#write(name as TagName, value, at);
  }

  #write(name: TagName, value: Scalar, at: Date): void {
    const shown = typeof value === 'string' ? cut(value) : value;
    this.#nodes[name].setValueFromSource({ dataType: tags[name].type, value: shown }, StatusCodes.Good, at);
  }

  /** Why it is not taken; null for what is. Only a whole scalar of the tag's own type, said to be good, is. */
  #misfit(name: InputName, { value, statusCode }: DataValue, range: unknown): Misfit | null {
    if (statusCode.isNotGood()) {
      return { status: StatusCodes.BadWriteNotSupported, why: `it came with the status ${statusCode.name}` };
    }
    if (range instanceof NumericRange && range.isDefined()) {
      return { status: StatusCodes.BadWriteNotSupported, why: 'a part of it was written' };
    }
    if (value.arrayType !== VariantArrayType.Scalar || value.dataType !== tags[name].type) {
      const list = value.arrayType === VariantArrayType.Scalar ? '' : ' list';
      const why = `it is a ${DataType[value.dataType]}${list}, expected a ${DataType[tags[name].type]}`;
      return { status: StatusCodes.BadTypeMismatch, why };
    }
    if (!this.#taker) return { status: StatusCodes.BadInvalidState, why: 'the line is not there yet' };
    if (this.#taker.accepts(name, value.value as Scalar)) return null;
    return { status: StatusCodes.BadOutOfRange, why: `${shortly(value.value)} is out of range` };
  }

  /** The library tells a variable's setter no session, so the write itself is watched. */
  #listen(node: UAVariable, name: InputName): void {
    this.#inputs.set(node.nodeId.toString(), name);
    const write = node.writeValue.bind(node) as (
      context: ISessionContext,
      value: DataValue,
      ...rest: unknown[]
    ) => void;
    const watched = (context: ISessionContext, value: DataValue, ...rest: unknown[]): void => {
      const done = rest.at(-1) as WriteDone;
      const written = value.value.value as Scalar;
      const misfit = node.isUserWritable(context) ? this.#misfit(name, value, rest.length > 1 ? rest[0] : null) : null;
      if (misfit !== null) {
        this.#taker?.refused?.(name, misfit.why);
        done(null, misfit.status);
        return;
      }
      const { session = null } = context;
      const writer = session?.getSessionId().toString() ?? null;
      const before = node.readValue().value.value as Scalar;
      write(context, value, ...rest.slice(0, -1), (error: Error | null, status: StatusCode = StatusCodes.Good) => {
        const taken =
          error !== null || status.isNotGood() || this.#taker?.take(name, written, actorOf(context), writer);
        // Also where it is not taken: its number, its session is what counts from now on.
        if (counting.includes(name)) this.#writer.watch(session as Connection | null);
        if (taken === true) done(error, status);
        else {
          this.#write(name, before, value.sourceTimestamp ?? new Date(0));
          done(null, StatusCodes.BadInvalidState);
        }
      });
    };
    node.writeValue = watched as UAVariable['writeValue'];
  }
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 80)}... (${text.length - 2} characters)`;
}
