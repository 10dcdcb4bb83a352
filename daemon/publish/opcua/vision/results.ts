/**
 * ResultManagement: results by id, by filter and as files, from the journal's own records: there is no second history.
 * Bounded: a filter looks at the newest records only, an answer has a limit, and the mask is there while it is kept.
 */
import { DataType, NodeId, StatusCodes, type UAObject } from 'node-opcua';
import type { Clock } from '../../../clock.ts';
import type { VerdictRecord } from '../../../line/verdict.ts';
import { resultIdOf } from '../../payload.ts';
import { type Binder, type Caller, Failed, type Inputs, type Outputs } from './bind.ts';
import { Refused } from './codes.ts';
import { fileLimits, TemporaryFiles } from './files.ts';
import { Handles } from './handles.ts';
import type { Masks } from './masks.ts';
import type { CameraSetup, KeptRecords } from './ports.ts';
import type { RecipeTable } from './recipe-table.ts';
import { visionResult } from './result.ts';
import { matches, type ResultFilter } from './result-filter.ts';
import { type ResultValue, resultStructure, resultValues } from './result-values.ts';
import { detailsIn, idIn, type VisionTypes } from './types.ts';
import { component, variable } from './view.ts';

export const resultLimits = {
  /** Results of one answer: 16 fields and a JSON text each, some 3 KB. */
  listMax: 100,
  /** Records a filter looks at, the newest first: what the journal keeps of a line for itself. */
  searchMax: 1000,
  pageSize: 100,
} as const;

export const resultOptionals = [
  'ResultManagement',
  'ResultManagement.Results',
  'ResultManagement.ResultTransfer',
  'ResultManagement.ReleaseResultHandle',
];

export interface ResultsDeps {
  readonly types: VisionTypes;
  readonly system: UAObject;
  readonly bind: Binder;
  readonly clock: Clock;
  readonly lineId: string;
  readonly records: KeptRecords;
  readonly masks: Masks;
  readonly recipes: RecipeTable;
  /** The camera set-up in use. */
  readonly setup: () => CameraSetup;
}

export class Results {
  readonly #deps: ResultsDeps;
  readonly #handles: Handles;
  readonly #files: TemporaryFiles;

