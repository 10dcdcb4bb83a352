import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { pathsToOpen, placesFrom } from '../../daemon/status/place.ts';
import { reportSchema } from '../../daemon/status/report.ts';
import { openStatusSocket } from '../../daemon/status/socket.ts';
import { filesOf, scene } from './scene.ts';

const effective = {
  ...{ recipe: 2, recipeName: 'Lid', product: 'lid', threshold: 3.5, thresholdSet: true },
  ...{ execution: 'continuous', halted: null },
};
const report = {
  ...{ schema: reportSchema, pid: 4711, line: { ready: true }, effective },
  bundle: { name: 'lid', version: '1.0.0', digest: 'ab12', product: 'lid' },
};

/** A daemon of line `press` that can be asked, and the file as it is now. */
async function edited(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'refused-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'state'));
  const paths = pathsToOpen(placesFrom({}, { stateFolder: join(folder, 'state'), lineId: 'press' }));
  const log = { warn: () => undefined };
  const socket = await openStatusSocket({
    paths,
    lineId: 'press',
    pid: 1,
    report: () => report,
    clock: systemClock,
    log,
  });
  onTestFinished(() => socket.close());
  const call = async (...argv: string[]) => {
    const at = scene({ cwd: folder, clock: systemClock, env: {}, files: filesOf({ 'line.yaml': text }) });
    const code = await dispatch([...argv, '--config', 'line.yaml'], at, { seats, load: loadCommand });
    return { code, out: at.out.join('\n'), err: at.err.join('\n') };
  };
  return { call, path: paths[0]! };
}

test('a file that is refused by now: what the daemon runs on with is shown, and why the file is refused', async () => {
  const { call } = await edited('line: { id: press, deadlineMs: x }');
  const shown = await call('config', 'show', '--effective');
  expect(shown.code).toBe(1);
  expect(shown.out).toMatch(/^recipe +2 Lid\nproduct +lid\nbundle +lid@1\.0\.0, digest ab12\nthreshold +3\.5\n/);
  expect(shown.out).toMatch(/^daemon +process 4711 at .*: runs on with this; the file is refused$/m);
  expect(shown.err).toMatch(/^error config\/invalid: 1 problem in line\.yaml:\n {2}line\.deadlineMs/);
  const { refused, inForce, daemon, differences } = JSON.parse(
    (await call('config', 'show', '--effective', '--json')).out,
  );
  expect(refused).toMatchObject({ code: 'config/invalid', text: expect.stringContaining('deadlineMs') });
  expect(inForce).toMatchObject({ recipe: '2 Lid', product: 'lid', threshold: 3.5, halted: null });
  expect(daemon).toMatchObject({ pid: 4711, ready: true });
  expect(differences).toBeNull();
  expect((await call('config', 'show')).out).toBe('');
});

test('one that does not say which line it is: the daemon is asked at its socket', async () => {
  const { call, path } = await edited('');
  const asked = await call('config', 'show', '--effective', '--socket', path);
  expect(asked).toMatchObject({ code: 1, out: expect.stringMatching(/^recipe +2 Lid\n/) });
  expect(asked.err).toContain('error config/syntax: Cannot read line.yaml: the file is empty');
  const status = await call('status');
  expect(status.code).toBe(1);
  expect(status.err).toContain('is asked with --socket PATH');
});

test('nobody runs: only why the file is refused', async () => {
  const { call } = await edited('line: { id: other, deadlineMs: x }');
  expect(await call('config', 'show', '--effective')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/^error config\/invalid/),
  });
});
