/** asyncua, an OPC UA stack of other people, as PLC, MES and engineering tool. */
import { join } from 'node:path';
import { DataType } from 'node-opcua';
import { describe, expect, test } from 'vitest';
import { inputTags, type Tag, tags } from '../../daemon/publish/opcua/plc/tag-table.ts';
import { codes } from '../../daemon/publish/opcua/vision/codes.ts';
import { inPython, makeStation, type Station, skipPython, station } from './station.ts';

/** Trusted before it ever came, as an integrator does it. */
async function client(at: Station): Promise<(program: string, what: string, user: string) => Promise<unknown>> {
  await inPython('opcua_client.py', 'certificate', at.folder);
  await at.twinspect('opcua', 'trust', join(at.folder, 'client.der'));
  const url = `opc.tcp://127.0.0.1:${at.opcuaPort}/UA/Twinspect`;
  return (program, what, user) => inPython(program, what, url, at.folder, user, station.password);
}

interface Handshake {
  readonly atRest: Record<string, number>;
  readonly parts: Record<string, number | string>[];
  readonly ring: Record<string, number | string>[];
  readonly heard: Record<string, (number | boolean)[]>;
  readonly tags: string[];
  readonly namespaces: string[];
}

interface Walked {
  readonly found: number;
  readonly missing: string[];
  readonly unreadable: string[];
  readonly methods: Record<string, number | string | null>;
  readonly job: { steps: Record<string, number>; jobId: string; event: object; result: object; state: string };
}

/** What each mandatory method says to one who gives empty arguments; a status where the specification has no number. */
const methods = {
  ...{ GetConfigurationList: 0, GetConfigurationById: 'configurationUnknown' },
  ...{ ActivateConfiguration: 'configurationUnknown', ReleaseConfigurationHandle: 'handleUnknown' },
  ...{ GetRecipeListFiltered: 0, PrepareRecipe: 'recipeUnknown', UnprepareRecipe: 'recipeUnknown' },
  ...{ ReleaseRecipeHandle: 'handleUnknown', GetResultById: 'resultUnknown', GetResultComponentsById: 'resultUnknown' },
  ...{ GetResultListFiltered: 0, ReleaseResultHandle: 'handleUnknown' },
  ...{
    GenerateFileForRead: 'BadNotFound',
    GenerateFileForWrite: 'BadInvalidArgument',
    CloseAndCommit: 'BadNotSupported',
  },
  ...{ Halt: 0, Reset: 0, SelectModeAutomatic: 0, ConfirmAll: null },
  ...{ StartSingleJob: 'state', StartContinuous: 0, Stop: 0, Abort: 'state', SimulationMode: 0 },
};

describe.skipIf(skipPython)('asyncua', () => {
  test('subscription and handshake: each part is answered with its own number, each change is heard', async () => {
    const at = await makeStation();
    await at.start();
    const as = await client(at);
    const {
      atRest,
      parts,
      ring,
      heard,
      tags: shown,
      namespaces,
    } = (await as('plc.py', 'handshake', 'plc')) as Handshake;
    // A baseline is no part.
    expect(atRest).toMatchObject({ Verdict: 0 });
    expect(parts).toHaveLength(12);
    for (const [index, part] of parts.entries()) {
      const number = 1001 + index;
      expect(part).toMatchObject({ ResSeq: number, ResSeqStart: number, ResPartId: `part ${number}` });
      expect([1, 2], JSON.stringify(part)).toContain(part['Verdict']);
      expect(part['Result']).toMatch(new RegExp(`^${number};${part['Verdict']};`));
    }
    // A slot is the number modulo 16: all twelve stand there still, each with what was shown of it.
    if (Object.hasOwn(tags, 'Ring00ResSeq')) {
      const { Sequence: _, ...slot } = parts[0] ?? {};
      expect(ring).toEqual(parts.map((part) => Object.fromEntries(Object.keys(slot).map((key) => [key, part[key]]))));
    }
    // Good parts and defects are both among them.
    expect(new Set(parts.map(({ Verdict }) => Verdict)).size).toBe(2);
    for (const name of ['ResSeq', 'Sequence'] as const) {
      const told = parts.map((part) => part[name]);
      expect(heard[name]?.filter((value) => told.includes(value as number))).toEqual(told);
    }
    expect(new Set(heard['Heartbeat']).size).toBeGreaterThan(1);
    expect(heard['Busy']).toContain(true);
    expect(shown).toEqual(expect.arrayContaining(Object.keys(tags)));
    expect(namespaces[1]).toMatch(/^urn:twinspect:[0-9a-f-]{36}$/);
    // Who may only look is told so, whatever he brings.
    const refused = Object.values((await as('plc.py', 'refused', 'watcher')) as object);
    expect(refused).toEqual(refused.map(() => 'BadUserAccessDenied'));
    expect(refused).toHaveLength(5);
  });

  test('OPC 40100-1: mandatory nodes are there and readable, methods answer, a job runs to its result', async () => {
    const at = await makeStation();
    await at.start();
    const walked = (await (await client(at))('mes.py', 'vision', 'engineer')) as Walked;
    expect(walked.missing).toEqual([]);
    expect(walked.unreadable).toEqual([]);
    expect(walked.found).toBeGreaterThan(80);
    const word = (answer: unknown) => Object.entries(codes).find(([, { number }]) => number === answer)?.[0] ?? answer;
    const answers = Object.entries(walked.methods).map(([path, answer]) => [path.replace(/.*\//, ''), word(answer)]);
    // Called with nothing in particular, in this order: 0 is done, a word is why not.
    expect(Object.fromEntries(answers)).toEqual(methods);
    const { steps, jobId, event, result, state } = walked.job;
    expect(new Set(Object.values(steps))).toEqual(new Set([0]));
    expect(jobId).toMatch(/^line1-job-/);
    expect(event).toEqual({ jobId, partId: 'stranger 1', isPartial: false });
    expect(result).toEqual({ jobId, partId: 'stranger 1', content: 5 });
    expect(state).toBe('Ready');
  });

  test('the NodeSet that a station writes is imported: every tag with its type and access', async () => {
    const at = await makeStation({}, false);
    const file = join(at.folder, 'station.NodeSet2.xml');
    await at.twinspect('opcua', 'nodeset', file);
    const read = await inPython<{ namespaces: string[]; tags: Record<string, unknown> }>('plc.py', 'nodeset', file);
    const expected = Object.entries(tags).map(([name, tag]: [string, Tag]) => [
      name,
      [DataType[tag.type], Object.hasOwn(inputTags, name)],
    ]);
    expect(read.tags).toEqual(Object.fromEntries(expected));
    expect(read.namespaces.at(-1)).toMatch(/^urn:twinspect:[0-9a-f-]{36}$/);
  });
});
