import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { diskFiles, noticing } from '../../../drivers/files.ts';
import { remarks } from '../../../drivers/image/colours.ts';
import {
  decodeDepthPng16,
  decodeMask,
  decodePng8,
  decodeRgb,
  decodeRgbPng,
  encodeDepthPng16,
  encodePng,
} from '../../../drivers/image/png.ts';
import { decodeXyzTiff } from '../../../drivers/image/tiff.ts';
import { readMask, readRgb } from '../../../drivers/replay/read-image.ts';
import { writeTiff } from './tiff-writer.ts';

const [widthPx, heightPx] = [8, 4];
/** Saturated, dark and in between: what a profile bends most. */
const rgb = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => (i * 37) % 256);
const raw = { raw: { width: widthPx, height: heightPx, channels: 3 as const } };
const plain = Buffer.from(await encodePng(rgb, widthPx, heightPx));
const depth = Buffer.from(await encodeDepthPng16(new Uint16Array(32).fill(40_000), widthPx, heightPx));

function chunk(name: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** After the header of 33 bytes, or before the last chunk of 12. */
function withChunk(png: Buffer, name: string, data: Uint8Array, where: 'before' | 'after' = 'before'): Buffer {
  const at = where === 'before' ? 33 : png.length - 12;
  return Buffer.concat([png.subarray(0, at), chunk(name, data), png.subarray(at)]);
}

const numbers = (...values: number[]): Buffer => {
  const data = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) data.writeUInt32BE(value, i * 4);
  return data;
};
const srgbPrimaries = numbers(31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000);
const wide = numbers(31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000);
/** A wide RGB profile that really bends colours: Display P3, as sharp carries it. */
const profile = (
  await sharp(rgb, raw)
    .png()
    .withIccProfile('p3')
    .toBuffer()
    .then((png) => sharp(png).metadata())
).icc!;
const iccp = Buffer.concat([Buffer.from('wide\0\0', 'latin1'), deflateSync(profile)]);

type Decode = (bytes: Uint8Array, path: string, noticed: (path: string, what: string) => void) => Promise<unknown>;

async function heard(decode: Decode, bytes: Uint8Array): Promise<{ found: unknown; said: string[] }> {
  const said: string[] = [];
  return { found: await decode(bytes, 'a.png', (path, what) => said.push(`${path}: ${what}`)), said };
}

test('the profile of this test bends pixels where it is applied', async () => {
  const applied = await sharp(withChunk(plain, 'iCCP', iccp))
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  expect(applied.some((value, i) => Math.abs(value - rgb[i]!) > 20)).toBe(true);
});

test.each<[string, Buffer, string[]]>([
  ['nothing', plain, []],
  ['a colour profile', withChunk(plain, 'iCCP', iccp), [remarks.profile]],
  ['sRGB', withChunk(plain, 'sRGB', Uint8Array.of(0)), []],
  ['the gamma of sRGB', withChunk(plain, 'gAMA', numbers(45_455)), []],
  ['gamma 1', withChunk(plain, 'gAMA', numbers(100_000)), [remarks.gamma]],
  ['the primaries of sRGB', withChunk(plain, 'cHRM', srgbPrimaries), []],
  ['wide primaries', withChunk(plain, 'cHRM', wide), [remarks.gamma]],
  ['HDR', withChunk(plain, 'cICP', Uint8Array.of(9, 16, 0, 1)), [remarks.gamma]],
  ['gamma 1, outranked', withChunk(withChunk(plain, 'sRGB', Uint8Array.of(0)), 'gAMA', numbers(100_000)), []],
])('a PNG that names %s: its pixels as they are stored', async (_name, png, remarked) => {
  for (const decode of [decodePng8, decodeRgbPng, decodeRgb]) {
    const { found, said } = await heard(decode, png);
    expect(found).toEqual({ widthPx, heightPx, channels: 3, pixels: rgb });
    expect(said).toEqual(remarked.map((what) => `a.png: ${what}`));
  }
});

