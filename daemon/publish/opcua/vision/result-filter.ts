/**
 * Which results a client asks for (7.10.2.3): an empty id or a state of 0 asks for none in particular; every filter
 * that is given must fit. Pure.
 */
import type { CameraSetup } from './ports.ts';
import type { RecipeWanted } from './recipe-table.ts';
import type { VisionResult } from './result.ts';

export interface ResultFilter {
  readonly state: number;
  readonly measId: string;
  readonly partId: string;
  readonly externalRecipe: string;
  readonly internalRecipe: RecipeWanted;
  readonly externalConfiguration: string;
  readonly internalConfiguration: RecipeWanted;
  readonly productId: string;
  readonly jobId: string;
}

export function matches(
  filter: ResultFilter,
  result: VisionResult,
  around: { readonly externalRecipe: string | null; readonly setup: CameraSetup },
): boolean {
  const { recipe } = result;
  return (
    (filter.state === 0 || filter.state === result.state) &&
    same(filter.measId, result.measId) &&
    same(filter.partId, result.partId) &&
    same(filter.productId, result.productId) &&
    same(filter.jobId, result.jobId) &&
    same(filter.externalRecipe, around.externalRecipe) &&
    is(filter.internalRecipe, recipe) &&
    // The plant gives configurations no ids, so none has the one asked for.
    same(filter.externalConfiguration, null) &&
    is(filter.internalConfiguration, around.setup)
  );
}

function same(wanted: string, actual: string | null): boolean {
  return wanted === '' || wanted === actual;
}

function is(
  wanted: RecipeWanted,
  actual: { readonly id: string; readonly version?: string | null; readonly digest?: string },
): boolean {
  return (
    same(wanted.id, actual.id) &&
    (wanted.version === null || wanted.version === (actual.version ?? null)) &&
    (wanted.digest === null || wanted.digest === actual.digest)
  );
}
