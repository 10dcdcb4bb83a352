/** `twinspect teach` given bad parts or a full disk: named at once, and nothing that was there is lost. */
import { existsSync, symlinkSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTeachingFolder } from '../../daemon/commands/teaching-folder.ts';
import { writeWhole } from '../../daemon/write-whole.ts';
import { decodeDepthPng16, encodeDepthPng16, encodePng } from '../../drivers/image/png.ts';
import { depthUnitMm } from '../../drivers/synthetic/sensors.ts';
import { fail } from '../../errors.ts';
import { call, exported } from './exported.ts';

let folder: string;
const at = (...path: string[]): string => join(folder, ...path);
beforeAll(async () => {
  folder = await exported();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Write = (what: 'rgb' | 'depth', part: string, bytes: Promise<Uint8Array>) => Promise<void>;

/** Teaches on a copy of the parts that was changed; nothing may be left of the bundle. */
async function taughtOn(
  name: string,
  change: (write: Write, good: string) => Promise<void>,
  options = '--epochs 1',
): Promise<{ code: number; err: string }> {
  await cp(at('data'), at(name), { recursive: true });
  const good = at(name, 'train/good');
  await change(async (what, part, bytes) => writeFile(join(good, what, `${part}.png`), await bytes), good);
  const teach = `teach --teacher teacher.safetensors --out no@1 --data ${name} ${options}`;
  const { code, err } = await call(folder, teach);
  if (code !== 0) expect((await readdir(folder)).filter((each) => each.startsWith('no@1'))).toEqual([]);
  await rm(at('no@1'), { recursive: true, force: true });
  await rm(at('no@1.report.html'), { force: true });
  return { code, err };
}

const depth = (mm: number, side = 64) =>
  encodeDepthPng16(new Uint16Array(side * side).fill(mm / depthUnitMm), side, side);
const colour = (level: number, side = 64) => encodePng(new Uint8Array(3 * side * side).fill(level), side, side);
const names = ['000', '001', '002', '003', '004', '005', '006', '007'];

describe('refused before the first epoch, by name', () => {
  test('three images', async () => {
    const { code, err } = await taughtOn('three', async (_write, good) => {
      await rm(join(good, '../../validation'), { recursive: true });
      for (const part of names.slice(3)) for (const what of ['rgb', 'depth']) await rm(join(good, what, `${part}.png`));
    });
    expect(err).toContain('error teach/tooFew: Only 3 good parts, at least 10 are needed');
    expect(code).toBe(1);
  });

  test('no images', async () => {
    await mkdir(at('nothing'));
    const { code, err } = await call(folder, 'teach --out no@1 --data nothing');
    expect(err).toContain('error dataset/layout');
    expect(code).toBe(1);
  });

  test.each(['000', '005'])('one of another size among many: part %s is the odd one', async (odd) => {
    const { code, err } = await taughtOn(`odd-${odd}`, async (write) => {
      await write('rgb', odd, colour(90, 96));
      await write('depth', odd, depth(400, 96));
    });
    expect(err).toContain(`error image/size: train/good/${odd} is 96 x 96, expected 64 x 64 as the other 10 parts`);
    expect(code).toBe(1);
  });

  test('one held-out part of another size', async () => {
    const { err } = await taughtOn('odd-held', async (_write, good) => {
      const held = join(good, '../../validation/good');
      await writeFile(join(held, 'rgb/001.png'), await colour(90, 96));
      await writeFile(join(held, 'depth/001.png'), await depth(400, 96));
    });
    expect(err).toContain('error image/size: validation/good/001 is 96 x 96, expected 64 x 64');
  });

  test('depth without a reading, depth of one value, colour of one value', async () => {
    const some = await taughtOn('blank', async (write) => {
      await write('depth', '002', depth(0));
      await write('depth', '004', depth(400));
    });
    expect(some.err).toContain(
      'error teach/blank: Depth shows nothing in 2 of 11 good parts: train/good/002 (no reading), train/good/004 (',
    );
    expect(some.err).toMatch(/\(\d+(?:\.\d+)? mm everywhere\)/);
    const dark = await taughtOn('dark', (write) => write('rgb', '007', colour(17)));
    expect(dark.err).toContain(
      'teach/blank: Colour shows nothing in 1 of 11 good parts: train/good/007 (17,17,17 everywhere)',
    );
    expect([some.code, dark.code]).toEqual([1, 1]);
  });

  test('no depth at all is refused whatever is taught: height has nothing to be measured from', async () => {
    const blind = async (write: Write, good: string): Promise<void> => {
      await rm(join(good, '../../validation'), { recursive: true });
      for (const part of [...names, '008', '009']) {
        await write('depth', part, depth(0));
        if (part > '007') await cp(join(good, 'rgb/000.png'), join(good, `rgb/${part}.png`));
      }
    };
    const { code, err } = await taughtOn('blind', blind, '--modality rgb --epochs 1');
    expect(err).toContain('error teach/blank: Depth shows nothing in 10 of 10 good parts: train/good/000 (no reading)');
    expect(err).toMatch(/ and 5 more$/m);
    expect(code).toBe(1);
  });
});

test('a modality that is not taught may be blank, with a warning', async () => {
  const dark = async (write: Write): Promise<void> => {
    for (const part of names) await write('rgb', part, colour(17));
  };
  const { code, err } = await taughtOn('night', dark, '--modality depth --epochs 1');
  expect(err).toContain(
    'warning: colour shows nothing in 8 of 11 good parts, it is not taught: train/good/000 (17,17,17',
  );
  expect(code).toBe(0);
});

test('several folders are taught together, each part by its folder', async () => {
  const { code, err } = await taughtOn(
    'second',
    async (write) => {
      await write('rgb', '003', colour(90, 96));
      await write('depth', '003', depth(400, 96));
    },
    '--data data --epochs 1',
  );
  expect(err).toContain('image/size: 1:second/train/good/003 is 96 x 96, expected 64 x 64 as the other 21 parts');
  expect(code).toBe(1);
});

test('a missing reading written as 65535 is asked about, and noReading answers', async () => {
  const marked = async (_write: Write, good: string): Promise<void> => {
    for (const part of names) {
      const path = join(good, 'depth', `${part}.png`);
      const { widthPx, heightPx, units } = await decodeDepthPng16(await readFile(path), path);
      const holed = units.map((unit, i) => (i % 60 === 0 ? 65_535 : unit));
      await writeFile(path, await encodeDepthPng16(holed, widthPx, heightPx));
    }
  };
  const asked = await taughtOn('holed', marked);
  expect(asked.err).toMatch(
    /error dataset\/loneValue: .*holed: depth 65535 \(.* fills 1\.\d+ % of the pixels of 8 of 11 parts/,
  );
  expect(asked.code).toBe(1);
  const answered = await taughtOn('answered', async (write, good) => {
    await marked(write, good);
    const file = join(good, '../../dataset.json');
    await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), noReading: 65_535 }));
  });
  expect(answered.code).toBe(0);
});

