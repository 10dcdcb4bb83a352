/**
 * The listing in the words of a PLC family. Mechanical: types, the marks of names, the calls of timers and blocks are
 * written as the family writes them; no statement is added, left out or moved. Works on the listing's own layout: one
 * declaration a line, a call of a timer or block on one line.
 */
import { StError } from '../iec/tokens.ts';

interface Declaration {
  readonly name: string;
  readonly type: string;
  /** With its marks, from the end of the declaration on. */
  readonly comment: string;
}
interface Unit {
  /** The comment above it. */
  readonly above: string[];
  readonly kind: 'TYPE' | 'FUNCTION_BLOCK';
  readonly name: string;
  readonly sections: { readonly head: string; readonly declared: (Declaration | null)[] }[];
  readonly body: string[];
}

export interface Family {
  readonly unit: (unit: Unit, all: readonly Unit[]) => string[];
}

export function render(listing: string, family: Family): string {
  const units = unitsOf(listing);
  return units.map((unit) => [...unit.above, ...family.unit(unit, units)].join('\n')).join('\n\n');
}

const declaration = /^ {4}(\w+)\s*: ([^;]+);\s*(\/\/.*)?$/;

/** The listing cut into types and blocks. */
function unitsOf(listing: string): Unit[] {
  const units: Unit[] = [];
  let above: string[] = [];
  let unit: Unit | null = null;
  let section: Unit['sections'][number] | null = null;
  for (const [at, line] of listing.split('\n').entries()) {
    const head = /^(TYPE|FUNCTION_BLOCK) (\w+)( : STRUCT)?$/.exec(line);
    if (head) {
      unit = { above: trimmed(above), kind: head[1] as Unit['kind'], name: head[2]!, sections: [], body: [] };
      above = [];
      section = unit.kind === 'TYPE' ? { head: 'STRUCT', declared: [] } : null;
      if (section) unit.sections.push(section);
    } else if (/^END_(?:TYPE|FUNCTION_BLOCK)$/.test(line)) {
      if (unit) units.push({ ...unit, body: trimmed(unit.body) });
      unit = null;
    } else if (unit === null) above.push(line);
    else if (/^VAR\w*(?: \w+)*$/.test(line)) {
      section = { head: line, declared: [] };
      unit.sections.push(section);
    } else if (/^END_(?:VAR|STRUCT)$/.test(line)) section = null;
    else if (section) {
      const [, name, type, comment = ''] = declaration.exec(line) ?? [];
      if (name === undefined || type === undefined) throw new StError(at + 1, `no declaration on one line: ${line}`);
      section.declared.push({ name, type, comment });
    } else unit.body.push(line);
  }
  return units;
}

function trimmed(lines: readonly string[]): string[] {
  const said = lines.findIndex((line) => line !== '');
  return said < 0 ? [] : lines.slice(said, lines.findLastIndex((line) => line !== '') + 1);
}

/** Declarations in columns, comments behind them. */
function columns(rows: readonly (readonly [string, string])[], indent: string): string[] {
  const width = Math.max(...rows.map(([text]) => text.length));
  return rows.map(([text, comment]) => `${indent}${comment ? `${text.padEnd(width)}  ${comment}` : text}`);
}

const namesOf = (unit: Unit): string[] => unit.sections.flatMap(({ declared }) => declared.map((each) => each!.name));
const typeOf = (unit: Unit, name: string): string =>
  unit.sections.flatMap(({ declared }) => declared).find((each) => each!.name === name)!.type;

