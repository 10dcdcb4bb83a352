/** The server's security against real clients: certificates, users, roles, and what each opt-in gives away. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import { join } from 'node:path';
import { AttributeIds, DataType, MessageSecurityMode, OPCUAClient, SecurityPolicy } from 'node-opcua';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/clock.ts';
import type { Role } from '../../../daemon/command/port.ts';
import { certificateDer, certificateFacts } from '../../../daemon/publish/opcua/security/certificate-facts.ts';
import { OpcUaSecurity, type SecuritySettings } from '../../../daemon/publish/opcua/security/security.ts';
import type { User } from '../../../daemon/users/users.ts';
import { stateAt } from '../../state/at.ts';
import { readableLog, temporaryFolder, until } from '../fixtures.ts';
import {
  type ClientIdentity,
  callStatus,
  clientIdentity,
  type Guarded,
  guardedServer,
  passwordOf,
  readStatus,
  session,
  user,
  writeStatus,
  writeUsers,
} from './plant.ts';

const { None, Sign } = MessageSecurityMode;
const roles = ['observe', 'operate', 'configure', 'secure'] as const;
const nameOf: Record<Role, string> = { observe: 'olga', operate: 'otto', configure: 'cora', secure: 'sam' };

let users: User[];
beforeAll(async () => {
  users = await Promise.all(roles.map((role) => user(nameOf[role], role)));
});

/** As `twinspect opcua trust` does it: the file appears whole among the trusted ones. */
function trust({ store }: Pick<Guarded, 'store'>, identity: ClientIdentity): void {
  const folder = join(store, 'trusted', 'certs');
  mkdirSync(folder, { recursive: true });
  const beside = join(store, 'client.pem.partial');
  writeFileSync(beside, readFileSync(identity.certificateFile));
  renameSync(beside, join(folder, 'client.pem'));
}

async function trusting(given: Parameters<typeof guardedServer>[0] = {}) {
  const identity = await clientIdentity();
  const stateFolder = given?.stateFolder ?? temporaryFolder();
  trust({ store: join(stateFolder, 'opcua') }, identity);
  const plant = await guardedServer({ users, ...given, stateFolder });
  return { plant, identity };
}

