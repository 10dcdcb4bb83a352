/** Checks of who may come in over OPC UA: users, what was opened on purpose, the own certificate. */
import { join, resolve } from 'node:path';
import { fail } from '../../errors.ts';
import { type CertificateFacts, certificateFacts } from '../publish/opcua/security/certificate-facts.ts';
import { isLoopback, missingNames, serverNames, thisMachine } from '../publish/opcua/security/names.ts';
import { expiredFault, expiringSoon } from '../publish/opcua/security/standing.ts';
import { parseUsers, usersFileName } from '../users/users.ts';
import { readUsersText } from '../users/users-file.ts';
import { type Check, foundError, type Surroundings } from './finding.ts';

export const securityChecks: readonly Check[] = [
  {
    name: 'opcua users',
    async run({ cwd }, { opcua, stateDir }) {
      if (!opcua.enabled) return { status: 'ok', text: 'switched off' };
      const path = join(resolve(cwd, stateDir), usersFileName);
      const text = await readUsersText(path);
      const users = text === null ? [] : parseUsers(text, path);
      if (users.length > 0)
        return { status: 'ok', text: users.map(({ name, role }) => `${name} (${role})`).join(', ') };
      const advice = 'twinspect user add NAME --role observe --password-file FILE';
      if (!isLoopback(opcua.host)) return foundError(fail('opcua/noUser', { host: opcua.host }));
      return { status: 'warn', text: 'none: anybody on this machine reads, nobody writes', advice };
    },
  },
  {
    name: 'opcua opened',
    async run(_context, { opcua }) {
      const opened = (['plainReadOnly', 'plcPassword'] as const).filter((key) => opcua.enabled && opcua[key]);
      if (opened.length === 0) return { status: 'ok', text: 'nothing: encrypted, with user and trusted certificate' };
      const text = `${opened.map((key) => `opcua.${key}`).join(' and ')}: unencrypted`;
      return {
        status: 'warn',
        text,
        advice: 'docs/security.md says what each gives away; keep it off where it can be.',
      };
    },
  },
  {
    name: 'opcua certificate',
    async run(context, { opcua, stateDir }) {
      if (!opcua.enabled) return { status: 'ok', text: 'switched off' };
      const path = join(resolve(context.cwd, stateDir), 'opcua', 'own', 'certs', 'server.pem');
      const facts = await ownCertificate(context, path);
      if (facts === 'none') return { status: 'ok', text: 'none yet: made at the first start' };
      if (facts === null) {
        const advice =
          'The start restores it from its second copy; where that is lost too, each client must trust a new one.';
        return { status: 'warn', text: `${path} is damaged: it is no certificate`, advice };
      }
      const stale = { certificate: facts, wallMs: context.clock.wallMs() };
      const expired = expiredFault(stale);
      if (expired) return { status: 'fail', text: expired.message, advice: expired.action };
      const soon = expiringSoon(stale);
      if (soon) return { status: 'warn', text: soon.message, advice: soon.action };
      const missing = missingNames(serverNames(opcua.host, opcua.names, thisMachine()), facts);
      const until = `${facts.thumbprint.slice(0, 8)}, until ${new Date(facts.validToMs).toISOString().slice(0, 10)}`;
      if (missing.length === 0) return { status: 'ok', text: until };
      const advice = 'twinspect opcua renew, then let each client trust it: clients compare the name they use.';
      return { status: 'warn', text: `${until}, does not name ${missing.join(', ')}`, advice };
    },
  },
];

/** Null: there is a file, and no certificate in it. */
async function ownCertificate({ files }: Surroundings, path: string): Promise<CertificateFacts | 'none' | null> {
  const bytes = await files.read(path).catch((error: { code?: string }) => {
    if (error.code === 'file/missing') return null;
    throw error;
  });
  return bytes === null ? 'none' : certificateFacts(bytes);
}
