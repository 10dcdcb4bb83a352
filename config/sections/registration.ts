/** How colour and depth of a part are brought onto one grid. */
import { numberKey, pathKey } from '../key.ts';

export const registration = {
  calibration: pathKey({
    doc:
      'Calibration of the two cameras (JSON, made by `twinspect camera calibrate`): colour is sampled onto the depth ' +
      'grid. Empty: the cameras deliver both on one grid already.',
    default: '',
    takes: 'restart',
  }),
  driftMaxPx: numberKey({
    doc:
      'How far the edges of colour may move against those of depth since the calibration was new; beyond it the log ' +
      'warns. Pixels of the depth grid.',
    default: 1.5,
    unit: 'px',
    min: 0.5,
    max: 5,
    takes: 'restart',
  }),
};
