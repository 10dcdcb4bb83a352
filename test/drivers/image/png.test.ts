import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  decodeDepthPng16,
  decodeMask,
  decodePng8,
  decodeRgbPng,
  encodeDepthPng16,
  encodePng,
  resizeRgb,
} from '../../../drivers/image/png.ts';

const widthPx = 37;
const heightPx = 23;
const ramp = (length: number, step: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * step) % 256);
const grey = ramp(widthPx * heightPx, 7);
const rgb = ramp(widthPx * heightPx * 3, 13);
const depth = Uint16Array.from({ length: widthPx * heightPx }, (_, i) => (i * 7919) % 65536);

describe('PNG', () => {
  it('keeps 8-bit grey and RGB exactly', async () => {
    const greyBack = await decodePng8(await encodePng(grey, widthPx, heightPx), 'grey.png');
    expect(greyBack).toEqual({ widthPx, heightPx, channels: 1, pixels: grey });
    const rgbBack = await decodePng8(await encodePng(rgb, widthPx, heightPx), 'rgb.png');
    expect(rgbBack).toEqual({ widthPx, heightPx, channels: 3, pixels: rgb });
  });

  it('keeps 16-bit depth exactly over its whole range', async () => {
    const back = await decodeDepthPng16(await encodeDepthPng16(depth, widthPx, heightPx), 'depth.png');
    expect(back).toEqual({ widthPx, heightPx, units: depth });
  });

  it('spreads a grey picture over RGB and drops alpha', async () => {
    const spread = await decodeRgbPng(await encodePng(grey, widthPx, heightPx), 'grey.png');
    expect([...spread.pixels.subarray(3, 9)]).toEqual([7, 7, 7, 14, 14, 14]);
    const rgba = await sharp(Uint8Array.of(10, 20, 30, 0, 40, 50, 60, 255), {
      raw: { width: 2, height: 1, channels: 4 },
    })
      .png()
      .toBuffer();
    const opaque = await decodePng8(rgba, 'rgba.png');
    expect(opaque).toEqual({ widthPx: 2, heightPx: 1, channels: 3, pixels: Uint8Array.of(10, 20, 30, 40, 50, 60) });
  });

  it('takes any value above 0 as mask: datasets put the class there', async () => {
    const classes = Uint8Array.of(0, 1, 253, 255);
    const { mask } = await decodeMask(await encodePng(classes, 4, 1), 'gt.png');
    expect([...mask]).toEqual([0, 1, 1, 1]);
  });

  it.each([0, 5, 20, 60, 200, -30, -13, -6, -1])('refuses a file cut at byte %d', async (cut) => {
    for (const [name, bytes] of [
      ['rgb', await encodePng(rgb, widthPx, heightPx)],
      ['depth', await encodeDepthPng16(depth, widthPx, heightPx)],
    ] as const) {
      const decode = name === 'rgb' ? decodePng8 : decodeDepthPng16;
      await expect(
        decode(bytes.subarray(0, cut < 0 ? bytes.length + cut : cut), `some/${name}.png`),
      ).rejects.toMatchObject({
        code: 'image/unreadable',
        values: { path: `some/${name}.png` },
      });
    }
  });

  it('refuses a file damaged inside', async () => {
    const bytes = Uint8Array.from(await encodePng(rgb, widthPx, heightPx));
    bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 40);
    await expect(decodePng8(bytes, 'damaged.png')).rejects.toMatchObject({ code: 'image/unreadable' });
  });

  it('refuses the other bit depth, which would look plausible', async () => {
    await expect(decodePng8(await encodeDepthPng16(depth, widthPx, heightPx), 'd.png')).rejects.toThrow(/8 bit/);
    await expect(decodeDepthPng16(await encodePng(grey, widthPx, heightPx), 'g.png')).rejects.toThrow(/16 bit/);
  });

  it('refuses what is no PNG', async () => {
    const jpeg = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
      .jpeg()
      .toBuffer();
    await expect(decodePng8(jpeg, 'a.png')).rejects.toThrow('Cannot decode a.png: it is not a PNG');
  });

  it('resizes by nearest and by area', async () => {
    const two = Uint8Array.of(0, 0, 0, 200, 200, 200);
    const near = await resizeRgb(two, { widthPx: 2, heightPx: 1 }, { widthPx: 4, heightPx: 1 }, 'nearest');
    expect([...near]).toEqual([0, 0, 0, 0, 0, 0, 200, 200, 200, 200, 200, 200]);
    const stripes = Uint8Array.from({ length: 64 * 3 }, (_, i) => (Math.floor(i / 3) % 2 ? 200 : 0));
    const small = await resizeRgb(stripes, { widthPx: 64, heightPx: 1 }, { widthPx: 4, heightPx: 1 }, 'area');
    for (const value of small) expect(Math.abs(value - 100)).toBeLessThanOrEqual(15);
  });
});