test('colour profiles: taken as stored, warned of once; a picture that is to be turned is refused', async () => {
  const tag = (options: { orientation?: number }) => async (write: Write, good: string) => {
    for (const part of names) {
      const tagged = sharp(join(good, 'rgb', `${part}.png`))
        .withMetadata(options)
        .png()
        .toBuffer();
      await write('rgb', part, tagged);
    }
  };
  const { code, err } = await taughtOn('tagged', tag({}));
  expect(err.match(/^warning: .*train\/good\/rgb\/00\d\.png: the picture carries a colour profile/gm)).toHaveLength(1);
  expect(code).toBe(0);
  const turned = await taughtOn('turned', tag({ orientation: 6 }));
  expect(turned.err).toMatch(/error image\/turned: .*rgb\/00\d\.png is to be turned .* tag is 6, expected 1/);
  expect(turned.code).toBe(1);
});

describe('a full disk', () => {
  const begun = '--teacher teacher.safetensors --data data --out full@1 --epochs 2';
  const inside = () => readdir(at('full@1.teaching'));

  test('while a snapshot is written: said so; the one before stays, and teaching goes on from it', async () => {
    // What is written through this link ends as on a full disk; it is laid when the second epoch has begun.
    const link = at('full@1.teaching/snapshot.safetensors.partial');
    const told: string[] = [];
    const stderr = (line: string): void => {
      told.push(line);
      if (/epoch 2\/2/.test(line) && !existsSync(link)) symlinkSync('/dev/full', link);
    };
    let now = 0;
    const hurried = { nowMs: () => (now += 60_000), wallMs: () => 0, after: () => {} };
    const { code } = await call(folder, `teach ${begun}`, { stderr, clock: hurried });
    expect(code).toBe(1);
    expect(told.join('\n')).toContain(`file/unwritable: Cannot write ${link.replace('.partial', '')}: ENOSPC`);
    expect((await inside()).sort()).toEqual(['options.sha256', 'snapshot.safetensors']);
    expect(await readdir(folder)).not.toContain('full@1');

    const again = await call(folder, `teach ${begun}`, { clock: hurried });
    expect(again.code).toBe(0);
    expect(again.err).toContain('going on with an interrupted teaching');
    expect(again.err).not.toContain('epoch 1/2');
    const straight = await call(folder, `teach ${begun.replace('full@1', 'straight@1')}`);
    expect(straight.code).toBe(0);
    const student = (name: string) => readFile(at(name, 'student.onnx'));
    expect(await student('full@1')).toEqual(await student('straight@1'));
  });

  test('while the bundle is written: no half bundle, the snapshot stays, the same call finishes it', async () => {
    const bundle = new Map(['manifest.json', 'teacher.onnx', 'golden/a.rgb'].map((path) => [path, new Uint8Array(9)]));
    let room = 3;
    const write = async (path: string, bytes: Uint8Array | string): Promise<void> => {
      if (--room < 0) throw fail('file/unwritable', { path, cause: 'ENOSPC: no space left on device, write' });
      await writeWhole(path, bytes);
    };
    const out = at('small@1');
    const short = await openTeachingFolder(out, 'digest', write);
    await short.snapshots.save(new Uint8Array([1, 2, 3]));
    await expect(short.finish(bundle)).rejects.toMatchObject({ code: 'file/unwritable' });
    expect(await readdir(folder)).not.toContain('small@1');
    expect((await readdir(`${out}.teaching`)).sort()).toEqual(['options.sha256', 'snapshot.safetensors']);

    const roomy = await openTeachingFolder(out, 'digest');
    expect(roomy.resumed).toBe(true);
    expect(await roomy.snapshots.load()).toEqual(Buffer.from([1, 2, 3]));
    await roomy.finish(bundle);
    expect((await readdir(out)).sort()).toEqual(['golden', 'manifest.json', 'teacher.onnx']);
    expect(await readdir(folder)).not.toContain('small@1.teaching');
  });
});
