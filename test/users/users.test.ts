import { scryptSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../daemon/clock.ts';
import { systemClock } from '../../daemon/clock.ts';
import { Attempts } from '../../daemon/users/attempts.ts';
import { hashPassword, isHashed, matches } from '../../daemon/users/password.ts';
import { UserStore } from '../../daemon/users/user-store.ts';
import { checkUserName, parseUsers, type User, usersText, withChange, withUser } from '../../daemon/users/users.ts';
import { stateAt } from '../state/at.ts';

const salt = new Uint8Array(16).fill(3);
const secret = 'correct horse battery';

describe('passwords', () => {
  test('are kept as scrypt of RFC 7914 over a salt, and never as themselves', async () => {
    const hashed = await hashPassword(secret, salt);
    expect(hashed).toMatchObject({ N: 32768, r: 8, p: 1, salt: '03'.repeat(16) });
    // From another implementation: python3 -c "import hashlib; print(hashlib.scrypt(b'correct horse battery',
    // salt=b'\x03'*16, n=32768, r=8, p=1, maxmem=2**27, dklen=32).hex())"
    expect(hashed.hash).toBe('6cd62349ca956c4917159bc43106b8c0b54fd528dee8c0756ed812b434e70c6b');
    expect(JSON.stringify(hashed)).not.toContain(secret);
    expect(await matches(secret, hashed)).toBe(true);
    expect(await matches(`${secret} `, hashed)).toBe(false);
    expect((await hashPassword(secret, new Uint8Array(16))).hash).not.toBe(hashed.hash);
  });

  test('composed in another way are the same', async () => {
    expect(await matches('cafe\u0301 au lait', await hashPassword('caf\u00e9 au lait', salt))).toBe(true);
  });

  test.each([['short'], ['x'.repeat(257)]])('of %s are refused, and not repeated', async (password) => {
    const refused = hashPassword(password, salt);
    await expect(refused).rejects.toMatchObject({ code: 'user/password' });
    await expect(refused).rejects.not.toThrow(password);
  });

  test.each([
    { N: 2 ** 24 },
    { N: 30_000 },
    { N: 1 },
    { r: 0 },
    { p: 1.5 },
    { r: 32, N: 2 ** 20 },
    { salt: '' },
    { hash: 'zz'.repeat(32) },
    { N: '32768' },
  ])('a hash that asks for the impossible or too much is none: %o', (wrong) => {
    const right = { N: 2 ** 15, r: 8, p: 1, salt: '00'.repeat(16), hash: '00'.repeat(32) };
    expect(isHashed(right)).toBe(true);
    expect(isHashed({ ...right, ...wrong })).toBe(false);
  });
});

const password = { N: 2, r: 1, p: 1, salt: '00'.repeat(16), hash: '00'.repeat(32) };
const olga: User = { name: 'olga', role: 'observe', password };

describe('the users file', () => {
  test('comes back as it was written', () => {
    const users = [olga, { name: 'sam@plant', role: 'secure', password } as const];
    expect(parseUsers(usersText(users), 'users.json')).toEqual(users);
  });

  test.each([
    ['', 'is not JSON'],
    ['null', 'has version undefined, expected 1'],
    ['{"version":2,"users":[]}', 'has version 2, expected 1'],
    ['{"version":1}', 'has no list'],
    ['{"version":1,"users":[{}]}', 'user 1 has no name'],
    [usersText([{ ...olga, role: 'root' as never }]), 'user 1 has no role'],
    [usersText([{ ...olga, password: { ...password, hash: '' } }]), 'user 1 has no password hash'],
    [usersText([olga, olga]), 'names a user twice'],
    [usersText(Array.from({ length: 101 }, (_, n) => ({ ...olga, name: `u${n}` }))), 'has no list of at most 100'],
  ])('%# %.40s is refused', (text, problem) => {
    expect(() => parseUsers(text, 'state/users.json')).toThrow(`Users file state/users.json: ${problem}`);
  });

  test.each(['', 'a b', '../x', 'anonymous', 'Anonymous', 'x'.repeat(65), '-x', 'ö'])('%j is no name', (name) => {
    expect(() => checkUserName(name)).toThrow(/User name is/);
  });

  test('one more, one changed, one gone; an unknown one is named with those there are', () => {
    const users = withUser([], olga);
    expect(() => withUser(users, olga)).toThrow('There is a user olga already');
    expect(withChange(users, 'olga', { role: 'secure' })).toEqual([{ ...olga, role: 'secure' }]);
    expect(withChange(users, 'olga', null)).toEqual([]);
    expect(() => withChange(users, 'otto', null)).toThrow('There is no user otto; there are: olga');
  });
});

describe('wrong passwords', () => {
  test('make who sends them wait, longer each time and not for ever; others do not wait', () => {
    const attempts = new Attempts();
    expect([1, 2, 3, 4, 5].map(() => attempts.wrong('otto', 'there', 0))).toEqual([0, 0, 1000, 2000, 4000]);
    expect(attempts.waitMs('otto', 'there', 1000)).toBe(3000);
    expect(attempts.waitMs('otto', 'here', 1000)).toBe(0);
    expect(attempts.waitMs('olga', 'there', 1000)).toBe(0);
    for (let n = 0; n < 2000; n++) attempts.wrong('otto', 'there', 0);
    expect(attempts.waitMs('otto', 'there', 0)).toBe(300_000);
    attempts.right('otto', 'there');
    expect(attempts.waitMs('otto', 'there', 0)).toBe(0);
  });

  test('of any number of names are remembered within a bound, the latest at least', () => {
    const attempts = new Attempts();
    for (let n = 0; n < 5000; n++) for (let times = 0; times < 3; times++) attempts.wrong(`name${n}`, 'there', 0);
    expect(attempts.waitMs('name4999', 'there', 0)).toBe(1000);
    expect(attempts.waitMs('name0', 'there', 0)).toBe(0);
  });
});

/** The same at a cost that a test can pay forty times. */
function cheap(password: string): User['password'] {
  const hash = scryptSync(password, salt, 32, { N: 2, r: 1, p: 1 });
  return { N: 2, r: 1, p: 1, salt: Buffer.from(salt).toString('hex'), hash: hash.toString('hex') };
}

function store(text: string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'users-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'users.json');
  if (text !== null) writeFileSync(path, text);
  const due: (() => void)[] = [];
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, wallMs: () => 0, after: (_ms, callback) => void due.push(callback) };
  const users = new UserStore({ state: stateAt(folder, { clock }), clock });
  onTestFinished(() => users.stop());
  return { users, path, pass: (ms: number) => (nowMs += ms), due };
}

