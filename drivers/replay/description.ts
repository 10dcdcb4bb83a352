/**
 * `dataset.json`: what the images of a folder cannot say themselves. One table of its fields, which the reader, the
 * refusals and docs/data.md share. What is unknown, misspelt, or said of a part that is not there is refused: a
 * grouping that does not count, or a unit that is not read, changes figures without a word.
 */
import { fail, messageOf } from '../../errors.ts';
import { nearestName } from '../../nearest.ts';
import type { FileReader } from '../files.ts';
import { type DoubtName, doubtNames } from './depth-signs.ts';

export const descriptionFile = 'dataset.json';

export interface Description {
  depthMmPerUnit: number | null;
  depthRangeMm: readonly [number, number] | null;
  noReading: readonly number[];
  acceptDepth: readonly DoubtName[];
  tiles: Readonly<Record<string, readonly number[]>>;
  groups: Readonly<Record<string, string>>;
  capturedAtMs: Readonly<Record<string, number>>;
  severity: Readonly<Record<string, string>>;
  calibration: string | null;
}

interface Field {
  /** What a value has to be, as the refusal and the page say it. */
  expected: string;
  /** Of each entry where `perPart`. */
  fits(value: unknown): boolean;
  perPart?: boolean;
  doc: string;
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);
const anything = (): boolean => true;

export const datasetFields = {
  depthMmPerUnit: {
    expected: 'mm per unit of the depth images, above 0',
    fits: (value) => isNumber(value) && value > 0,
    doc: 'what 1 in a depth image is: 0.1 where 4000 is 400 mm; 1000 for float images in metres. Never guessed',
  },
  depthRangeMm: {
    expected: '[nearest, farthest] distance in mm, as [380, 420]',
    fits: (value) => isNumbers(value) && value.length === 2 && value[0]! >= 0 && value[0]! < value[1]!,
    doc: 'where the parts lie, from the camera: depth whose middle lies elsewhere is refused',
  },
  noReading: {
    expected: 'a number in units of the depth images, or a list of them',
    fits: (value) => isNumber(value) || isNumbers(value),
    doc: 'what stands for a missing reading, beside 0, NaN and infinity: 65535, or [65534, 65535]',
  },
  acceptDepth: {
    expected: `a list of some of ${doubtNames.join(', ')}`,
    fits: (value) => Array.isArray(value) && value.every((name) => doubtNames.includes(name)),
    doc: 'what looks wrong in the depth and is meant; the refusal names the word',
  },
  groups: {
    expected: 'a text',
    fits: isText,
    perPart: true,
    doc: 'parts that are not independent of one another, as tiles of one picture or one batch: never held out apart',
  },
  tiles: {
    expected: '[set, image, x, y], numbers',
    fits: (value) => isNumbers(value) && value.length >= 2,
    perPart: true,
    doc: 'which picture a tile was cut from; tiles of one picture are one group',
  },
  capturedAtMs: {
    expected: 'a number of milliseconds',
    fits: isNumber,
    perPart: true,
    doc: 'when it was recorded, on any clock; replay at pace `original` keeps these distances',
  },
  severity: {
    expected: 'a text',
    fits: isText,
    perPart: true,
    doc: 'how severe its defect is, in your words; `evaluate` says rates for each',
  },
  calibration: {
    expected: 'a digest, or null',
    fits: (value) => value === null || isText(value),
    doc: 'the calibration that brought colour onto depth; `camera export` writes it',
  },
  source: { expected: 'anything', fits: anything, doc: 'where the parts come from; for people, never read' },
  notes: { expected: 'anything', fits: anything, doc: 'whatever else you want to say; never read' },
  rgb: { expected: 'anything', fits: anything, doc: 'how the pictures are stored; for people, never read' },
  depth: { expected: 'anything', fits: anything, doc: 'how the depth is stored; for people, never read' },
  gt: { expected: 'anything', fits: anything, doc: 'how the masks are stored; for people, never read' },
  datasets: { expected: 'anything', fits: anything, doc: 'which sets the parts are of; for people, never read' },
  counts: { expected: 'anything', fits: anything, doc: 'parts of each folder, by `twinspect synthetic`; never read' },
  noise: { expected: 'anything', fits: anything, doc: 'of the rendered cameras, by `twinspect synthetic`; never read' },
  nuisances: { expected: 'anything', fits: anything, doc: 'what varies between good parts, likewise; never read' },
  severities: { expected: 'anything', fits: anything, doc: 'what each severity is, likewise; never read' },
} as const satisfies Record<string, Field>;
type FieldName = keyof typeof datasetFields;
const fieldNames = Object.keys(datasetFields) as FieldName[];

