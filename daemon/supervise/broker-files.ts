/** The files that the section mqtt names: password and certificates, each where its key says. */
import type { Config } from '../../config/schema.ts';
import { readSecret, type SecretPlaces, secretFile } from '../../config/secret.ts';
import type { FileReader } from '../../drivers/index.ts';
import type { TlsFiles } from '../publish/mqtt/settings.ts';

type Mqtt = Config['mqtt'];

export interface BrokerFiles {
  /** Of the files named, or of some of them. Throws `config/credential`. */
  tls(named: Pick<Mqtt['tls'], 'caFile' | 'certFile' | 'keyFile'>): TlsFiles;
  /** Rejects with `file/missing`, `config/credential` or `config/secret`; null where there is none. */
  readonly readPassword: (() => Promise<string>) | null;
}

export function brokerFiles(
  { tls: { serverName }, passwordFile }: Mqtt,
  places: SecretPlaces,
  files: Pick<FileReader, 'read'>,
): BrokerFiles {
  const readFile = (path: string): Promise<Uint8Array> => files.read(path);
  const readText = async (path: string): Promise<string> => new TextDecoder().decode(await readFile(path));
  const path = (file: string): string | null => (file === '' ? null : secretFile(file, places));
  return {
    tls: ({ caFile, certFile, keyFile }) => ({
      ...{ caFile: path(caFile), certFile: path(certFile), keyFile: path(keyFile), readFile },
      serverName: serverName === '' ? null : serverName,
    }),
    readPassword:
      passwordFile === '' ? null : async () => (await readSecret(secretFile(passwordFile, places), readText)).reveal(),
  };
}
