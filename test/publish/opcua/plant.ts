/** A guarded server with a node for each permission, and clients with certificates of their own. Everything is real. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AttributeIds,
  type ClientSession,
  DataType,
  EndpointDescription,
  type ISessionContext,
  MessageSecurityMode,
  nodesets,
  OPCUACertificateManager,
  OPCUAClient,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  type UserIdentityInfo,
  UserTokenType,
  type Variant,
} from 'node-opcua';
import { onTestFinished } from 'vitest';
import type { Audit, AuditEntry } from '../../../daemon/audit/port.ts';
import { type Clock, systemClock } from '../../../daemon/clock.ts';
import type { Actor, Role } from '../../../daemon/command/port.ts';
import { actorOf } from '../../../daemon/publish/opcua/security/actor.ts';
import {
  callableBy,
  callableByAll,
  plcWritable,
  writableBy,
} from '../../../daemon/publish/opcua/security/permissions.ts';
import { OpcUaSecurity, type SecuritySettings } from '../../../daemon/publish/opcua/security/security.ts';
import { hashPassword } from '../../../daemon/users/password.ts';
import { type User, usersFileName, usersText } from '../../../daemon/users/users.ts';
import { stateAt } from '../../state/at.ts';
import { freePort, type ReadableLog, readableLog, temporaryFolder } from '../fixtures.ts';

export const passwordOf = (name: string): string => `password of ${name}`;

/** Hashing takes a tenth of a second each. */
const hashed = new Map<string, Promise<User>>();
export function user(name: string, role: Role): Promise<User> {
  const key = `${name} ${role}`;
  const known = hashed.get(key);
  if (known !== undefined) return known;
  const made = hashPassword(passwordOf(name), new Uint8Array(16).fill(hashed.size)).then((password) => ({
    ...{ name, role, password },
  }));
  hashed.set(key, made);
  return made;
}

export function writeUsers(stateFolder: string, users: readonly User[]): void {
  writeFileSync(join(stateFolder, usersFileName), usersText(users), { mode: 0o600 });
}

export interface Guarded {
  readonly endpoint: string;
  readonly port: number;
  readonly stateFolder: string;
  readonly store: string;
  readonly security: OpcUaSecurity;
  readonly server: OPCUAServer;
  readonly log: ReadableLog;
  readonly audited: AuditEntry[];
  /** Who wrote or called, as the command port would be told. */
  readonly actors: Actor[];
}

export interface Given extends Partial<Omit<SecuritySettings, 'state'>> {
  readonly users?: readonly User[];
  readonly clock?: Clock;
  readonly stateFolder?: string;
  /** Sessions and connections. */
  readonly limit?: number;
}

export async function guardedServer(given: Given = {}): Promise<Guarded> {
  const { users = [], clock = systemClock, stateFolder = temporaryFolder(), limit = 100, ...rest } = given;
  if (users.length > 0) writeUsers(stateFolder, users);
  const log = readableLog();
  const audited: AuditEntry[] = [];
  const audit: Audit = {
    write: async (entry) => void audited.push(entry),
    tally: (entry) => void audited.push(entry),
    problem: null,
  };
  const settings = { host: '127.0.0.1', state: stateAt(stateFolder), ...rest };
  const security = await OpcUaSecurity.open({ settings, clock, log, audit });
  const port = await freePort();
  const server = new OPCUAServer({
    ...security.serverOptions,
    ...{ host: settings.host, hostname: '127.0.0.1', port, resourcePath: '/UA/Test', nodesets: [nodesets.standard] },
    ...{ maxConnectionsPerEndpoint: limit, serverCapabilities: { maxSessions: limit } },
    serverInfo: { applicationUri: security.applicationUri },
  });
  await server.initialize();
  security.guard(server, '/UA/Test');
  const actors: Actor[] = [];
  addNodes(server, actors);
  await server.start();
  onTestFinished(async () => {
    await server.shutdown(0);
    await security.stop();
  });
  const endpoint = `opc.tcp://127.0.0.1:${port}/UA/Test`;
  return { endpoint, port, stateFolder, store: security.store.rootDir, security, server, log, audited, actors };
}