  constructor(deps: ResultsDeps) {
    this.#deps = deps;
    const { bind, clock } = deps;
    this.#handles = new Handles(clock);
    const management = component(deps.system, 'ResultManagement');
    const transfer = component(management, 'ResultTransfer');
    this.#files = new TemporaryFiles(transfer, bind, clock);
    bind(management, 'GetResultById', null, async (inputs, caller) => {
      const record = await this.#record(inputs['ResultId']);
      const Result = resultStructure(deps.types, this.values(record));
      return { ResultHandle: this.#handle(inputs, caller), Result };
    });
    bind(management, 'GetResultComponentsById', null, async (inputs, caller) => {
      const values = this.values(await this.#record(inputs['ResultId']));
      const parts = values.flatMap(({ name, variant }) => (variant ? [[name, variant.value] as const] : []));
      return { ...Object.fromEntries(parts), ResultHandle: this.#handle(inputs, caller) };
    });
    bind(management, 'GetResultListFiltered', null, (inputs, caller) => this.#list(inputs, caller));
    bind(management, 'ReleaseResultHandle', null, ({ ResultHandle }, { session }) => {
      if (this.#handles.release(session, Number(ResultHandle))) return {};
      throw new Refused('handleUnknown', `result handle ${String(ResultHandle)}`);
    });
    bind(transfer, 'GenerateFileForRead', null, (inputs, caller) => this.#fileForRead(inputs, caller));
    for (const name of ['GenerateFileForWrite', 'CloseAndCommit']) {
      bind(transfer, name, null, () => {
        throw new Failed(StatusCodes.BadNotSupported, 'results are made here, not received');
      });
    }
    const timeout = { dataType: DataType.Double, value: fileLimits.silenceMaxMs };
    const at = new Date(clock.wallMs());
    variable(transfer, 'ClientProcessingTimeout').setValueFromSource(timeout, StatusCodes.Good, at);
  }

  /** Every field of a record's result. */
  values(record: VerdictRecord): ResultValue[] {
    const result = visionResult(record);
    return resultValues(this.#deps.types, result, this.#around(record));
  }

  /** Files that clients still hold. */
  get openFiles(): number {
    return this.#files.size;
  }

  stop(): void {
    this.#files.clear();
  }

  #around(record: VerdictRecord) {
    const { recipes, setup, masks } = this.#deps;
    const { bundle, threshold } = record;
    const recipe = bundle && { id: bundle.name, version: bundle.version, digest: bundle.digest };
    return {
      setup: setup(),
      externalRecipe: recipe && recipes.externalOf(recipe, threshold),
      hasFile: masks.has(record.sequence),
    };
  }

  #handle(inputs: Inputs, { session }: Caller): number {
    return this.#handles.give(session, Number(inputs['Timeout']));
  }

  #sequence(resultId: unknown): number {
    const id = idIn(resultId, 'ResultId');
    const sequence = Number(/-(\d{1,15})$/.exec(id)?.[1]);
    if (id === resultIdOf(this.#deps.lineId, sequence)) return sequence;
    throw new Refused('resultUnknown', `no result "${id}"`);
  }

  async #record(resultId: unknown): Promise<VerdictRecord> {
    const sequence = this.#sequence(resultId);
    const record = await this.#deps.records.bySequence(sequence);
    if (record) return record;
    throw new Refused('resultUnknown', `result ${sequence} is not kept`);
  }

  async #list(inputs: Inputs, caller: Caller): Promise<Outputs> {
    const filter = filterIn(inputs);
    const max = Math.min(Number(inputs['MaxResults']) || resultLimits.listMax, resultLimits.listMax);
    const from = Number(inputs['StartIndex']);
    const found: VerdictRecord[] = [];
    let seen = 0;
    for await (const record of this.#newest()) {
      if (!matches(filter, visionResult(record), this.#around(record))) continue;
      seen += 1;
      if (seen > from) found.push(record);
      // One more than asked for tells that there are more.
      if (found.length > max) break;
    }
    const listed = found.slice(0, max);
    return {
      IsComplete: found.length <= max,
      ResultCount: listed.length,
      ResultHandle: this.#handle(inputs, caller),
      ResultList: listed.map((record) => resultStructure(this.#deps.types, this.values(record))),
    };
  }

  async *#newest(): AsyncGenerator<VerdictRecord> {
    let before: number | null = null;
    for (let read = 0; read < resultLimits.searchMax; read += resultLimits.pageSize) {
      const page: VerdictRecord[] = await this.#deps.records.latest(before, resultLimits.pageSize);
      yield* page;
      before = page.at(-1)?.sequence ?? null;
      if (page.length < resultLimits.pageSize) return;
    }
  }

  async #fileForRead(inputs: Inputs, caller: Caller): Promise<Outputs> {
    const options = inputs['GenerateOptions'] ?? inputs['generateOptions'];
    const sequence = sequenceOf(() => this.#sequence((options as { id?: unknown } | null)?.id));
    const png = sequence === null ? null : await this.#deps.masks.fetch(sequence);
    if (!png) throw new Failed(StatusCodes.BadNotFound, 'no mask of this result is kept');
    const { node, handle } = this.#files.make(png, 'image/png', caller);
    return { FileNodeId: node, FileHandle: handle, CompletionStateMachine: NodeId.nullNodeId };
  }
}

/** This method has no number to answer, only a status code. */
function sequenceOf(read: () => number): number | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function filterIn(inputs: Inputs): ResultFilter {
  const recipe = inputs['InternalRecipeId'];
  const configuration = inputs['InternalConfigurationId'];
  const id = (name: string): string => idIn(inputs[name], name);
  return {
    state: Number(inputs['ResultState']),
    measId: id('MeasId'),
    partId: id('PartId'),
    externalRecipe: id('ExternalRecipeId'),
    internalRecipe: { id: id('InternalRecipeId'), ...detailsIn(recipe) },
    externalConfiguration: id('ExternalConfigurationId'),
    internalConfiguration: { id: id('InternalConfigurationId'), ...detailsIn(configuration) },
    productId: id('ProductId'),
    jobId: id('JobId'),
  };
}