describe('certificates', () => {
  test('an unknown one is refused and listed, and let in live once it is trusted', async () => {
    const plant = await guardedServer({ users });
    const identity = await clientIdentity();
    const thumbprint = certificateFacts(readFileSync(identity.certificateFile))!.thumbprint;
    await expect(session(plant.endpoint, { identity, user: 'olga' })).rejects.toThrow(
      /BadSecurityChecksFailed|refused/i,
    );
    const rejected = join(plant.store, 'rejected');
    await until('it is listed', () => readdirSync(rejected).some((file) => file.includes(thumbprint)));
    expect(plant.log.lines).toContainEqual(
      expect.objectContaining({
        values: expect.objectContaining({ command: `twinspect opcua trust ${thumbprint.slice(0, 8)}` }),
      }),
    );
    expect(plant.audited).toContainEqual(
      expect.objectContaining({ action: 'connect', target: thumbprint, result: 'denied' }),
    );
    const [file] = readdirSync(rejected);
    renameSync(join(rejected, file!), join(plant.store, 'trusted', 'certs', file!));
    let client: Awaited<ReturnType<typeof session>> | null = null;
    await until('it is let in', async () => {
      client = await session(plant.endpoint, { identity, user: 'olga' }).catch(() => null);
      return client !== null;
    });
    expect(await readStatus(client!, 'Plain')).toBe('Good');
    expect(plant.audited).toContainEqual(
      expect.objectContaining({
        action: 'login',
        result: 'done',
        who: { name: 'olga', via: 'opcua', role: 'observe', certificate: thumbprint },
      }),
    );
    // And cut off live once it is not any more.
    renameSync(join(plant.store, 'trusted', 'certs', file!), join(rejected, file!));
    await until('it is cut off', () => plant.server.engine.currentSessionCount === 0);
    await expect(session(plant.endpoint, { identity, user: 'olga' })).rejects.toThrow(
      /BadSecurityChecksFailed|refused/i,
    );
  });

  test.each([
    ['expired', { fromDays: -10, days: 5 }],
    ['not yet valid', { fromDays: 5, days: 10 }],
  ])('one that is %s is refused though it is trusted', async (what, validity) => {
    const identity = await clientIdentity(validity);
    const stateFolder = temporaryFolder();
    trust({ store: join(stateFolder, 'opcua') }, identity);
    const plant = await guardedServer({ users, stateFolder });
    await expect(session(plant.endpoint, { identity, user: 'olga' })).rejects.toThrow(/TimeInvalid|refused/i);
    expect(plant.server.engine.currentSessionCount).toBe(0);
    const cause = { expired: 'certificate expired', 'not yet valid': 'certificate not valid yet' }[what];
    await until('it is said', () => plant.audited.some((entry) => entry.cause === cause));
  });

  test('strangers cannot fill the disk', async () => {
    const plant = await guardedServer({ users });
    const before = readdirSync(join(plant.store, 'rejected')).length;
    for (let n = 0; n < 40; n++) await plant.security.store.rejectCertificate(await certificateOf(n));
    expect(readdirSync(join(plant.store, 'rejected')).length - before).toBe(30);
    expect(plant.security.store.unlisted).toBe(10);
    await plant.security.store.rejectCertificate(Buffer.alloc(20_000));
    expect(plant.security.store.unlisted).toBe(11);
  });

  const spare: Buffer[] = [];
  async function certificateOf(n: number): Promise<Buffer> {
    if (spare.length === 0) {
      const { manager } = await clientIdentity();
      for (let made = 0; made < 40; made++) {
        const outputFile = join(manager.rootDir, `${made}.pem`);
        await manager.createSelfSignedCertificate({
          ...{ applicationUri: `urn:stranger:${made}`, subject: `/CN=Stranger ${made}`, dns: [], ip: [] },
          ...{ startDate: new Date(systemClock.wallMs()), validity: 10, outputFile },
        });
        spare.push(Buffer.from(certificateDer(readFileSync(outputFile)) ?? []));
      }
    }
    return spare[n]!;
  }
});

