/**
 * A result as values of the address space: the fields of ResultDataType by name, once, from which the structure, the
 * event, the outputs of a method and the variables of the Results folder are all made. What has no value is absent.
 */
import { DataType, type ExtensionObject, Variant, VariantArrayType, type VariantOptions } from 'node-opcua';
import type { CameraSetup } from './ports.ts';
import type { VisionResult } from './result.ts';
import type { BinaryId, VisionTypes } from './types.ts';

export interface ResultValue {
  readonly name: string;
  /** Null where the result has none; only optional fields may lack one. */
  readonly variant: VariantOptions | null;
}

/** What a result has besides its record. */
export interface ResultSurroundings {
  /** The set-up it was taken with. */
  readonly setup: CameraSetup;
  /** The plant's own id of the recipe, where exactly one row of the table fits. */
  readonly externalRecipe: string | null;
  /** Its mask can be fetched as a file. */
  readonly hasFile: boolean;
}

export function setupId({ id, version, digest, description }: CameraSetup): BinaryId {
  return { id, digest, description, ...(version !== null && { version }) };
}

export function resultValues(types: VisionTypes, result: VisionResult, around: ResultSurroundings): ResultValue[] {
  const { measId, partId, productId } = result;
  const { externalRecipe } = around;
  return [
    { name: 'ResultId', variant: structure(types.id('ResultIdDataType', result.resultId)) },
    { name: 'HasTransferableDataOnFile', variant: { dataType: DataType.Boolean, value: around.hasFile } },
    { name: 'IsPartial', variant: { dataType: DataType.Boolean, value: false } },
    { name: 'IsSimulated', variant: { dataType: DataType.Boolean, value: result.isSimulated } },
    { name: 'ResultState', variant: { dataType: DataType.Int32, value: result.state } },
    { name: 'MeasId', variant: measId === null ? null : structure(types.id('MeasIdDataType', measId)) },
    { name: 'PartId', variant: partId === null ? null : structure(types.id('PartIdDataType', partId)) },
    {
      name: 'ExternalRecipeId',
      variant:
        externalRecipe === null ? null : structure(types.binaryId('RecipeIdExternalDataType', { id: externalRecipe })),
    },
    { name: 'InternalRecipeId', variant: structure(types.binaryId('RecipeIdInternalDataType', result.recipe)) },
    { name: 'ProductId', variant: productId === null ? null : structure(types.id('ProductIdDataType', productId)) },
    // The plant gives configurations no ids of its own.
    { name: 'ExternalConfigurationId', variant: null },
    {
      name: 'InternalConfigurationId',
      variant: structure(types.binaryId('ConfigurationIdDataType', setupId(around.setup))),
    },
    { name: 'JobId', variant: structure(types.id('JobIdDataType', result.jobId)) },
    { name: 'CreationTime', variant: { dataType: DataType.DateTime, value: new Date(result.createdAtMs) } },
    { name: 'ProcessingTimes', variant: structure(processingTimes(types, result)) },
    { name: 'ResultContent', variant: content(result) },
  ];
}

function structure(value: ExtensionObject): VariantOptions {
  return { dataType: DataType.ExtensionObject, value };
}

function processingTimes(types: VisionTypes, result: VisionResult): ExtensionObject {
  const { acquisitionMs, processingMs } = result;
  return types.make('ProcessingTimesDataType', {
    startTime: new Date(result.startedAtMs),
    endTime: new Date(result.createdAtMs),
    ...(acquisitionMs !== null && { acquisitionDuration: acquisitionMs }),
    ...(processingMs !== null && { processingDuration: processingMs }),
  });
}

/** Scalars first, so that a client that cannot read JSON needs only an index. */
function content({ content: { evaluation, score, threshold, defects, json } }: VisionResult): VariantOptions {
  const value = [
    new Variant({ dataType: DataType.Int32, value: evaluation }),
    new Variant({ dataType: DataType.Double, value: score }),
    new Variant({ dataType: DataType.Double, value: threshold }),
    new Variant({ dataType: DataType.Int32, value: defects }),
    new Variant({ dataType: DataType.String, value: json }),
  ];
  return { dataType: DataType.Variant, arrayType: VariantArrayType.Array, value };
}

export function fieldName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** The same as one structure. */
export function resultStructure(types: VisionTypes, values: readonly ResultValue[]): ExtensionObject {
  const given = values.flatMap(({ name, variant }) => (variant ? [[fieldName(name), variant.value] as const] : []));
  return types.make('ResultDataType', Object.fromEntries(given));
}
