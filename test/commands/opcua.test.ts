/** `twinspect user` and `twinspect opcua` on the files, and beside a running server. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/clock.ts';
import type { Context } from '../../daemon/commands/command.ts';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { certificateFacts } from '../../daemon/publish/opcua/security/certificate-facts.ts';
import { until } from '../publish/fixtures.ts';
import { clientIdentity, guardedServer, readStatus, session } from '../publish/opcua/plant.ts';
import { scene } from './scene.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opcua-command-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

async function call(argv: string[], given: Partial<Context> = {}) {
  const it = scene({ cwd: folder, env: { USER: 'anna' }, clock: systemClock, ...given });
  const code = await dispatch(argv, it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}

async function audit(): Promise<
  { action: string; target: string; who: { name: string }; from: unknown; to: unknown }[]
> {
  const { out } = await call(['audit', 'show', '--json']);
  return out === '' ? [] : out.split('\n').map((line) => JSON.parse(line));
}

const secret = 'marker-4711-password';

function add(name: string, role: string) {
  writeFileSync(join(folder, 'secret'), `${secret}\n`);
  return call(['user', 'add', name, '--role', role, '--password-file', 'secret']);
}

describe('twinspect user', () => {
  test("adds, lists, changes, removes; the file is its owner's; all is audited, without a password", async () => {
    expect(await add('olga', 'observe')).toEqual({ code: 0, out: 'user olga may log in with role observe', err: '' });
    const path = join(folder, 'state', 'users.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await call(['user', 'add', 'otto', '--role', 'operate', '--password-file', '/dev/stdin'], {
      stdin: async () => `${secret}\n`,
    });
    expect((await call(['user', 'list'])).out).toBe('olga  observe\notto  operate');
    expect((await call(['user', 'role', 'olga', 'secure'])).out).toBe('user olga has role secure; it was observe');
    const before = readFileSync(path, 'utf8');
    expect(
      (
        await call(['user', 'password', 'olga', '--password-file', 'secret'], {
          unguessable: (n) => new Uint8Array(n).fill(9),
        })
      ).code,
    ).toBe(0);
    expect(readFileSync(path, 'utf8')).not.toBe(before);
    expect((await call(['user', 'remove', 'otto'])).code).toBe(0);
    expect(JSON.parse((await call(['user', 'list', '--json'])).out)).toEqual([{ name: 'olga', role: 'secure' }]);
    const written = await audit();
    expect(written.map(({ action, target, from, to }) => [action, target, from, to])).toEqual([
      ['addUser', 'olga', null, 'observe'],
      ['addUser', 'otto', null, 'operate'],
      ['changeRole', 'olga', 'observe', 'secure'],
      ['changePassword', 'olga', 'secure', 'secure'],
      ['removeUser', 'otto', 'operate', null],
    ]);
    expect(new Set(written.map(({ who }) => who.name))).toEqual(new Set(['anna']));
    const everything = readdirSync(join(folder, 'state'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(everything.join('\n')).not.toContain(secret);
  });

  test.each([
    [['user', 'add', 'olga', '--role', 'root', '--password-file', 'secret'], 2, 'expected one of observe, operate'],
    [['user', 'add', 'olga', '--role', 'observe'], 2, '--password-file'],
    [['user', 'add', 'a b', '--role', 'observe', '--password-file', 'secret'], 1, 'error user/name'],
    [['user', 'add', 'olga', '--role', 'observe', '--password-file', 'none'], 1, 'error file/missing'],
    [['user', 'add', 'olga', '--role', 'observe', '--password-file', 'short'], 1, 'error user/password'],
    [['user', 'add', 'olga', '--role', 'observe', '--password-file', 'empty'], 1, 'error config/secret'],
    [['user', 'remove', 'olga'], 1, 'error user/unknown: There is no user olga; there are: none'],
    [['user', 'promote', 'olga'], 2, 'usage/action'],
    [['user'], 2, 'one of add, list'],
  ])('%j says what is wrong and changes nothing', async (argv, code, said) => {
    writeFileSync(join(folder, 'secret'), secret);
    writeFileSync(join(folder, 'short'), 'short');
    writeFileSync(join(folder, 'empty'), '');
    const { code: found, err } = await call(argv);
    expect(err).toContain(said);
    expect(found).toBe(code);
    expect(readdirSync(folder)).not.toContain('state');
  });

  test('one who is there already stays as he is', async () => {
    await add('olga', 'observe');
    const before = readFileSync(join(folder, 'state', 'users.json'), 'utf8');
    expect((await add('olga', 'secure')).err).toContain('error user/exists');
    expect(readFileSync(join(folder, 'state', 'users.json'), 'utf8')).toBe(before);
  });
});

describe('twinspect opcua', () => {
  test('a client that was refused is listed, trusted, and cut off again, beside the running server', async () => {
    await add('olga', 'observe');
    const plant = await guardedServer({ stateFolder: join(folder, 'state') });
    const identity = await clientIdentity();
    const { thumbprint } = certificateFacts(readFileSync(identity.certificateFile))!;
    const come = () => session(plant.endpoint, { identity, user: 'olga', password: secret });
    await expect(come()).rejects.toThrow();
    await until('it is listed', async () => (await call(['opcua', 'list'])).out.includes(thumbprint));
    expect((await call(['opcua', 'list'])).out).toMatch(
      /^rejected {2}[0-9a-f]{40} {2}\S+ to \S+ {2}Test SCADA, Plant {2}urn:test:client$/,
    );
    expect((await call(['opcua', 'trust', thumbprint.slice(0, 6)])).out).toBe(
      `trusted: ${thumbprint}  Test SCADA, Plant`,
    );
    let client: Awaited<ReturnType<typeof session>> | null = null;
    await until('it is let in', async () => {
      client = await come().catch(() => null);
      return client !== null;
    });
    expect(await readStatus(client!, 'Plain')).toBe('Good');
    expect(JSON.parse((await call(['opcua', 'list', '--json'])).out)).toMatchObject([{ state: 'trusted', thumbprint }]);
    expect((await call(['opcua', 'trust', thumbprint])).out).toContain('is trusted already');
    // As people copy it from a client's window.
    const windowed = thumbprint.toUpperCase().replace(/(..)(?!$)/g, '$1:');
    expect((await call(['opcua', 'reject', windowed])).code).toBe(0);
    await until('it is cut off', () => plant.server.engine.currentSessionCount === 0);
    await expect(come()).rejects.toThrow();
    const trusts = (await audit()).filter(({ target }) => target === thumbprint).map(({ action }) => action);
    expect(trusts).toEqual(['trust', 'reject']);
  });

  test('a certificate file is trusted before its client ever came, stopped daemon or not; PEM and DER', async () => {
    const identity = await clientIdentity();
    const pem = readFileSync(identity.certificateFile);
    const { thumbprint } = certificateFacts(pem)!;
    const der = Buffer.from(pem.toString().replace(/-----[^-]+-----|\s/g, ''), 'base64');
    writeFileSync(join(folder, 'client.der'), der);
    expect((await call(['opcua', 'trust', 'client.der'])).out).toContain(thumbprint);
    await add('olga', 'observe');
    const plant = await guardedServer({ stateFolder: join(folder, 'state') });
    const client = await session(plant.endpoint, { identity, user: 'olga', password: secret });
    expect(await readStatus(client, 'Plain')).toBe('Good');
  });

  test('what cannot be meant is said: unknown, ambiguous, too short, no certificate, no file', async () => {
    // Where no daemon ever ran there is nothing to list, and most likely it is the wrong folder.
    for (const list of [
      ['opcua', 'list'],
      ['user', 'list'],
      ['audit', 'show'],
    ]) {
      expect(await call(list)).toMatchObject({ code: 1, err: expect.stringContaining('error start/noState') });
    }
    mkdirSync(join(folder, 'state'));
    expect(await call(['opcua', 'list'])).toMatchObject({ code: 0, err: 'no client has come with a certificate yet' });
    expect(await call(['user', 'list'])).toMatchObject({ code: 0, err: expect.stringContaining('there are no users') });
    expect((await call(['opcua', 'trust', 'abcd1234'])).err).toContain('none is known that begins so');
    expect((await call(['opcua', 'trust', 'abc'])).err).toContain('at least 4 characters');
    expect((await call(['opcua', 'trust', 'client.pem'])).err).toContain('error file/missing');
    writeFileSync(join(folder, 'client.pem'), 'no certificate');
    expect((await call(['opcua', 'trust', 'client.pem'])).err).toContain('error opcua/certificate');
    const rejected = join(folder, 'state', 'opcua', 'rejected');
    mkdirSync(rejected, { recursive: true });
    const { findCertificate } = await import('../../daemon/publish/opcua/security/trust-list.ts');
    const facts = certificateFacts(readFileSync((await clientIdentity()).certificateFile))!;
    const listed = (thumbprint: string) => ({ ...facts, thumbprint, state: 'rejected', path: '', sinceMs: 0 }) as const;
    const two = [listed('abcd1111'), listed('abcd2222')];
    expect(() => findCertificate(two, 'ABCD')).toThrow('2 begin so: abcd1111, abcd2222');
    expect(findCertificate(two, 'abcd2').thumbprint).toBe('abcd2222');
  });

  test("the own certificate is exported, renewed with the config's names, taken by the running server", async () => {
    const plant = await guardedServer({ stateFolder: join(folder, 'state') });
    const shown = () => certificateFacts(plant.server.endpoints[0]!.getCertificate())?.thumbprint;
    const exported = await call(['opcua', 'export']);
    const first = certificateFacts(Buffer.from(exported.out))!;
    expect(shown()).toBe(first.thumbprint);
    expect((await call(['opcua', 'export', 'own.der'])).out).toBe(`own.der: ${first.thumbprint} (DER)`);
    expect(certificateFacts(readFileSync(join(folder, 'own.der')))).toEqual(first);
    expect((await call(['opcua', 'export', 'own.der'])).err).toContain('error file/exists');
    const names = { TWINSPECT_OPCUA_NAMES: 'edge01.plant, 10.0.0.5' };
    expect((await call(['opcua', 'renew'], { env: names })).out).toMatch(
      /^new certificate: [0-9a-f]{40}, until 20\d\d-\d\d-\d\d, for edge01.plant, /,
    );
    const second = certificateFacts(Buffer.from((await call(['opcua', 'export'])).out))!;
    expect(second.dns).toContain('edge01.plant');
    expect(second.ip).toContain('10.0.0.5');
    expect(second.thumbprint).not.toBe(first.thumbprint);
    await until('the new one is shown', () => shown() === second.thumbprint);
    const early = { ...systemClock, wallMs: () => 0 };
    expect((await call(['opcua', 'renew'], { clock: early })).err).toContain('error opcua/clock');
  });
});