describe('users', () => {
  test('nobody comes in without one: anonymous is refused, encrypted or not', async () => {
    const { plant, identity } = await trusting();
    // A decent client finds no such endpoint; a rude one is refused by the server.
    for (const [rude, plain, anonymous] of [
      [false, 'End point must exist', 'Cannot find ANONYMOUS'],
      [true, 'BadSecurityModeRejected', 'BadIdentityTokenInvalid'],
    ] as const) {
      const tried = { rude, identity };
      await expect(session(plant.endpoint, { ...tried, user: null })).rejects.toThrow(anonymous);
      for (const name of [null, 'sam']) {
        await expect(session(plant.endpoint, { ...tried, mode: None, user: name })).rejects.toThrow(plain);
        await expect(session(plant.endpoint, { ...tried, mode: Sign, user: name })).rejects.toThrow('Cannot find');
      }
    }
    expect(plant.server.engine.currentSessionCount).toBe(0);
  });

  test('a wrong password is refused, costs a wait after the third, and is nowhere to be read', async () => {
    const { plant, identity } = await trusting();
    const wrong = 'not the passw0rd';
    for (let attempt = 0; attempt < 4; attempt++) {
      await expect(session(plant.endpoint, { identity, user: 'otto', password: wrong })).rejects.toThrow(
        /BadUserAccessDenied/,
      );
    }
    await expect(session(plant.endpoint, { identity, user: 'otto' })).rejects.toThrow(/BadUserAccessDenied/);
    const causes = plant.audited.filter(({ action }) => action === 'login').map(({ cause }) => cause);
    expect(causes).toContain('wrong name or password');
    expect(causes).toContain('too many wrong passwords');
    // Others, and he himself from elsewhere, do not wait.
    expect(await readStatus(await session(plant.endpoint, { identity, user: 'olga' }), 'Plain')).toBe('Good');
    await expect(session(plant.endpoint, { identity, user: 'a password in the wrong field' })).rejects.toThrow();
    const said = JSON.stringify([plant.log.lines, plant.audited]);
    for (const secret of [wrong, 'wrong field', passwordOf('otto')]) expect(said).not.toContain(secret);
  });

  test.each(roles)('role %s: what it may read, write and call', async (role) => {
    const { plant, identity } = await trusting();
    const client = await session(plant.endpoint, { identity, user: nameOf[role] });
    const may = (least: Role): string => (roles.indexOf(role) >= roles.indexOf(least) ? 'Good' : 'BadUserAccessDenied');
    for (const name of ['Plain', 'Plc', ...roles.map((each) => `Write.${each}`)]) {
      expect([name, await readStatus(client, name)]).toEqual([name, 'Good']);
    }
    expect(await writeStatus(client, 'Plain')).toBe('BadUserAccessDenied');
    expect(await writeStatus(client, 'Plc')).toBe(may('operate'));
    expect(await callStatus(client, 'Call.none')).toBe('BadUserAccessDenied');
    expect(await callStatus(client, 'Call.all')).toBe('Good');
    for (const least of roles) {
      expect([least, await writeStatus(client, `Write.${least}`)]).toEqual([least, may(least)]);
      expect([least, await callStatus(client, `Call.${least}`)]).toEqual([least, may(least)]);
    }
    const { thumbprint } = certificateFacts(readFileSync(identity.certificateFile))!;
    expect(plant.actors.at(0)).toEqual({ name: nameOf[role], via: 'opcua', role, certificate: thumbprint });
  });

  test('changed in the file they are known live: one comes, one may more, one is thrown out', async () => {
    const { plant, identity } = await trusting();
    const olga = await session(plant.endpoint, { identity, user: 'olga' });
    const otto = await session(plant.endpoint, { identity, user: 'otto' });
    expect(await writeStatus(olga, 'Plc')).toBe('BadUserAccessDenied');
    expect(await writeStatus(otto, 'Plc')).toBe('Good');
    writeUsers(plant.stateFolder, [{ ...users[0]!, role: 'operate' }, await user('nina', 'observe')]);
    await until('olga operates', async () => (await writeStatus(olga, 'Plc')) === 'Good');
    await until('otto is out', () => plant.server.engine.currentSessionCount === 1);
    expect(await readStatus(await session(plant.endpoint, { identity, user: 'nina' }), 'Plain')).toBe('Good');
    await expect(session(plant.endpoint, { identity, user: 'otto' })).rejects.toThrow(/BadUserAccessDenied/);
    // A damaged file changes nothing, and is a problem.
    writeFileSync(join(plant.stateFolder, 'users.json'), '{"version":1,"users":[{}]}');
    await until('the problem is said', () => plant.security.standing(100).problem?.includes('users.json') === true);
    expect(await writeStatus(olga, 'Plc')).toBe('Good');
  });

  test('every policy that is offered works, and no other is offered', async () => {
    const { plant, identity } = await trusting();
    const client = OPCUAClient.create({ endpointMustExist: false, connectionStrategy: { maxRetry: 0 } });
    onTestFinished(() => client.disconnect());
    await client.connect(plant.endpoint);
    const offered = (await client.getEndpoints()).map(({ securityMode, securityPolicyUri, userIdentityTokens }) => ({
      mode: MessageSecurityMode[securityMode],
      policy: securityPolicyUri?.split('#')[1],
      tokens: userIdentityTokens?.map(({ tokenType }) => tokenType),
    }));
    const usable = offered.filter(({ mode }) => mode !== 'None');
    expect(new Set(usable.map(({ mode, policy }) => `${mode} ${policy}`))).toEqual(
      new Set(
        ['Basic256Sha256', 'Aes128_Sha256_RsaOaep', 'Aes256_Sha256_RsaPss'].map((policy) => `SignAndEncrypt ${policy}`),
      ),
    );
    expect(new Set(usable.flatMap(({ tokens }) => tokens))).toEqual(new Set([1]));
    for (const policy of [
      SecurityPolicy.Basic256Sha256,
      SecurityPolicy.Aes128_Sha256_RsaOaep,
      SecurityPolicy.Aes256_Sha256_RsaPss,
    ]) {
      const secured = await session(plant.endpoint, { identity, policy, user: 'olga' });
      expect(await readStatus(secured, 'Plain')).toBe('Good');
    }
  });
});

