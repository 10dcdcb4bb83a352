import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import { type OrdersStore, ordersStore } from '../../daemon/command/kept-orders.ts';
import { lastBundle } from '../../daemon/inference/last-bundle.ts';
import { deviceName } from '../../daemon/publish/mqtt/device-name.ts';
import { openBdSeq } from '../../daemon/publish/sparkplug/bd-seq.ts';
import { normalFile } from '../../daemon/registration/normal-file.ts';
import type { StateFolder } from '../../daemon/state/folder.ts';
import { loadUsers, usersFile } from '../../daemon/users/users-file.ts';
import { diskFiles } from '../../drivers/files.ts';
import { temporaryFolder } from '../inference/rig.ts';
import { readableLog } from '../publish/fixtures.ts';
import { stateAt } from './at.ts';
import { damages } from './damages.ts';

const choice = { path: '/b', product: 'p', digest: 'd' };
const normal = { calibration: 'c', xPx: 1, yPx: null };
const halted: Awaited<ReturnType<OrdersStore['load']>> = {
  ...{ recipe: null, thresholds: {}, execution: null },
  halted: { name: 'anna', via: 'mqtt', atMs: 1, cause: 'maintenance' },
};
const olga = {
  name: 'olga',
  role: 'observe',
  password: { N: 2, r: 1, p: 1, salt: '00'.repeat(16), hash: '11'.repeat(32) },
} as const;
const read = (path: string): Promise<Uint8Array> => diskFiles.read(path);

/** Every small state file: what keeps something in it, and what comes back at the next start. */
const stores: {
  name: string;
  id: string;
  keep(state: StateFolder): Promise<unknown>;
  load(state: StateFolder): Promise<unknown>;
}[] = [
  {
    ...{ name: 'orders-line1.json', id: 'orders-line1' },
    keep: (state) => ordersStore(state, 'line1').save(halted),
    load: (state) => ordersStore(state, 'line1').load(),
  },
  {
    ...{ name: 'bundle-line1.json', id: 'bundle-line1' },
    keep: (state) => lastBundle(state, 'line1').save(choice),
    load: (state) => lastBundle(state, 'line1').load(),
  },
  {
    ...{ name: 'registration-line1.json', id: 'registration-line1' },
    keep: (state) => normalFile(state, 'line1').save(normal),
    load: (state) => normalFile(state, 'line1').load(),
  },
  {
    ...{ name: 'users.json', id: 'users' },
    keep: (state) => usersFile(state).save({ users: [olga], lost: false }),
    load: loadUsers,
  },
  {
    ...{ name: 'mqtt-device', id: 'mqtt-device' },
    keep: (state) => deviceName(state, read),
    load: (state) => deviceName(state, read),
  },
  {
    ...{ name: 'sparkplug-bdseq', id: 'sparkplug-bdseq' },
    keep: async (state) => {
      (await openBdSeq(state, readableLog())).next();
      await expect.poll(() => existsSync(join(state.path, 'sparkplug-bdseq'))).toBe(true);
    },
    load: async (state) => (await openBdSeq(state, readableLog())).current,
  },
];

const harms = Object.entries(damages).filter(([name]) => name !== 'unwritable');

describe.each(stores)('$name', ({ name, id, keep, load }) => {
  test.each(harms)(
    '%s: taken from its copy, the damaged one set aside, told and kept over restarts',
    async (how, harm) => {
      const state = stateAt(temporaryFolder());
      await keep(state);
      const before = await load(state);
      const whole = readFileSync(join(state.path, name), 'utf8');
      harm(join(state.path, name));
      const next = stateAt(state.path);
      expect(await load(next)).toEqual(before);
      expect(readFileSync(join(state.path, name), 'utf8')).toBe(whole);
      expect(next.faults.standing).toMatchObject([{ id, text: expect.stringContaining(name) }]);
      const aside = existsSync(next.setAsideFolder) ? readdirSync(next.setAsideFolder) : [];
      expect(aside).toEqual(how === 'missing' ? [] : [expect.stringMatching(new RegExp(`^${name}\\.\\d{8}T\\d{6}Z$`))]);
      // At the next start all is well, and the fault stands until somebody has seen it.
      const later = stateAt(state.path);
      expect(await load(later)).toEqual(before);
      expect(await later.faults.look()).toHaveLength(1);
      await later.faults.acknowledge(id);
      expect(await stateAt(state.path).faults.look()).toEqual([]);
    },
  );

  test('a damaged copy is written again from the file, and told', async () => {
    const state = stateAt(temporaryFolder());
    await keep(state);
    const before = await load(state);
    damages['zeros']!(join(state.copy, name));
    expect(await load(state)).toEqual(before);
    expect(readFileSync(join(state.copy, name), 'utf8')).toBe(readFileSync(join(state.path, name), 'utf8'));
    expect(state.faults.standing).toMatchObject([{ id }]);
  });

  test('both lost: told, and never taken for a new installation', async () => {
    const state = stateAt(temporaryFolder());
    await keep(state);
    for (const folder of [state.path, state.copy]) damages['zeros']!(join(folder, name));
    const outcome = await load(state).catch((error: unknown) => error);
    expect(state.faults.standing).toMatchObject([{ id, text: expect.stringContaining('no good copy') }]);
    if (id === 'users') {
      expect(outcome).toEqual({ users: [], lost: true });
      expect(await loadUsers(stateAt(state.path))).toEqual({ users: [], lost: true });
    }
    // Nobody knows what was ordered: the line is halted by whoever reads this.
    if (id === 'orders-line1') expect(outcome).toMatchObject({ code: 'command/kept' });
  });
});

