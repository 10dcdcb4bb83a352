import {
  type Argument,
  AttributeIds,
  DataType,
  findBasicDataType,
  NodeClass,
  resolveNodeId,
  StatusCodes,
  Variant,
} from 'node-opcua';
import { expect, test } from 'vitest';
import { until } from '../fixtures.ts';
import { shownState, visionNamespace } from './calls.ts';
import { root, startStation } from './station.ts';
import { Walk } from './walk.ts';

/** A value of each basic type that says nothing. */
const empties: Partial<Record<DataType, unknown>> = {
  [DataType.Int32]: 0,
  [DataType.UInt32]: 0,
  [DataType.UInt64]: [0, 0],
  [DataType.Byte]: 1,
  [DataType.Boolean]: false,
  [DataType.String]: '',
  [DataType.ByteString]: Buffer.alloc(0),
  [DataType.LocalizedText]: { text: '' },
};

test('every mandatory node, walked from the types themselves, is there, readable, bound', async () => {
  const station = await startStation();
  const { line } = station;
  const session = await station.session('secure');
  await until('running', async () => (await shownState(session)).leaf === 'ContinuousExecution');
  await until('recipes', async () => (await recipeCount()) === 3);
  await line.close(line.cameraTrigger(), 'fail');

  async function recipeCount(): Promise<number> {
    const { references } = await session.browse({
      nodeId: `${root}-RecipeManagement-Recipes`,
      referenceTypeId: 'i=47',
    });
    return references?.length ?? 0;
  }

  const walk = new Walk(session);
  await walk.of(resolveNodeId(root), 'Vision');
  // What is made while it runs is of its type too.
  await walk.of(resolveNodeId(`${root}-RecipeManagement-Recipes.1`), 'Recipe');
  await walk.of(resolveNodeId(`${root}-ResultManagement-Results.Result1`), 'Result');
  expect(walk.missing).toEqual([]);

  const namespace = await visionNamespace(session);
  const names = walk.found.map(({ path }) => path.replaceAll(`${namespace}:`, ''));
  // The walk is no empty one: the one mandatory part of the system, and one leaf of each of its optional parts.
  expect(names).toEqual(
    expect.arrayContaining([
      'Vision/VisionStateMachine',
      'Vision/VisionStateMachine/CurrentState/Id',
      'Vision/VisionStateMachine/AutomaticModeStateMachine/StartSingleJob/InputArguments',
      'Vision/RecipeManagement/PrepareRecipe',
      'Vision/ConfigurationManagement/ActiveConfiguration',
      'Vision/ResultManagement/GetResultComponentsById',
      'Vision/ResultManagement/ResultTransfer/ClientProcessingTimeout',
      'Recipe/Prepare',
      'Recipe/LastModified',
      'Result/ResultId',
      'Result/JobId',
    ]),
  );

  for (const { path, nodeId, nodeClass } of walk.found) {
    if (nodeClass !== NodeClass.Variable) continue;
    const [value, dataType, rank] = await session.read(
      [AttributeIds.Value, AttributeIds.DataType, AttributeIds.ValueRank].map((attributeId) => ({
        nodeId,
        attributeId,
      })),
    );
    // Optional fields of a result that has none; the ids were not given.
    const absent = /^Result\/.*(Id|Content)$/.test(path) && value?.statusCode === StatusCodes.BadNoData;
    if (!absent) expect([path, value?.statusCode]).toEqual([path, StatusCodes.Good]);
    expect([path, dataType?.statusCode, rank?.statusCode]).toEqual([path, StatusCodes.Good, StatusCodes.Good]);
    expect([path, absent || value?.value.dataType !== DataType.Null]).toEqual([path, true]);
  }

  const methods = walk.found.filter(({ nodeClass }) => nodeClass === NodeClass.Method);
  expect(methods.length).toBeGreaterThanOrEqual(25);
  for (const { path, nodeId, parent } of methods) {
    const executable = await session.read([
      { nodeId, attributeId: AttributeIds.Executable },
      { nodeId, attributeId: AttributeIds.UserExecutable },
    ]);
    expect([path, ...executable.map(({ value }) => value.value)]).toEqual([path, true, true]);
    const { inputArguments = [] } = await session.getArgumentDefinition(nodeId);
    const given = await Promise.all((inputArguments as Argument[]).map(emptyOf));
    const { statusCode } = await session.call({ objectId: parent, methodId: nodeId, inputArguments: given });
    // Bound: it answers, or says what the standard lets it say; the library's own words for "nobody is there" never.
    const says = ['Good', 'BadNotSupported', 'BadNotFound'];
    expect([path, says.includes(statusCode.name)]).toEqual([path, true]);
  }

  async function emptyOf(argument: Argument): Promise<Variant> {
    const dataType = await findBasicDataType(session, argument.dataType);
    if (argument.valueRank >= 1) return new Variant({ dataType: DataType.Variant, arrayType: 1, value: [] });
    return new Variant({ dataType, value: empties[dataType] ?? null });
  }
}, 300_000);
