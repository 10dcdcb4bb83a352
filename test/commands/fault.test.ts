import { expect, test } from 'vitest';
import { auditFolder } from '../../daemon/audit/audit-file.ts';
import { newest } from '../../daemon/audit/read.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { temporaryFolder } from '../inference/rig.ts';
import { stateAt } from '../state/at.ts';
import { scene } from './scene.ts';

async function fault(state: string, ...argv: string[]) {
  const it = scene({ env: { TWINSPECT_STATE_DIR: state } });
  const code = await dispatch(['fault', ...argv], it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}

test('faults are listed, acknowledged by name or all, and that is in the audit record', async () => {
  const folder = temporaryFolder();
  expect(await fault(folder, 'list')).toEqual({ code: 0, out: '', err: 'there is no fault' });
  const { faults } = stateAt(folder);
  for (const id of ['journal', 'users', 'audit']) await faults.raise(id, `${id} is damaged`);
  expect((await fault(folder, 'list')).out).toMatch(/^journal {2}since \d{4}-.*\n {2}journal is damaged\n/);
  const listed = JSON.parse((await fault(folder, 'list', '--json')).out);
  expect(listed).toContainEqual({ id: 'users', text: 'users is damaged', since: expect.stringMatching(/Z$/) });
  const wrong = await fault(folder, 'acknowledge', 'nonsense');
  expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('There is no fault nonsense; there are: ') });
  expect((await fault(folder, 'acknowledge', 'journal')).out).toBe('acknowledged: journal');
  expect((await faults.look()).map(({ id }) => id)).toEqual(['users', 'audit']);
  expect((await fault(folder, 'acknowledge', 'all')).out).toBe('acknowledged: users\nacknowledged: audit');
  expect(await faults.look()).toEqual([]);
  const written = await newest(auditFolder(folder), 10);
  expect(written.map(({ action, target, result }) => [action, target, result])).toEqual([
    ['acknowledgeFault', 'journal', 'done'],
    ['acknowledgeFault', 'all', 'done'],
  ]);
});
