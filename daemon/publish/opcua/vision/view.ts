/**
 * The two state machines as clients see them: current state, its number, the last transition. Only a view: it is told
 * where the system is and decides nothing. Outside `Operational` the automatic mode's machine says it is not active.
 */
import {
  DataType,
  NodeId,
  StatusCodes,
  type UAObject,
  type UAObjectType,
  type UAVariable,
  type VariantOptions,
} from 'node-opcua';
import { invariant } from '../../../../errors.ts';
import type { StateNodes } from './events.ts';
import { isAutomatic, type Leaf, type StateName, stateNumbers, type Transition, topOf } from './states.ts';
import { text, type VisionTypes } from './types.ts';

/** SEMI E10 states of SystemStateDescriptionDataType (12.17), as the states of the system mean them. */
const systemStates: Record<Leaf, readonly [number, string]> = {
  Preoperational: [2, 'standby: waits to be put into automatic mode'],
  Halted: [4, 'scheduled downtime: halted by command'],
  Error: [5, 'unscheduled downtime: a fault is present'],
  Initialized: [2, 'standby: no recipe is prepared, or the line is not ready'],
  Ready: [2, 'standby: ready for a job'],
  SingleExecution: [1, 'productive: a part is being judged'],
  ContinuousExecution: [1, 'productive: parts are judged as they come'],
};

/** Optional parts of the machines that are there; given to `instantiate`. */
export const viewOptionals = [
  'VisionStateMachine.AutomaticModeStateMachine',
  'VisionStateMachine.AutomaticModeStateMachine.SimulationMode',
  'VisionStateMachine.AutomaticModeStateMachine.CurrentState.Number',
  'VisionStateMachine.AutomaticModeStateMachine.LastTransition',
  'VisionStateMachine.AutomaticModeStateMachine.LastTransition.Number',
  'VisionStateMachine.SelectModeAutomatic',
  'VisionStateMachine.ConfirmAll',
  'VisionStateMachine.CurrentState.Number',
  'VisionStateMachine.LastTransition',
  'VisionStateMachine.LastTransition.Number',
  'SystemState',
];

export class StateView implements StateNodes {
  readonly #types: VisionTypes;
  readonly #system: UAObject;
  readonly top: UAObject;
  readonly automatic: UAObject;
  readonly #topType: UAObjectType;
  readonly #automaticType: UAObjectType;

  constructor(types: VisionTypes, system: UAObject) {
    this.#types = types;
    this.#system = system;
    this.top = component(system, 'VisionStateMachine');
    this.automatic = component(this.top, 'AutomaticModeStateMachine');
    this.#topType = types.object('VisionStateMachineType');
    this.#automaticType = types.object('VisionAutomaticModeStateMachineType');
  }

  machineOf(transition: Transition): UAObject {
    return isAutomatic(transition.from) ? this.automatic : this.top;
  }

  state(name: StateName): NodeId {
    return component(isAutomatic(name) ? this.#automaticType : this.#topType, name).nodeId;
  }

  transition(transition: Transition): NodeId {
    const type = isAutomatic(transition.from) ? this.#automaticType : this.#topType;
    return component(type, transition.name).nodeId;
  }

  /** Where the system is; `by` is the transition that led there, null at the start. */
  show(leaf: Leaf, by: Transition | null, at: Date): void {
    this.#showState(this.top, topOf(leaf), at);
    this.#showState(this.automatic, isAutomatic(leaf) ? leaf : null, at);
    if (by) this.#showTransition(by, at);
    const [state, description] = systemStates[leaf];
    const value = this.#types.make('SystemStateDescriptionDataType', { state, stateDescription: description });
    write(variable(this.#system, 'SystemState'), { dataType: DataType.ExtensionObject, value }, at);
  }

  #showState(machine: UAObject, name: StateName | null, at: Date): void {
    const current = variable(machine, 'CurrentState');
    const status = name === null ? StatusCodes.BadStateNotActive : StatusCodes.Good;
    const shown: readonly [UAVariable, VariantOptions][] = [
      [part(current, 'Id'), { dataType: DataType.NodeId, value: name === null ? NodeId.nullNodeId : this.state(name) }],
      [part(current, 'Number'), { dataType: DataType.UInt32, value: name === null ? 0 : stateNumbers[name] }],
      [current, name === null ? { dataType: DataType.LocalizedText, value: null } : text(name)],
    ];
    for (const [node, value] of shown) node.setValueFromSource(value, status, at);
  }

  #showTransition(by: Transition, at: Date): void {
    const last = variable(this.machineOf(by), 'LastTransition');
    write(part(last, 'Id'), { dataType: DataType.NodeId, value: this.transition(by) }, at);
    write(part(last, 'Number'), { dataType: DataType.UInt32, value: by.number }, at);
    write(last, text(by.name), at);
  }
}

function write(node: UAVariable, value: VariantOptions, at: Date): void {
  node.setValueFromSource(value, StatusCodes.Good, at);
}

/** An object below another; broken promises of the nodeset are ours to find in a test. */
export function component(parent: UAObject | UAObjectType, name: string): UAObject {
  const child = parent.getComponentByName(name);
  invariant(child, `${parent.browseName.toString()} has no ${name}`);
  return child as UAObject;
}

export function variable(parent: UAObject, name: string): UAVariable {
  const child = parent.getChildByName(name);
  invariant(child, `${parent.browseName.toString()} has no ${name}`);
  return child as UAVariable;
}

function part(parent: UAVariable, name: string): UAVariable {
  const child = parent.getChildByName(name);
  invariant(child, `${parent.browseName.toString()} has no ${name}`);
  return child as UAVariable;
}