/** `ns=1;s=Plain`, `Plc`, `Write.ROLE`, `Call.ROLE`, `Call.all`: each is what it is called. */
function addNodes(server: OPCUAServer, actors: Actor[]): void {
  const space = server.engine.addressSpace!;
  const namespace = space.getOwnNamespace();
  const folder = namespace.addObject({ browseName: 'Box', nodeId: 's=Box', organizedBy: space.rootFolder.objects });
  const variable = (name: string, more: object): void => {
    const value = { dataType: DataType.Int32, value: 1 };
    namespace.addVariable({
      ...{ browseName: name, nodeId: `s=${name}`, componentOf: folder, dataType: DataType.Int32, value },
      // The value may be written as far as the node goes; who may is the permissions'.
      ...{ accessLevel: 'CurrentRead | CurrentWrite', userAccessLevel: 'CurrentRead | CurrentWrite' },
      ...more,
    });
  };
  const method = (name: string, more: object): void => {
    const node = namespace.addMethod(folder, { browseName: name, nodeId: `s=${name}`, ...more });
    node.bindMethod(async (_inputs: Variant[], context: ISessionContext) => {
      actors.push(actorOf(context));
      return { statusCode: StatusCodes.Good, outputArguments: [] };
    });
  };
  variable('Plain', {});
  variable('Plc', { rolePermissions: plcWritable() });
  method('Call.none', {});
  method('Call.all', { rolePermissions: callableByAll() });
  for (const role of ['observe', 'operate', 'configure', 'secure'] as const) {
    variable(`Write.${role}`, { rolePermissions: writableBy(role) });
    method(`Call.${role}`, { rolePermissions: callableBy(role) });
  }
}

export interface ClientGiven {
  /** Its certificate store; made anew where not given. */
  readonly identity?: ClientIdentity;
  readonly mode?: MessageSecurityMode;
  readonly policy?: SecurityPolicy;
  readonly user?: string | null;
  readonly password?: string;
  readonly endpoint?: string;
  /** Tries a way that the server does not offer, as no decent client would. */
  readonly rude?: boolean;
}

export interface ClientIdentity {
  readonly manager: OPCUACertificateManager;
  readonly certificateFile: string;
}

/** A client application with a key and certificate of its own. */
export async function clientIdentity(validity: { fromDays?: number; days?: number } = {}): Promise<ClientIdentity> {
  const { fromDays = -1, days = 100 } = validity;
  const rootFolder = temporaryFolder();
  const manager = new OPCUACertificateManager({
    ...{ rootFolder, automaticallyAcceptUnknownCertificate: true, disableFileWatchers: true },
  });
  await manager.initialize();
  const certificateFile = join(rootFolder, 'own', 'certs', 'client.pem');
  await manager.createSelfSignedCertificate({
    ...{ applicationUri: 'urn:test:client', subject: '/CN=Test SCADA/O=Plant', dns: ['localhost'], ip: ['127.0.0.1'] },
    ...{ startDate: new Date(systemClock.wallMs() + fromDays * 86_400_000), validity: days },
    outputFile: certificateFile,
  });
  return { manager, certificateFile };
}

/** A session; rejects as the server refuses. SignAndEncrypt with a fresh certificate where nothing is said. */
export async function session(endpoint: string, given: ClientGiven = {}): Promise<ClientSession> {
  const { mode = MessageSecurityMode.SignAndEncrypt, policy, user: name = null } = given;
  const secured = mode !== MessageSecurityMode.None;
  const identity = given.identity ?? (await clientIdentity());
  const client = OPCUAClient.create({
    applicationUri: 'urn:test:client',
    clientCertificateManager: identity.manager,
    certificateFile: identity.certificateFile,
    privateKeyFile: identity.manager.privateKey,
    securityMode: mode,
    securityPolicy: policy ?? (secured ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None),
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0, initialDelay: 10, maxDelay: 20 },
  });
  onTestFinished(() => client.disconnect().catch(() => undefined));
  await client.connect(given.endpoint ?? endpoint);
  if (given.rude) {
    const token = (policyId: string, tokenType: UserTokenType) => ({ policyId, tokenType });
    const forged = new EndpointDescription({
      ...{ endpointUrl: endpoint, securityMode: mode, securityPolicyUri: SecurityPolicy.None },
      userIdentityTokens: [token('anonymous', UserTokenType.Anonymous), token('user', UserTokenType.UserName)],
    });
    Object.assign(client, { findEndpoint: () => forged, findEndpointForSecurity: () => forged });
  }
  const token: UserIdentityInfo =
    name === null
      ? { type: UserTokenType.Anonymous }
      : { type: UserTokenType.UserName, userName: name, password: given.password ?? passwordOf(name) };
  return client.createSession(token);
}

export async function readStatus(from: ClientSession, name: string): Promise<string> {
  return (await from.read({ nodeId: `ns=1;s=${name}`, attributeId: AttributeIds.Value })).statusCode.name;
}

export async function writeStatus(to: ClientSession, name: string): Promise<string> {
  const value = { value: { dataType: DataType.Int32, value: 2 } };
  return (await to.write({ nodeId: `ns=1;s=${name}`, attributeId: AttributeIds.Value, value })).name;
}

export async function callStatus(of: ClientSession, name: string): Promise<string> {
  const answer = await of.call({ objectId: 'ns=1;s=Box', methodId: `ns=1;s=${name}`, inputArguments: [] });
  return answer.statusCode.name;
}
