/** `twinspect data`: folders as people have them, brought into our layout and looked at. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dispatch } from '../../daemon/commands/dispatch.ts';
import { loadCommand, seats } from '../../daemon/commands/index.ts';
import { encodeDepthPng16, encodePng } from '../../drivers/image/png.ts';
import { diskFiles, listSamples } from '../../drivers/index.ts';
import { writeTiff } from '../drivers/image/tiff-writer.ts';
import { scene } from './scene.ts';

const [widthPx, heightPx] = [12, 10];
const pixels = widthPx * heightPx;
let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'twinspect-data-'));
  for (const folder of ['scans', 'clouds']) await mkdir(join(cwd, folder));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function data(...argv: string[]) {
  const it = scene({ cwd });
  const code = await dispatch(['data', ...argv], it, { seats, load: loadCommand });
  return { code, out: it.out.join('\n'), err: it.err.join('\n') };
}

/** mm of a part: a slope with one missing corner. */
const mmOf = (part: number): number[] => Array.from({ length: pixels }, (_, i) => (i === 0 ? 0 : 400 + part + i / 10));
const picture = (part: number): Promise<Uint8Array> =>
  encodePng(
    Uint8Array.from({ length: pixels * 3 }, (_, i) => (i * 7 + part) % 256),
    widthPx,
    heightPx,
  );

