import { describe, expect, test } from 'vitest';
import { parseFeatures } from '../../../drivers/aravis/feature-list.ts';
import { formatName, type PixelFormat, pixelFormats, toRgb } from '../../../drivers/aravis/pixel-formats.ts';
import { presetNames, presets } from '../../../drivers/aravis/presets/index.ts';
import { type Doubt, depthDecoder, depthScaleOf, type Scan3dFacts } from '../../../drivers/aravis/scan3d.ts';
import { checkAravis } from '../../../drivers/aravis/settings.ts';

const format = (name: string): PixelFormat => pixelFormats.find((each) => each.name === name)!;

describe('images', () => {
  const rgbOf = (name: string, data: number[], widthPx: number, pixels: number): number[] => {
    const out = new Uint8Array(3 * pixels);
    toRgb(format(name), Uint8Array.from(data), widthPx, out);
    return [...out];
  };

  test('grey of any depth, and colour in either order', () => {
    expect(rgbOf('Mono8', [7, 200], 2, 2)).toEqual([7, 7, 7, 200, 200, 200]);
    expect(rgbOf('Mono16', [0xff, 0x12], 1, 1)).toEqual([0x12, 0x12, 0x12]);
    expect(rgbOf('Mono12', [0xff, 0x0f], 1, 1)).toEqual([255, 255, 255]);
    expect(rgbOf('Mono10', [0xff, 0x03], 1, 1)).toEqual([255, 255, 255]);
    // Bits above what the format has are a broken camera, not a dark pixel.
    expect(rgbOf('Mono10', [0xff, 0xff], 1, 1)).toEqual([255, 255, 255]);
    expect(rgbOf('RGB8', [1, 2, 3], 1, 1)).toEqual([1, 2, 3]);
    expect(rgbOf('BGR8', [1, 2, 3], 1, 1)).toEqual([3, 2, 1]);
  });

  test('a mosaic of one colour is that colour everywhere, borders too', () => {
    const mosaic = Array.from({ length: 6 * 4 }, (_, at) => {
      const [row, column] = [Math.floor(at / 6) % 2, at % 2];
      return row === 0 ? (column === 0 ? 200 : 100) : column === 0 ? 100 : 50;
    });
    const rgb = rgbOf('BayerRG8', mosaic, 6, 24);
    for (let at = 0; at < rgb.length; at += 3) expect(rgb.slice(at, at + 3)).toEqual([200, 100, 50]);
  });

  test('codes have names, unknown ones their number', () => {
    expect(formatName(0x011000b8)).toBe('Coord3D_C16');
    expect(formatName(0x01100025)).toBe('0x01100025');
    expect(new Set(pixelFormats.map(({ code }) => code)).size).toBe(pixelFormats.length);
    // Bits of a pixel stand in the code.
    for (const { code, bytesPerPx, name } of pixelFormats) {
      const bits = (code >>> 16) & 0xff;
      expect(Math.ceil(bits / 8), name).toBe(bytesPerPx);
    }
  });
});

