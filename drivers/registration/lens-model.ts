/**
 * Which model of distortion a calibration file means, under whatever key and word it says so: Brown-Conrady, a fish
 * eye, or one that is refused by its name. Terms of one model read as another's register wrongly and look plausible.
 */
import { refusal } from './calibration.ts';
import type { YamlMap } from './calibration-yaml.ts';

export type LensModel = 'brownConrady' | 'fishEye';

/** `distortion_model`, `camera_model`, `fisheye_model`, `model_type`, `lens_type` and what else they are called. */
const modelKey = /model|fish_?eye|omni|(lens|distortion|projection)_?type|^(distortion|projection|xi|mirror.*)$/i;
/** Of the thing, not of its lens. */
const productKey = /^(vendor|device|sensor|product|hardware)/i;

/** Words as they are after taking capitals and everything between letters away. */
const words: Readonly<Record<string, LensModel | 'pinhole'>> = {
  // says how the picture is projected, and nothing of the distortion
  ...{ pinhole: 'pinhole', perspective: 'pinhole', pinholecamera: 'pinhole' },
  ...{ plumbbob: 'brownConrady', rationalpolynomial: 'brownConrady', brownconrady: 'brownConrady' },
  ...{ brown: 'brownConrady', radtan: 'brownConrady', radialtangential: 'brownConrady', opencv: 'brownConrady' },
  ...{ equidistant: 'fishEye', equi: 'fishEye', fisheye: 'fishEye', opencvfisheye: 'fishEye' },
  ...{ pinholeradtan: 'brownConrady', pinholeequi: 'fishEye' },
  ...{ kannalabrandt: 'fishEye', kannalabrandt4: 'fishEye', kb4: 'fishEye' },
};
const known =
  'plumb_bob, rational_polynomial, brown_conrady or radtan; equidistant, fisheye or kannala_brandt (4 terms)';

/** Brown-Conrady where the file names none, as OpenCV's do. Throws `calibration/field`. */
export function modelOf(yaml: YamlMap, path: string): LensModel {
  let found: { key: string; value: unknown; model: LensModel } | null = null;
  for (const [key, value] of Object.entries(yaml)) {
    if (!modelKey.test(key) || productKey.test(key)) continue;
    const model = meantBy(key, value, path);
    if (model === null) continue;
    if (found !== null && found.model !== model) {
      throw refusal(path, key, value, `the same model as ${found.key}: ${String(found.value)}`);
    }
    found = { key, value, model };
  }
  return found?.model ?? 'brownConrady';
}

/** null where it says nothing. */
function meantBy(key: string, value: unknown, path: string): LensModel | null {
  // the mirror of an omnidirectional camera, whatever stands in it
  if (/^(xi|mirror)/i.test(key)) throw refusal(path, key, value, `no omnidirectional camera; known are ${known}`);
  // a matrix such as the one of projection
  if (value === null || typeof value === 'object') return null;
  if (value === '') return null;
  // a yes or no to the model the key names
  if (/fish_?eye|omni/i.test(key) && (value === 0 || value === false)) return null;
  if (/fish_?eye/i.test(key) && (value === 1 || value === true)) return 'fishEye';
  const word = String(value)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  const meant = Object.hasOwn(words, word) ? words[word]! : null;
  if (meant === null) throw refusal(path, key, value, known);
  return meant === 'pinhole' ? null : meant;
}