/** Each name of the code, not of its comments; `dotted` is one behind a dot, `given` one before `:=` in a call. */
function words(line: string, change: (word: string, how: { dotted: boolean; given: boolean }) => string): string {
  const [, code, comment] = /^(.*?)(\s*\/\/.*)?$/.exec(line)!;
  const call = /^\s*\w+\(/.test(code!);
  const changed = code!.replace(/(?<![\w#])[A-Za-z_]\w*/g, (word, at: number) => {
    const given = call && code!.indexOf('(') < at && /^\s*:=/.test(code!.slice(at + word.length));
    return change(word, { dotted: code![at - 1] === '.', given });
  });
  return changed + (comment ?? '');
}

/** S7 SCL as an external source of TIA Portal. */
export const siemens: Family = {
  unit: (unit, all) => {
    const ours = all.map(({ name }) => name);
    const type = (name: string): string =>
      name
        .replace(/\bARRAY\[/, 'Array[')
        .replace(/\bOF\b/, 'of')
        .replace(/\w+$/, (last) => (ours.includes(last) ? `"${last}"` : (sclTypes[last] ?? last)));
    const declared = (list: Unit['sections'][number]['declared'], indent: string): string[] =>
      columns(
        list.map((each) => [`${each!.name} : ${type(each!.type)};`, each!.comment]),
        indent,
      );
    if (unit.kind === 'TYPE') {
      const fields = declared(unit.sections[0]!.declared, '        ');
      return [`TYPE "${unit.name}"`, '    STRUCT', ...fields, '    END_STRUCT;', 'END_TYPE'];
    }
    const own = namesOf(unit);
    const body = unit.body.map((line) =>
      words(line, (word, { dotted, given }) => (own.includes(word) && !dotted && !given ? `#${word}` : word)).replace(
        /\[([^\]]*(?:MOD 16|#Slot))\]/g,
        '[UDINT_TO_DINT($1)]',
      ),
    );
    return [
      `FUNCTION_BLOCK "${unit.name}"`,
      ...unit.sections.flatMap(({ head, declared: list }) => [head, ...declared(list, '    '), 'END_VAR']),
      'BEGIN',
      ...body,
      'END_FUNCTION_BLOCK',
    ];
  },
};

const sclTypes: Readonly<Record<string, string>> = {
  BOOL: 'Bool',
  INT: 'Int',
  UINT: 'UInt',
  UDINT: 'UDInt',
  TIME: 'Time',
  TON: 'TON_TIME',
};

/** TwinCAT: the standard's own text, declaration and body as its editor shows them. */
export const beckhoff: Family = {
  unit: (unit) => {
    const declared = (list: Unit['sections'][number]['declared']): string[] =>
      columns(
        list.map((each) => [`${each!.name} : ${each!.type};`, each!.comment]),
        '    ',
      );
    if (unit.kind === 'TYPE') {
      return [`TYPE ${unit.name} :`, 'STRUCT', ...declared(unit.sections[0]!.declared), 'END_STRUCT', 'END_TYPE'];
    }
    const sections = unit.sections.flatMap(({ head, declared: list }) => [
      head.replace('RETAIN', 'PERSISTENT'),
      ...declared(list),
      'END_VAR',
    ]);
    return [`FUNCTION_BLOCK ${unit.name}`, ...sections, '// ---- the body', ...unit.body];
  },
};

/** Logix: user-defined types and Add-On Instructions. Its ST has no declarations, so these are comments. */
export const rockwell: Family = {
  unit: (unit, all) => {
    const ours = all.map(({ name }) => name);
    const rows = ({ declared, head }: Unit['sections'][number]): string[] =>
      columns(
        declared.map((each) => [`${each!.name} : ${logixType(each!.type, unit.kind)}`, usage(head, each!, ours)]),
        '//     ',
      );
    const head = unit.kind === 'TYPE' ? 'User-defined type' : 'Add-On Instruction';
    const table = [`// ${head} ${unit.name}`, ...unit.sections.flatMap(rows)];
    return unit.kind === 'TYPE' ? table : [...table, '', ...unit.body.flatMap((line) => logixLine(line, unit, all))];
  },
};

function logixType(type: string, kind: Unit['kind']): string {
  const array = /^ARRAY\[0\.\.(\d+)\] OF (\w+)$/.exec(type);
  if (array) {
    const count = Number(array[1]) + 1;
    // An array of BOOL is made of whole words.
    return array[2] === 'BOOL' ? `BOOL[${Math.ceil(count / 32) * 32}]` : `${logixType(array[2]!, kind)}[${count}]`;
  }
  if (type === 'TON') return 'FBD_TIMER';
  return ['INT', 'UINT', 'UDINT', 'TIME'].includes(type) ? 'DINT' : type;
}

function usage(head: string, { type, comment }: Declaration, ours: readonly string[]): string {
  if (head === 'STRUCT') return comment;
  const input = ours.includes(type) ? 'InOut' : 'Input';
  const how = head.startsWith('VAR_INPUT') ? input : head.startsWith('VAR_OUTPUT') ? 'Output' : 'Local';
  const unit = type === 'TIME' ? ', ms' : '';
  return `// ${how}${unit}${comment.replace(/^\/\/\s*/, '; ').replace(/\bT#0s\b/, '0')}`;
}

function logixLine(line: string, unit: Unit, all: readonly Unit[]): string[] {
  const call = /^(\s*)(\w+)\((.*)\);$/.exec(line);
  const type = call && namesOf(unit).includes(call[2]!) ? typeOf(unit, call[2]!) : null;
  if (call && type !== null) {
    const [, indent, name, inputs] = call;
    const given = new Map(inputs!.split(', ').map((each) => each.split(' := ') as [string, string]));
    if (type === 'TON') {
      const [on, limit] = [logixCode(given.get('IN')!), logixCode(given.get('PT')!)];
      return [`${indent}${name}.PRE := ${limit};`, `${indent}${name}.TimerEnable := ${on};`, `${indent}TONR(${name});`];
    }
    const block = all.find((each) => each.name === type)!;
    const order = block.sections.filter(({ head }) => head === 'VAR_INPUT').flatMap(({ declared }) => declared);
    return [`${indent}${type}(${[name, ...order.map((each) => given.get(each!.name)!)].join(', ')});`];
  }
  const [, code, comment = ''] = /^(.*?)(\s*\/\/.*)?$/.exec(line)!;
  return [logixCode(code!) + comment];
}

function logixCode(code: string): string {
  return code
    .replace(/\bTRUE\b/g, '1')
    .replace(/\bFALSE\b/g, '0')
    .replace(/\bT#(\d+)s\b/g, (_text, seconds: string) => String(Number(seconds) * 1000))
    .replace(/\.Q\b/g, '.DN')
    .replace(/ MOD 16\b/g, ' AND 15')
    .replace(/ >= 2147483648\b/g, ' < 0');
}
