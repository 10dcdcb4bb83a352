/** Calling the methods of a vision system as a client does: by node ids, outputs by their names. */
import {
  type CallMethodResult,
  type ClientSession,
  DataType,
  type ExtensionObject,
  StatusCodes,
  Variant,
  VariantArrayType,
  type VariantOptions,
} from 'node-opcua';
import { expect } from 'vitest';
import type { Method } from '../../../daemon/publish/opcua/vision/states.ts';
import { root } from './station.ts';

export const visionUri = 'http://opcfoundation.org/UA/MachineVision';
export const top = `${root}-VisionStateMachine`;
export const automatic = `${top}-AutomaticModeStateMachine`;
export const recipeManagement = `${root}-RecipeManagement`;
export const resultManagement = `${root}-ResultManagement`;
export const configurationManagement = `${root}-ConfigurationManagement`;

export interface Answer {
  readonly status: string;
  /** By the names of the output arguments. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever a server sends
  readonly out: Record<string, any>;
}

/** A structure of the machine vision nodeset. */
export async function make(
  session: ClientSession,
  type: string,
  fields: Record<string, unknown>,
): Promise<ExtensionObject> {
  const namespace = await visionNamespace(session);
  const found = await session.translateBrowsePath({
    startingNode: 'i=22', // Structure
    relativePath: {
      elements: type.split('/').map((name) => ({
        referenceTypeId: 'i=45', // HasSubtype
        isInverse: false,
        includeSubtypes: true,
        targetName: { namespaceIndex: namespace, name },
      })),
    },
  } as never);
  const nodeId = found.targets?.[0]?.targetId;
  if (!nodeId) throw new Error(`no type ${type}`);
  return session.constructExtensionObject(nodeId, fields);
}

export async function visionNamespace(session: ClientSession): Promise<number> {
  return (await session.readNamespaceArray()).indexOf(visionUri);
}

export const id = (session: ClientSession, type: string, value: string): Promise<ExtensionObject> =>
  make(session, type, { id: value });

export async function call(
  session: ClientSession,
  objectId: string,
  method: string,
  inputs: VariantOptions[] = [],
): Promise<Answer> {
  const methodId = `${objectId}-${method}`;
  const result: CallMethodResult = await session.call({
    ...{ objectId, methodId },
    inputArguments: inputs.map((input) => new Variant(input)),
  });
  const definition = await session.getArgumentDefinition(methodId);
  const names = (definition.outputArguments ?? []).map(({ name }) => name ?? '');
  const out = Object.fromEntries(names.map((name, index) => [name, result.outputArguments?.[index]?.value]));
  return { status: result.statusCode.name, out };
}

export const int32 = (value: number): VariantOptions => ({ dataType: DataType.Int32, value });
export const uint32 = (value: number): VariantOptions => ({ dataType: DataType.UInt32, value });
export const string = (value: string): VariantOptions => ({ dataType: DataType.String, value });
export const structure = (value: ExtensionObject | null): VariantOptions => ({
  dataType: DataType.ExtensionObject,
  value,
});
export const cause: VariantOptions[] = [int32(7), string('as the test says')];
export const noParameters: VariantOptions = {
  dataType: DataType.Variant,
  arrayType: VariantArrayType.Array,
  value: [],
};
const nothing = structure(null);

/** What each method is called with when nothing in particular is meant. */
export async function callMethod(session: ClientSession, method: Method): Promise<Answer> {
  switch (method) {
    case 'Halt':
    case 'Reset':
      return call(session, top, method, cause);
    case 'SelectModeAutomatic':
      return call(session, top, method);
    case 'ConfirmAll':
      return call(session, top, method, [{ dataType: DataType.LocalizedText, value: { text: 'seen' } }]);
    case 'StartSingleJob':
    case 'StartContinuous':
      return call(session, automatic, method, [nothing, nothing, nothing, nothing, noParameters]);
    case 'Stop':
    case 'Abort':
      return call(session, automatic, method, cause);
    case 'SimulationMode':
      return call(session, automatic, method, [{ dataType: DataType.Boolean, value: false }, ...cause]);
    case 'PrepareRecipe':
    case 'UnprepareRecipe':
      return call(session, recipeManagement, method, [
        structure(await make(session, 'BinaryIdBaseDataType/RecipeIdExternalDataType', { id: 'washer-m8' })),
        nothing,
      ]);
  }
}

/** Where the system is, as its two machines say: the leaf, and whether top and automatic agree. */
export async function shownState(session: ClientSession): Promise<{ leaf: string; number: number }> {
  const [topState, topNumber, autoState, autoNumber] = await session.read(
    [
      `${top}-CurrentState`,
      `${top}-CurrentState-Number`,
      `${automatic}-CurrentState`,
      `${automatic}-CurrentState-Number`,
    ].map((nodeId) => ({ nodeId })),
  );
  const name = String(topState?.value.value.text);
  if (name !== 'Operational') {
    expect(autoState?.statusCode).toEqual(StatusCodes.BadStateNotActive);
    return { leaf: name, number: topNumber?.value.value };
  }
  expect(topNumber?.value.value).toBe(4);
  return { leaf: String(autoState?.value.value.text), number: autoNumber?.value.value };
}
