/**
 * A key that holds a table: rows by their number, each with the same columns. Every problem of every row is named by
 * its own path (`recipes.3.bundle`), so that a long table is corrected in one go. A column is required or, where it is
 * absent, null. The environment overrides the table as a whole, as JSON.
 */
import {
  type Column,
  type Finding,
  type Key,
  refusalOf,
  type Scalar,
  showValue,
  type Table,
  type TakesEffect,
} from './key.ts';
import { nearestName } from './problems.ts';

type ValueOf<C> = C extends Column<infer T> ? T : never;

/** A row as it is read: required cells have a value, the others one or null. */
export type RowOf<Required, Optional> = { readonly [K in keyof Required]: ValueOf<Required[K]> } & {
  readonly [K in keyof Optional]: ValueOf<Optional[K]> | null;
};

export interface AboutTable<Required, Optional> {
  readonly doc: string;
  readonly takes: TakesEffect;
  /** What a row is called in errors and in the reference. */
  readonly row: string;
  /** Rows are numbered from 1 to this. */
  readonly max: number;
  /** So that a table pasted by a script cannot fill the screen or the memory. */
  readonly rowsMax: number;
  readonly required: Required;
  readonly optional: Optional;
}

type Columns = Readonly<Record<string, Column<string> | Column<number> | Column<boolean>>>;

export function tableKey<const R extends Columns, const O extends Columns>(
  about: AboutTable<R, O>,
): Key<Readonly<Record<string, RowOf<R, O> & Readonly<Record<string, Scalar | null>>>>> {
  const { doc, takes, row, max, rowsMax } = about;
  type Rows = Readonly<Record<string, RowOf<R, O> & Readonly<Record<string, Scalar | null>>>>;
  const columns = Object.fromEntries([
    ...Object.entries(about.required).map(([name, column]) => [name, { ...column, optional: false }] as const),
    ...Object.entries(about.optional).map(([name, column]) => [name, { ...column, optional: true }] as const),
  ]) as NonNullable<Key['columns']>;
  const expected = `a table of at most ${rowsMax} rows by ${row}, a whole number from 1 to ${max}`;
  const findings = (value: unknown): Finding[] => {
    if (!isRecord(value))
      return [{ names: [], problem: `found ${showValue(value)}, expected ${expected}`, hint: null }];
    const rows = Object.entries(value);
    if (rows.length > rowsMax) {
      return [{ names: [], problem: `found ${rows.length} rows, expected ${expected}`, hint: null }];
    }
    return rows.flatMap(([number, cells]) => {
      const problems = isNumber(number, max)
        ? rowFindings(cells, columns, row)
        : [{ names: [], problem: `is no ${row}, expected a whole number from 1 to ${max}`, hint: null }];
      return problems.map((finding) => ({ ...finding, names: [number, ...finding.names] }));
    });
  };
  return {
    ...{ doc, takes, expected, columns, findings, unit: null, default: {} as Rows },
    accepts: (value): value is Rows => findings(value).length === 0,
    fromText: parseJson,
    show: showValue,
  };
}

function rowFindings(cells: unknown, columns: NonNullable<Key['columns']>, row: string): Finding[] {
  const names = Object.keys(columns);
  if (!isRecord(cells)) {
    return [
      { names: [], problem: `found ${showValue(cells)}, expected ${names.join(', ')} of this ${row}`, hint: null },
    ];
  }
  const unknown = Object.keys(cells).flatMap((name): Finding[] => {
    if (Object.hasOwn(columns, name)) return [];
    const near = nearestName(name, names);
    const hint = near === null ? `a row has ${names.join(', ')}` : `did you mean ${near}?`;
    return [{ names: [name], problem: 'unknown column', hint }];
  });
  const wrong = Object.entries(columns).flatMap(([name, column]): Finding[] => {
    const found = Object.hasOwn(cells, name) ? cells[name] : undefined;
    if (column.accepts(found) || (column.optional && (found === undefined || found === null))) return [];
    return [{ names: [name], problem: refusalOf(column, found), hint: null }];
  });
  return [...unknown, ...wrong];
}

/** The table as it is read: what a row leaves out is null. Only of a value that is accepted. */
export function completeTable(key: Key, value: Table): Table {
  const names = Object.keys(key.columns ?? {});
  return Object.fromEntries(
    Object.entries(value).map(([number, cells]) => [
      number,
      Object.fromEntries(names.map((name) => [name, cells[name] ?? null])),
    ]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(text: string, max: number): boolean {
  return /^[1-9]\d*$/.test(text) && Number(text) <= max;
}

/** The text itself where it is no JSON, so that it is refused with what was found. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // refused by the key: a text is no table
  }
}
