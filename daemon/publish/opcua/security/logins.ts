/**
 * Logins: whether name and password let somebody in by the way he came, and what roles his session holds. By an
 * encrypted way a user holds his own role; by a plain one only a user of role `operate` comes in, and only as the PLC.
 */
import {
  type AnyUserIdentityToken,
  type IRoleResolutionContext,
  type IRoleResolver,
  MessageSecurityMode,
  type NodeId,
  type ServerSession,
  UAUserManagerBase,
  UserNameIdentityToken,
} from 'node-opcua';
import type { Audit } from '../../../audit/port.ts';
import type { Actor } from '../../../command/port.ts';
import type { UserStore } from '../../../users/user-store.ts';
import type { Log } from '../../lane.ts';
import { certificateThumbprint } from './actor.ts';
import { opcUaRoles, plcRole } from './permissions.ts';

export interface LoginsOptions {
  readonly users: UserStore;
  readonly plcPassword: boolean;
  readonly log: Log;
  readonly audit: Pick<Audit, 'tally'> | null;
}

/** Whoever may come in by a plain way: a stronger user's password must not be tried where a stranger may listen. */
const plainRole = 'operate';

export class Logins extends UAUserManagerBase implements IRoleResolver {
  readonly #options: LoginsOptions;

  constructor(options: LoginsOptions) {
    super();
    this.#options = options;
  }

  /** The library asks this once a token is well-formed and, on every way, its password was decrypted. */
  override async isValidUser(session: ServerSession, name: string, password: string): Promise<boolean> {
    const { users } = this.#options;
    const mode = session.channel?.securityMode ?? MessageSecurityMode.Invalid;
    const certificate = certificateThumbprint(session.channel?.clientCertificate);
    const address = session.channel?.remoteAddress ?? 'unknown';
    // On a plain way the certificate is a claim and no proof.
    const encrypted = mode === MessageSecurityMode.SignAndEncrypt;
    const login = await users.login(name, password, encrypted && certificate ? certificate : address);
    const reachable = encrypted || (this.#options.plcPassword && users.find(name)?.role === plainRole);
    const granted = login.granted && reachable;
    const cause = granted
      ? null
      : login.granted
        ? `only a user of role ${plainRole} may come in by the way ${MessageSecurityMode[mode]}`
        : { wrong: 'wrong name or password', waits: 'too many wrong passwords', busy: 'too many logins at once' }[
            login.why
          ];
    // A name that nobody has may be a password in the wrong field.
    const known = users.find(name) ? name : '(no such user)';
    const who: Actor = {
      name: known,
      via: encrypted ? 'opcua' : 'plc',
      role: users.find(name)?.role ?? null,
      certificate,
    };
    this.#say(who, `${MessageSecurityMode[mode]} from ${address}`, cause);
    return granted;
  }

  #say(who: Actor, way: string, cause: string | null): void {
    const { log, audit } = this.#options;
    const fields = { user: who.name, role: who.role, certificate: who.certificate, way };
    if (cause === null) log.info(fields, 'OPC UA: user logged in');
    else log.warn({ ...fields, cause }, 'OPC UA: login refused');
    const result = cause === null ? 'done' : 'denied';
    audit?.tally({ action: 'login', target: `OPC UA ${way}`, who, from: null, to: null, result, cause });
  }

  /** Every role comes from `resolveRoles`, which knows the way the session came; the name alone gives none. */
  override getUserRoles(): NodeId[] {
    return [];
  }

  resolveRoles(token: AnyUserIdentityToken, context?: IRoleResolutionContext): NodeId[] {
    if (!(token instanceof UserNameIdentityToken)) return [];
    const role = this.#options.users.find(token.userName ?? '')?.role;
    // A user who was taken out holds nothing, also in a session that is still open.
    if (role === undefined) return [];
    if (context?.securityMode === MessageSecurityMode.SignAndEncrypt) return opcUaRoles(role);
    return this.#options.plcPassword && role === plainRole ? [plcRole] : [];
  }
}
