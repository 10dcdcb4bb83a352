import { expect, test } from 'vitest';
import { type ImportParts, importCalibration, isOwnJson } from '../../../drivers/registration/import.ts';

/** As cv::FileStorage writes it. */
const opencvRgb = `%YAML:1.0
---
calibration_time: "Tue Mar  4 10:11:12 2025"
image_width: 1280
image_height: 960
flags: 0
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 1.1900000000000000e+03, 0., 6.5210000000000002e+02, 0.,
       1.1880000000000000e+03, 4.7130000000000001e+02, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 1
   cols: 5
   dt: d
   data: [ -1.1000000000000000e-01, 7.0000000000000007e-02,
       -5.0000000000000001e-04, 5.9999999999999995e-04, -1.0000000000000000e-02 ]
avg_reprojection_error: 1.7000000000000001e-01
`;
/** As camera_calibration of ROS writes it. */
const rosDepth = `image_width: 640
image_height: 480
camera_name: depth
camera_matrix:
  rows: 3
  cols: 3
  data: [610.0, 0.0, 322.4, 0.0, 612.0, 236.8, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.05, 0.02, 0.0004, -0.0003, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
`;
const pose = `%YAML:1.0
---
R: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 0., 0., 1., 0., 1., 0., -1., 0., 0. ]
T: !!opencv-matrix
   rows: 3
   cols: 1
   dt: d
   data: [ -58., 3., 6. ]
`;

const parts = (changes: Partial<ImportParts> = {}): ImportParts => ({
  depth: { path: 'depth.yaml', text: rosDepth },
  rgb: { path: 'rgb.yml', text: opencvRgb },
  pose: { path: 'pose.yml', text: pose },
  depthSize: null,
  rgbSize: null,
  first: 'depth',
  unit: 'mm',
  ...changes,
});

test('a lens from ROS, a lens and the pose from OpenCV', () => {
  expect(importCalibration(parts())).toEqual({
    depth: {
      ...{ widthPx: 640, heightPx: 480, fx: 610, fy: 612, cx: 322.4, cy: 236.8 },
      distortion: [-0.05, 0.02, 0.0004, -0.0003, 0, 0, 0, 0],
    },
    rgb: {
      ...{ widthPx: 1280, heightPx: 960, fx: 1190, fy: 1188, cx: 652.1, cy: 471.3 },
      distortion: [-0.11, 0.07, -0.0005, 0.0006, -0.01, 0, 0, 0],
    },
    depthToRgb: { rotation: [0, 0, 1, 0, 1, 0, -1, 0, 0], translationMm: [-58, 3, 6] },
  });
});

test('where RGB was the first camera, the pose is turned round', () => {
  const { depthToRgb } = importCalibration(parts({ first: 'rgb' }));
  expect(depthToRgb.rotation).toEqual([0, 0, -1, 0, 1, 0, 1, 0, 0]);
  expect(depthToRgb.translationMm).toEqual([6, -3, 58]);
});

test('the stereo file holds both cameras by number, and its sizes have to be given', () => {
  const matrix = (name: string, data: number[]): string =>
    `${name}: !!opencv-matrix\n   rows: 3\n   cols: 3\n   dt: d\n   data: [ ${data.join(', ')} ]\n`;
  const bend = (name: string): string =>
    `${name}: !!opencv-matrix\n   rows: 1\n   cols: 5\n   dt: d\n   data: [ 0., 0., 0., 0., 0. ]\n`;
  const text =
    matrix('M1', [610, 0, 320, 0, 610, 240, 0, 0, 1]) +
    bend('D1') +
    matrix('M2', [1190, 0, 640, 0, 1190, 480, 0, 0, 1]) +
    bend('D2');
  const both = { path: 'intrinsics.yml', text };
  const sizes = { depthSize: { widthPx: 640, heightPx: 480 }, rgbSize: { widthPx: 1280, heightPx: 960 } };
  const found = importCalibration(parts({ depth: both, rgb: both, ...sizes }));
  expect([found.depth.fx, found.rgb.fx]).toEqual([610, 1190]);
  expect(() => importCalibration(parts({ depth: both }))).toThrow(/intrinsics\.yml: image_width is missing/);
});

test('metres have to be said; a pose in metres read as mm is refused', () => {
  const metres = { path: 'pose.yml', text: pose.replace('[ -58., 3., 6. ]', '[ -0.058, 0.003, 0.006 ]') };
  expect(() => importCalibration(parts({ pose: metres }))).toThrow(/these look like metres/);
  expect(importCalibration(parts({ pose: metres, unit: 'm' })).depthToRgb.translationMm).toEqual([-58, 3, 6]);
});

test.each<[string, Partial<ImportParts>, RegExp]>([
  [
    'another resolution',
    { rgbSize: { widthPx: 640, heightPx: 480 } },
    /rgb\.yml: image_width x image_height is 1280 x 960, expected 640 x 480 as given/,
  ],
  [
    'no distortion',
    { rgb: { path: 'r.yml', text: opencvRgb.replace('distortion_coefficients', 'distortion') } },
    /r\.yml: distortion_coefficients is missing/,
  ],
  [
    'a fish eye',
    { depth: { path: 'd.yml', text: rosDepth.replace('plumb_bob', 'equidistant') } },
    /distortion_model is equidistant, expected plumb_bob or/,
  ],
  [
    'a cut file',
    { rgb: { path: 'r.yml', text: opencvRgb.slice(0, opencvRgb.indexOf('1.188')) } },
    /r\.yml: line 11 is a list without an end/,
  ],
  [
    'a missing number',
    { depth: { path: 'd.yml', text: rosDepth.replace('322.4, ', '') } },
    /camera_matrix\.data is 8 numbers, expected rows x cols = 3 x 3/,
  ],
  ['no YAML', { pose: { path: 'p.yml', text: 'hello' } }, /p\.yml: line 1 is hello, expected "name: value"/],
  ['nothing', { pose: { path: 'p.yml', text: '' } }, /p\.yml: R is missing/],
  [
    'no rotation',
    { pose: { path: 'p.yml', text: pose.replace('-1., 0., 0. ]', '1., 0., 0. ]') } },
    /depthToRgb\.rotation .*expected a rotation/,
  ],
])('%s is refused and named', (_name, changes, text) => {
  expect(() => importCalibration(parts(changes))).toThrow(text);
});

test('our own JSON is told from YAML', () => {
  expect(isOwnJson({ path: 'a', text: ' {"schema": 1}' })).toBe(true);
  expect(isOwnJson({ path: 'b', text: opencvRgb })).toBe(false);
});
