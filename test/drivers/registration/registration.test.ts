import { expect, test } from 'vitest';
import { type Calibration, checkCalibration } from '../../../drivers/registration/calibration.ts';
import { guessDepth } from '../../../drivers/registration/depth-guess.ts';
import { proofCalibration, proofScene } from '../../../drivers/registration/proof-scene.ts';
import { Registration } from '../../../drivers/registration/registration.ts';
import { fillSlivers, sliverPx } from '../../../drivers/registration/slivers.ts';

const calibration = checkCalibration(proofCalibration, 'proof');
const scene = proofScene();
const registration = new Registration(calibration);
const pair = registration.register(scene.rgb, scene.depth);

function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float32Array.from(Array.from(values).filter((value) => !Number.isNaN(value))).sort();
  return sorted[Math.floor(q * (sorted.length - 1))]!;
}

const isBlack = (rgb: Uint8Array, at: number): boolean => rgb[at * 3] === 0 && rgb[at * 3 + 2] === 0;

test('each depth pixel shows the colour of its own spot, to a tenth of a pixel, through two bent lenses', () => {
  expect(pair).toMatchObject({ widthPx: 640, heightPx: 480 });
  expect(pair.depthMm).toBe(scene.depth.depthMm);
  const errors = scene.errorsPx(pair.rgb).filter((_, at) => !isBlack(pair.rgb, at));
  expect(errors.length).toBeGreaterThan(290_000);
  expect(quantile(errors, 0.5)).toBeLessThan(0.1);
  expect(quantile(errors, 0.98)).toBeLessThan(0.5);
});

test('the measure measures: a pose half a pixel off is found', () => {
  const { depthToRgb } = calibration;
  const [x = 0, ...rest] = depthToRgb.translationMm;
  const off: Calibration = { ...calibration, depthToRgb: { ...depthToRgb, translationMm: [x + 0.18, ...rest] } };
  const wrong = new Registration(off).register(scene.rgb, scene.depth);
  const median = quantile(scene.errorsPx(wrong.rgb), 0.5);
  expect(median).toBeGreaterThan(0.3);
  expect(median).toBeLessThan(0.8);
});

test('what the RGB camera cannot see is black, and nothing else is', () => {
  const places = registration.places();
  let hiddenSpots = 0;
  let left = 0;
  let wronglyBlack = 0;
  for (let at = 0; at < scene.seen.length; at++) {
    if (Number.isNaN(places[at * 2])) continue; // outside its picture
    if (scene.seen[at] === 1) wronglyBlack += isBlack(pair.rgb, at) ? 1 : 0;
    else if (isBlack(pair.rgb, at)) hiddenSpots++;
    else left++;
  }
  expect(hiddenSpots).toBeGreaterThan(900);
  // the rim of the shadow, narrower than a cell
  expect(left / (hiddenSpots + left)).toBeLessThan(0.15);
  expect(wronglyBlack).toBeLessThan(0.001 * scene.seen.length);
  const black = scene.seen.reduce((count, _, at) => count + (isBlack(pair.rgb, at) ? 1 : 0), 0);
  expect(pair.unseenShare).toBeCloseTo(black / scene.seen.length, 3);
});

test('where depth has no reading the colour is still there, from a guessed distance; the gaps stay gaps', () => {
  const depthMm = scene.depth.depthMm.slice();
  const gone: number[] = [];
  for (let row = 380; row < 420; row++) {
    for (let column = 300; column < 340; column++) gone.push(row * 640 + column);
  }
  for (const [i, at] of gone.entries()) depthMm[at] = i % 2 === 0 ? 0 : Number.NaN;
  const with_ = registration.register(scene.rgb, { ...scene.depth, depthMm });
  expect(with_.depthMm).toBe(depthMm);
  const errors = scene.errorsPx(with_.rgb);
  expect(
    quantile(
      Float32Array.from(gone, (at) => errors[at]!),
      0.9,
    ),
  ).toBeLessThan(0.5);
});

test('a depth camera that sees nothing leaves a colour picture to judge the colour camera by', () => {
  const blind = registration.register(scene.rgb, { ...scene.depth, depthMm: new Float32Array(640 * 480) });
  expect(blind.depthMm.every((mm) => mm === 0)).toBe(true);
  expect(blind.unseenShare).toBeLessThan(0.9);
});

test('frames of another size are refused, naming both', () => {
  const small = { widthPx: 640, heightPx: 480, pixels: new Uint8Array(640 * 480 * 3) };
  expect(() => registration.register(small, scene.depth)).toThrow(
    "RGB frame is 640 x 480, expected the calibration's 1280 x 960",
  );
  const wide = { widthPx: 320, heightPx: 240, depthMm: new Float32Array(320 * 240) };
  expect(() => registration.register(scene.rgb, wide)).toThrow(/depth frame is 320 x 240/);
});

