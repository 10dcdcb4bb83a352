/**
 * The files OpenCV's FileStorage (YAML and JSON), ROS' camera_calibration and `ros2 topic echo` write, as plain values.
 * The reading is the yaml package's; what is ours is OpenCV's own head line `%YAML:1.0`, which no YAML reader takes,
 * several messages of one camera in a file, and matrices in each of their shapes. Refuses by field or line.
 */
import { parseAllDocuments } from 'yaml';
import { messageOf } from '../../errors.ts';
import { refusal } from './calibration.ts';

export type YamlMap = Readonly<Record<string, unknown>>;

/** A calibration file is a page, some hundred with the points of every board in it; more is something else. */
const maxChars = 10_000_000;
const maxAliases = 100;

export function readCalibrationYaml(text: string, path: string): YamlMap {
  if (text.length > maxChars) throw refusal(path, 'the file', `${text.length} characters`, 'a calibration file');
  if (/^\s*<\?xml/.test(text)) {
    throw refusal(path, 'the file', 'XML', 'YAML: OpenCV writes it where the name of its file ends in .yml');
  }
  // YAML 1.2 by whatever head: 1.1 reads 0777 in octal and 1:30 in sixties. The line stays, for the numbers of errors.
  const plain = text.replace(/^\uFEFF/, '').replace(/^%YAML:\d[^\n]*/, '');
  const found = parseAllDocuments(plain, { schema: 'core', prettyErrors: true, logLevel: 'error' });
  const values: unknown[] = [];
  for (const document of Array.isArray(found) ? found : []) {
    const [error] = document.errors;
    if (error) {
      const [what = ''] = error.message.split('\n');
      throw refusal(path, `line ${error.linePos?.[0].line ?? 1}`, what.replace(/ at line \d+.*$/, ''), 'YAML');
    }
    try {
      values.push(document.toJS({ maxAliasCount: maxAliases }));
    } catch (error) {
      throw refusal(path, 'the file', messageOf(error), 'YAML', error);
    }
  }
  const [first, ...others] = values.filter((value) => value !== null);
  if (first === undefined) return {};
  if (!isMap(first)) throw refusal(path, 'the file', first, '"name: value" lines');
  // What `ros2 topic echo` shows until it is stopped: one message after the other, alike but for the header.
  const same = others.every((other) => isMap(other) && withoutHeader(other) === withoutHeader(first));
  if (!same) throw refusal(path, 'the file', `${others.length + 1} documents`, 'one, or several that say the same');
  return first;
}

function withoutHeader({ header: _, ...rest }: YamlMap): string {
  return JSON.stringify(rest);
}

function isMap(value: unknown): value is YamlMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first of `names` that the file has. */
export function nameOf(yaml: YamlMap, names: readonly string[]): string | undefined {
  return names.find((name) => Object.hasOwn(yaml, name) && yaml[name] !== null);
}

/** A list of numbers as it stands or row by row, or under `data` of a matrix with rows and cols. */
export function matrixOf(yaml: YamlMap, names: readonly string[], path: string): number[] {
  const name = nameOf(yaml, names);
  if (name === undefined) throw refusal(path, names[0]!, undefined, `a matrix called ${names.join(', ')}`);
  const value = yaml[name];
  if (Array.isArray(value)) return numbersOf(value, path, name);
  if (!isMap(value)) throw refusal(path, name, value, 'a matrix');
  const { rows, cols, dt, data } = value;
  if (!Array.isArray(data)) throw refusal(path, `${name}.data`, data, 'a list of numbers');
  const numbers = numbersOf(data, path, `${name}.data`);
  // OpenCV's "2f": two numbers in each place
  const each = Number(/^\d+/.exec(String(dt))?.[0] ?? 1);
  if (Number(rows) * Number(cols) * each !== numbers.length) {
    const expected = `rows x cols = ${shown(rows)} x ${shown(cols)}`;
    throw refusal(path, `${name}.data`, `${numbers.length} numbers`, expected);
  }
  return numbers;
}

const shown = (value: unknown): string => (value === undefined ? 'missing' : String(value));

/** Rows of rows are laid end to end; numbers without commas between them are one text to YAML, and meant as numbers. */
function numbersOf(list: readonly unknown[], path: string, name: string): number[] {
  const numbers = list.flatMap((item): number[] => {
    if (Array.isArray(item)) return numbersOf(item, path, name);
    if (typeof item === 'number') return [item];
    const words = typeof item === 'string' && item.trim() !== '' ? item.trim().split(/\s+/) : ['none'];
    return words.map(Number);
  });
  if (numbers.every(Number.isFinite)) return numbers;
  throw refusal(path, name, list, 'a list of numbers');
}