describe('depth', () => {
  const silent: Scan3dFacts = {
    ...{ coordinateScale: null, coordinateOffset: null, invalidFlag: null, invalidValue: null },
    ...{ distanceUnit: null, outputMode: null },
  };
  const words = (...values: number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);
  const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
  const mmOf = (
    name: string,
    data: Uint8Array,
    facts: Partial<Scan3dFacts>,
    pixels: number,
    doubt: Doubt | null = null,
  ): number[] => {
    const out = new Float32Array(pixels);
    depthDecoder(format(name), depthScaleOf('cam', format(name), { ...silent, ...facts }))(data, doubt, out);
    return [...out];
  };

  test('a camera that says nothing counts millimetres, and 0 is no reading', () => {
    expect(mmOf('Coord3D_C16', words(0, 500), {}, 2)).toEqual([Number.NaN, 500]);
    expect(mmOf('Coord3D_C32f', floats(Number.NaN, 500.5, -3, Number.POSITIVE_INFINITY), {}, 4)).toEqual([
      ...[Number.NaN, 500.5, Number.NaN, Number.NaN],
    ]);
  });

  test('scale, offset, invalid value and unit are the camera own', () => {
    const facts = { coordinateScale: 0.5, coordinateOffset: 100, invalidFlag: true, invalidValue: 65_535 };
    // 0 is a reading then: the offset alone.
    expect(mmOf('Coord3D_C16', words(0, 10, 65_535), facts, 3)).toEqual([100, 105, Number.NaN]);
    expect(mmOf('Coord3D_C16', words(4), { coordinateScale: 0.25, distanceUnit: 'Meter' }, 1)).toEqual([1000]);
    expect(mmOf('Coord3D_C32f', floats(3), { distanceUnit: 'Inch' }, 1)[0]).toBeCloseTo(76.2, 4);
    // The flag decides whether the value counts.
    expect(mmOf('Coord3D_C32f', floats(7), { invalidFlag: false, invalidValue: 7 }, 1)).toEqual([7]);
  });

  test('of three coordinates the last, at any alignment', () => {
    expect(mmOf('Coord3D_ABC32f', floats(1, 2, 3, 4, 5, 6), {}, 2)).toEqual([3, 6]);
    expect(mmOf('Coord3D_ABC16', words(1, 2, 3, 4, 5, 6), {}, 2)).toEqual([3, 6]);
    const odd = new Uint8Array(5);
    odd.set(words(500), 1);
    expect(mmOf('Coord3D_C16', odd.subarray(1, 3), {}, 1)).toEqual([500]);
  });

  test('what is no distance is refused', () => {
    const scaleOf = (facts: Partial<Scan3dFacts>) => () =>
      depthScaleOf('cam', format('Coord3D_C16'), { ...silent, ...facts });
    expect(scaleOf({ distanceUnit: 'Pixel' })).toThrow('Scan3dDistanceUnit is Pixel, expected Millimeter');
    expect(scaleOf({ outputMode: 'DisparityC' })).toThrow('Scan3dOutputMode is DisparityC, expected a distance');
    expect(scaleOf({ coordinateScale: 0 })).toThrow('Scan3dCoordinateScale is 0');
    expect(scaleOf({ coordinateOffset: Number.NaN })).toThrow('Scan3dCoordinateOffset is NaN');
  });

  test('what the camera does not believe is no reading', () => {
    const bytes = { format: format('Confidence8'), data: Uint8Array.from([0, 10, 9]), least: 10 };
    const wide = { format: format('Confidence16'), data: words(300, 256, 255), least: 256 };
    const odd = { ...wide, data: Uint8Array.from([7, ...wide.data]).subarray(1) };
    expect(mmOf('Coord3D_C16', words(1, 2, 3), {}, 3, bytes)).toEqual([Number.NaN, 2, Number.NaN]);
    for (const doubt of [wide, odd]) {
      expect(mmOf('Coord3D_C16', words(1, 2, 3), {}, 3, doubt)).toEqual([1, 2, Number.NaN]);
      expect(mmOf('Coord3D_ABC32f', floats(9, 9, 1, 9, 9, 2, 9, 9, 3), {}, 3, doubt)).toEqual([1, 2, Number.NaN]);
    }
    // What has no reading does not get one by being believed.
    expect(mmOf('Coord3D_C16', words(0, 65_535), {}, 2, { ...bytes, least: 0 })).toEqual([Number.NaN, 65_535]);
  });
});

describe('settings', () => {
  test('features in their order, commands, comments', () => {
    expect(parseFeatures('cam', 'A=1; B = two words # why\n\n# nothing\nReset\nC=')).toEqual([
      ...[
        { name: 'A', value: '1' },
        { name: 'B', value: 'two words' },
      ],
      ...[
        { name: 'Reset', value: '' },
        { name: 'C', value: '' },
      ],
    ]);
    expect(() => parseFeatures('cam', 'A=1\n=2')).toThrow('features (line 2) is =2, expected Name=value');
    expect(() => parseFeatures('cam', '1A=1')).toThrow('features (line 1)');
  });

  test.each([
    [{ address: '' }, 'address is empty'],
    [{ address: 'a', trigger: 'often' }, 'trigger is often, expected one of hardware, software, action, free'],
    [{ address: 'a', count: 'fingers' }, 'count is fingers'],
    [{ address: 'a', preset: 'any' }, 'preset is any, expected one of none, photoneo-motioncam'],
    [{ address: 'a', packetBytes: 100 }, 'packetBytes is 100, expected 576 to 65500'],
    [{ address: 'a', heartbeatMs: 10 }, 'heartbeatMs is 10'],
    [{ address: 'a', stallMs: 0.5 }, 'stallMs is 0.5'],
  ])('%o: %s', (settings, expected) => {
    expect(() => checkAravis('cam', settings)).toThrow(expected);
  });

  test('presets come before the owner own features, are readable, and are not called tried', () => {
    for (const preset of presetNames) {
      const { features } = checkAravis('cam', { address: 'a', preset, features: 'Mine=1' });
      expect(features.at(-1)).toEqual({ name: 'Mine', value: '1' });
      expect(features.length).toBe(preset === 'none' ? 1 : parseFeatures('cam', presets[preset]!.features).length + 1);
    }
    expect(Object.values(presets).map(({ triedOnHardware }) => triedOnHardware)).not.toContain(true);
  });
});
