/** Who may call and write what, and that whoever may not is told so before anything of his call is looked at. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AttributeIds, type ClientSession, DataType, Variant, type VariantOptions } from 'node-opcua';
import { expect, test } from 'vitest';
import { roles } from '../../../daemon/command/port.ts';
import { type Method, methods } from '../../../daemon/publish/opcua/vision/states.ts';
import { temporaryFolder } from '../fixtures.ts';
import { automatic, recipeManagement, top } from '../vision/calls.ts';
import { lineId, startStation } from '../vision/station.ts';
import { clientIdentity, guardedServer, session, user } from './plant.ts';

const text: VariantOptions = { dataType: DataType.String, value: 'x' };
const number: VariantOptions = { dataType: DataType.Double, value: 1.5 };
/** None of them fits any method here: too few, too many, of the wrong type. */
const misfits: VariantOptions[][] = [[], [number], [number, number], Array.from({ length: 9 }, () => text)];

async function called(by: ClientSession, objectId: string, methodId: string, inputs: VariantOptions[] = []) {
  const inputArguments = inputs.map((input) => new Variant(input));
  const answer = await by.call({ objectId, methodId, inputArguments });
  const perArgument = (answer.inputArgumentResults ?? []).map(({ name }) => name);
  return { status: answer.statusCode.name, perArgument };
}

const denied = { status: 'BadUserAccessDenied', perArgument: [] };

test('callableBy and writableBy: each role may what the lower ones may, whatever a call brings', async () => {
  const [stateFolder, identity] = [temporaryFolder(), await clientIdentity()];
  const store = join(stateFolder, 'opcua', 'trusted', 'certs');
  mkdirSync(store, { recursive: true });
  writeFileSync(join(store, 'client.pem'), readFileSync(identity.certificateFile));
  const plant = await guardedServer({ stateFolder, users: await Promise.all(roles.map((role) => user(role, role))) });
  for (const role of roles) {
    const client = await session(plant.endpoint, { user: role, identity });
    expect(await called(client, 'ns=1;s=Box', 'ns=1;s=Call.none', [text])).toEqual(denied);
    expect((await called(client, 'ns=1;s=Box', 'ns=1;s=Call.all')).status).toBe('Good');
    for (const needed of roles) {
      const may = roles.indexOf(role) >= roles.indexOf(needed);
      const call = (inputs: VariantOptions[]) => called(client, 'ns=1;s=Box', `ns=1;s=Call.${needed}`, inputs);
      const what = `${role} calls what needs ${needed}`;
      expect([what, (await call([])).status]).toEqual([what, may ? 'Good' : denied.status]);
      expect([what, await call([text])]).toEqual([what, may ? { ...denied, status: 'BadTooManyArguments' } : denied]);
      for (const dataType of [DataType.Int32, DataType.String]) {
        const value = { value: { dataType, value: dataType === DataType.Int32 ? 2 : 'x' } };
        const node = { nodeId: `ns=1;s=Write.${needed}`, attributeId: AttributeIds.Value, value };
        const fits = dataType === DataType.Int32 ? 'Good' : 'BadTypeMismatch';
        expect([what, (await client.write(node)).name]).toEqual([what, may ? fits : denied.status]);
      }
    }
  }
});

/** On which object each method of the vision system is called. */
const objectOf = (method: Method): string => {
  if (method === 'PrepareRecipe' || method === 'UnprepareRecipe') return recipeManagement;
  return ['Halt', 'Reset', 'SelectModeAutomatic', 'ConfirmAll'].includes(method) ? top : automatic;
};

/** The method of that name in the object's type or one above it: the other way to name it in a call. */
async function ofType(by: ClientSession, objectId: string, method: string): Promise<string> {
  const browse = async (nodeId: string, referenceTypeId: string, forward = true) => {
    const found = await by.browse({ nodeId, referenceTypeId, browseDirection: forward ? 0 : 1, resultMask: 63 });
    return found.references ?? [];
  };
  let [type] = await browse(objectId, 'i=40');
  while (type) {
    const nodeId = type.nodeId.toString();
    const own = (await browse(nodeId, 'i=47')).find(({ browseName }) => browseName.name === method);
    if (own) return own.nodeId.toString();
    [type] = await browse(nodeId, 'i=45', false);
  }
  throw new Error(`no type has ${method}`);
}

test('methods of a vision system, by their own id and by that of their type: no word of what they take', async () => {
  const station = await startStation();
  const watcher = await station.session('observe');
  const operator = await station.session('operate');
  for (const method of methods) {
    const objectId = objectOf(method);
    for (const methodId of [`${objectId}-${method}`, await ofType(watcher, objectId, method)]) {
      for (const inputs of misfits) {
        const what = `${method} as ${methodId} with ${inputs.length}`;
        expect([what, await called(watcher, objectId, methodId, inputs)]).toEqual([what, denied]);
      }
      // Who may call hears what is wrong.
      const wrong = await called(operator, objectId, methodId, misfits[3]);
      expect([method, wrong.status]).toEqual([method, 'BadTooManyArguments']);
    }
  }
  expect(station.line.orders).toEqual([]);
  // Nor of what a tag takes.
  for (const name of ['TrigSeq', 'PartId', 'RecipeNo', 'Verdict', 'Ready']) {
    const answers = new Set<string>();
    for (const { dataType, value } of [text, number, { dataType: DataType.UInt32, value: 7 }]) {
      const node = { nodeId: `ns=1;s=${lineId}.${name}`, attributeId: AttributeIds.Value };
      answers.add((await watcher.write({ ...node, value: { value: { dataType, value } } } as never)).name);
    }
    expect([name, answers.size]).toEqual([name, 1]);
  }
});