test('depth and masks are taken as they are stored too', async () => {
  const bent = withChunk(depth, 'gAMA', numbers(100_000));
  const { found, said } = await heard(decodeDepthPng16, bent);
  expect((found as { units: Uint16Array }).units.every((unit) => unit === 40_000)).toBe(true);
  expect(said).toEqual([`a.png: ${remarks.gamma}`]);
  const mask = Buffer.from(await encodePng(Uint8Array.of(0, 1, 2, 0), 4, 1));
  const masked = await heard(decodeMask, withChunk(mask, 'gAMA', numbers(300_000)));
  expect([...(masked.found as { mask: Uint8Array }).mask]).toEqual([0, 1, 1, 0]);
});

test('palette, grey of one bit, alpha and a transparent colour: the values that are stored', async () => {
  const palette = await sharp(rgb, raw).png({ palette: true, colours: 256, dither: 0 }).toBuffer();
  const colours = await decodePng8(palette, 'palette.png');
  expect(colours.pixels.every((value, i) => Math.abs(value - rgb[i]!) <= 8)).toBe(true);
  const bent = await decodePng8(withChunk(palette, 'gAMA', numbers(100_000)), 'palette.png');
  expect(bent.pixels).toEqual(colours.pixels);
  // one bit a pixel, written by hand: 1 0 1 0 0 0 0 0
  const head = Buffer.concat([numbers(8, 1), Buffer.from([1, 0, 0, 0, 0])]);
  const bits = Buffer.concat([
    ...[plain.subarray(0, 8), chunk('IHDR', head), chunk('IDAT', deflateSync(Uint8Array.of(0, 0b10100000)))],
    chunk('IEND', Buffer.alloc(0)),
  ]);
  expect([...(await decodePng8(bits, 'bits.png')).pixels]).toEqual([255, 0, 255, 0, 0, 0, 0, 0]);
  const rgba = await sharp(Uint8Array.of(200, 100, 50, 3), { raw: { width: 1, height: 1, channels: 4 } })
    .png()
    .toBuffer();
  expect([...(await decodePng8(withChunk(rgba, 'iCCP', iccp), 'rgba.png')).pixels]).toEqual([200, 100, 50]);
  const keyed = withChunk(plain, 'tRNS', Uint8Array.of(0, rgb[0]!, 0, rgb[1]!, 0, rgb[2]!));
  expect((await decodePng8(keyed, 'keyed.png')).pixels).toEqual(rgb);
});

test('RGB of 16 bit is refused, with and without a profile', async () => {
  const deep = await sharp(rgb, raw).toColourspace('rgb16').png().toBuffer();
  expect((await sharp(deep).metadata()).depth).toBe('ushort');
  for (const png of [deep, withChunk(deep, 'iCCP', iccp)]) {
    await expect(decodeRgbPng(png, 'deep.png')).rejects.toThrow('deep.png: it has ushort samples, expected 8 bit');
  }
});

test('a JPEG and a TIFF with a profile decode as without it, and say so', async () => {
  for (const format of ['jpeg', 'tiff'] as const) {
    const bare = await sharp(rgb, raw).toFormat(format, { quality: 100 }).toBuffer();
    const tagged = await sharp(bare).toFormat(format, { quality: 100 }).keepMetadata().withIccProfile('p3').toBuffer();
    const kept = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
    const { found, said } = await heard(decodeRgb, tagged);
    expect((found as { pixels: Uint8Array }).pixels).toEqual(new Uint8Array(kept));
    expect(said).toEqual([`a.png: ${remarks.profile}`]);
    expect((await heard(decodeRgb, bare)).said).toEqual([]);
  }
});

test('a cut JPEG and a cut TIFF are refused; so is what is neither', async () => {
  const many = await sharp(
    new Uint8Array(300 * 300 * 3).map((_, i) => (i * i) % 251),
    {
      raw: { width: 300, height: 300, channels: 3 },
    },
  )
    .jpeg()
    .toBuffer();
  const tiff = await sharp(rgb, raw).tiff({ compression: 'none' }).toBuffer();
  for (const cut of [many.subarray(0, many.length >> 1), many.subarray(0, -4), tiff.subarray(0, 40)]) {
    await expect(decodeRgb(cut, 'cut')).rejects.toMatchObject({ code: 'image/unreadable' });
  }
  await expect(decodeRgb(await sharp(rgb, raw).webp().toBuffer(), 'a.webp')).rejects.toThrow('no PNG, JPEG or TIFF');
});

