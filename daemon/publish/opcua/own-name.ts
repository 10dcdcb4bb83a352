/**
 * The OPC UA library asks the network for this machine's full name while it is loaded, which is a question to a DNS
 * server that nobody configured. Imported before it, this file answers for the machine's own name meanwhile; the
 * library then takes the plain host name. Our endpoints and certificates have their names from `security/names.ts`.
 */
import dns from 'node:dns';
import { hostname } from 'node:os';

const lookup = dns.lookup;

function withoutAsking(name: string, ...rest: unknown[]): void {
  if (name !== hostname()) {
    Reflect.apply(lookup, dns, [name, ...rest]);
    return;
  }
  const answer = rest.at(-1) as (error: NodeJS.ErrnoException) => void;
  answer(Object.assign(new Error(`nobody is asked for ${name} while the library loads`), { code: 'ENOTFOUND' }));
}

dns.lookup = withoutAsking as unknown as typeof dns.lookup;
try {
  await import('node-opcua');
} finally {
  dns.lookup = lookup;
}
