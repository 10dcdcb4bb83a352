/**
 * Certificates made in the test, in DER by hand (X.509, RFC 5280): an authority, what it signs, and what is wrong with
 * some of them. ECDSA on P-256, so that a key takes a millisecond.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Made {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Made {
  issue(name: string, more?: Partial<CertificateWish>): Made;
}

interface CertificateWish {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

const dayMs = 86_400_000;
/** Some time that is neither long ago nor soon over, whenever the tests run. */
const epochMs = Date.UTC(2020, 0, 1);
const usual: CertificateWish = { dns: [], ip: [], fromMs: epochMs, toMs: epochMs + 36_500 * dayMs };
/** Over since long. */
export const expired = { fromMs: epochMs, toMs: epochMs + dayMs };

let serial = 0x100;

export function makeAuthority(name: string): Authority {
  const keys = newKeys();
  const own = certificate({ subject: name, issuer: name, keys, signer: keys.privateKey, authority: true, ...usual });
  return {
    ...own,
    issue(subject, more = {}) {
      const made = newKeys();
      return certificate({
        ...{ subject, issuer: name, keys: made, signer: keys.privateKey, authority: false },
        ...usual,
        ...more,
      });
    },
  };
}

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function newKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

interface Content extends CertificateWish {
  readonly subject: string;
  readonly issuer: string;
  readonly keys: Keys;
  readonly signer: KeyObject;
  readonly authority: boolean;
}

function certificate({ subject, issuer, keys, signer, authority, dns, ip, fromMs, toMs }: Content): Made {
  const names = [...dns.map((text) => tlv(0x82, Buffer.from(text))), ...ip.map((text) => tlv(0x87, addressOf(text)))];
  const extensions = [
    extension('2.5.29.19', sequence(...(authority ? [tlv(0x01, Buffer.from([0xff]))] : []))),
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names))] : []),
  ];
  serial += 1;
  const body = sequence(
    tlv(0xa0, integer(2)),
    integer(serial),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(timeOf(fromMs), timeOf(toMs)),
    nameOf(subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  );
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]));
  const der = sequence(body, ecdsaWithSha256, signature);
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return tlv(0x02, Buffer.from(value < 0x80 ? [value] : [value >> 8, value & 0xff]));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = rest.flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(commonName)))));
}

/** GeneralizedTime, which holds for every year. */
function timeOf(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tlv(0x18, Buffer.from(digits));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tlv(0x04, value));
}

function addressOf(dotted: string): Buffer {
  return Buffer.from(dotted.split('.').map(Number));
}
