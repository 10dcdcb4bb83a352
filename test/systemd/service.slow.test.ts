import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { patienceMs } from '../patience.ts';
import { Container, containerProblem, wait } from './container.ts';

const problem = containerProblem();
const unit = 'twinspect@line1.service';
/** Of the unit. */
const watchdogMs = 10_000;

/** The first run without a broker: its records stay in the journal, where they can be counted. */
const configuration = 'line: { id: line1 }\nmqtt: { enabled: false }\nopcua: { enabled: false }\n';

let device: Container;

test('a container with systemd can be made where it has to be', () => {
  if (process.env['CI']) expect(problem).toBeNull();
});

describe.skipIf(problem !== null)(`a device with systemd${problem === null ? '' : `: ${problem}`}`, () => {
  beforeAll(async () => {
    device = await Container.make();
  }, 600_000);
  afterAll(() => device?.remove());

  const ready = (): Promise<number> =>
    device.until('the line is ready', patienceMs, async () => {
      const [state, text] = [await device.property(unit, 'ActiveState'), await device.property(unit, 'StatusText')];
      return state === 'active' && /ready, judging with/.test(text);
    });
  const restarts = async (): Promise<number> => Number(await device.property(unit, 'NRestarts'));
  const mainPid = async (): Promise<string> => device.property(unit, 'MainPID');
  const records = (): { sequence: number; decision: string; reason: string }[] => {
    const path = join(device.root, 'var/lib/twinspect/line1/journal.sqlite');
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      const rows = database.prepare('SELECT sequence, json FROM record ORDER BY sequence').all();
      return rows.map(({ sequence, json }) => ({ ...JSON.parse(json as string), sequence: Number(sequence) }));
    } finally {
      database.close();
    }
  };

  test('it is installed by one command, which says each thing it does, and judges', async () => {
    const asked = await device.twinspect('service', 'install', 'line1', '--dry-run');
    expect(asked.stdout.split('\n').filter((line) => line !== '' && !line.startsWith('would '))).toEqual([]);
    expect((await device.call('test', '-e', '/etc/twinspect')).code).toBe(1);
    const installed = await device.twinspect('service', 'install', 'line1');
    expect(installed.stderr).not.toMatch(/^error/m);
    expect(installed.stdout).toContain('write /etc/systemd/system/twinspect@.service');
    device.write('etc/twinspect/line1.yaml', configuration);
    expect((await device.call('systemctl', 'start', unit)).code).toBe(0);
    await ready();
    await device.until('parts are judged', patienceMs, async () => /"decision"|P0000/.test(await judged()));
    const status = await device.twinspect('service', 'status');
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^twinspect@line1.service {2}active/) });
  });

  /** Evidence of the first failed part is the proof that does not need a stopped daemon. */
  const judged = async (): Promise<string> =>
    (await device.call('sh', '-c', 'ls /var/lib/twinspect/line1/evidence | sed s/^/P0000/')).stdout;

  test('the main process is the bundled Node, the unit is clean, and its exposure is told', async () => {
    const command = await device.call('readlink', `/proc/${await mainPid()}/exe`);
    expect(command.stdout.trim()).toBe(device.node);
    const verified = await device.call('systemd-analyze', 'verify', '--man=no', unit);
    expect(verified).toMatchObject({ code: 0, stderr: '' });
    const security = await device.call('systemd-analyze', 'security', '--no-pager', unit);
    expect(Number(/exposure level[^:]*: ([\d.]+)/.exec(security.stdout)?.[1])).toBeLessThanOrEqual(2);
    expect(await device.journal(unit)).not.toMatch(/MemoryDeny|SIGSYS/);
  });

  test('a hung main thread is killed and judges again within watchdog and start', async () => {
    const before = await restarts();
    await device.call('kill', '-STOP', await mainPid());
    await device.until('a restart', watchdogMs + 10_000, async () => (await restarts()) > before);
    await ready();
    expect(await restarts()).toBe(before + 1);
  });

  test('a killed one is started again', async () => {
    const before = await restarts();
    await device.call('kill', '-KILL', await mainPid());
    await device.until('a restart', 10_000, async () => (await restarts()) > before);
    await ready();
  });

  test('a reset in the middle of parts: nothing is lost, nothing is twice', async () => {
    await device.reset();
    await ready();
    await device.call('systemctl', 'stop', unit);
    const kept = records();
    const sequences = kept.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    // Each run that was cut closes its open part, and the next one goes on behind the numbers it had reserved.
    const gaps = sequences.filter((sequence, at) => at > 0 && sequence !== sequences[at - 1]! + 1);
    expect(gaps.length).toBeLessThanOrEqual(3);
    expect(kept.filter(({ decision }) => decision === 'pass').length).toBeGreaterThan(0);
  });

  test('a full disk: not ready, no restart, and ready again when there is room', async () => {
    await device.call('mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', '/var/lib/twinspect');
    await device.call('systemd-tmpfiles', '--create', '/etc/tmpfiles.d/twinspect.conf');
    await device.call('systemctl', 'start', unit);
    await ready();
    const before = await restarts();
    await device.call('sh', '-c', 'cat /dev/zero > /var/lib/twinspect/fill');
    await device.until('the fault is told', patienceMs, async () =>
      /not ready|fault/.test(await device.property(unit, 'StatusText')),
    );
    await wait(3 * watchdogMs);
    expect(await restarts()).toBe(before);
    await device.call('rm', '/var/lib/twinspect/fill');
    await ready();
    await device.call('systemctl', 'stop', unit);
    await device.call('umount', '/var/lib/twinspect');
  }, 240_000);

  test('a clock in 1970 that is set later: judging all the time, no restart', async () => {
    const clock = '/var/lib/twinspect/clock';
    device.write(clock, '@1970-01-02 00:00:00');
    const library = (await device.call('sh', '-c', 'ls /usr/lib/*/faketime/libfaketime.so.1')).stdout.trim();
    const lines = [
      ...['[Service]', `Environment=LD_PRELOAD=${library} FAKETIME_TIMESTAMP_FILE=${clock}`],
      ...['Environment=FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1', ''],
    ];
    await device.call('mkdir', '-p', `/etc/systemd/system/${unit}.d`);
    device.write(`etc/systemd/system/${unit}.d/clock.conf`, lines.join('\n'));
    await device.call('systemctl', 'daemon-reload');
    await device.call('systemctl', 'start', unit);
    await ready();
    expect(await device.journal(unit)).toMatch(/"time":"1970-01-0/);
    const before = await restarts();
    device.write(clock, '+0');
    await wait(2 * watchdogMs);
    await ready();
    expect(await restarts()).toBe(before);
  });

  test('removed, it is stopped and gone; state and configuration stay', async () => {
    expect((await device.twinspect('service', 'remove', 'line1')).code).toBe(0);
    expect(await device.property(unit, 'ActiveState')).toBe('inactive');
    expect((await device.call('test', '-e', '/etc/systemd/system/twinspect@.service')).code).toBe(1);
    expect((await device.call('test', '-e', '/etc/twinspect/line1.yaml')).code).toBe(0);
    expect((await device.call('test', '-e', '/var/lib/twinspect/line1/journal.sqlite')).code).toBe(0);
  });
});
