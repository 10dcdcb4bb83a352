/**
 * The recipes of a line in the words of OPC 40100-1: a row of the config's table is a bundle with its decision
 * settings. Its external id is the plant's own name (or number) of it, its internal id the bundle: name, version and
 * the SHA-256 of its manifest, as each result names it. Pure but for the look-up of bundles; a line without a table has
 * one recipe, the bundle in service.
 */
import type { LineCommands, Recipe } from '../../../command/port.ts';
import type { BundleName } from '../../../line/verdict.ts';
import { Refused } from './codes.ts';
import type { BundleOf, RecipeBundle } from './ports.ts';
import type { BinaryId } from './types.ts';

export interface RecipeRow {
  /** Null for the bundle in service of a line without a table. */
  readonly number: number | null;
  readonly external: string;
  readonly internal: BinaryId;
  /** Null where it is not known. */
  readonly product: string | null;
  readonly prepared: boolean;
  /** What serves is this row's own bundle, as far as that could be read. */
  readonly settled: boolean;
  readonly modifiedAtMs: number;
  readonly threshold: number | null;
}

/** What a client names a recipe by; empty strings and nulls where it left something out. */
export interface RecipeWanted {
  readonly id: string;
  readonly version: string | null;
  readonly digest: string | null;
}

/** What the table is read from. */
export interface RecipeSources {
  readonly commands: LineCommands | null;
  readonly inService: BundleName | null;
  /** By order of a client none is prepared. */
  readonly unprepared: boolean;
}

export class RecipeTable {
  readonly #bundleOf: BundleOf;
  readonly #sources: () => RecipeSources;
  /** Recipe number -> its bundle, as last read. */
  readonly #bundles = new Map<number, RecipeBundle>();

  constructor(bundleOf: BundleOf, sources: () => RecipeSources) {
    this.#bundleOf = bundleOf;
    this.#sources = sources;
  }

  /** Reads the manifests again: a bundle may have come or gone since. */
  async refresh(): Promise<void> {
    const recipes = this.#sources().commands?.recipes() ?? [];
    const read = await Promise.all(
      recipes.map(async (recipe) => [recipe.number, await this.#bundleOf(recipe)] as const),
    );
    this.#bundles.clear();
    for (const [number, bundle] of read) if (bundle) this.#bundles.set(number, bundle);
  }

  rows(): RecipeRow[] {
    const sources = this.#sources();
    const recipes = sources.commands?.recipes() ?? [];
    if (recipes.length === 0) return sources.inService ? [rowInService(sources.inService, sources)] : [];
    return recipes.map((recipe) => this.#row(recipe, sources));
  }

  #row(recipe: Recipe, { commands, inService, unprepared }: RecipeSources): RecipeRow {
    const { number, name, product, threshold, bundle } = recipe;
    const active = commands?.ordered().recipe === number;
    const read = this.#bundles.get(number);
    const known = active && inService ? inService : read;
    return {
      number,
      external: name,
      internal: known
        ? { id: known.name, version: known.version, digest: known.digest, description: name }
        : { id: bundle, description: `${name}: its bundle cannot be read` },
      product,
      prepared: active && inService !== null && !unprepared,
      settled: !active || !read || read.digest === inService?.digest,
      modifiedAtMs: read?.modifiedAtMs ?? 0,
      threshold,
    };
  }

  /** The one prepared now; null where none is. */
  prepared(): RecipeRow | null {
    return this.rows().find((row) => row.prepared) ?? null;
  }

  /** By the internal id where it is given, by the external one otherwise (7.5.2.2). Throws `Refused`. */
  find(external: RecipeWanted, internal: RecipeWanted): RecipeRow {
    const byInternal = internal.id !== '';
    const rows = this.rows().filter((row) =>
      byInternal ? isBundle(row.internal, internal) : isExternal(row, external.id) && fits(row.internal, external),
    );
    const wanted = byInternal ? internal.id : external.id;
    const [row, another] = rows;
    if (wanted === '' || !row) throw new Refused('recipeUnknown', `no recipe "${wanted}"`);
    if (another) throw new Refused('recipeAmbiguous', `recipes ${rows.map((each) => each.external).join(', ')}`);
    return row;
  }

  /** The plant's name of what judged a part, where exactly one row is that; null otherwise. */
  externalOf(bundle: BinaryId, threshold: number | null): string | null {
    const sameBundle = this.rows().filter((row) => row.internal.digest === bundle.digest && row.number !== null);
    const exact = sameBundle.filter((row) => row.threshold === threshold);
    const rows = exact.length > 0 ? exact : sameBundle;
    return rows.length === 1 ? (rows[0]?.external ?? null) : null;
  }
}

function rowInService(bundle: BundleName, { unprepared }: RecipeSources): RecipeRow {
  return {
    number: null,
    external: bundle.name,
    internal: { id: bundle.name, version: bundle.version, digest: bundle.digest },
    product: null,
    prepared: !unprepared,
    settled: true,
    modifiedAtMs: 0,
    threshold: null,
  };
}

function isExternal(row: RecipeRow, id: string): boolean {
  return row.external === id || (row.number !== null && String(row.number) === id);
}

function isBundle(internal: BinaryId, wanted: RecipeWanted): boolean {
  return internal.id === wanted.id && fits(internal, wanted);
}

/** Version and hash count where the client gave them. */
function fits(internal: BinaryId, { version, digest }: RecipeWanted): boolean {
  return (version === null || version === internal.version) && (digest === null || digest === internal.digest);
}
