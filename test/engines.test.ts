import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

type Version = readonly [number, number, number];

interface Locked {
  readonly os?: readonly string[];
  readonly engines?: { readonly node?: string };
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };

function versionOf(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number);
  return [major, minor, patch];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Whether a version is in a range as package.json writes them; throws at a form that none of ours has today. */
function isIn(version: Version, range: string): boolean {
  return range.split('||').some((alternative) => {
    const comparators = alternative
      .replaceAll(/([<>=^~]) +/g, '$1')
      .trim()
      .split(/ +/);
    return comparators.every((comparator) => {
      if (comparator === '*' || comparator === '') return true;
      const [, sign, number] = /^(>=|\^|<)?(\d+(?:\.\d+){0,2})(?:\.x)?$/.exec(comparator) ?? [];
      if (number === undefined) throw new Error(`a range of engines in a form not known: ${range}`);
      const bound = versionOf(number);
      if (sign === '<') return compare(version, bound) < 0;
      if (sign === '>=') return compare(version, bound) >= 0;
      return version[0] === bound[0] && compare(version, bound) >= 0;
    });
  });
}

/** What `npm ci` warns of under this version of Node on Linux. */
function warnedOf(version: string): string[] {
  return Object.entries(lock.packages)
    .filter(([, { os }]) => os === undefined || os.includes('linux'))
    .filter(([, { engines }]) => engines?.node !== undefined && !isIn(versionOf(version), engines.node))
    .map(([path]) => path);
}

test.each(['22.13.0', '22.23.5', '24.0.0', '24.22.3', '26.0.0', '26.12.1'])(
  'npm ci warns of nothing under Node %s',
  (version) => {
    expect(warnedOf(version)).toEqual([]);
  },
);

test.each(['20.20.2', '22.12.0', '23.11.1', '25.9.0'])(
  'and does under Node %s, which runs it all the same',
  (version) => {
    expect(warnedOf(version)).not.toEqual([]);
    expect(warnedOf(version)).not.toContain('');
  },
);

test('README names these versions', () => {
  const text = readFileSync('README.md', 'utf8').replaceAll(/\s+/g, ' ');
  expect(text).toContain('Under Node 20, 21, 22 before 22.13, 23 and 25 `npm ci` prints engine warnings');
  expect(text).toContain('Under 22.13 and later, 24 and 26 there are none');
});
