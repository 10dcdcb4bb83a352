/** The tag block in an address space, written to as a session writes, with the line's orders in plain sight. */
import {
  AddressSpace,
  AttributeIds,
  type DataType,
  generateAddressSpace,
  type ISessionBase,
  type ISessionContext,
  nodesets,
  resolveNodeId,
  SessionContext,
  type StatusCode,
  type UAVariable,
  VariantArrayType,
} from 'node-opcua';
import type { LineCommands, Order, Ordered, TriggerRequest } from '../../../daemon/command/port.ts';
import { type Decision, openedByCamera } from '../../../daemon/line/verdict.ts';
import { OpcUaLane } from '../../../daemon/publish/opcua/lane.ts';
import { type TagName, tags } from '../../../daemon/publish/opcua/plc/tag-table.ts';
import { TagBlock } from '../../../daemon/publish/opcua/tags.ts';
import { newCounters } from '../../../daemon/publish/publisher.ts';
import type { LineStatus } from '../../../daemon/publish/status.ts';
import { HandClock } from '../../line/rig.ts';
import { judged, readableLog } from '../fixtures.ts';

export const part = {
  lineId: 'line1',
  trigger: 1,
  partId: null,
  origin: openedByCamera,
  openedAtMs: 1,
  deadlineMs: 300,
};

/** Commands that remember what was asked, and open a part as the line does: within the call. */
export class Asked implements LineCommands {
  readonly denied = () => null;
  readonly triggers: TriggerRequest[] = [];
  readonly orders: Order[] = [];
  readonly actors: string[] = [];
  opened: (sequence: number, request: TriggerRequest) => void = () => undefined;
  refuses: Error | null = null;
  waits: Promise<void> = Promise.resolve();
  now: Ordered = { recipe: 3, threshold: null, execution: 'single', halted: null };
  trigger(actor: { via: string }, request: TriggerRequest) {
    if (this.refuses) throw this.refuses;
    this.actors.push(actor.via);
    const sequence = this.triggers.push(request);
    this.opened(sequence, request);
    return { sequence, resultId: `line1-${sequence}` };
  }
  async order(_actor: unknown, order: Order) {
    this.orders.push(order);
    await this.waits;
    if (this.refuses) throw this.refuses;
  }
  ordered = () => this.now;
  recipes = () => [];
  onOrdered = () => undefined;
}

interface WriteHow {
  readonly dataType?: DataType;
  readonly arrayType?: VariantArrayType;
  readonly statusCode?: StatusCode;
  /** Who writes; null where nobody is named. */
  readonly session?: string;
}

/** A session, as far as a write looks at it. */
const sessionOf = (name: string): ISessionBase =>
  ({ getSessionId: () => resolveNodeId(`ns=1;s=${name}`), userIdentityToken: undefined }) as unknown as ISessionBase;

/** One for all tests of a process, each with a block of its own: the standard's nodes take most of a second to make. */
const sharedSpace = makeSpace();
let rigs = 0;

async function makeSpace(): Promise<AddressSpace> {
  const space = AddressSpace.create();
  space.registerNamespace('urn:twinspect:test');
  await generateAddressSpace(space, [nodesets.standard]);
  return space;
}

export async function plcRig() {
  const space = await sharedSpace;
  const namespace = space.getOwnNamespace();
  const id = `rig${++rigs}`;
  const folder = namespace.addObject({ browseName: id, nodeId: `s=${id}`, organizedBy: space.rootFolder.objects });
  const clock = new HandClock();
  const log = readableLog();
  const block = new TagBlock(namespace, folder, id);
  block.reset(new Date(clock.wallMs()));
  const health = () => ({ name: 'opcua', ok: true, problem: null, counters: {} });
  const lane = new OpcUaLane({ lineId: 'line1', block, clock, log, health });
  const node = (name: TagName): UAVariable => space.findNode(`ns=1;s=${id}.${name}`) as UAVariable;
  const value = (name: TagName) => node(name).readValue().value.value;
  /** As a session writes it, whatever is wrong with it. */
  const writeAs = (name: TagName, written: unknown, how: WriteHow = {}): Promise<StatusCode> => {
    const { dataType = tags[name].type, arrayType = VariantArrayType.Scalar, statusCode, session } = how;
    const value = { value: { dataType, arrayType, value: written }, ...(statusCode && { statusCode }) };
    const context = new SessionContext(session === undefined ? {} : { session: sessionOf(session) }) as ISessionContext;
    return node(name).writeAttribute(context, { attributeId: AttributeIds.Value, value });
  };
  const write = (name: TagName, written: unknown, dataType: DataType = tags[name].type, session?: string) =>
    writeAs(name, written, { dataType, ...(session !== undefined && { session }) });
  const asked = new Asked();
  asked.opened = (sequence, { unseen: _, ...ids }) =>
    lane.opened({ ...part, trigger: sequence, origin: { ...ids, triggerSource: 'command' } }, sequence);
  const counters = newCounters();
  const status: LineStatus = { lineId: 'line1', ready: true, why: null, fault: null, bundle: null, counters };
  const challenges: boolean[] = [];
  const attach = (): void => lane.attach(asked, (on) => void challenges.push(on));
  /** A part of the PLC, opened and told at once. */
  const judge = (sequence: number, plantSequence: number, decision: Decision = 'pass'): void => {
    const origin = { ...openedByCamera, triggerSource: 'command' as const, plantSequence };
    lane.opened({ ...part, trigger: sequence, origin }, sequence);
    lane.announce({ ...judged(sequence, decision), ...origin, trigger: sequence }, null, counters);
  };
  return { attach, judge, challenges, clock, log, block, lane, node, value, write, writeAs, asked, counters, status };
}
