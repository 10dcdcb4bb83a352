/** Who stands behind an OPC UA call or write, for the command port. The server has checked the user by then. */
import { createHash } from 'node:crypto';
import type { ISessionContext } from 'node-opcua';
import type { Actor } from '../../../command/port.ts';
import { highestRole, plcRole } from './permissions.ts';

/**
 * An anonymous session has no role. A PLC without a certificate comes `via: 'plc'` with role `operate`, since the
 * nodes' permissions let it reach nothing but the PLC block. No session at all is the daemon itself.
 */
export function actorOf(context: ISessionContext): Actor {
  if (!context.session) return { name: 'twinspect', via: 'local', role: 'secure', certificate: null };
  const certificate = certificateThumbprint(context.clientCertificate);
  const name = context.getUserName();
  if (context.currentUserHasRole(plcRole)) return { name, via: 'plc', role: 'operate', certificate };
  return { name, via: 'opcua', role: highestRole((role) => context.currentUserHasRole(role)), certificate };
}

/** SHA-1 of the DER, lower-case hex, as OPC UA names certificates (Part 6, 6.2.2); null where there is none. */
export function certificateThumbprint(der: Uint8Array | null | undefined): string | null {
  return der && der.length > 0 ? createHash('sha1').update(der).digest('hex') : null;
}
