import { expect, test } from 'vitest';
import { type ImportParts, importCalibration } from '../../../drivers/registration/import.ts';
import type { Lens } from '../../../drivers/registration/lens.ts';

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
    'a cut file',
    { rgb: { path: 'r.yml', text: opencvRgb.slice(0, opencvRgb.indexOf('1.188')) } },
    /r\.yml: line 1\d is Flow sequence in block collection must be .*expected YAML/,
  ],
  [
    'a missing number',
    { depth: { path: 'd.yml', text: rosDepth.replace('322.4, ', '') } },
    /camera_matrix\.data is 8 numbers, expected rows x cols = 3 x 3/,
  ],
  ['no YAML', { pose: { path: 'p.yml', text: 'hello' } }, /p\.yml: the file is hello, expected "name: value" lines/],
  ['nothing', { pose: { path: 'p.yml', text: '' } }, /p\.yml: R is missing/],
  [
    'no rotation',
    { pose: { path: 'p.yml', text: pose.replace('-1., 0., 0. ]', '1., 0., 0. ]') } },
    /depthToRgb\.rotation .*expected a rotation/,
  ],
])('%s is refused and named', (_name, changes, text) => {
  expect(() => importCalibration(parts(changes))).toThrow(text);
});

const imported = (text: string, changes: Partial<ImportParts> = {}): Lens =>
  importCalibration(parts({ rgb: { path: 'rgb.yaml', text }, ...changes })).rgb;
const expected = {
  ...{ widthPx: 640, heightPx: 480, fx: 600.1, fy: 600.2, cx: 320, cy: 240 },
  distortion: [0.01, -0.02, 0, 0, 0, 0, 0, 0],
};
const [k, d] = ['600.1, 0.0, 320.0, 0.0, 600.2, 240.0, 0.0, 0.0, 1.0', '0.01, -0.02, 0.0, 0.0, 0.0'];
const head = 'image_width: 640\nimage_height: 480\ncamera_name: c\n';
const block = (list: string, indent = ''): string =>
  list
    .split(', ')
    .map((item) => `${indent}- ${item}\n`)
    .join('');
const echo = (seconds: number): string =>
  `header:\n  stamp:\n    sec: ${seconds}\n    nanosec: 2\n  frame_id: cam\nheight: 480\nwidth: 640\n` +
  `distortion_model: plumb_bob\nd:\n${block(d)}k:\n${block(k)}` +
  `r:\n${block('1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0')}` +
  'binning_x: 0\nbinning_y: 0\nroi:\n  x_offset: 0\n  y_offset: 0\n  height: 0\n  width: 0\n  do_rectify: false\n';
const matrices = (camera: string, terms: string): string =>
  `${head}camera_matrix:\n  rows: 3\n  cols: 3\n  data: ${camera}\ndistortion_model: plumb_bob\n` +
  `distortion_coefficients:\n  rows: 1\n  cols: 5\n  data: ${terms}\n`;
const opencv = (first: string): string => `${first}---
calibration_time: "Mon Oct 27 20:27:45 2014"
image_width: 640
image_height: 480
board_width: 4
square_size: 1.
# flags: +fix_aspectRatio
flags: 2
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 6.001e+02, 0., 320., 0.,
       6.002e+02, 240., 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ 1.0e-02, -2.0e-02,
       0., 0.,
       0. ]
avg_reprojection_error: 4.4e-01
per_view_reprojection_errors: !!opencv-matrix
   rows: 2
   cols: 1
   dt: f
   data: [ .Nan, 1.2e-01 ]
image_points: !!opencv-matrix
   rows: 1
   cols: 2
   dt: "2f"
   data: [ 1., 2., 3., 4. ]
image_list:
   - "a.png"
   - "b: 1.png"
`;
const json = JSON.stringify({
  ...{ image_width: 640, image_height: 480 },
  camera_matrix: { type_id: 'opencv-matrix', rows: 3, cols: 3, dt: 'd', data: JSON.parse(`[${k}]`) },
  distortion_coefficients: { type_id: 'opencv-matrix', rows: 1, cols: 5, dt: 'd', data: JSON.parse(`[${d}]`) },
});

