import { expect, test } from 'vitest';
import {
  type Calibration,
  calibrationDigest,
  checkCalibration,
  formatCalibration,
  inverted,
  parseCalibration,
} from '../../../drivers/registration/calibration.ts';
import { toDirection, toPixel } from '../../../drivers/registration/lens.ts';
import { proofCalibration } from '../../../drivers/registration/proof-scene.ts';

const good = checkCalibration(proofCalibration, 'proof.json');

test('written and read again it is the same, and has the same digest wherever it lies', () => {
  const text = formatCalibration(good);
  const again = parseCalibration(text, 'b.json');
  expect(again).toEqual(good);
  expect(calibrationDigest(again)).toBe(calibrationDigest(good));
  const { rgb } = good;
  expect(calibrationDigest({ ...good, rgb: { ...rgb, cx: rgb.cx + 0.01 } })).not.toBe(calibrationDigest(good));
});

const fishEye = checkCalibration(
  { ...good, rgb: { ...good.rgb, model: 'fishEye', fx: 640, fy: 638, distortion: [0.02, -0.01, 0.001, -0.0004] } },
  'fish eye',
);

test('a fish eye is written in a schema that older versions refuse, and read again; others keep theirs', () => {
  const text = formatCalibration(fishEye);
  expect(JSON.parse(text)).toMatchObject({ schema: 'twinspect.calibration/2', rgb: { model: 'fishEye' } });
  expect(parseCalibration(text, 'f.json')).toEqual(fishEye);
  expect(JSON.parse(formatCalibration(good)).schema).toBe('twinspect.calibration/1');
  // what recordings and bundles made before there was another lens name it by
  expect(calibrationDigest(good)).toBe('2d6183da21737c5658b0b14b77c2e144a73c4e2a7012273af3403f86cd08e75f');
});

test('a fish eye of more than 180 degrees is taken; its corners look to the side', () => {
  const round = checkCalibration({ ...good, rgb: { ...fishEye.rgb, fx: 330, fy: 330, distortion: [0, 0, 0, 0] } }, 'r');
  expect(toDirection(round.rgb, { x: 0, y: 0 }).x).toBeNaN();
  expect(Math.hypot(...Object.values(toDirection(round.rgb, { x: 660, y: 470 })))).toBeLessThan(0.1);
});

// biome-ignore lint/suspicious/noExplicitAny: the tests spoil it in every way
type Raw = Record<string, any>;

function refused(change: (raw: Raw) => void): string {
  const raw = JSON.parse(formatCalibration(good)) as Raw;
  change(raw);
  try {
    parseCalibration(JSON.stringify(raw), 'c.json');
  } catch (error) {
    return (error as Error).message;
  }
  return 'not refused';
}

test.each<[string, (raw: Raw) => void, string]>([
  ['no schema', (raw) => delete raw['schema'], 'schema is missing'],
  ['no lens', (raw) => delete raw['rgb'], 'rgb is missing, expected an object'],
  ['no focal length', (raw) => delete raw['depth'].fx, 'depth.fx is missing, expected a number'],
  ['a text', (raw) => (raw['depth'].cx = '320'), 'depth.cx is 320, expected a number'],
  ['no size', (raw) => (raw['rgb'].widthPx = 0), 'rgb.widthPx is 0, expected a whole number of pixels'],
  ['focal length in mm', (raw) => (raw['rgb'].fx = 8), 'rgb.fx is 8, expected a focal length in pixels'],
  ['twice the resolution', (raw) => (raw['depth'].cx = 644), 'is it of another resolution?'],
  ['mirrored', (raw) => (raw['depthToRgb'].rotation = [1, 0, 0, 0, 1, 0, 0, 0, -1]), 'expected a rotation'],
  ['stretched', (raw) => (raw['depthToRgb'].rotation[0] = 1.1), 'expected a rotation'],
  ['8 numbers', (raw) => raw['depthToRgb'].rotation.pop(), 'expected 9 numbers, row by row'],
  ['metres', (raw) => (raw['depthToRgb'].translationMm = [-0.058, 0.003, 0.006]), 'these look like metres'],
  ['micrometres', (raw) => (raw['depthToRgb'].translationMm = [58000, 0, 0]), 'these look like another unit'],
  ['a lens that bends back', (raw) => (raw['rgb'].distortion = [-2, 0, 0, 0, 0]), 'at a corner these bend back'],
  [
    'a fish eye in the first schema',
    (raw) => (raw['rgb'].model = 'fishEye'),
    'rgb.model is fishEye, expected fishEye in',
  ],
  [
    'a model nobody asks for',
    (raw) => (raw['rgb'].distortion_model = 'equidistant'),
    'rgb.distortion_model is equidistant',
  ],
  ['thin prism', (raw) => (raw['rgb'].distortion = [0, 0, 0, 0, 0, 0, 0, 0, 0.1]), 'no thin prism'],
])('%s is refused and named', (_name, change, text) => {
  expect(refused(change)).toContain(text);
  expect(refused(change)).toContain('c.json');
});

test('no JSON is refused with what the parser says', () => {
  expect(() => parseCalibration('{', 'd.json')).toThrow(/d\.json: the file is .*expected JSON/);
});

test('a lens takes a pixel to its direction and back, tangential and rational terms too', () => {
  const rational = { ...good.rgb, distortion: [0.3, -0.1, 0.001, -0.001, 0.02, 0.28, -0.09, 0.01] };
  for (const lens of [good.depth, good.rgb, rational]) {
    for (const pixel of [
      { x: 0, y: 0 },
      { x: lens.widthPx - 1, y: lens.heightPx - 1 },
      { x: 100.25, y: 333.5 },
    ]) {
      const back = toPixel(lens, toDirection(lens, pixel));
      expect(back.x).toBeCloseTo(pixel.x, 6);
      expect(back.y).toBeCloseTo(pixel.y, 6);
    }
  }
});

test('a pose turned round twice is itself', () => {
  const { depthToRgb }: Calibration = good;
  const twice = inverted(inverted(depthToRgb));
  for (const [at, value] of depthToRgb.translationMm.entries()) expect(twice.translationMm[at]).toBeCloseTo(value, 9);
  expect(twice.rotation).toEqual(depthToRgb.rotation);
});
