import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AuditFile, auditFolder } from '../../daemon/audit/audit-file.ts';
import { systemClock } from '../../daemon/clock.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { temporaryFolder } from '../inference/rig.ts';
import { stateAt } from '../state/at.ts';
import { scene } from './scene.ts';

async function audit(state: string, argv: string[]) {
  const it = scene({ env: { TWINSPECT_STATE_DIR: state } });
  const code = await dispatch(['audit', ...argv], it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}

async function written(): Promise<string> {
  const state = temporaryFolder();
  const record = new AuditFile({ state: stateAt(state), clock: systemClock, log: { error: () => undefined } });
  const who = { name: 'anna\u009b2J', via: 'opcua', role: 'operate', certificate: null } as const;
  const from = { recipe: 1, name: 'bolt' };
  const to = { recipe: 2, name: 'nut' };
  await record.write({ action: 'selectRecipe', target: 'line1', who, from, to, result: 'done', cause: null });
  const denied = { from: null, to: 0.9, result: 'denied', cause: 'command/role: needs configure' } as const;
  await record.write({ action: 'setThreshold', target: 'line1', who, ...denied });
  return state;
}

test('show tells who did what, from what to what, and what a terminal would obey is not sent to it', async () => {
  const state = await written();
  const { code, out } = await audit(state, ['show']);
  expect(code).toBe(0);
  expect(out.split('\n').map((line) => line.slice(line.indexOf('Z') + 1))).toEqual([
    '  anna?2J (operate) via opcua  selectRecipe line1 {"recipe":1,"name":"bolt"} -> {"recipe":2,"name":"nut"}  done',
    '  anna?2J (operate) via opcua  setThreshold line1 null -> 0.9  denied: command/role: needs configure',
  ]);
  const last = await audit(state, ['show', '--last', '1', '--json']);
  expect(JSON.parse(last.out)).toMatchObject({ n: 2, action: 'setThreshold', to: 0.9 });
  expect(await audit(temporaryFolder(), ['show'])).toMatchObject({ code: 0, out: '' });
});

test('verify says that nothing is missing and where the chain stands, or exits 1 with what is wrong', async () => {
  const state = await written();
  const good = await audit(state, ['verify']);
  expect(good).toMatchObject({ code: 0, err: '' });
  expect(good.out).toMatch(/^2 entries in 1 files, none missing\nhead 2 [0-9a-f]{64}$/);
  const head = good.out.split(' ').at(-1)!;
  expect((await audit(state, ['verify', '--head', head])).code).toBe(0);
  const unknown = await audit(state, ['verify', '--head', 'f'.repeat(64)]);
  expect(unknown.code).toBe(1);
  expect(unknown.err).toContain('what was noted is gone');
  writeFileSync(join(auditFolder(state), 'audit-000001.jsonl'), '');
  const broken = await audit(state, ['verify']);
  expect(broken.code).toBe(1);
  expect(broken.err).toContain('the record ends with number 0, expected 2');
});