describe('logins', () => {
  test('right, wrong, unknown, too often, and again after the wait', async () => {
    const { users, pass } = store(usersText([{ ...olga, password: cheap(secret) }]));
    await users.start();
    expect(await users.login('olga', secret, 'here')).toEqual({ granted: true, role: 'observe' });
    expect(await users.login('nobody', secret, 'here')).toMatchObject({ granted: false, why: 'wrong' });
    for (let n = 0; n < 3; n++) expect((await users.login('olga', 'wrong', 'here')).granted).toBe(false);
    expect(await users.login('olga', secret, 'here')).toEqual({ granted: false, why: 'waits', waitMs: 1000 });
    pass(1000);
    expect((await users.login('olga', secret, 'here')).granted).toBe(true);
    // Names that nobody has are one name.
    for (const name of ['x1', 'x2', 'x3']) await users.login(name, secret, 'here');
    expect(await users.login('x4', secret, 'here')).toMatchObject({ granted: false, why: 'waits' });
  });

  test('more at once than wait are refused, and none of them is lost', async () => {
    const { users } = store(usersText([{ ...olga, password: cheap(secret) }]));
    await users.start();
    const all = await Promise.all(Array.from({ length: 40 }, (_, n) => users.login('olga', secret, `place ${n}`)));
    expect(all.filter(({ granted }) => granted)).toHaveLength(16);
    expect(all.filter((login) => !login.granted && login.why === 'busy')).toHaveLength(24);
    expect((await users.login('olga', secret, 'here')).granted).toBe(true);
  });

  test('no file is no users yet; a damaged one is users lost, also at the next start', async () => {
    const damaged = store('{');
    await damaged.users.start();
    expect([damaged.users.users, damaged.users.lost]).toEqual([[], true]);
    const again = new UserStore({ state: stateAt(dirname(damaged.path)), clock: systemClock });
    onTestFinished(() => again.stop());
    await again.start();
    expect([again.users, again.lost]).toEqual([[], true]);
    const { users } = store(null);
    await users.start();
    expect([users.users, users.lost]).toEqual([[], false]);
    expect((await users.login('olga', secret, 'here')).granted).toBe(false);
  });
});
