/**
 * Who is in, and must go: trust that is taken back, a user who is taken out, an anonymous session where there may be
 * none any more hold for sessions that are open already, not only for the next ones.
 */
import {
  AnonymousIdentityToken,
  type OPCUAServer,
  type ServerSecureChannelLayer,
  type ServerSession,
  UserNameIdentityToken,
} from 'node-opcua';
import type { Log } from '../../lane.ts';
import { certificateThumbprint } from './actor.ts';

export class Visitors {
  readonly #server: OPCUAServer;
  readonly #log: Log;
  readonly #anonymousMax: () => number;

  /** `anonymousMax`: how many anonymous sessions there may be now. */
  constructor(server: OPCUAServer, log: Log, anonymousMax: () => number) {
    this.#server = server;
    this.#log = log;
    this.#anonymousMax = anonymousMax;
    server.on('session_activated', (session) => {
      if (session.userIdentityToken instanceof AnonymousIdentityToken) this.#limitAnonymous();
    });
  }

  /** By the thumbprint of the certificate they came with; their channels too, or they would make another session. */
  untrusted(thumbprint: string): void {
    for (const channel of this.#channels()) {
      if (certificateThumbprint(channel.clientCertificate) !== thumbprint.toLowerCase()) continue;
      this.#log.warn({ thumbprint }, 'OPC UA: client cut off, its certificate is no longer trusted');
      this.#end(sessionsOn(channel));
      channel.close(() => undefined);
    }
  }

  /** `gone`: users who are no more, or have another password. */
  usersChanged(gone: readonly string[]): void {
    this.#limitAnonymous();
    const theirs = this.#sessions().filter(({ userIdentityToken: token }) => {
      return token instanceof UserNameIdentityToken && token.userName !== null && gone.includes(token.userName);
    });
    if (theirs.length === 0) return;
    this.#log.warn({ users: gone, sessions: theirs.length }, 'OPC UA: sessions ended, their users are gone');
    this.#end(theirs);
  }

  #limitAnonymous(): void {
    const limit = this.#anonymousMax();
    const anonymous = this.#sessions().filter(({ userIdentityToken }) => {
      return userIdentityToken instanceof AnonymousIdentityToken;
    });
    if (anonymous.length <= limit) return;
    this.#log.warn({ sessions: anonymous.length, limit }, 'OPC UA: anonymous sessions ended');
    this.#end(anonymous.slice(limit));
  }

  #channels(): ServerSecureChannelLayer[] {
    return this.#server.endpoints.flatMap((endpoint) => endpoint.getChannels());
  }

  #sessions(): ServerSession[] {
    return this.#channels().flatMap(sessionsOn);
  }

  #end(sessions: readonly ServerSession[]): void {
    for (const { authenticationToken } of sessions) {
      this.#server.engine.closeSession(authenticationToken, true, 'Terminated');
    }
  }
}

/** The library knows more of them than it says. */
function sessionsOn({ sessionTokens }: ServerSecureChannelLayer): ServerSession[] {
  return Object.values(sessionTokens) as unknown as ServerSession[];
}
