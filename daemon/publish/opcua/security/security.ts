/**
 * The security of the OPC UA server, put together: certificate store, own certificate, users, ways in. Decides whether
 * the server may start at all: on an address that others can reach, not without a user.
 */
import { join } from 'node:path';
import { invalidateServerCertificateCache, type OPCUAServer } from 'node-opcua';
import { fail, messageOf } from '../../../../errors.ts';
import type { Audit, AuditEntry } from '../../../audit/port.ts';
import type { Clock } from '../../../clock.ts';
import type { StateFolder } from '../../../state/folder.ts';
import { UserStore } from '../../../users/user-store.ts';
import type { Log } from '../../lane.ts';
import { applicationUriOf } from './application-uri.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { ClientCertificates } from './client-certificates.ts';
import { type Access, accessInWords, addEndpoints, sayWhatIsOpen, waysIn } from './endpoints.ts';
import { copyOwnFiles, mendOwnFiles } from './kept-files.ts';
import { mendTrustList, noteTrustList } from './kept-trust.ts';
import { Logins } from './logins.ts';
import { isLoopback, type Machine, missingNames, type ServerNames, serverNames, thisMachine } from './names.ts';
import { ensureOwnCertificate, ownCertificateFile, readOwnCertificate, storeFolderName } from './own-certificate.ts';
import { callableByAll, readable } from './permissions.ts';
import { askRoleFirst } from './role-first.ts';
import { type Standing, standing } from './standing.ts';
import { Visitors } from './visitors.ts';

export interface SecuritySettings {
  /** Where it listens. */
  readonly host: string;
  /** Certificate store and users are here. */
  readonly state: StateFolder;
  /** What clients call it, separated by commas; absent or empty: after `host`. */
  readonly names?: string;
  /** Absent or empty: this installation's own, kept in the state folder. */
  readonly applicationUri?: string;
  readonly plainReadOnly?: boolean;
  readonly plcPassword?: boolean;
  /** Absent: this one. */
  readonly machine?: Machine;
}

export interface SecurityOptions {
  readonly settings: SecuritySettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Null or absent: nobody keeps one, as in a measurement. */
  readonly audit?: Audit | null;
}

/** Half of the sessions: whoever needs no password must not be able to take them all. */
const plainSessionsMax = 50;
/** Certificate, clock and limits are looked at this often; a renewed certificate is taken within it. */
const lookEveryMs = 5000;

export class OpcUaSecurity {
  readonly users: UserStore;
  readonly logins: Logins;
  readonly store: ClientCertificates;
  readonly names: ServerNames;
  readonly applicationUri: string;
  readonly #options: SecurityOptions;
  readonly #access: Access;
  readonly #stopped = new AbortController();
  #certificate: CertificateFacts;
  #server: OPCUAServer | null = null;
  #visitors: Visitors | null = null;
  #told: string | null = null;

  private constructor(
    options: SecurityOptions,
    made: Pick<OpcUaSecurity, 'users' | 'store' | 'names' | 'applicationUri'> & { certificate: CertificateFacts },
  ) {
    const { settings, log, audit = null } = options;
    this.#options = options;
    this.users = made.users;
    this.store = made.store;
    this.names = made.names;
    this.applicationUri = made.applicationUri;
    this.#certificate = made.certificate;
    const { plainReadOnly = false, plcPassword = false } = settings;
    // Users who were lost are not users who never were: that opens nothing.
    const firstLook = isLoopback(settings.host) && this.users.users.length === 0 && !this.users.lost;
    this.#access = { firstLook, plainReadOnly, plcPassword };
    this.logins = new Logins({ users: this.users, plcPassword, log, audit });
    this.store.tell({
      listed: (facts) => this.#listed(facts),
      unfit: (facts, status) => this.#unfit(facts, status),
      untrusted: (thumbprint) => this.#visitors?.untrusted(thumbprint),
    });
  }

  /** Rejects with `opcua/noUser`, `user/file`, or what keeps the certificate from being made. */
  static async open(options: SecurityOptions): Promise<OpcUaSecurity> {
    const { settings, clock, log } = options;
    const { host, state, machine = thisMachine() } = settings;
    const users = new UserStore({ state, clock });
    await users.start();
    const store = new ClientCertificates(join(state.path, storeFolderName), clock);
    try {
      if (!isLoopback(host) && users.users.length === 0 && !users.lost) throw fail('opcua/noUser', { host });
      await mendOwnFiles(state);
      await mendTrustList(state);
      await store.initialize();
      const names = serverNames(host, settings.names ?? '', machine);
      const applicationUri = await applicationUriOf(state, settings.applicationUri);
      const wanted = { applicationUri, names };
      const { facts, made } = await ensureOwnCertificate(store, wanted, clock.wallMs());
      await copyOwnFiles(state);
      if (made !== null) log.info({ certificate: facts.thumbprint, why: made }, 'OPC UA: own certificate made');
      const missing = missingNames(names, facts);
      if (missing.length > 0) {
        const text = 'OPC UA: the certificate does not carry these names; "twinspect opcua renew" makes one that does';
        log.warn({ missing }, text);
      }
      return new OpcUaSecurity(options, { users, store, names, applicationUri, certificate: facts });
    } catch (error) {
      users.stop();
      await store.dispose();
      throw error;
    }
  }

