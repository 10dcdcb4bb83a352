/** A new certificate of the same key, for `twinspect opcua renew`; a running server takes it within seconds. */
// First: the library must find it while it loads.
import '../own-name.ts';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua';
import type { Clock } from '../../../clock.ts';
import { applicationUriOf } from './application-uri.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { serverNames, thisMachine } from './names.ts';
import { makeOwnCertificate, storeFolderName } from './own-certificate.ts';
import type { SecuritySettings } from './security.ts';
import { clockFault } from './standing.ts';

/** Throws `opcua/clock` where the date would be wrong. */
export async function renewOwnCertificate(settings: SecuritySettings, clock: Clock): Promise<CertificateFacts> {
  const fault = clockFault(clock.wallMs());
  if (fault) throw fault;
  const { host, stateFolder, names = '', machine = thisMachine() } = settings;
  const applicationUri = await applicationUriOf(stateFolder, settings.applicationUri);
  const rootFolder = join(stateFolder, storeFolderName);
  // Nothing is watched: it is gone in a moment.
  const store = new OPCUACertificateManager({ rootFolder, disableFileWatchers: true });
  await store.initialize();
  try {
    return await makeOwnCertificate(
      store,
      { applicationUri, names: serverNames(host, names, machine) },
      clock.wallMs(),
    );
  } finally {
    await store.dispose();
  }
}
