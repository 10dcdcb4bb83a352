/**
 * One session with a PLC's own OPC UA server: made, used for one call at a time, and closed. It never comes back by
 * itself; whoever uses it makes another one. The server's certificate must lie in the trusted ones, as every client's
 * of our own server.
 */
import { join } from 'node:path';
import {
  AttributeIds,
  type ClientSession,
  type DataValue,
  MessageSecurityMode,
  type NodeId,
  OPCUACertificateManager,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
  type Variant,
} from 'node-opcua';
import { fail, messageOf } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import type { StateFolder } from '../../../state/folder.ts';
import { certificateThumbprint } from '../security/actor.ts';
import { applicationUriOf } from '../security/application-uri.ts';
import { copyOwnFiles, mendOwnFiles } from '../security/kept-files.ts';
import { serverNames, thisMachine } from '../security/names.ts';
import { ensureOwnCertificate, ownCertificateFile, storeFolderName } from '../security/own-certificate.ts';
import type { PlcNode } from './plc-nodes.ts';

export interface PlcAddress {
  readonly url: string;
  readonly securityMode: 'SignAndEncrypt' | 'Sign' | 'None';
  readonly securityPolicy: 'Basic256Sha256' | 'Aes128_Sha256_RsaOaep' | 'Aes256_Sha256_RsaPss';
  /** Null: without a user. */
  readonly user: { readonly name: string; readonly password: () => Promise<string> } | null;
  /** Empty: this installation's own, as its server's. */
  readonly applicationUri: string;
  readonly state: StateFolder;
}

/** A PLC answers in some milliseconds; one that is busy in some hundred. */
const callMaxMs = 2000;
const connectMaxMs = 10_000;
/** The server gives a session up that was not heard for so long: we, or the cable, are gone. */
const sessionTimeoutMs = 20_000;

export class PlcSession {
  readonly #client: OPCUAClient;
  readonly #session: ClientSession;
  readonly #store: OPCUACertificateManager;
  readonly #clock: Clock;
  /** SHA-1 thumbprint of the server's certificate; null without one. */
  readonly certificate: string | null;

  private constructor(client: OPCUAClient, session: ClientSession, store: OPCUACertificateManager, clock: Clock) {
    this.#client = client;
    this.#session = session;
    this.#store = store;
    this.#clock = clock;
    this.certificate = certificateThumbprint(client.serverCertificate as Uint8Array | undefined);
  }

  /** Rejects with `plc/connect`. */
  static async open(address: PlcAddress, clock: Clock): Promise<PlcSession> {
    const store = new OPCUACertificateManager({
      rootFolder: join(address.state.path, storeFolderName),
      automaticallyAcceptUnknownCertificate: false,
    });
    let client: OPCUAClient | null = null;
    try {
      await mendOwnFiles(address.state);
      await store.initialize();
      const made = await makeClient(address, store, clock);
      client = made;
      const session = await within(clock, connectMaxMs, connect(made, address));
      return new PlcSession(made, session, store, clock);
    } catch (error) {
      await client?.disconnect().catch((later: unknown) => messageOf(later));
      await store.dispose();
      throw fail('plc/connect', { url: address.url, cause: messageOf(error) }, error);
    }
  }

  read(nodes: { nodeId: NodeId; attributeId: number }[]): Promise<DataValue[]> {
    return within(this.#clock, callMaxMs, this.#session.read(nodes));
  }

  readValues(nodes: readonly PlcNode[]): Promise<DataValue[]> {
    return this.read(nodes.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })));
  }

  /** The value alone: many PLCs refuse a write that brings a time or a status. Rejects with `plc/node`. */
  async write(writes: readonly { node: PlcNode; value: Variant }[]): Promise<void> {
    const nodes = writes.map(({ node, value }) => ({
      ...{ nodeId: node.nodeId, attributeId: AttributeIds.Value, value: { value } },
    }));
    const answers = await within(this.#clock, callMaxMs, this.#session.write(nodes));
    const at = answers.findIndex((status) => status.isNotGood());
    if (at >= 0) throw fail('plc/node', { node: nodes[at]!.nodeId.toString(), problem: answers[at]!.name });
  }

  /** Never rejects: what cannot be closed is given up by the server after its timeout. */
  async close(): Promise<void> {
    const closing = this.#session.close().then(() => this.#client.disconnect());
    await within(this.#clock, callMaxMs, closing).catch(() => this.#client.disconnect().catch(messageOf));
    await this.#store.dispose();
  }
}

async function makeClient(address: PlcAddress, store: OPCUACertificateManager, clock: Clock): Promise<OPCUAClient> {
  const { state, securityMode, securityPolicy } = address;
  const applicationUri = await applicationUriOf(state, address.applicationUri);
  // Our own server's where there is one; else one is made here that names this machine.
  const names = serverNames('0.0.0.0', '', thisMachine());
  if (securityMode !== 'None') {
    await ensureOwnCertificate(store, { applicationUri, names }, clock.wallMs());
    await copyOwnFiles(address.state);
  }
  const secured = {
    certificateFile: ownCertificateFile(store.rootDir),
    privateKeyFile: store.privateKey,
    securityMode: MessageSecurityMode[securityMode],
    securityPolicy: SecurityPolicy[securityPolicy],
  };
  return OPCUAClient.create({
    applicationName: 'Twinspect',
    applicationUri,
    clientCertificateManager: store,
    endpointMustExist: false,
    keepSessionAlive: false,
    requestedSessionTimeout: sessionTimeoutMs,
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 100 },
    ...(securityMode !== 'None' && secured),
  });
}

async function connect(client: OPCUAClient, { url, user }: PlcAddress): Promise<ClientSession> {
  await client.connect(url);
  const identity: UserIdentityInfo =
    user === null
      ? { type: UserTokenType.Anonymous }
      : { type: UserTokenType.UserName, userName: user.name, password: await user.password() };
  return client.createSession(identity);
}

async function within<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T> {
  const bound = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  clock.after(limitMs, () => reject(new Error(`no answer within ${limitMs} ms`)), bound.signal);
  // Whoever is late is heard by nobody.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, promise]);
  } finally {
    bound.abort();
  }
}
