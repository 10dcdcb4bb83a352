import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { diskFiles } from '../../../drivers/files.ts';
import { encodeDepthPng16, encodePng } from '../../../drivers/image/png.ts';
import { detectLayout, listSamples } from '../../../drivers/replay/layouts.ts';
import { exportSynthetic } from '../../../drivers/synthetic/export.ts';
import { renderPart } from '../../../drivers/synthetic/part.ts';
import { writeTiff } from '../image/tiff-writer.ts';
import { MemoryFiles } from './memory-files.ts';

const widthPx = 4;
const heightPx = 3;
const size = widthPx * heightPx;
const picture = (value: number): Promise<Uint8Array> =>
  encodePng(new Uint8Array(size * 3).fill(value), widthPx, heightPx);
const mask = (...marks: number[]): Promise<Uint8Array> =>
  encodePng(
    Uint8Array.from({ length: size }, (_, i) => marks[i] ?? 0),
    widthPx,
    heightPx,
  );
const depthPng = (first: number): Promise<Uint8Array> =>
  encodeDepthPng16(
    Uint16Array.from({ length: size }, (_, i) => (i === 1 ? 0 : first + i)),
    widthPx,
    heightPx,
  );

let files: MemoryFiles;
beforeEach(() => {
  files = new MemoryFiles();
});