test.each<[string, string]>([
  ['lists in blocks', matrices(`\n${block(k, '  ')}`, `\n${block(d, '  ')}`)],
  ['rows of rows', matrices('[[600.1, 0.0, 320.0], [0.0, 600.2, 240.0], [0.0, 0.0, 1.0]]', `[${d}]`)],
  ['no commas', matrices(`[${k}]`, `[${d.replaceAll(',', '')}]`)],
  [
    'matrices in braces',
    `${head}camera_matrix: {rows: 3, cols: 3, data: [${k}]}\nD: {rows: 1, cols: 5, data: [${d}]}\n`,
  ],
  ["OpenCV's sample of before version 5, with all it writes", opencv('%YAML:1.0\n')],
  ["OpenCV's sample", opencv('%YAML 1.2\n')],
  [
    'lines that end as on Windows, and a mark at the beginning',
    `\uFEFF${opencv('%YAML:1.0\n')}`.replaceAll('\n', '\r\n'),
  ],
  ['a head of YAML 1.1', opencv('%YAML 1.1\n')],
  ["OpenCV's JSON", json],
  ['ros2 topic echo', `${echo(1)}---\n`],
  ['ros2 topic echo that ran for a while', `${echo(1)}---\n${echo(2)}---\n${echo(3)}---\n`],
  ['rostopic echo', `height: 480\nwidth: 640\ndistortion_model: "plumb_bob"\nD: [${d}]\nK: [${k}]\n---\n`],
  ['a size in a list', `image_size: [ 640, 480 ]\nK: [${k}]\nD: [${d}]\n`],
])('a lens is read from %s', (_name, text) => {
  expect(imported(text)).toEqual(expected);
});

const terms = (line: string, list = d): string => `${head}K: [${k}]\nD: [${list}]\n${line}\n`;

test.each([
  'distortion_model: equidistant',
  'distortion_model: "fisheye"',
  'fisheye_model: 1',
  'fisheye: true',
  'camera_model: KANNALA_BRANDT',
  'camera_model: pinhole\ndistortion_model: equidistant',
  'model_type: opencv_fisheye',
  'lens_model: Kannala Brandt4',
])('a fish eye is known by "%s"', (line) => {
  expect(imported(terms(line, '0.02, -0.01, 0.001, -0.0004'))).toEqual({
    ...{ ...expected, model: 'fishEye', distortion: [0.02, -0.01, 0.001, -0.0004] },
  });
});

test.each([
  ...['', 'distortion_model: plumb_bob', 'fisheye_model: 0', 'camera_model: pinhole', 'distortion_model: ""'],
  ...['model: radtan', 'vendor_model: XY-1', 'projection_matrix: {rows: 1, cols: 1, data: [1]}'],
  'distortion_model: rational_polynomial',
])('Brown-Conrady is meant by "%s"', (line) => {
  expect(imported(terms(line))).toEqual(expected);
});

test.each<[string, RegExp]>([
  [
    terms('distortion_model: thin_prism'),
    /rgb\.yaml: distortion_model is thin_prism, expected plumb_bob, rational_poly/,
  ],
  [terms('camera_model: omnidirectional'), /camera_model is omnidirectional, expected/],
  [terms('camera_model: ds'), /camera_model is ds, expected/],
  [terms('model_type: MEI'), /model_type is MEI, expected/],
  [terms('model_type: 0'), /model_type is 0, expected/],
  [terms('distortion_type: inverse_brown_conrady'), /distortion_type is inverse_brown_conrady, expected/],
  [terms('xi: 1.2'), /xi is 1.2, expected no omnidirectional camera/],
  [terms('omnidir: 1'), /omnidir is 1, expected/],
  [
    terms('fisheye_model: 1\ndistortion_model: plumb_bob'),
    /distortion_model is plumb_bob, expected the same model as fisheye_model: 1/,
  ],
  [terms('fisheye_model: 1'), /distortion_coefficients is \[0.01,.*expected the 4 numbers k1 k2 k3 k4 of a fish eye/],
  [terms('', '0.01, -0.02, 0'), /distortion_coefficients is .*expected 4, 5 or 8 numbers/],
  [terms('', `${d}, 0, 0, 0, 0.1, 0, 0, 0`), /rgb\.yaml: rgb\.distortion is .*no thin prism, no tilt/],
  [terms('fisheye_model: 1', '-0.9, 0, 0, 0'), /rgb\.yaml: rgb\.distortion is .*at a corner these bend back/],
  [terms('', '0.01, .nan, 0, 0'), /D is \[0.01,null,0,0\], expected a list of numbers/],
  [terms('', '0.01, a, 0, 0'), /D is \[0.01,"a",0,0\], expected a list of numbers/],
  [terms('K: [1]'), /line 6 is Map keys must be unique, expected YAML/],
  [terms('binning_x: 2'), /binning_x is 2, expected the whole picture/],
  [terms('roi: {x_offset: 8}'), /roi\.x_offset is 8, expected the whole picture/],
  [`${head}K: [600.1, 0, 0, 0, 600.2, 0, 320, 240, 1]\nD: [${d}]\n`, /camera_matrix is .*expected 9 numbers: fx 0 cx/],
  [`${echo(1)}---\n${echo(1).replace('600.1', '601.1')}`, /the file is 2 documents, expected one/],
  ['<?xml version="1.0"?>\n<opencv_storage>\n</opencv_storage>\n', /the file is XML, expected YAML: OpenCV writes it/],
  [`a: &a [1]\nb: [${'*a, '.repeat(200)}]\n`, /the file is Excessive alias count/],
  ['- 1\n- 2\n', /the file is \[1,2\], expected "name: value" lines/],
])('refused by name: %#', (text, says) => {
  expect(() => imported(text)).toThrow(says);
});