test('CMYK is refused by name', async () => {
  const cmyk = sharp(rgb, raw).toColourspace('cmyk');
  for (const bytes of [await cmyk.clone().jpeg().toBuffer(), await cmyk.clone().tiff().toBuffer()]) {
    await expect(decodeRgb(bytes, 'print.jpg')).rejects.toThrow('print.jpg has cmyk colours, expected grey or RGB');
  }
});

/** EXIF of one tag: the picture is to be turned by 90 degrees. */
const exif = Buffer.from('4d4d002a000000080001011200030000000100060000' + '00000000', 'hex');
const asText = (type: string): Buffer => {
  const digits = Buffer.concat([Buffer.from('Exif\0\0'), exif]).toString('hex');
  return Buffer.from(`\n${type}\n${String(6 + exif.length).padStart(8)}\n${digits}\n`);
};

test.each<[string, Buffer]>([
  ['in its own chunk', withChunk(plain, 'eXIf', exif)],
  ['after the pixels', withChunk(plain, 'eXIf', exif, 'after')],
  [
    'packed, as a text',
    withChunk(plain, 'zTXt', Buffer.concat([Buffer.from('Raw profile type exif\0\0'), deflateSync(asText('exif'))])),
  ],
  ['as a text', withChunk(plain, 'tEXt', Buffer.concat([Buffer.from('Raw profile type APP1\0'), asText('generic')]))],
  [
    'of a JPEG',
    await sharp(rgb, raw)
      .jpeg()
      .withExif({ IFD0: { Orientation: '6' } })
      .withMetadata({ orientation: 6 })
      .toBuffer(),
  ],
  ['of a TIFF', await sharp(rgb, raw).tiff().withMetadata({ orientation: 6 }).toBuffer()],
])('a turn in EXIF is refused by name: %s', async (_name, bytes) => {
  await expect(decodeRgb(bytes, 'turned')).rejects.toMatchObject({ code: 'image/turned' });
  await expect(decodeRgb(bytes, 'turned')).rejects.toThrow('turned is to be turned or mirrored');
});

test('a turn of depth, of a mask and of an xyz image is refused too; upright EXIF is not', async () => {
  await expect(decodeDepthPng16(withChunk(depth, 'eXIf', exif), 'd.png')).rejects.toMatchObject({
    code: 'image/turned',
  });
  await expect(decodeMask(withChunk(plain, 'eXIf', exif), 'm.png')).rejects.toMatchObject({ code: 'image/turned' });
  const xyz = writeTiff([0, 0, 0, 0, 0, 0], { widthPx: 2, heightPx: 1, tags: { 274: [3] } });
  expect(() => decodeXyzTiff(xyz, 'x.tiff')).toThrow('orientation tag is 3');
  for (const value of [0, 1]) {
    const level = Buffer.from(exif);
    level[19] = value;
    expect((await decodePng8(withChunk(plain, 'eXIf', level), 'a.png')).pixels).toEqual(rgb);
  }
  for (const cut of [0, 4, 9, 15]) await decodePng8(withChunk(plain, 'eXIf', exif.subarray(0, cut)), 'a.png');
});

test('a folder of tagged pictures is remarked upon once, with the first of them; masks too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'colours-'));
  try {
    const tagged = withChunk(plain, 'iCCP', iccp);
    for (const name of ['1', '2', '3']) writeFileSync(join(folder, name), tagged);
    const said: string[] = [];
    const files = noticing(diskFiles, (path, what) => said.push(`${path}: ${what}`));
    for (const name of ['1', '2']) expect((await readRgb(files, join(folder, name))).rgb).toEqual(rgb);
    await readMask(files, join(folder, '3'));
    expect(said).toEqual([`${join(folder, '1')}: ${remarks.profile}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
