/**
 * The server's own key and certificate: made once in the state folder and used again, since a client that trusts it
 * must find the same one after a restart. Names of our own, not the library's.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua';

const validityDays = 3650;

export interface ServerCertificate {
  readonly manager: OPCUACertificateManager;
  readonly certificateFile: string;
  readonly privateKeyFile: string;
}

export async function serverCertificate(
  folder: string,
  names: { applicationUri: string; host: string },
  now: Date,
): Promise<ServerCertificate> {
  const manager = new OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: false });
  await manager.initialize();
  // Named by the address: the certificate must carry it, so another address needs another certificate.
  const certificateFile = join(folder, 'own', 'certs', `server-${names.host.replace(/[^A-Za-z0-9.-]/g, '_')}.pem`);
  if (!existsSync(certificateFile)) {
    try {
      await manager.createSelfSignedCertificate({
        applicationUri: names.applicationUri,
        subject: '/CN=Twinspect/O=Twinspect',
        dns: ['localhost'],
        ip: /^[\d.]+$/.test(names.host) ? [names.host] : [],
        startDate: now,
        validity: validityDays,
        outputFile: certificateFile,
      });
    } catch (error) {
      rmSync(certificateFile, { force: true }); // half a certificate would be taken for a whole one next time
      throw error;
    }
  }
  return { manager, certificateFile, privateKeyFile: manager.privateKey };
}
