import { readFileSync } from 'node:fs';
import { AddressSpace, generateAddressSpace, nodesets, type UAObject, type UAObjectType } from 'node-opcua';
import { expect, onTestFinished, test } from 'vitest';
import { codes } from '../../../daemon/publish/opcua/vision/codes.ts';
import { type Facts, VisionMachine } from '../../../daemon/publish/opcua/vision/machine.ts';
import {
  callIn,
  leafAfter,
  leaves,
  methods,
  stateNumbers,
  transitions,
  wayTo,
} from '../../../daemon/publish/opcua/vision/states.ts';
import { visionUri } from './calls.ts';

/** What the nodeset itself says of the transitions and states of a state machine type. */
function declared(type: UAObjectType) {
  const one = (node: UAObject, reference: string) => node.findReferencesAsObject(reference)[0]?.browseName.name ?? null;
  const objects = type.getComponents().filter((each) => 'typeDefinitionObj' in each) as UAObject[];
  const of = (name: string) => objects.filter((each) => each.typeDefinitionObj?.browseName.name === name);
  const value = (node: UAObject, name: string) => node.getPropertyByName(name)?.readValue().value.value;
  return {
    states: of('StateType').map((node) => [node.browseName.name, value(node, 'StateNumber')]),
    transitions: of('TransitionType').map((node) => ({
      name: node.browseName.name,
      number: value(node, 'TransitionNumber'),
      from: one(node, 'FromState'),
      to: one(node, 'ToState'),
      cause: one(node, 'HasCause'),
      effects: node
        .findReferencesAsObject('HasEffect')
        .map(({ browseName }) => browseName.name?.replace('EventType', ''))
        .sort(),
    })),
  };
}

test('our tables are the nodeset: numbers, ways, causes, effects; what is left out is named', async () => {
  const space = AddressSpace.create();
  onTestFinished(() => space.dispose());
  space.registerNamespace('urn:test');
  await generateAddressSpace(space, [nodesets.standard, nodesets.machineVision]);
  const index = space.getNamespaceIndex(visionUri);
  const machines = ['VisionStateMachineType', 'VisionAutomaticModeStateMachineType'].map((name) =>
    declared(space.findObjectType(name, index)!),
  );
  const standard = machines.flatMap((machine) => machine.transitions);
  expect(Object.fromEntries(machines.flatMap((machine) => machine.states))).toEqual(stateNumbers);
  const leftOut = standard.filter(({ number }) => !transitions.some((ours) => ours.number === number));
  expect(leftOut.map(({ number }) => number).sort()).toEqual([140, 141, 562, 652]);
  for (const ours of transitions) {
    const theirs = standard.find(({ number }) => number === ours.number);
    const added = ours.number === 430 ? ['Error'] : [];
    expect({ ...theirs, effects: [...(theirs?.effects ?? []), ...added].sort() }).toEqual({
      ...ours,
      effects: [...ours.effects].sort(),
    });
  }
});

test('by itself the system gets from every state to every other, by transitions that join', () => {
  for (const from of leaves) {
    for (const to of leaves) {
      const way = wayTo(from, to);
      expect([from, to, way.length > 0]).toEqual([from, to, from !== to]);
      let at = from;
      for (const step of way) {
        expect(step.cause).toBeNull();
        at = leafAfter(step);
      }
      expect(at).toBe(to);
    }
  }
});

test('each method has a state that takes it, and a state that refuses it', () => {
  for (const method of methods) {
    const takes = leaves.filter((leaf) => callIn(leaf, method) !== undefined);
    expect([method, takes.length > 0]).toEqual([method, true]);
    if (method !== 'Reset' && method !== 'ConfirmAll') expect(takes.length).toBeLessThan(leaves.length);
  }
});

const running: Facts = { begun: true, halted: false, fault: false, able: true, execution: 'continuous', job: false };

function machine() {
  const moved: number[] = [];
  const made = new VisionMachine((transition) => moved.push(transition.number));
  return { made, moved };
}

test('the line alone drives it: up, fault and back, not ready, halted elsewhere and reset', () => {
  const { made, moved } = machine();
  made.become({ ...running, begun: false });
  made.become({ ...running, able: false });
  made.become(running);
  expect(moved.splice(0)).toEqual([150, 560, 680]);
  made.become({ ...running, fault: true });
  made.become(running);
  expect(moved.splice(0)).toEqual([430, 340, 560, 680]);
  made.become({ ...running, able: false });
  expect(moved.splice(0)).toEqual([860, 650]);
  made.become({ ...running, halted: true });
  made.become({ ...running, execution: 'single' });
  expect(moved.splice(0)).toEqual([420, 210, 150, 560]);
  made.become({ ...running, execution: 'single', job: true });
  made.become({ ...running, execution: 'single' });
  expect(moved).toEqual([670, 760]);
});

test('a call claims its transition; refused by the line, nothing has moved', async () => {
  const { made, moved } = machine();
  made.become(running);
  moved.length = 0;
  await expect(
    made.call('Reset', () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect([made.leaf, moved]).toEqual(['ContinuousExecution', []]);
  await made.call('Stop', () => made.become({ ...running, execution: 'single' }));
  await made.call('Halt', () => made.become({ ...running, execution: 'single', halted: true }));
  expect(moved.splice(0)).toEqual([861, 421]);
  // Reset moves although the fault stands; the fault then leads on.
  await made.call('Reset', () => made.become({ ...running, execution: 'stopped', fault: true }));
  expect(moved.splice(0)).toEqual([211, 130]);
  made.become({ ...running, execution: 'stopped' });
  await expect(made.call('Stop', () => undefined)).rejects.toMatchObject({ code: 'state' });
  await made.call('SelectModeAutomatic', () => undefined);
  expect([made.leaf, moved]).toEqual(['Initialized', [310, 151]]);
});

test('the page for engineers has every error number, every state and every method', () => {
  const page = readFileSync(new URL('../../../docs/opcua.md', import.meta.url), 'utf8');
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const row = (first: string) => rows.find((cells) => cells[1] === first);
  for (const { number, text } of Object.values(codes)) expect(row(String(number))?.[2]).toBe(text);
  for (const [name, number] of Object.entries(stateNumbers)) expect(row(String(number))?.[2]).toBe(name);
  for (const method of methods) expect([method, row(method) !== undefined]).toEqual([method, true]);
  expect(new Set(Object.values(codes).map(({ number }) => number)).size).toBe(Object.keys(codes).length);
});