describe('pairs', () => {
  const description = {
    depthMmPerUnit: 0.5,
    tiles: { 'train/good/000': [1, 7, 0, 0], 'train/good/001': [1, 7, 128, 0] },
    capturedAtMs: { 'train/good/001': 2500 },
    groups: { 'test/dent/000': 'dent/7' },
    severity: { 'test/dent/000': 'faint' },
  };
  const write = async (): Promise<void> => {
    await files.write('set/dataset.json', JSON.stringify(description));
    for (const name of ['000', '001']) {
      await files.write(`set/train/good/rgb/${name}.png`, await picture(10));
      await files.write(`set/train/good/depth/${name}.png`, await depthPng(800));
    }
    for (const kind of ['good', 'dent']) {
      await files.write(`set/test/${kind}/rgb/000.png`, await picture(20));
      await files.write(`set/test/${kind}/depth/000.png`, await depthPng(900));
      await files.write(`set/test/${kind}/gt/000.png`, await mask(0, 0, kind === 'dent' ? 3 : 0));
    }
  };

  it('are found, listed and loaded', async () => {
    await write();
    expect(await detectLayout(files, 'set')).toBe('pairs');
    const samples = await listSamples(files, 'set');
    expect(samples.map(({ id, split, kind, group, capturedAtMs }) => [id, split, kind, group, capturedAtMs])).toEqual([
      ['train/good/000', 'train', 'good', '1/7', null],
      ['train/good/001', 'train', 'good', '1/7', 2500],
      ['test/dent/000', 'test', 'dent', 'dent/7', null],
      ['test/good/000', 'test', 'good', 'test/good/000', null],
    ]);
    expect(samples.map(({ severity }) => severity)).toEqual([null, null, 'faint', null]);
    const dent = await samples[2]!.load();
    expect(dent).toMatchObject({ widthPx, heightPx, rgb: new Uint8Array(size * 3).fill(20) });
    expect([...dent.depthMm.subarray(0, 3)]).toEqual([450, 0, 451]);
    expect([...dent.truth!.subarray(0, 4)]).toEqual([0, 0, 1, 0]);
    expect((await samples[0]!.load()).truth).toBeNull();
  });

  it('open no image while listing', async () => {
    await write();
    await listSamples(files, 'set');
    expect(files.reads).toEqual(['set/dataset.json']);
  });

  it('may be a plain folder of good parts', async () => {
    await files.write('plain/dataset.json', '{"depthMmPerUnit":1}');
    await files.write('plain/rgb/a.png', await picture(1));
    await files.write('plain/depth/a.png', await depthPng(700));
    const [sample, ...rest] = await listSamples(files, 'plain');
    expect(rest).toEqual([]);
    expect(sample).toMatchObject({ id: 'train/good/a', split: 'train', kind: 'good' });
    expect((await sample!.load()).depthMm[0]).toBe(700);
  });

  it('name a missing partner, from either side, and a missing truth', async () => {
    await write();
    files.contents.delete('set/train/good/depth/000.png');
    files.contents.delete('set/train/good/rgb/001.png');
    files.contents.delete('set/test/good/gt/000.png');
    await files.write('set/test/dent/rgb/001.png', await picture(1));
    await files.write('set/test/dent/depth/001.png', await depthPng(1));
    const samples = await listSamples(files, 'set');
    const load = (id: string): Promise<unknown> => samples.find((sample) => sample.id === id)!.load();
    await expect(load('train/good/000')).rejects.toThrow(
      'set/train/good/depth/000.png is missing; set/train/good/rgb/000.png has no partner',
    );
    await expect(load('train/good/001')).rejects.toMatchObject({
      code: 'dataset/partner',
      values: { path: 'set/train/good/rgb/001.png' },
    });
    await expect(load('test/dent/001')).rejects.toThrow('set/test/dent/gt/001.png is missing');
    expect(await load('test/good/000')).toMatchObject({ truth: null });
  });

  it('name partners of another size and truncated files', async () => {
    await write();
    await files.write('set/train/good/depth/000.png', await encodeDepthPng16(new Uint16Array(20), 5, 4));
    await files.write('set/train/good/rgb/001.png', (await picture(9)).subarray(0, 50));
    await files.write('set/test/dent/gt/000.png', await encodePng(new Uint8Array(6).fill(255), 3, 2));
    const [first, second, dent] = await listSamples(files, 'set');
    await expect(first!.load()).rejects.toThrow(
      'set/train/good/depth/000.png is 5 x 4, expected 4 x 3 as set/train/good/rgb/000.png',
    );
    await expect(second!.load()).rejects.toMatchObject({
      code: 'image/unreadable',
      values: { path: 'set/train/good/rgb/001.png' },
    });
    await expect(dent!.load()).rejects.toThrow('set/test/dent/gt/000.png is 3 x 2');
  });

  it.each([
    ['{}', 'depthMmPerUnit is missing, expected mm per unit'],
    ['{"depthMmPerUnit":"1"}', 'depthMmPerUnit is "1", expected mm per unit'],
    ['{"depthMmPerUnit":-1}', 'depthMmPerUnit is -1, expected mm per unit'],
    ['{"depthMmPerUnit":', 'expected JSON'],
    ['null', 'the file is null, expected an object'],
  ])('never guess the unit: %s', async (text, problem) => {
    await write();
    await files.write('set/dataset.json', text);
    await expect(listSamples(files, 'set')).rejects.toThrow(problem);
  });

  it('ask for the description where it is missing', async () => {
    await write();
    files.contents.delete('set/dataset.json');
    await expect(listSamples(files, 'set')).rejects.toThrow('set/dataset.json: the file is missing');
  });
});

