/**
 * The socket to the broker, ours rather than the library's: it is guarded against packets too large to keep, and its
 * errors become a sentence that says what to correct.
 */
import { type NetConnectOpts, connect as openTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as openTls } from 'node:tls';
import { messageOf } from '../../../errors.ts';
import { InboundGuard } from './inbound-guard.ts';
import { brokerAddress } from './settings.ts';
import type { TlsMaterial } from './tls-files.ts';

/** The oldest TLS that is no known weakness. */
const tlsLeast = 'TLSv1.2';

/** First byte of a TLS alert record (RFC 8446, 5.1); no broker's packet begins with it. */
const tlsAlert = 0x15;

/** Begins to connect; what goes wrong comes as the socket's error. A packet beyond the limit ends it. */
export function openSocket(url: string, material: TlsMaterial | null, inboundMaxBytes: number): Socket {
  const { host, port, tls } = brokerAddress(url);
  const where: NetConnectOpts = { host, port, noDelay: true };
  const socket = tls ? openTls({ ...where, ...tlsOptions(host, material) }) : openTcp(where);
  const guard = new InboundGuard(inboundMaxBytes);
  if (!tls) {
    socket.once('data', (chunk: Buffer) => {
      if (chunk[0] === tlsAlert) socket.destroy(new Error('the broker speaks TLS on this port: use mqtts://'));
    });
  }
  socket.on('data', (chunk: Buffer) => {
    const bytes = guard.take(chunk);
    if (bytes !== null) {
      socket.destroy(new Error(`the broker sends a packet of ${bytes} bytes, expected at most ${inboundMaxBytes}`));
    }
  });
  return socket;
}

function tlsOptions(host: string, material: TlsMaterial | null): ConnectionOptions {
  const { ca = null, cert = null, key = null, serverName = null } = material ?? {};
  const name = serverName ?? (isAddress(host) ? null : host);
  return {
    minVersion: tlsLeast,
    rejectUnauthorized: true,
    ...(ca === null ? {} : { ca }),
    ...(cert === null || key === null ? {} : { cert, key }),
    // RFC 6066: an address is no server name; its certificate must carry the address then.
    ...(name === null ? {} : { servername: name }),
  };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}

interface SocketError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

const notOurCa = 'the certificate of the broker is not signed by the authority of mqtt.tls.caFile';

/** OpenSSL's and Node's words (tls.html, "X509 certificate error codes") for what a person has to correct. */
const sentences: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: notOurCa,
  DEPTH_ZERO_SELF_SIGNED_CERT: notOurCa,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: notOurCa,
  UNABLE_TO_GET_ISSUER_CERT: notOurCa,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: notOurCa,
  CERT_SIGNATURE_FAILURE: notOurCa,
  CERT_HAS_EXPIRED: 'the certificate of the broker has expired, or the clock here is wrong',
  CERT_NOT_YET_VALID: 'the certificate of the broker is not valid yet, or the clock here is wrong',
  CERT_REVOKED: 'the certificate of the broker was revoked',
};

/** What refused us: alerts of the broker about our certificate (RFC 8446, 6.2). */
const alerts = /alert (certificate required|bad certificate|unknown ca|certificate expired|certificate unknown)/i;

/** What was awaited of the broker when the error came; null after it. */
export type Awaited = 'TLS' | 'an answer' | null;

export function describeSocketError(error: Error, awaited: Awaited): string {
  // Node gives one error per address it tried (IPv6, IPv4) and an empty text of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join('; ');
  const { code = '', message, reason = '' } = error as SocketError;
  const sentence = sentences[code];
  if (sentence) return `${sentence} (${code})`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const advice = 'correct the address, or set mqtt.tls.serverName';
    return `the certificate of the broker is for another name: ${reason}; ${advice}`;
  }
  const alert = alerts.exec(message.replaceAll('_', ' '))?.[1];
  if (alert) return `the broker refuses our client certificate (${alert.toLowerCase()})`;
  if (/wrong.version.number|packet.length.too.long|record.layer.failure/i.test(message)) {
    return 'the broker does not speak TLS on this port';
  }
  const text = message || code || 'unknown error';
  const hungUp = code === 'ECONNRESET' || code === 'EPIPE';
  if (!hungUp || awaited === null) return text;
  return `${text} instead of ${awaited}: perhaps the port is ${awaited === 'TLS' ? 'not one' : 'one'} for TLS`;
}
