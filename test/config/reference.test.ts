import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../config/load.ts';
import { configReference } from '../../config/reference.ts';
import { environmentName, keys } from '../../config/schema.ts';

test('docs/config.md is what "twinspect config doc" prints', () => {
  expect(readFileSync('docs/config.md', 'utf8')).toBe(configReference());
});

test('every key is documented: sentence, unit where its name has one, a variable of its own', () => {
  const units: Record<string, string> = { Ms: 'ms', Us: 'us', S: 's', Mb: 'MB' };
  for (const [path, key] of keys) {
    expect(key.doc, path).toMatch(/^[A-Z].*\.$/s);
    const suffix = /(Ms|Us|Mb|[a-z]S)$/.exec(path)?.[0].replace(/^[a-z](?=S$)/, '');
    if (suffix !== undefined) expect(key.unit, path).toBe(units[suffix]);
  }
  expect(new Set([...keys.keys()].map(environmentName)).size).toBe(keys.size);
});

describe('examples', () => {
  const folder = 'config/examples';
  test.each(readdirSync(folder))('%s is valid', async (name) => {
    const loaded = await loadConfig({
      file: `${folder}/${name}`,
      env: {},
      readFile: async (path) => readFileSync(path, 'utf8'),
    });
    expect([...loaded.sources.values()]).toContain('file');
  });

  test('the first run written out is the first run', async () => {
    const readFile = async (path: string) => readFileSync(path, 'utf8');
    const written = await loadConfig({ file: `${folder}/first-run.yaml`, env: {}, readFile });
    const embedded = await loadConfig({ file: null, env: {}, readFile });
    expect(written.config).toEqual(embedded.config);
  });
});
