/**
 * What the severities of the suite are, in numbers: amounts in mm and how far each stands out of the sensors' noise.
 * The same numbers go into `dataset.json` of a set and into the page docs/suite.md.
 */
import { amountOf, type Level } from './amounts.ts';
import { plate } from './blueprint.ts';
import { type DefectKind, kindFacts, tones } from './defects.ts';
import { depthNoiseMm, rgbNoiseLevels } from './sensors.ts';
import { tolerance } from './surface.ts';

/** Of the part's pixels, on average over parts. */
export const suiteMissingShare = 0.05;

/** What a level of a kind is: its amount, and how far it stands out of one pixel's noise. */
export interface LevelFacts {
  amount: Readonly<Record<string, number>>;
  /** Of the change it makes on the plate's face, in deviations of the colour camera's noise there; null: not seen. */
  rgbNoiseSd: number | null;
  /** The same of depth; null: not seen, or seen as missing readings only. */
  depthNoiseSd: number | null;
}

/** Grey level of the plate's face in the middle of the picture, at the mean brightness. */
export const faceLevels = 120;
/** What the face's colour is painted with. */
const faceTone = 0.515;
/** The least of the features that can be missing, a fin: how high it stands, and how its colour differs. */
const leastFeature = { heightMm: 2.2, levels: 28 } as const;

export function levelFacts(kind: DefectKind, level: Level): LevelFacts {
  const rgb = changeLevels(kind, level);
  const depth = changeMm(kind, level);
  const seenByRgb = kindFacts[kind].seenBy.includes('rgb');
  return {
    amount: { ...amountOf(kind, level) },
    rgbNoiseSd: seenByRgb ? oneDecimal(rgb / rgbNoiseLevels(faceLevels)) : null,
    depthNoiseSd: depth === null ? null : oneDecimal(depth / depthNoiseMm),
  };
}

function changeLevels(kind: DefectKind, level: Level): number {
  const towards = (tone: number): number => (Math.abs(tone - faceTone) / faceTone) * faceLevels;
  switch (kind) {
    case 'scratch':
      return amountOf(kind, level).strength * towards(tones.scratch);
    case 'stain':
      return amountOf(kind, level).strength * faceLevels;
    case 'colour':
      return amountOf(kind, level).strength * tones.tint * faceLevels;
    case 'hole':
      return towards(tones.hole);
    case 'crack':
      return amountOf(kind, level).strength * towards(tones.crack);
    case 'missing':
      return leastFeature.levels;
    default:
      return 0;
  }
}

function changeMm(kind: DefectKind, level: Level): number | null {
  switch (kind) {
    case 'dent':
    case 'crack':
    case 'deepDent':
      return amountOf(kind, level).depthMm;
    case 'bump':
      return amountOf(kind, level).heightMm;
    case 'warp':
      return amountOf(kind, level).liftMm;
    case 'low':
      return amountOf(kind, level).lowMm;
    case 'hole':
      return plate.thickMm;
    case 'missing':
      return leastFeature.heightMm;
    default:
      return null;
  }
}

export function suiteFacts(kinds: readonly DefectKind[], levels: readonly Level[]): Record<string, unknown> {
  return {
    noise: { rgbSdLevels: oneDecimal(rgbNoiseLevels(faceLevels)), atLevel: faceLevels, depthSdMm: depthNoiseMm },
    nuisances: { ...tolerance, missingShare: suiteMissingShare },
    severities: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        {
          seenBy: kindFacts[kind].seenBy,
          ...Object.fromEntries(levels.map((level) => [level, levelFacts(kind, level)])),
        },
      ]),
    ),
  };
}

export function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}