describe('MVTec 3D-AD', () => {
  const xyz = (): Uint8Array => {
    // x, y, z in metres; the second point has no reading
    const values = Array.from({ length: size }, (_, i) => (i === 1 ? [0, 0, 0] : [0.1, 0.2, 0.4 + i / 1000])).flat();
    return writeTiff(values, { widthPx, heightPx, rowsPerStrip: 1 });
  };
  beforeEach(async () => {
    for (const folder of ['train/good', 'validation/good', 'test/good', 'test/hole']) {
      await files.write(`tire/${folder}/rgb/000.png`, await picture(30));
      await files.write(`tire/${folder}/xyz/000.tiff`, xyz());
    }
    await files.write('tire/test/good/gt/000.png', await mask());
    await files.write('tire/test/hole/gt/000.png', await mask(253, 0, 255));
    await files.write('tire/calibration/camera_parameters.json', '{}');
  });

  it('is found, listed and loaded: z in mm, 0 = no reading, any class is defect', async () => {
    expect(await detectLayout(files, 'tire')).toBe('mvtec3d');
    const samples = await listSamples(files, 'tire');
    expect(samples.map(({ id }) => id)).toEqual([
      'train/good/000',
      'validation/good/000',
      'test/good/000',
      'test/hole/000',
    ]);
    const hole = await samples[3]!.load();
    expect(hole.depthMm[0]).toBeCloseTo(400, 3);
    expect(hole.depthMm[1]).toBe(0);
    expect(hole.depthMm[2]).toBeCloseTo(402, 3);
    expect([...hole.truth!.subarray(0, 4)]).toEqual([1, 0, 1, 0]);
    expect((await samples[0]!.load()).truth).toBeNull();
    expect((await samples[2]!.load()).truth).toEqual(new Uint8Array(size));
  });

  it('names what is missing or truncated', async () => {
    await files.write('tire/train/good/xyz/read-me.txt', 'its only image is gone');
    files.contents.delete('tire/train/good/xyz/000.tiff');
    files.contents.delete('tire/test/hole/gt/000.png');
    await files.write('tire/validation/good/xyz/000.tiff', xyz().subarray(0, 200));
    const [train, validation, , hole] = await listSamples(files, 'tire');
    await expect(train!.load()).rejects.toThrow('tire/train/good/xyz/000.tiff is missing');
    await expect(validation!.load()).rejects.toThrow(
      'Cannot decode tire/validation/good/xyz/000.tiff: it is truncated',
    );
    await expect(hole!.load()).rejects.toThrow('tire/test/hole/gt/000.png is missing');
  });

  it('is one category: of a folder of them it says which to choose', async () => {
    for (const [path, bytes] of [...files.contents]) await files.write(`all/${path}`, bytes);
    await expect(listSamples(files, 'all')).rejects.toThrow('it holds several sets; choose one, as all/tire');
  });
});

describe('Eyecandies', () => {
  const write = async (folder: string, number: string, masks: Record<string, Uint8Array> = {}): Promise<void> => {
    const base = `lollipop/${folder}/data/${number}`;
    await files.write(`${base}_image_4.png`, await picture(40));
    await files.write(`${base}_image_0.png`, await picture(99));
    const units = Uint16Array.from({ length: size }, (_, i) => (i === 0 ? 0 : i === 1 ? 65535 : 32768));
    await files.write(`${base}_depth.png`, await encodeDepthPng16(units, widthPx, heightPx));
    await files.write(`${base}_info_depth.yaml`, 'normalization:\n  max: 1.5\n  min: 0.5\n');
    for (const what of ['mask', 'bumps_mask', 'dents_mask', 'colors_mask', 'normals_mask']) {
      await files.write(`${base}_${what}.png`, masks[what] ?? (await mask()));
    }
  };

  it('is found, listed by its masks and loaded in mm', async () => {
    const marked = await mask(0, 255);
    await write('train', '000');
    await write('val', '00');
    await write('test_public', '00');
    await write('test_public', '01', { mask: marked, dents_mask: marked });
    await write('test_public', '02', { mask: marked, dents_mask: marked, colors_mask: marked });
    await write('test_private', '000');
    expect(await detectLayout(files, 'lollipop')).toBe('eyecandies');
    const samples = await listSamples(files, 'lollipop');
    expect(samples.map(({ id }) => id)).toEqual([
      'train/good/000',
      'validation/good/00',
      'test/good/00',
      'test/dents/01',
      'test/combined/02',
    ]);
    const dents = await samples[3]!.load();
    expect(dents.rgb[0]).toBe(40);
    expect(dents.depthMm[0]).toBe(500);
    expect(dents.depthMm[1]).toBe(1500);
    expect(dents.depthMm[2]).toBeCloseTo(500 + (1000 * 32768) / 65535, 3);
    expect([...dents.truth!.subarray(0, 3)]).toEqual([0, 1, 0]);
  });

  it('reads the range in flow style and with exponents, and refuses what is none', async () => {
    await write('train', '000');
    const path = 'lollipop/train/data/000_info_depth.yaml';
    const [sample] = await listSamples(files, 'lollipop');
    await files.write(path, 'normalization: {min: 5.0e-1, max: 1.0}\n');
    expect((await sample!.load()).depthMm[1]).toBe(1000);
    for (const [text, problem] of [
      ['normalization:\n  max: 1.5\n', 'normalization.min is missing, expected metres'],
      ['normalization:\n  max: far\n  min: 0\n', 'normalization.max is far, expected metres'],
      ['normalization:\n  max: 1\n  min: 2\n', 'normalization.max is 1, expected more than min (2)'],
    ] as const) {
      await files.write(path, text);
      await expect(sample!.load()).rejects.toThrow(problem);
    }
  });

  it('names a missing partner', async () => {
    await write('train', '000');
    await write('train', '001');
    files.contents.delete('lollipop/train/data/001_info_depth.yaml');
    const [, second] = await listSamples(files, 'lollipop');
    await expect(second!.load()).rejects.toThrow('lollipop/train/data/001_info_depth.yaml is missing');
  });
});

