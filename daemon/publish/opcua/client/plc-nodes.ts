/**
 * The tags as they are found in a PLC's server: their node ids, made from a template, and the types they have there.
 * A tag the PLC does not have is left out, except those without which no verdict could be told from an older one. A
 * type that cannot hold the tag's values is refused by name.
 */
import { AttributeIds, DataType, type DataValue, type NodeId, resolveNodeId, Variant } from 'node-opcua';
import { fail } from '../../../../errors.ts';
import { inputTags, type Scalar, type Tag, type TagName, tags } from '../plc/tag-table.ts';

const { Boolean: Flag, ByteString, Double, Float, Int16, Int32, String: Text, UInt16, UInt32 } = DataType;

/** What may stand for a tag's own type: nothing that would cut a value. */
const holds = new Map<DataType, readonly DataType[]>([
  [Flag, [Flag]],
  [Text, [Text]],
  [ByteString, [ByteString]],
  [Float, [Float, Double]],
  [Int16, [Int16, Int32, Float, Double]],
  [UInt16, [UInt16, UInt32, Int32, Float, Double]],
  [UInt32, [UInt32, Double]],
]);

/** Nodes of one call: small PLCs take no more. */
export const callNodesMax = 50;

const neededAlways: readonly TagName[] = ['ResSeqStart', 'Verdict', 'ResSeq', 'Ready', 'Heartbeat'];

export interface PlcNode {
  readonly nodeId: NodeId;
  readonly type: DataType;
}

export interface ReadSession {
  read(nodes: { nodeId: NodeId; attributeId: number }[]): Promise<DataValue[]>;
}

export interface Learning {
  /** `{tag}` and `{line}` are filled in. */
  readonly template: string;
  readonly lineId: string;
  /** Parts are opened by `TrigSeq`. */
  readonly triggered: boolean;
}

export function nodeIdOf({ template, lineId }: Learning, name: TagName): string {
  return template.replaceAll('{tag}', name).replaceAll('{line}', lineId);
}

/** Throws `plc/node` or `plc/type`. */
export async function learnNodes(session: ReadSession, learning: Learning): Promise<Map<TagName, PlcNode>> {
  const names = Object.keys(tags) as TagName[];
  const needed: readonly TagName[] = learning.triggered ? [...neededAlways, 'TrigSeq'] : neededAlways;
  const ids = names.map((name) => resolveNodeId(nodeIdOf(learning, name)));
  const values = await readAll(session, ids, AttributeIds.Value);
  const types = await readAll(session, ids, AttributeIds.DataType);
  const found = new Map<TagName, PlcNode>();
  for (const [at, name] of names.entries()) {
    const nodeId = nodeIdOf(learning, name);
    const [value, type] = [values[at]!, types[at]!];
    if (type.statusCode.isNotGood()) {
      if (needed.includes(name)) throw fail('plc/node', { node: nodeId, problem: type.statusCode.name });
      continue;
    }
    const tag: Tag = tags[name];
    const there = builtInOf(value, type);
    if (there === null || !holds.get(tag.type)!.includes(there)) {
      const expected = holds.get(tag.type)!.map((each) => DataType[each]);
      const actual = there === null ? 'unknown' : DataType[there];
      throw fail('plc/type', { node: nodeId, actual, expected: expected.join(' or ') });
    }
    found.set(name, { nodeId: ids[at]!, type: there });
  }
  return found;
}

async function readAll(session: ReadSession, ids: readonly NodeId[], attributeId: number): Promise<DataValue[]> {
  const found: DataValue[] = [];
  for (let at = 0; at < ids.length; at += callNodesMax) {
    const call = ids.slice(at, at + callNodesMax).map((nodeId) => ({ nodeId, attributeId }));
    found.push(...(await session.read(call)));
  }
  return found;
}

/** The value's own type where it has one; a data type of the vendor says nothing to us. */
function builtInOf(value: DataValue, type: DataValue): DataType | null {
  if (value.statusCode.isGood() && value.value.dataType !== DataType.Null) return value.value.dataType;
  const { namespace, value: id } = type.value.value as NodeId;
  return namespace === 0 && typeof id === 'number' && id >= Flag && id <= ByteString ? (id as DataType) : null;
}

export function variantFor({ type }: PlcNode, value: Scalar): Variant {
  return new Variant({ dataType: type, value });
}

/** A value as it was read, where it is of the tag's kind; null where it cannot be used. */
export function inputOf(name: keyof typeof inputTags, read: DataValue): Scalar {
  if (read.statusCode.isNotGood()) return null;
  const found: unknown = read.value.value;
  const { type } = inputTags[name];
  if (type === Flag) return typeof found === 'boolean' ? found : null;
  if (type === Text) return typeof found === 'string' ? found : found === null ? '' : null;
  const least = type === Int16 ? -0x8000 : 0;
  const most = type === Int16 ? 0x7fff : type === UInt16 ? 0xffff : 0xffff_ffff;
  return typeof found === 'number' && Number.isInteger(found) && found >= least && found <= most ? found : null;
}
