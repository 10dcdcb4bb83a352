/** Key, certificate and trust list after a power cut: mended from a good copy, told, and never wider than before. */
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyOwnFiles, mendOwnFiles } from '../../../daemon/publish/opcua/security/kept-files.ts';
import { mendTrustList, noteTrustList } from '../../../daemon/publish/opcua/security/kept-trust.ts';
import type { StateFolder } from '../../../daemon/state/folder.ts';
import { temporaryFolder } from '../../inference/rig.ts';
import { makeAuthority } from '../../net/certificates.ts';
import { stateAt } from '../../state/at.ts';
import { damages } from '../../state/damages.ts';

const authority = makeAuthority('plant');
const harms = Object.entries(damages).filter(([name]) => name !== 'unwritable' && name !== 'missing');

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('own key and certificate', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const files = [
    ['opcua/own/private/private_key.pem', 'opcua-key', key],
    ['opcua/own/certs/server.pem', 'opcua-certificate', authority.issue('us').cert],
  ] as const;

  async function kept(): Promise<StateFolder> {
    const state = stateAt(temporaryFolder());
    for (const [name, , text] of files) put(join(state.path, name), text);
    await copyOwnFiles(state);
    return state;
  }

  test.each(files)('%s comes back from its copy, the damaged one set aside', async (name, id, text) => {
    for (const [, harm] of [...harms, ['missing', damages['missing']!] as const]) {
      const state = await kept();
      harm(join(state.path, name));
      await mendOwnFiles(state);
      expect(readFileSync(join(state.path, name), 'utf8')).toBe(text);
      expect(state.faults.standing).toMatchObject([{ id }]);
    }
  });

  test('the key is for its owner alone, also where it was restored and in its copy', async () => {
    const state = await kept();
    damages['zeros']!(join(state.path, files[0][0]));
    await mendOwnFiles(state);
    for (const folder of [state.path, state.copy]) expect(statSync(join(folder, files[0][0])).mode & 0o77).toBe(0);
    expect(statSync(state.setAsideFolder).mode & 0o77).toBe(0);
    expect(readFileSync(join(state.path, 'faults', 'opcua-key.json'), 'utf8')).not.toContain('PRIVATE KEY');
  });

  test('without a copy a damaged one is out of the way, so that a new one is made, and it is told', async () => {
    const state = await kept();
    damages['zeros']!(join(state.path, files[0][0]));
    rmSync(state.copy, { recursive: true });
    await mendOwnFiles(state);
    expect(existsSync(join(state.path, files[0][0]))).toBe(false);
    expect(state.faults.standing[0]!.text).toContain('each client must trust the new one');
  });
});

describe('the trust list', () => {
  const client = authority.issue('client').cert;
  const name = 'opcua/trusted/certs/client.pem';

  async function trusting(): Promise<StateFolder> {
    const state = stateAt(temporaryFolder());
    put(join(state.path, name), client);
    await noteTrustList(state);
    return state;
  }

  test.each(harms)('a certificate %s is put back as it was last seen, and told', async (_how, harm) => {
    const state = await trusting();
    harm(join(state.path, name));
    await mendTrustList(state);
    expect(readFileSync(join(state.path, name), 'utf8')).toBe(client);
    expect(state.faults.standing).toMatchObject([{ id: 'opcua-trust' }]);
    expect(readdirSync(state.setAsideFolder)).toHaveLength(1);
  });

  test('one that is missing is told and not put back; one that was moved to the rejected ones is neither', async () => {
    const gone = await trusting();
    rmSync(join(gone.path, name));
    await mendTrustList(gone);
    expect(existsSync(join(gone.path, name))).toBe(false);
    expect(gone.faults.standing).toMatchObject([{ id: 'opcua-trust', text: expect.stringContaining('is missing') }]);
    const rejected = await trusting();
    mkdirSync(join(rejected.path, 'opcua/rejected'));
    renameSync(join(rejected.path, name), join(rejected.path, 'opcua/rejected/client.pem'));
    await mendTrustList(rejected);
    expect(rejected.faults.standing).toEqual([]);
    expect(existsSync(join(rejected.path, name))).toBe(false);
  });

  test('what was never seen and is no certificate is out of the way; a cut revocation list too', async () => {
    const state = stateAt(temporaryFolder());
    put(join(state.path, name), 'no certificate');
    const list = put(join(state.path, 'opcua/trusted/crl/plant.crl'), '\x30\x05ab');
    await mendTrustList(state);
    expect([existsSync(join(state.path, name)), existsSync(list)]).toEqual([false, false]);
    expect(state.faults.standing[0]!.text).toMatch(/is not a certificate.*is not a whole revocation list/);
  });
});