test('two cameras in one place with one lens: the picture comes back as it is, nothing hidden', () => {
  const lens = { ...calibration.depth, distortion: [0, 0, 0, 0, 0] };
  const pose = { rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translationMm: [0, 0, 0] };
  const same = new Registration(checkCalibration({ depth: lens, rgb: lens, depthToRgb: pose }, 'same'));
  const pixels = Uint8Array.from({ length: 640 * 480 * 3 }, (_, at) => (at * 7) % 251);
  const through = same.register({ widthPx: 640, heightPx: 480, pixels }, scene.depth);
  expect(through.unseenShare).toBeLessThan(0.01); // the rim, by rounding
  let wrong = 0;
  for (let at = 0; at < pixels.length; at++) if (Math.abs(through.rgb[at]! - pixels[at]!) > 1) wrong++;
  expect(wrong).toBeLessThan(pixels.length * 0.01);
});

test('gaps are bridged level with their sides, at a step from the farther one', () => {
  const out = new Float32Array(6);
  const none = Number.NaN;
  expect(guessDepth(Float32Array.of(none, 400, 0, 0, 403, none), 6, 1, out)).toBe(true);
  expect([...out]).toEqual([400, 400, 401, 402, 403, 403]);
  guessDepth(Float32Array.of(400, 0, 0, 500, 0, 500), 6, 1, out);
  expect([...out]).toEqual([400, 500, 500, 500, 500, 500]);
  const rows = new Float32Array(6);
  guessDepth(Float32Array.of(0, 0, 300, 301, none, 0), 2, 3, rows);
  expect([...rows]).toEqual([300, 301, 300, 301, 300, 301]);
  expect(guessDepth(new Float32Array(6), 6, 1, out)).toBe(false);
});

test('slivers take the colour beside them, wider shadows stay', () => {
  const [wide, tall] = [12, 3];
  const state = new Uint8Array(wide * tall);
  const rgb = new Uint8Array(wide * tall * 3).fill(9);
  const mark = (from: number, count: number): void => {
    for (let at = from; at < from + count; at++) {
      state[at] = 1;
      rgb.fill(0, at * 3, at * 3 + 3);
    }
  };
  mark(1, sliverPx);
  for (let row = 0; row < tall; row++) mark(row * wide + 6, sliverPx + 1);
  mark(wide, 2); // begins at the rim: seen on one side only, but narrow along the column
  expect(fillSlivers(rgb, state, wide, tall)).toBe(sliverPx + 2);
  expect(rgb[3]).toBe(9);
  expect(rgb[6 * 3]).toBe(0);
  expect(state.filter((each) => each === 1)).toHaveLength(tall * (sliverPx + 1));
});

/** Each sees 140 degrees from corner to corner; small, as rays cost, and farther apart, so that something is hidden. */
const fishEyes: Calibration = {
  depthToRgb: { ...proofCalibration.depthToRgb, translationMm: [-130, 3.5, 6.2] },
  rgb: {
    ...{ model: 'fishEye', widthPx: 800, heightPx: 600, fx: 400, fy: 396, cx: 407.6, cy: 294.6 },
    distortion: [-0.03, 0.006, -0.002, 0.0004],
  },
  depth: {
    ...{ model: 'fishEye', widthPx: 320, heightPx: 240, fx: 165, fy: 163.4, cx: 161.2, cy: 118.4 },
    distortion: [0.04, -0.01, 0.002, -0.0004],
  },
};

test('two fish eyes: each depth pixel shows its own spot, and what is hidden is black', () => {
  const checked = checkCalibration(fishEyes, 'fish eyes');
  const wide = proofScene(checked);
  const fish = new Registration(checked);
  const through = fish.register(wide.rgb, wide.depth);
  const places = fish.places();
  const { fx, cx, cy } = checked.rgb;
  // 50 degrees from the axis: farther out the scene's own pattern is finer than the pixels
  const clear = (at: number): boolean => Math.hypot(places[at * 2]! - cx, places[at * 2 + 1]! - cy) < 0.87 * fx;
  const errors = wide.errorsPx(through.rgb).map((px, at) => (isBlack(through.rgb, at) ? Number.NaN : px));
  const inner = errors.filter((_, at) => clear(at));
  expect(inner.length).toBeGreaterThan(40_000);
  expect(quantile(inner, 0.5)).toBeLessThan(0.1);
  // at a fold of the pattern, every few pixels here, the colour between two pixels is neither's
  expect(quantile(inner, 0.9)).toBeLessThan(0.5);
  expect(quantile(errors, 0.5)).toBeLessThan(0.1);
  let [hiddenSpots, left, wronglyBlack] = [0, 0, 0];
  for (let at = 0; at < wide.seen.length; at++) {
    if (Number.isNaN(places[at * 2])) continue;
    if (wide.seen[at] === 1) wronglyBlack += isBlack(through.rgb, at) ? 1 : 0;
    else if (isBlack(through.rgb, at)) hiddenSpots++;
    else left++;
  }
  expect(hiddenSpots).toBeGreaterThan(50);
  expect(left / (hiddenSpots + left)).toBeLessThan(0.15);
  expect(wronglyBlack).toBeLessThan(0.001 * wide.seen.length);
});
