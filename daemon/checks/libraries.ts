/** Checks of the native libraries: each is loaded here, so that a broken one is a finding and no crash later. */
import { readFile } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import type { Check } from './finding.ts';

export const onnxruntime: Check = {
  name: 'onnxruntime',
  async run(_context, { inference }) {
    const advice = 'Run "npm ci" again; on a Jetson install the overlay for this JetPack.';
    try {
      const { listProviders, runtimeVersion } = await import('../../models/runtime/session.ts');
      const providers = listProviders();
      const text = `${runtimeVersion()}, execution providers: ${providers.join(', ')}`;
      if (providers.includes(inference.provider)) return { status: 'ok', text };
      return { status: 'fail', text: `${text}; the configuration wants ${inference.provider}`, advice };
    } catch (error) {
      return { status: 'fail', text: `cannot be loaded: ${messageOf(error)}`, advice };
    }
  },
};

export const libraryChecks: readonly Check[] = [
  {
    name: 'sharp',
    async run() {
      try {
        await import('../../drivers/image/png.ts');
        return { status: 'ok', text: await installedVersion('sharp') };
      } catch (error) {
        return { status: 'fail', text: `cannot be loaded: ${messageOf(error)}`, advice: 'Run "npm ci" again.' };
      }
    },
  },
  {
    name: 'sqlite',
    async run() {
      const { DatabaseSync } = await import('node:sqlite');
      const database = new DatabaseSync(':memory:');
      const row = database.prepare('select sqlite_version() as version').get();
      database.close();
      return { status: 'ok', text: String(row?.['version']) };
    },
  },
];

/** Version in the package's own package.json, which `exports` may hide from a plain import. */
async function installedVersion(name: string): Promise<string> {
  const folder = `/node_modules/${name}/`;
  const [before] = import.meta.resolve(name).split(folder);
  const text = await readFile(new URL(`${before}${folder}package.json`), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