describe('opt-ins', () => {
  test('first look: loopback without users is anonymous, reads, and neither writes nor calls', async () => {
    const plant = await guardedServer();
    const client = await session(plant.endpoint, { mode: None });
    await onlyReads(client);
    expect(plant.actors.at(0)).toEqual({ name: 'anonymous', via: 'opcua', role: null, certificate: null });
    expect(plant.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', text: expect.stringContaining('NO USERS YET') }),
    );
  });

  test('the first look is over at once when the first user is there', async () => {
    const plant = await guardedServer();
    const client = await session(plant.endpoint, { mode: None });
    expect(await readStatus(client, 'Plain')).toBe('Good');
    writeUsers(plant.stateFolder, users);
    await until('the anonymous session is ended', () => plant.server.engine.currentSessionCount === 0);
    const again = await session(plant.endpoint, { mode: None }).catch(() => null);
    await until('a new one too', () => plant.server.engine.currentSessionCount === 0);
    expect(await (again ? readStatus(again, 'Plain').catch(() => 'closed') : 'refused')).not.toBe('Good');
  });

  test('anonymous sessions leave room for the others', async () => {
    const { plant, identity } = await trusting({ plainReadOnly: true });
    for (let n = 0; n < 60; n++) await session(plant.endpoint, { mode: None, identity });
    await until('half of them at most are left', () => plant.server.engine.currentSessionCount <= 50);
    expect(await readStatus(await session(plant.endpoint, { identity, user: 'olga' }), 'Plain')).toBe('Good');
  });

  test('loopback with users is as closed as anywhere', async () => {
    const plant = await guardedServer({ users });
    await expect(session(plant.endpoint, { mode: None })).rejects.toThrow();
  });

  test('plainReadOnly: anybody reads, nobody writes or calls, and a password does not help', async () => {
    const plant = await guardedServer({ users, plainReadOnly: true });
    await onlyReads(await session(plant.endpoint, { mode: None }));
    await expect(session(plant.endpoint, { mode: None, user: 'sam', rude: true })).rejects.toThrow();
    expect(plant.log.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', text: expect.stringContaining('plainReadOnly') }),
    );
  });

  test.each([None, Sign])('plcPassword over mode %i: the PLC block is written, nothing else', async (mode) => {
    const { plant, identity } = await trusting({ plcPassword: true });
    const how = mode === None ? { mode } : { mode, identity };
    const plc = await session(plant.endpoint, { ...how, user: 'otto' });
    expect(await readStatus(plc, 'Plain')).toBe('Good');
    expect(await writeStatus(plc, 'Plc')).toBe('Good');
    expect(await writeStatus(plc, 'Plain')).toBe('BadUserAccessDenied');
    for (const role of roles) {
      expect(await writeStatus(plc, `Write.${role}`)).toBe('BadUserAccessDenied');
      expect(await callStatus(plc, `Call.${role}`)).toBe('BadUserAccessDenied');
    }
    expect(await callStatus(plc, 'Call.all')).toBe('Good');
    expect(plant.actors.at(0)).toMatchObject({ name: 'otto', via: 'plc', role: 'operate' });
    // Anonymous is not let in by the same door, and neither is a stronger or a weaker user.
    await expect(session(plant.endpoint, { ...how, user: null })).rejects.toThrow();
    for (const name of ['olga', 'cora', 'sam']) {
      await expect(session(plant.endpoint, { ...how, user: name })).rejects.toThrow(/BadUserAccessDenied/);
    }
    expect(plant.audited).toContainEqual(
      expect.objectContaining({ action: 'login', cause: expect.stringContaining('only a user of role operate') }),
    );
  });

  test('over the plain way the password does not cross the wire as it is', async () => {
    const plant = await guardedServer({ users, plcPassword: true });
    const wire: Uint8Array[] = [];
    const tap = createServer((inner) => {
      const outer = dial(plant.port, '127.0.0.1');
      inner.on('data', (data: Uint8Array) => wire.push(data));
      inner.pipe(outer).pipe(inner);
      inner.on('error', () => outer.destroy());
      outer.on('error', () => inner.destroy());
    });
    const port = await new Promise<number>((resolve) => {
      tap.listen(0, '127.0.0.1', () => resolve((tap.address() as { port: number }).port));
    });
    onTestFinished(() => void tap.close());
    const plc = await session(plant.endpoint, {
      mode: None,
      user: 'otto',
      endpoint: `opc.tcp://127.0.0.1:${port}/UA/Test`,
    });
    expect(await writeStatus(plc, 'Plc')).toBe('Good');
    const all = Buffer.concat(wire);
    expect(all.includes('otto')).toBe(true);
    expect(all.includes(passwordOf('otto'))).toBe(false);
  });

  async function onlyReads(client: Awaited<ReturnType<typeof session>>): Promise<void> {
    for (const name of ['Plain', 'Plc', 'Write.observe']) {
      expect(await readStatus(client, name)).toBe('Good');
      expect(await writeStatus(client, name)).toBe('BadUserAccessDenied');
    }
    expect(await callStatus(client, 'Call.all')).toBe('Good');
    expect(await callStatus(client, 'Call.observe')).toBe('BadUserAccessDenied');
    // The standard's own writable node is no way in either.
    const enabled = { nodeId: 'i=2294', attributeId: AttributeIds.Value };
    const value = { value: { dataType: DataType.Boolean, value: true } };
    expect((await client.write({ ...enabled, value })).isGood()).toBe(false);
  }
});

