/** What a power cut, a bad disk or a wrong right makes of a file. Random bytes are seeded. */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { seeded } from '../../models/random.ts';

export const damages: Readonly<Record<string, (path: string) => void>> = {
  missing: (path) => rmSync(path),
  empty: (path) => writeFileSync(path, ''),
  zeros: (path) => writeFileSync(path, new Uint8Array(readFileSync(path).length)),
  half: (path) => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
  },
  random: (path) => {
    const random = seeded(7);
    writeFileSync(
      path,
      Uint8Array.from(readFileSync(path), () => Math.floor(random.uniform() * 256)),
    );
  },
  unwritable: (path) => chmodSync(path, 0o444),
};