/** Throws `dataset/field`; a folder without the file has none of its fields, which a layout may not allow. */
export async function readDescription(files: FileReader, root: string, needed: boolean): Promise<Description> {
  const path = `${root}/${descriptionFile}`;
  const given = (await isThere(files, root, needed)) ? parse(textOf(await files.read(path), path), path) : {};
  for (const [name, value] of Object.entries(given)) checkField(path, name, value);
  if (needed && given['depthMmPerUnit'] === undefined) {
    throw fail('dataset/field', {
      ...{ path, field: 'depthMmPerUnit', value: 'missing' },
      expected: datasetFields.depthMmPerUnit.expected,
    });
  }
  return {
    depthMmPerUnit: null,
    depthRangeMm: null,
    acceptDepth: [],
    calibration: null,
    ...(given as Partial<Description>),
    noReading: [given['noReading'] ?? []].flat() as number[],
    tiles: byNormalName(given['tiles']),
    groups: byNormalName(given['groups']),
    capturedAtMs: byNormalName(given['capturedAtMs']),
    severity: byNormalName(given['severity']),
  };
}

/** Throws where it is needed and not there, or where its name is nearly right: it was meant to be read. */
async function isThere(files: FileReader, root: string, needed: boolean): Promise<boolean> {
  const names = ((await files.list(root)) ?? []).map(({ name }) => name);
  if (names.includes(descriptionFile)) return true;
  const near = names.find((name) => /^dataset\.json[^a-z]?(\.?txt)?$/i.test(name));
  if (near !== undefined) {
    throw fail('dataset/names', {
      path: `${root}/${near}`,
      problem: `is not read; expected the name ${descriptionFile}`,
    });
  }
  if (!needed) return false;
  const expected = 'JSON with depthMmPerUnit at least';
  throw fail('dataset/field', { path: `${root}/${descriptionFile}`, field: 'the file', value: 'missing', expected });
}

/** UTF-8, or UTF-16 as Windows' shells write it; a begin mark of editors is no part of the text. */
function textOf(bytes: Uint8Array, path: string): string {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  try {
    return new TextDecoder(wide ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8', { fatal: true }).decode(
      bytes,
    );
  } catch (error) {
    const value = 'in another encoding';
    throw fail('dataset/field', { path, field: 'the file', value, expected: 'text in UTF-8' }, error);
  }
}

/** What is said twice would count once, the last. Throws `dataset/field`. */
function expectSaidOnce(text: string, path: string): void {
  const names: (Set<string> | null)[] = [];
  let before = '';
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') names.push(token === '{' ? new Set() : null);
    else if (token === '}' || token === ']') names.pop();
    else if (token === ':') {
      const name = JSON.parse(before) as string;
      if (names.at(-1)?.has(name)) {
        throw fail('dataset/field', { path, field: name, value: 'said twice', expected: 'once' });
      }
      names.at(-1)?.add(name);
    }
    before = token;
  }
}

function parse(text: string, path: string): Record<string, unknown> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    const expected = 'JSON, which has no comments, no comma before a bracket, and a point in 0.01';
    throw fail('dataset/field', { path, field: 'the file', value: messageOf(error), expected }, error);
  }
  expectSaidOnce(text, path);
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as Record<string, unknown>;
  throw fail('dataset/field', { path, field: 'the file', value: JSON.stringify(raw), expected: 'an object { ... }' });
}

function checkField(path: string, name: string, value: unknown): void {
  if (!Object.hasOwn(datasetFields, name)) {
    const near = nearestName(name, fieldNames);
    const expected = near === null ? `one of ${fieldNames.join(', ')}` : `${near}?`;
    throw fail('dataset/field', { path, field: `the field ${name}`, value: 'not known', expected });
  }
  const { expected, fits, perPart }: Field = datasetFields[name as FieldName];
  const refuse = (field: string, found: unknown, wanted: string): Error =>
    fail('dataset/field', { path, field, value: JSON.stringify(found), expected: wanted });
  if (perPart !== true) {
    if (!fits(value)) throw refuse(name, value, expected);
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(name, value, `an object with ${expected} for each part's id`);
  }
  for (const [id, entry] of Object.entries(value)) if (!fits(entry)) throw refuse(`${name}.${id}`, entry, expected);
}

function byNormalName<T>(table: unknown): Record<string, T> {
  return Object.fromEntries(
    Object.entries((table ?? {}) as Record<string, T>).map(([id, of]) => [id.normalize('NFC'), of]),
  );
}

/**
 * Refuses what is said of a part that is not there. Times are let be: a program writes them for every part, and parts
 * are taken out of a folder by hand.
 */
export function expectKnownParts(root: string, description: Description, ids: readonly string[]): void {
  const known = new Set(ids);
  for (const field of ['groups', 'tiles', 'severity'] as const) {
    for (const id of Object.keys(description[field])) {
      if (known.has(id)) continue;
      const near = nearestName(id, ids);
      throw fail('dataset/field', {
        path: `${root}/${descriptionFile}`,
        field: `${field}.${id}`,
        value: 'said of a part that is not there',
        expected: near === null ? 'the id of a part, as train/good/000' : `${near}?`,
      });
    }
  }
}
