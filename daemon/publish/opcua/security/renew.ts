/** A new certificate of the same key, for `twinspect opcua renew`; a running server takes it within seconds. */
// First: the library must find it while it loads.
import '../own-name.ts';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua';
import type { Clock } from '../../../clock.ts';
import { applicationUriOf } from './application-uri.ts';
import type { CertificateFacts } from './certificate-facts.ts';
import { copyOwnFiles, mendOwnFiles } from './kept-files.ts';
import { serverNames, thisMachine } from './names.ts';
import { makeOwnCertificate, storeFolderName } from './own-certificate.ts';
import type { SecuritySettings } from './security.ts';
import { clockFault } from './standing.ts';

/** Throws `opcua/clock` where the date would be wrong. */
export async function renewOwnCertificate(settings: SecuritySettings, clock: Clock): Promise<CertificateFacts> {
  const fault = clockFault(clock.wallMs());
  if (fault) throw fault;
  const { host, state, names = '', machine = thisMachine() } = settings;
  const rootFolder = join(state.path, storeFolderName);
  await mendOwnFiles(state);
  const applicationUri = await applicationUriOf(state, settings.applicationUri);
  // Nothing is watched: it is gone in a moment.
  const store = new OPCUACertificateManager({ rootFolder, disableFileWatchers: true });
  await store.initialize();
  try {
    const wanted = { applicationUri, names: serverNames(host, names, machine) };
    const facts = await makeOwnCertificate(store, wanted, clock.wallMs());
    await copyOwnFiles(state);
    return facts;
  } finally {
    await store.dispose();
  }
}
