/**
 * The YAML of calibration files: what OpenCV's FileStorage and ROS' camera_info write, and nothing more. Nested maps
 * by indentation, numbers, texts, lists in brackets (over several lines), tags such as !!opencv-matrix ignored.
 * A general reader refuses OpenCV's head line `%YAML:1.0`. Refuses what it does not know by line.
 */
import { refusal } from './calibration.ts';

export type PlainYaml = { [key: string]: PlainYaml | string | number | number[] };

/** A calibration file is a page; more is something else. */
const maxChars = 1_000_000;

export function readPlainYaml(text: string, path: string): PlainYaml {
  if (text.length > maxChars) throw refusal(path, 'the file', `${text.length} characters`, 'a calibration file');
  const lines = joinLists(text, path);
  const root: PlainYaml = {};
  const open: { indent: number; map: PlainYaml }[] = [{ indent: -1, map: root }];
  for (const [at, { number, text: line }] of lines.entries()) {
    const found = /^(\s*)([\w.-]+|"[^"]*")\s*:\s*(.*)$/.exec(line);
    if (!found) throw refusal(path, `line ${number}`, line.trim(), '"name: value"');
    const indent = found[1]!.length;
    const key = found[2]!.replaceAll('"', '');
    const value = found[3]!.replace(/^!!?[\w:-]+\s*/, '').trim();
    while (open.at(-1)!.indent >= indent) open.pop();
    const { map } = open.at(-1)!;
    const next = lines[at + 1]?.text;
    const nested = next !== undefined && next.length - next.trimStart().length > indent;
    if (value === '' && nested) {
      const inner: PlainYaml = {};
      map[key] = inner;
      open.push({ indent, map: inner });
    } else {
      map[key] = scalar(value, path, number);
    }
  }
  return root;
}

interface Line {
  number: number;
  text: string;
}

/** Head, comments and empty lines away; a list that goes on over several lines on one. */
function joinLists(text: string, path: string): Line[] {
  const lines: Line[] = [];
  let list: Line | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    if (list !== null) {
      list.text += ` ${line.trim()}`;
    } else {
      if (line.trim() === '' || /^(%YAML|---|\.\.\.)/.test(line)) continue;
      list = { number: index + 1, text: line };
      lines.push(list);
    }
    if (!isOpen(list.text)) list = null;
  }
  if (list !== null) throw refusal(path, `line ${list.number}`, 'a list without an end', 'a whole file');
  return lines;
}

function isOpen(text: string): boolean {
  return text.includes('[') && !text.includes(']');
}

function scalar(value: string, path: string, number: number): string | number | number[] {
  if (value.startsWith('[')) {
    const inside = value.slice(1, value.indexOf(']')).trim();
    return inside === '' ? [] : inside.split(',').map((item) => toNumber(item, path, number));
  }
  const bare = value.replace(/^(['"])(.*)\1$/, '$2');
  return bare !== '' && bare === value && Number.isFinite(Number(bare)) ? Number(bare) : bare;
}

function toNumber(item: string, path: string, number: number): number {
  const text = item.trim();
  const value = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) throw refusal(path, `line ${number}`, text, 'a number');
  return value;
}
