/** What clients call the server: the names of its endpoints and of its certificate. */
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';

export interface ServerNames {
  /** The first is the one shown to people. */
  readonly all: readonly string[];
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

/** This machine as it sees itself, asked once at the start. */
export interface Machine {
  readonly hostname: string;
  /** Addresses others can reach, without loopback and link-local ones. */
  readonly addresses: readonly string[];
}

export function thisMachine(): Machine {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const reachable = addresses.filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  return { hostname: hostname(), addresses: reachable.map(({ address }) => address) };
}

const loopback = /^(127(\.\d{1,3}){3}|::1|localhost)$/i;
const wildcard = ['0.0.0.0', '::'];

export function isLoopback(host: string): boolean {
  return loopback.test(host);
}

/** `host` is where it listens, `names` the config's list as text. */
export function serverNames(host: string, names: string, machine: Machine): ServerNames {
  const given = names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const own = wildcard.includes(host) ? [...machine.addresses, machine.hostname] : [host];
  const listed = given.length === 0 ? own : wildcard.includes(host) ? given : [...given, host];
  // Tools on the machine itself come by this name, and a certificate must name something.
  const all = [...new Set([...listed, 'localhost'])].slice(0, namesMax);
  return { all, dns: all.filter((name) => isIP(name) === 0), ip: all.filter((name) => isIP(name) !== 0) };
}

/** Each name is three endpoints in the list every client asks for; more are a mistake. */
const namesMax = 24;

/** Names a certificate lacks; `have` as they stand in it. */
export function missingNames(want: ServerNames, have: Pick<ServerNames, 'dns' | 'ip'>): string[] {
  const known = new Set([...have.dns, ...have.ip].map(canonical));
  return want.all.filter((name) => !known.has(canonical(name)));
}

/** One spelling for an address: `::1` and `0:0:0:0:0:0:0:1` are the same. */
function canonical(name: string): string {
  return isIP(name) === 6 ? new URL(`http://[${name}]`).hostname : name.toLowerCase();
}