describe('start', () => {
  test.each(['0.0.0.0', '10.1.2.3', '::'])('on %s without a user it does not', async (host) => {
    await expect(guardedServer({ host })).rejects.toMatchObject({
      code: 'opcua/noUser',
      action: expect.stringContaining('twinspect user add'),
    });
  });

  test('on all addresses with a user it does, and its certificate names where it is found', async () => {
    const machine = { hostname: 'edge01', addresses: ['10.1.2.3', 'fd00::1'] };
    const { plant, identity } = await trusting({ host: '0.0.0.0', machine });
    expect(await readStatus(await session(plant.endpoint, { identity, user: 'olga' }), 'Plain')).toBe('Good');
    const facts = certificateFacts(readFileSync(join(plant.store, 'own', 'certs', 'server.pem')))!;
    expect(facts.applicationUri).toBe(plant.security.applicationUri);
    expect(facts.dns).toEqual(['edge01', 'localhost']);
    expect(facts.ip[0]).toBe('10.1.2.3');
    // Back-dated: a client whose clock is a day behind takes it.
    expect(systemClock.wallMs() - facts.validFromMs).toBeGreaterThan(2 * 86_400_000);
  });

  test('the own certificate stays, but where nobody can have trusted it or it cannot be used', async () => {
    const stateFolder = temporaryFolder();
    const open = async (given: Partial<SecuritySettings>) => {
      const log = readableLog();
      const settings = { host: '0.0.0.0', state: stateAt(stateFolder), ...given };
      const security = await OpcUaSecurity.open({ settings, clock: systemClock, log });
      await security.stop();
      const { thumbprint } = certificateFacts(readFileSync(join(stateFolder, 'opcua', 'own', 'certs', 'server.pem')))!;
      return { thumbprint, said: log.lines.map(({ text, values }) => `${text} ${JSON.stringify(values)}`).join('\n') };
    };
    const alone = await open({ host: '127.0.0.1' });
    expect((await open({ host: '127.0.0.1' })).thumbprint).toBe(alone.thumbprint);
    writeUsers(stateFolder, users);
    const machine = { hostname: 'edge01', addresses: ['10.1.2.3'] };
    const plant = await open({ machine });
    expect(plant.thumbprint).not.toBe(alone.thumbprint);
    expect(plant.said).toContain('named this machine alone');
    // The plant knows it now: another address is said, and nothing more.
    const moved = await open({ machine: { ...machine, addresses: ['10.9.9.9'] } });
    expect(moved.thumbprint).toBe(plant.thumbprint);
    expect(moved.said).toMatch(/twinspect opcua renew.*10\.9\.9\.9/);
    const renamed = await open({ machine, applicationUri: 'urn:plant:line1' });
    expect(renamed.said).toMatch(/the old one was for urn:twinspect:[0-9a-f-]{36}/);
    // A key or certificate that is lost comes back from its copy, so that no client sees another one.
    rmSync(join(stateFolder, 'opcua', 'own', 'private'), { recursive: true });
    writeFileSync(join(stateFolder, 'opcua', 'own', 'certs', 'server.pem'), 'half a certi');
    expect((await open({ machine, applicationUri: 'urn:plant:line1' })).thumbprint).toBe(renamed.thumbprint);
    const keys = ['opcua', 'copy/opcua'].map((store) => join(stateFolder, store, 'own', 'private'));
    for (const key of keys) rmSync(key, { recursive: true });
    const rekeyed = await open({ machine, applicationUri: 'urn:plant:line1' });
    expect(rekeyed.said).toContain('of another key');
  });

  test('a clock of 1970 is a named fault; the certificate is dated from when the program was made', async () => {
    let wallMs = 5000;
    const clock = { ...systemClock, wallMs: () => wallMs };
    const plant = await guardedServer({ clock });
    const facts = certificateFacts(readFileSync(join(plant.store, 'own', 'certs', 'server.pem')))!;
    expect(new Date(facts.validFromMs).getUTCFullYear()).toBeGreaterThanOrEqual(2026);
    expect(plant.security.standing(100).fault).toMatchObject({ code: 'opcua/clock' });
    expect(plant.security.standing(100).problem).toContain('opcua/clock');
    expect(plant.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', text: expect.stringContaining('never set') }),
    );
    expect(plant.audited).toContainEqual(expect.objectContaining({ action: 'securityFault', to: 'opcua/clock' }));
    wallMs = systemClock.wallMs();
    expect(plant.security.standing(100)).toEqual({ fault: null, problem: null });
  });

  test('a certificate that ends soon is a problem, one that ended a fault', async () => {
    const days = (n: number) => ({ ...systemClock, wallMs: () => systemClock.wallMs() + n * 86_400_000 });
    const soon = await guardedServer({ clock: systemClock });
    const { stateFolder } = soon;
    expect(soon.security.standing(100).problem).toBeNull();
    const year = 365;
    const later = await guardedServer({ stateFolder, clock: days(5 * year - 50) });
    expect(later.security.standing(100)).toMatchObject({
      fault: null,
      problem: expect.stringContaining('opcua/expires'),
    });
    const over = await guardedServer({ stateFolder, clock: days(5 * year + 10) });
    expect(over.security.standing(100).fault).toMatchObject({ code: 'opcua/expired' });
  });

  test('a full house is said', async () => {
    const plant = await guardedServer({ limit: 2 });
    await session(plant.endpoint, { mode: None });
    await session(plant.endpoint, { mode: None });
    expect(plant.security.standing(2).problem).toMatch(/all 2 sessions are taken.*all 2 connections are taken/);
  });
});
