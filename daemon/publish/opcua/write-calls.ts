/**
 * One call that writes several variables, as a PLC means it. OPC UA leaves the order of its writes to the server
 * (Part 4, 5.10.4), and clients sort them as they like: what counts parts is written behind all else of its call, so
 * that an id, a mode or a recipe beside it is that part's and not the next one's. A write without a value never reaches
 * the variable in the library; the block hears of it here.
 */
import type { ISessionContext, NodeId, OPCUAServer, StatusCode, Variant } from 'node-opcua';
import { invariant } from '../../../errors.ts';
import type { TagBlock } from './tags.ts';

interface WriteValue {
  readonly nodeId: NodeId;
  readonly value: { readonly value?: Variant | null };
}

/** The part of the server that writes. The library declares the other half of it alone. */
interface Writes {
  write(context: ISessionContext, nodesToWrite: readonly WriteValue[]): Promise<StatusCode[]>;
  writeNode(context: ISessionContext, write: WriteValue): Promise<StatusCode>;
}

export function orderWriteCalls(server: OPCUAServer, blocks: readonly TagBlock[]): void {
  const accessor = server.engine.addressSpaceAccessor as unknown as Writes | null;
  invariant(accessor, 'OPC UA server without address space');
  const [write, writeNode] = [accessor.write.bind(accessor), accessor.writeNode.bind(accessor)];
  accessor.write = async (context, nodesToWrite) => {
    const isLast = nodesToWrite.map(({ nodeId }) => blocks.some((block) => block.counts(nodeId)));
    const order = [...nodesToWrite.keys()].sort((a, b) => Number(isLast[a]) - Number(isLast[b]));
    const ordered = order.map((at) => nodesToWrite[at]!);
    const answers = await write(context, ordered);
    return nodesToWrite.map((_, at) => answers[order.indexOf(at)]!);
  };
  accessor.writeNode = (context, one) => {
    if (!one.value.value) for (const block of blocks) block.noValue(one.nodeId, context);
    return writeNode(context, one);
  };
}
