/** What is read of a certificate: for lists, for checks, and for people. Knows no OPC UA library. */
import { X509Certificate } from 'node:crypto';

export interface CertificateFacts {
  /** SHA-1 of the DER, lower-case hex: the name of a certificate in OPC UA (Part 6, 6.2.2). */
  readonly thumbprint: string;
  /** Common name and organisation, or the whole subject; control characters are gone, a stranger wrote it. */
  readonly name: string;
  readonly applicationUri: string | null;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly validFromMs: number;
  readonly validToMs: number;
  /** May sign other certificates: trusting it trusts them. */
  readonly authority: boolean;
}

const nameMaxChars = 80;

/** Of the first certificate in PEM or DER; null where there is none. */
export function certificateFacts(bytes: Uint8Array): CertificateFacts | null {
  const certificate = parse(bytes);
  if (!certificate) return null;
  const alternatives = alternativeNames(certificate.subjectAltName ?? '');
  return {
    thumbprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    name: nameOf(certificate),
    applicationUri: alternatives.find(([kind]) => kind === 'URI')?.[1] ?? null,
    dns: alternatives.filter(([kind]) => kind === 'DNS').map(([, value]) => value),
    ip: alternatives.filter(([kind]) => kind === 'IP Address').map(([, value]) => value),
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
    authority: certificate.ca,
  };
}

/** DER of the first certificate in PEM or DER; null where there is none. */
export function certificateDer(bytes: Uint8Array): Uint8Array | null {
  return parse(bytes)?.raw ?? null;
}

export function certificatePem(bytes: Uint8Array): string | null {
  return parse(bytes)?.toString() ?? null;
}

function parse(bytes: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(bytes);
  } catch {
    return null; // not a certificate, which is the answer
  }
}

function nameOf({ subject }: X509Certificate): string {
  const lines = subject.split('\n');
  const part = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  const named = [part('CN'), part('O')].filter((text) => text !== undefined && text !== '').join(', ');
  return printable(named || lines.join(' ')).slice(0, nameMaxChars) || 'unnamed';
}

/** What a stranger wrote must not steer a terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that would
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** `DNS:a, IP Address:10.0.0.5, URI:"x, y"` as pairs; a value that needs quotes is JSON. */
function alternativeNames(text: string): (readonly [kind: string, value: string])[] {
  return [...text.matchAll(/(DNS|IP Address|URI):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, kind, value]) => {
    const unquoted = value!.startsWith('"') ? String(JSON.parse(value!)) : value!;
    return [kind!, printable(unquoted)] as const;
  });
}