  /** What the library is given to begin with. */
  get serverOptions() {
    return {
      certificateFile: ownCertificateFile(this.store.rootDir),
      privateKeyFile: this.store.privateKey,
      serverCertificateManager: this.store,
      userCertificateManager: this.store,
      userManager: this.logins,
      allowAnonymous: this.#access.firstLook || this.#access.plainReadOnly,
      // The ways in are added one by one, each with its own proof of a user.
      securityModes: [],
      disableDiscovery: true,
      // What nobody thought of is refused.
      unresolvedPermissionPolicy: 'deny' as const,
    };
  }

  /** Between the library's own initialisation and its start. */
  guard(server: OPCUAServer, resourcePath: string): void {
    const { settings, log } = this.#options;
    this.#server = server;
    const endpoint = server.endpoints[0];
    if (endpoint) addEndpoints(endpoint, waysIn(this.#access), this.names, resourcePath);
    server.roleResolvers.push(this.logins);
    askRoleFirst(server);
    const space = server.engine.addressSpace;
    for (const namespace of space?.getNamespaceArray() ?? []) {
      // The standard's own methods (GetMonitoredItems, ResendData) act on the caller's own subscriptions.
      namespace.setDefaultRolePermissions(namespace.index === 0 ? callableByAll() : readable());
    }
    this.#visitors = new Visitors(server, log, () => this.#anonymousMax);
    this.users.onChange((gone) => this.#visitors?.usersChanged(gone));
    sayWhatIsOpen(this.#access, settings.host, log);
    this.#look();
  }

  /** How one comes in, for people. */
  get access(): string {
    return accessInWords(this.#access);
  }

  standing(limit: number): Standing {
    const server = this.#server;
    return standing({
      wallMs: this.#options.clock.wallMs(),
      certificate: this.#certificate,
      sessions: server?.engine.currentSessionCount ?? 0,
      connections: server?.currentChannelCount ?? 0,
      limit,
      usersProblem: this.users.problem,
    });
  }

  /** The server has ended by then. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.users.stop();
    await this.store.dispose();
  }

  /** None once there is a user: the first look is over, though the endpoint stands until the next start. */
  get #anonymousMax(): number {
    const { firstLook, plainReadOnly } = this.#access;
    if (plainReadOnly) return plainSessionsMax;
    return firstLook && this.users.users.length === 0 ? Number.POSITIVE_INFINITY : 0;
  }

  #look(): void {
    const { clock, log } = this.#options;
    this.#tell();
    const again = async (): Promise<void> => {
      await this.#takeRenewed().catch((error: unknown) =>
        log.error({ cause: messageOf(error) }, 'OPC UA: certificate'),
      );
      this.#look();
    };
    clock.after(lookEveryMs, () => void again(), this.#stopped.signal);
  }

  /** Each fault is said once when it comes and once when it is over. */
  #tell(): void {
    const { log } = this.#options;
    const { fault } = this.standing(Number.POSITIVE_INFINITY);
    const code = fault?.code ?? null;
    if (code === this.#told) return;
    if (fault) log.error({ error: fault }, fault.message);
    else log.info({ was: this.#told }, 'OPC UA: security fault is over');
    const from = this.#told;
    this.#told = code;
    this.#write({ action: 'securityFault', target: 'OPC UA', from, to: code, cause: fault?.message ?? null });
  }

  async #takeRenewed(): Promise<void> {
    const { state } = this.#options.settings;
    await noteTrustList(state);
    const facts = await readOwnCertificate(this.store.rootDir);
    if (facts === null || facts.thumbprint === this.#certificate.thumbprint) return;
    this.#certificate = facts;
    await copyOwnFiles(state);
    if (this.#server) invalidateServerCertificateCache(this.#server);
    this.#options.log.info({ certificate: facts.thumbprint }, 'OPC UA: renewed certificate taken');
  }

  #listed(facts: CertificateFacts): void {
    const { log } = this.#options;
    const { thumbprint, name, applicationUri } = facts;
    const command = `twinspect opcua trust ${thumbprint.slice(0, 8)}`;
    log.warn({ thumbprint, name, applicationUri, command }, 'OPC UA: client refused, its certificate is not trusted');
    this.#denied(facts, 'certificate not trusted');
  }

  #denied({ thumbprint, name }: CertificateFacts, cause: string): void {
    const who = { name, via: 'opcua', role: null, certificate: thumbprint } as const;
    const entry = {
      action: 'connect',
      target: thumbprint,
      who,
      from: null,
      to: null,
      result: 'denied',
      cause,
    } as const;
    this.#options.audit?.tally(entry);
  }

  /** It is not listed as rejected, and its owner must know all the same; the status is the library's. */
  #unfit(facts: CertificateFacts, status: string): void {
    const { thumbprint, name, validFromMs, validToMs } = facts;
    const nowMs = this.#options.clock.wallMs();
    const dates = nowMs < validFromMs ? 'not valid yet' : nowMs >= validToMs ? 'expired' : status;
    const cause = `certificate ${dates}`;
    this.#options.log.warn({ thumbprint, name, cause }, 'OPC UA: client refused');
    this.#denied(facts, cause);
  }

  #write(entry: Pick<AuditEntry, 'action' | 'target' | 'from' | 'to' | 'cause'>): void {
    const who = { name: 'twinspect', via: 'local', role: null, certificate: null } as const;
    // Said by the record itself, and counted there.
    this.#options.audit?.write({ ...entry, who, result: 'done' }).catch(() => undefined);
  }
}
