/**
 * The events of a vision system, each with all its fields and the time of what it tells of. Raised on the system, so
 * that a client hears them there and on the Server object; those of a transition name the state machine as source.
 */
import { DataType, type NodeId, type RaiseEventData, type UAObject, type VariantOptions } from 'node-opcua';
import type { StateName, Transition } from './states.ts';
import { dateTime, object, text, type VisionTypes } from './types.ts';

/** 1..1000; an error is for a person (OPC 10000-5: above 667 is urgent). */
const severities = { usual: 100, error: 800 } as const;

export interface StateNodes {
  /** The state machine that moves by a transition, and the nodes of its type. */
  machineOf(transition: Transition): UAObject;
  state(name: StateName): NodeId;
  transition(transition: Transition): NodeId;
}

export class VisionEvents {
  readonly #types: VisionTypes;
  readonly #system: UAObject;
  readonly #nodes: StateNodes;

  constructor(types: VisionTypes, system: UAObject, nodes: StateNodes) {
    this.#types = types;
    this.#system = system;
    this.#nodes = nodes;
  }

  /** StateChanged, and Error or ErrorResolved beside it; `why` is for people. */
  transition(
    kind: 'StateChanged' | 'Error' | 'ErrorResolved',
    transition: Transition,
    atMs: number,
    why: string,
  ): void {
    const machine = this.#nodes.machineOf(transition);
    this.#raise(
      `${kind}EventType`,
      atMs,
      kind === 'Error' ? severities.error : severities.usual,
      why === '' ? transition.name : `${transition.name}: ${why}`,
      {
        sourceNode: { dataType: DataType.NodeId, value: machine.nodeId },
        sourceName: { dataType: DataType.String, value: machine.browseName.name ?? '' },
        transition: text(transition.name),
        'transition.id': { dataType: DataType.NodeId, value: this.#nodes.transition(transition) },
        ...this.#state('fromState', transition.from),
        ...this.#state('toState', transition.to),
      },
    );
  }

  #state(field: 'fromState' | 'toState', name: StateName): Record<string, VariantOptions> {
    return {
      [field]: text(name),
      [`${field}.id`]: { dataType: DataType.NodeId, value: this.#nodes.state(name) },
    };
  }

  job(kind: 'JobStarted' | 'AcquisitionDone' | 'Ready', jobId: string, atMs: number): void {
    const jobField = object(this.#types.id('JobIdDataType', jobId));
    this.#raise(`${kind}EventType`, atMs, severities.usual, `${kind} ${jobId}`, { jobId: jobField });
  }

  recipePrepared(
    ids: { internal: VariantOptions; external: VariantOptions; product: VariantOptions },
    atMs: number,
    message: string,
  ): void {
    const { internal, external, product } = ids;
    const fields = { internalId: internal, externalId: external, productId: product };
    this.#raise('RecipePreparedEventType', atMs, severities.usual, message, fields);
  }

  /** The nodeset declares the flag of the file for the result alone, not for its event. */
  resultReady(result: Readonly<Record<string, VariantOptions>>, atMs: number, message: string): void {
    const { hasTransferableDataOnFile: _, ...fields } = result;
    this.#raise('ResultReadyEventType', atMs, severities.usual, message, fields);
  }

  #raise(
    type: string,
    atMs: number,
    severity: number,
    message: string,
    fields: Readonly<Record<string, VariantOptions>>,
  ): void {
    this.#system.raiseEvent(this.#types.event(type), {
      sourceName: { dataType: DataType.String, value: this.#system.browseName.name ?? '' },
      ...fields,
      time: dateTime(atMs),
      receiveTime: dateTime(atMs),
      message: text(message),
      severity: { dataType: DataType.UInt16, value: severity },
    } as RaiseEventData);
  }
}