describe('a folder that fits no layout', () => {
  it('says what it holds and what is read', async () => {
    await files.write('odd/notes.txt', 'x');
    await expect(listSamples(files, 'odd')).rejects.toThrow(
      'Cannot read odd as recorded parts: no layout fits (mvtec3d, eyecandies, pairs); it holds notes.txt',
    );
    await expect(listSamples(files, 'nowhere')).rejects.toThrow('there is no such folder');
  });

  it('has no parts in a layout it is said to have', async () => {
    await files.write('odd/notes.txt', 'x');
    await expect(listSamples(files, 'odd', 'mvtec3d')).rejects.toThrow('it has no parts in layout mvtec3d');
  });
});

describe('on the disk', () => {
  it('an exported synthetic set comes back bit by bit', async () => {
    const root = await mkdtemp(join(tmpdir(), 'twinspect-layouts-'));
    try {
      const grid = { widthPx: 64, heightPx: 48 };
      const progress: string[] = [];
      const parts = await exportSynthetic(
        async (path, bytes) => {
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, bytes);
        },
        {
          dir: join(root, 'set'),
          seed: 5,
          train: 2,
          validation: 1,
          testGood: 1,
          testPerKind: 1,
          kinds: ['dent', 'crack'],
          grid,
          onPart: (done, total) => progress.push(`${done}/${total}`),
        },
      );
      expect(parts).toBe(6);
      expect(progress.at(-1)).toBe('6/6');
      await symlink(join(root, 'set'), join(root, 'linked'));
      const samples = await listSamples(diskFiles, join(root, 'linked'));
      expect(samples.map(({ id }) => id)).toEqual([
        'train/good/000',
        'train/good/001',
        'validation/good/000',
        'test/crack/000',
        'test/dent/000',
        'test/good/000',
      ]);
      const crack = await samples[3]!.load();
      const rendered = renderPart({ seed: 5, part: 6, defect: { kind: 'crack', severity: 0.65 }, grid });
      expect(crack.rgb).toEqual(rendered.rgb);
      expect(crack.depthMm).toEqual(rendered.depthMm);
      expect(crack.truth).toEqual(rendered.truth);
      expect(crack.truth!.includes(1)).toBe(true);
      expect(await diskFiles.list(join(root, 'set', 'dataset.json'))).toBeNull();
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

const road = fileURLToPath(new URL('../../../../shared/data/road-surface', import.meta.url));
const roadThere = (await diskFiles.list(road)) !== null;

describe.skipIf(!roadThere)('the recorded road surface (skipped where it is not there)', () => {
  it('has its counts, groups, sizes and truth', async () => {
    const samples = await listSamples(diskFiles, road);
    const counts: Record<string, number> = {};
    for (const { split, kind } of samples) counts[`${split}/${kind}`] = (counts[`${split}/${kind}`] ?? 0) + 1;
    expect(counts).toEqual({ 'train/good': 102, 'validation/good': 15, 'test/good': 42, 'test/pothole': 30 });
    const groups = (split: string): Set<string> =>
      new Set(samples.filter((sample) => sample.split === split).map(({ group }) => group));
    expect([...groups('train')].filter((group) => groups('test').has(group))).toEqual([]);
    const pothole = await samples.find(({ kind }) => kind === 'pothole')!.load();
    expect([pothole.widthPx, pothole.heightPx]).toEqual([256, 256]);
    expect(pothole.truth!.includes(1)).toBe(true);
  });
});