test('a user who was taken out does not come back with the copy', async () => {
  const state = stateAt(temporaryFolder());
  const file = usersFile(state);
  await file.save({ users: [olga], lost: false });
  await file.save({ users: [], lost: false });
  damages['half']!(file.path);
  expect((await loadUsers(state)).users).toEqual([]);
});

test('a copy that cannot be written is a fault of its own and stops nothing', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'no-folder'), '');
  const state = stateAt(join(folder, 'state'), { copy: join(folder, 'no-folder', 'copy') });
  await lastBundle(state, 'line1').save(choice);
  expect(await lastBundle(state, 'line1').load()).toEqual(choice);
  expect(state.faults.standing).toMatchObject([{ id: 'copy' }]);
});

test('of one name five damaged files are kept', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, wallMs: () => (nowMs += 1000) };
  const state = stateAt(temporaryFolder(), { clock });
  for (let n = 0; n < 8; n++) {
    writeFileSync(join(state.path, 'users.json'), '{');
    await loadUsers(state);
  }
  expect(readdirSync(state.setAsideFolder)).toHaveLength(5);
  expect(state.faults.standing).toHaveLength(1);
});

describe('faults', () => {
  test('are seen and acknowledged by another process, by name or all; keep when they began', async () => {
    const daemon = stateAt(temporaryFolder());
    let told = 0;
    daemon.faults.onChange(() => told++);
    await daemon.faults.raise('journal', 'first');
    const { sinceMs } = daemon.faults.standing[0]!;
    await daemon.faults.raise('users', 'lost');
    await daemon.faults.raise('journal', 'again');
    expect(daemon.faults.standing).toMatchObject([{ id: 'journal', text: 'again', sinceMs }, { id: 'users' }]);
    expect(daemon.faults.text).toMatch(/^state\/fault: journal: again; users: lost/);
    const command = stateAt(daemon.path);
    await expect(command.faults.acknowledge('no')).rejects.toMatchObject({ code: 'state/unknown' });
    await command.faults.acknowledge('journal');
    expect(await daemon.faults.look()).toMatchObject([{ id: 'users' }]);
    await command.faults.acknowledge(null);
    await daemon.faults.look();
    expect([daemon.faults.text, told]).toEqual([null, 5]);
  });

  test('one that is damaged itself still stands', async () => {
    const state = stateAt(temporaryFolder());
    await state.faults.raise('users', 'lost');
    damages['zeros']!(join(state.path, 'faults', 'users.json'));
    expect(await stateAt(state.path).faults.look()).toMatchObject([{ id: 'users', text: expect.any(String) }]);
  });

  test('one that cannot be kept stands until the process ends', async () => {
    const state = stateAt(temporaryFolder());
    writeFileSync(join(state.path, 'faults'), 'no folder');
    await state.faults.raise('users', 'lost');
    expect(state.faults.standing).toMatchObject([{ id: 'users', text: 'lost' }]);
  });
});

test('files that hold secrets are for their owner alone, their copies too', async () => {
  const state = stateAt(temporaryFolder());
  await usersFile(state).save({ users: [olga], lost: false });
  for (const folder of [state.path, state.copy]) expect(statSync(join(folder, 'users.json')).mode & 0o77).toBe(0);
});

test.skipIf(process.getuid?.() !== 0)('what root writes belongs to the owner of the folder, copies too', async () => {
  const state = stateAt(temporaryFolder());
  chownSync(state.path, 65534, 65534);
  await usersFile(state).save({ users: [olga], lost: false });
  const made = [state.copy, join(state.copy, 'users.json'), join(state.path, 'users.json')];
  expect(made.map((path) => statSync(path).uid)).toEqual([65534, 65534, 65534]);
});

test('a damaged file that cannot be moved is refused by name', async () => {
  const state = stateAt(temporaryFolder());
  writeFileSync(join(state.path, 'users.json'), '{');
  writeFileSync(join(state.path, 'set-aside'), 'no folder');
  await expect(loadUsers(state)).rejects.toMatchObject({ code: 'state/stuck' });
  rmSync(join(state.path, 'set-aside'));
  mkdirSync(state.setAsideFolder);
  expect((await loadUsers(state)).lost).toBe(true);
});