function npy(type: string, bytes: Buffer, shape: string, version = 1, columns = false): Buffer {
  const text = `{'descr': '${type}', 'fortran_order': ${columns ? 'True' : 'False'}, 'shape': (${shape}), }`;
  const head = version === 1 ? 10 : 12;
  const padded = `${text.padEnd(Math.ceil((head + text.length + 1) / 64) * 64 - head - 1)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...(version === 1 ? [0, 0] : [0, 0, 0, 0])]);
  if (version === 1) start.writeUInt16LE(padded.length, 8);
  else start.writeUInt32LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded), bytes]);
}
const floats = (values: readonly number[], bytes: 4 | 8, little = true): Buffer => {
  const buffer = Buffer.alloc(values.length * bytes);
  values.forEach((value, i) => {
    if (bytes === 8) buffer.writeDoubleLE(value, i * 8);
    else if (little) buffer.writeFloatLE(value, i * 4);
    else buffer.writeFloatBE(value, i * 4);
  });
  return buffer;
};
const xyz = (mm: readonly number[]): number[] => mm.flatMap((z, i) => [i % widthPx, Math.floor(i / widthPx), z]);
const plyHead = (format: string, type: string): string =>
  `ply\nformat ${format} 1.0\nobj_info num_cols ${widthPx}\nobj_info num_rows ${heightPx}\nelement vertex ${pixels}\n` +
  `${['x', 'y', 'z'].map((name) => `property ${type} ${name}\n`).join('')}end_header\n`;

const forms: Record<string, [string, (mm: number[]) => Promise<Uint8Array> | Uint8Array, string]> = {
  'npy float64, version 1, z in m': [
    'npy',
    (mm) =>
      npy(
        '<f8',
        floats(
          mm.map((z) => z / 1000),
          8,
        ),
        `${heightPx}, ${widthPx}`,
      ),
    'm',
  ],
  'npy float32, version 2, xyz': ['npy', (mm) => npy('<f4', floats(xyz(mm), 4), `${heightPx}, ${widthPx}, 3`, 2), 'mm'],
  'npy float32, big-endian': ['npy', (mm) => npy('>f4', floats(mm, 4, false), `${heightPx}, ${widthPx}`), 'mm'],
  'npy uint16 in tenths': [
    'npy',
    (mm) => npy('<u2', Buffer.from(Uint16Array.from(mm, (z) => Math.round(z * 10)).buffer), `${heightPx}, ${widthPx}`),
    '0.1',
  ],
  'ply ascii': [
    'ply',
    (mm) => Buffer.from(`${plyHead('ascii', 'float')}${mm.map((z, i) => `${i} 2 ${z}`).join('\n')}\n`),
    'mm',
  ],
  'ply binary, double': [
    'ply',
    (mm) => Buffer.concat([Buffer.from(plyHead('binary_little_endian', 'double')), floats(xyz(mm), 8)]),
    'mm',
  ],
  'ply, nan for missing': [
    'ply',
    (mm) => Buffer.from(`${plyHead('ascii', 'float')}${mm.map((z) => `1 2 ${z || 'nan'}`).join('\r\n')}`),
    'mm',
  ],
  'xyz TIFF in m': ['tiff', (mm) => writeTiff(xyz(mm.map((z) => z / 1000)), { widthPx, heightPx }), 'm'],
  '16-bit PNG in tenths': [
    'PNG',
    (mm) =>
      encodeDepthPng16(
        Uint16Array.from(mm, (z) => Math.round(z * 10)),
        widthPx,
        heightPx,
      ),
    '0.1',
  ],
};

test.each(Object.entries(forms))('import brings %s', async (_name, [ending, encode, unit]) => {
  for (const part of [0, 1]) {
    await writeFile(
      join(cwd, 'scans', `p${part}.JPG`),
      await sharp(Buffer.from(await picture(part)))
        .jpeg()
        .toBuffer(),
    );
    await writeFile(join(cwd, 'clouds', `p${part}.${ending}`), await encode(mmOf(part)));
  }
  await writeFile(join(cwd, 'scans/._p0.JPG'), 'x');
  await writeFile(join(cwd, 'scans/alone.png'), await picture(3));
  const { code, out, err } = await data(
    'import',
    '--rgb',
    'scans',
    '--depth',
    'clouds',
    '--unit',
    unit,
    '--out',
    'set',
  );
  expect(err).not.toContain('error');
  expect(code).toBe(0);
  expect(out).toContain('2 parts, depth to 412.90 mm in steps of 0.01 mm');
  expect(out).toContain(`left out, no partner of its name: ${join(cwd, 'scans/alone.png')}`);
  const samples = await listSamples(diskFiles, join(cwd, 'set'));
  expect(samples.map(({ id }) => id)).toEqual(['train/good/p0', 'train/good/p1']);
  const { depthMm, rgb } = await samples[1]!.load();
  expect(rgb).toHaveLength(pixels * 3);
  mmOf(1).forEach((mm, i) => {
    expect(depthMm[i]).toBeCloseTo(mm, 2);
  });
});

test('import writes over nothing, asks for the unit, and takes no missing reading for a distance', async () => {
  await writeFile(join(cwd, 'scans/a.png'), await picture(0));
  await writeFile(
    join(cwd, 'clouds/a.npy'),
    npy(
      '<f4',
      floats(
        mmOf(0).map((mm) => mm || 99_999),
        4,
      ),
      `${heightPx}, ${widthPx}`,
    ),
  );
  const call = ['import', '--rgb', 'scans', '--depth', 'clouds', '--out', 'set'];
  expect((await data(...call)).err).toContain('usage/missing: data import needs --unit');
  expect((await data(...call, '--unit', 'inch')).err).toContain('usage/value');
  expect((await data(...call, '--unit', 'mm')).err).toContain(
    'the farthest depth is 99999 mm, expected 65535 mm at the most',
  );
  expect(await readdir(cwd)).not.toContain('set');
  expect((await data(...call, '--unit', 'mm', '--no-reading', '99999')).code).toBe(0);
  expect((await data(...call, '--unit', 'mm', '--no-reading', '99999')).err).toContain('error file/exists');
});

test('import refuses by name what has lost its grid, is cut short or of another type', async () => {
  await writeFile(join(cwd, 'scans/a.png'), await picture(0));
  const refused: [string, Buffer, string][] = [
    ['a.ply', Buffer.from(plyHead('ascii', 'float').replace(/obj_info.*\n/g, '')), 'give the size with --grid'],
    [
      'a.ply',
      Buffer.from(plyHead('ascii', 'float').replace(`vertex ${pixels}`, 'vertex 7')),
      'it has 7 points, expected 12 x 10',
    ],
    ['a.ply', Buffer.from(plyHead('binary_big_endian', 'float')), 'its format is binary_big_endian'],
    ['a.ply', Buffer.from(plyHead('binary_little_endian', 'float')), 'it is truncated'],
    ['a.npy', npy('<f4', Buffer.alloc(8), `${heightPx}, ${widthPx}`), 'it is truncated'],
    ['a.npy', npy('<c8', Buffer.alloc(8), '2, 2'), 'its type is c8'],
    ['a.npy', npy('|u1', Buffer.alloc(pixels), `${heightPx}, ${widthPx}`), 'has 8 bit'],
    ['a.npy', npy('<f4', Buffer.alloc(8), '2'), 'its shape is (2), expected (height, width)'],
    ['a.npy', Buffer.from('no'), 'it is not a .npy file'],
    ['a.npy', npy('|O', Buffer.alloc(8), '2, 2'), "its type is '|O', expected one of u1, u2"],
    ['a.npy', npy('<f4', floats(mmOf(0), 4), `${heightPx}, ${widthPx}`, 1, true), 'its columns come first'],
    [
      'a.npy',
      npy(
        '<f4',
        floats(
          mmOf(0).map((mm, i) => (i === 9 ? -1 : mm)),
          4,
        ),
        `${heightPx}, ${widthPx}`,
      ),
      'a depth is -1 mm, expected above 0; a missing reading (--no-reading)?',
    ],
    ['a.npy', npy('<f4', Buffer.alloc(pixels * 4), `${heightPx}, ${widthPx}`), 'the depth is missing in every pixel'],
    [
      'a.ply',
      Buffer.from(
        `${plyHead('ascii', 'float')}${mmOf(0)
          .map((z, i) => `1 2 ${i === 7 ? '4O0' : z}`)
          .join('\n')}`,
      ),
      'the z of its point 7 is 4O0, expected a number',
    ],
  ];
  for (const [name, bytes, text] of refused) {
    await writeFile(join(cwd, 'clouds', name), bytes);
    const { code, err } = await data('import', '--rgb', 'scans', '--depth', 'clouds', '--unit', 'mm', '--out', 'set');
    expect(err).toContain(text);
    expect(code).toBe(1);
    await rm(join(cwd, 'clouds', name));
  }
});

test('import refuses a mask of no part or of another size, and warns of an odd unit', async () => {
  const call = ['import', '--rgb', 'scans', '--depth', 'clouds', '--out', 'set', '--gt', 'masks', '--unit'];
  await writeFile(join(cwd, 'scans/a.png'), await picture(0));
  await writeFile(join(cwd, 'clouds/a.npy'), npy('<f4', floats(mmOf(0), 4), `${heightPx}, ${widthPx}`));
  await mkdir(join(cwd, 'masks'));
  await writeFile(join(cwd, 'masks/a_mask.png'), await encodePng(new Uint8Array(pixels), widthPx, heightPx));
  expect((await data(...call, 'mm')).err).toContain('a_mask.png is the mask of no part');
  await rm(join(cwd, 'masks/a_mask.png'));
  await writeFile(join(cwd, 'masks/a.png'), await encodePng(new Uint8Array(4), 2, 2));
  expect((await data(...call, 'mm')).err).toContain('a.png is 2 x 2, expected 12 x 10 as its picture');
  await rm(join(cwd, 'set'), { recursive: true });
  await writeFile(join(cwd, 'masks/a.png'), await encodePng(new Uint8Array(pixels), widthPx, heightPx));
  const { code, err } = await data(...call, 'um');
  expect(err).toContain('warning: depth ends at 0.4119 mm, usual is 80 to 3000: is --unit right?');
  expect(code).toBe(0);
});

async function pairs(): Promise<void> {
  for (const [id, part] of [
    ['train/good/a', 0],
    ['train/good/b', 1],
    ['train/good/c', 2],
    ['test/dent/d', 3],
  ] as const) {
    const folder = join(cwd, 'set', id.slice(0, -2));
    for (const what of ['rgb', 'depth', 'gt']) await mkdir(join(folder, what), { recursive: true });
    await writeFile(join(folder, 'rgb', `${id.at(-1)}.png`), await picture(part));
    const units = Uint16Array.from(mmOf(part), (mm) => Math.round(mm * 100));
    await writeFile(join(folder, 'depth', `${id.at(-1)}.png`), await encodeDepthPng16(units, widthPx, heightPx));
    if (part === 3)
      await writeFile(
        join(folder, 'gt/d.png'),
        await encodePng(
          Uint8Array.from(units, (_, i) => (i < 9 ? 255 : 0)),
          widthPx,
          heightPx,
        ),
      );
    else await rm(join(folder, 'gt'), { recursive: true, force: true });
  }
  await writeFile(join(cwd, 'set/dataset.json'), '{"depthMmPerUnit":0.01}');
}

test('check says what is there, and exits with 0 where nothing looks wrong', async () => {
  await pairs();
  await writeFile(join(cwd, 'set/train/good/rgb/Thumbs.db'), 'x');
  const { code, out } = await data('check', 'set');
  expect(out).toMatch(/4 parts, 12 x 10\n.*train\/good +3\n.*test\/dent +1\n/);
  expect(out).toContain('0.8333 % of the pixels have no reading');
  expect(out).toContain('1 file is left out, no part of the data: Thumbs.db');
  expect(out).toContain('nothing looks wrong');
  expect(code).toBe(0);
});

test('check names everything that looks wrong at once, and exits with 1', async () => {
  await pairs();
  const at = (...path: string[]): string => join(cwd, 'set', ...path);
  await cp(at('train/good/rgb/a.png'), at('test/dent/rgb/copy.png'));
  await cp(at('train/good/depth/a.png'), at('test/dent/depth/copy.png'));
  await cp(at('test/dent/gt/d.png'), at('test/dent/gt/copy.png'));
  await cp(at('test/dent/rgb/d.png'), at('test/dent/rgb/empty.png'));
  await cp(at('test/dent/depth/d.png'), at('test/dent/depth/empty.png'));
  await writeFile(at('test/dent/gt/empty.png'), await encodePng(new Uint8Array(pixels), widthPx, heightPx));
  await rm(at('train/good/depth/b.png'));
  await cp(at('train/good'), at('train/Good'), { recursive: true });
  await rm(at('train/Good/rgb/b.png'));
  await writeFile(at('dataset.json'), '{"depthMmPerUnit":10}');
  const before = await readFile(at('dataset.json'), 'utf8');
  const { code, out } = await data('check', 'set', '--json');
  const found = JSON.parse(out) as { problems: { code: string; text: string }[] };
  const codes = found.problems.map((problem) => problem.code);
  expect(codes).toEqual(['dataset/partner', 'dataset/truth', 'dataset/unit', 'sharedPart', 'samePart', 'kindName']);
  expect(found.problems[3]!.text).toContain('test/dent/copy');
  expect(code).toBe(1);
  expect(await readFile(at('dataset.json'), 'utf8')).toBe(before);
});

test('check of what is no folder of parts says why', async () => {
  const { code, out } = await data('check', 'scans');
  expect(out).toContain('wrong dataset/layout: Cannot read');
  expect(code).toBe(1);
});
