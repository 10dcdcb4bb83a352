/**
 * RecipeManagement: lists, prepares and takes back recipes, and shows each as an object of RecipeType. One recipe is
 * prepared at a time, the line's active one; preparing another replaces it, between two parts. Which states allow it is
 * the state tables' business.
 */
import { DataType, StatusCodes, type UAObject, type UAVariable, type VariantOptions } from 'node-opcua';
import type { Clock } from '../../../clock.ts';
import type { Actor, LineCommands } from '../../../command/port.ts';
import type { Binder, Caller, Inputs, Outputs } from './bind.ts';
import { Refused } from './codes.ts';
import type { VisionEvents } from './events.ts';
import { Handles } from './handles.ts';
import type { VisionMachine } from './machine.ts';
import type { RecipeRow, RecipeTable, RecipeWanted } from './recipe-table.ts';
import type { Method } from './states.ts';
import { detailsIn, idIn, object, type VisionTypes } from './types.ts';
import { component } from './view.ts';

/** TriStateBooleanDataType (12.10). */
const triState = { no: 0, yes: 1, any: 2 } as const;
/** Recipes of one answer at most. */
const listMax = 1000;

export const recipeOptionals = ['RecipeManagement', 'RecipeManagement.Recipes', 'RecipeManagement.ReleaseRecipeHandle'];

export interface RecipesDeps {
  readonly types: VisionTypes;
  readonly system: UAObject;
  readonly bind: Binder;
  readonly clock: Clock;
  readonly table: RecipeTable;
  readonly machine: VisionMachine;
  readonly events: VisionEvents;
  readonly opensParts: 'camera' | 'command';
  /** The line's commands. Throws `Refused` where it has none. */
  readonly commands: () => LineCommands;
}

export class Recipes {
  readonly #deps: RecipesDeps;
  readonly #folder: UAObject;
  readonly #handles: Handles;
  readonly #nodes = new Map<string, UAObject>();
  #preparing = false;
  /** What was last told to be prepared, and how often anything was. */
  #told = '';
  #tells = 0;

  constructor(deps: RecipesDeps) {
    this.#deps = deps;
    this.#handles = new Handles(deps.clock);
    const management = component(deps.system, 'RecipeManagement');
    this.#folder = component(management, 'Recipes');
    const { bind } = deps;
    bind(management, 'GetRecipeListFiltered', null, (inputs, caller) => this.#list(inputs, caller));
    bind(management, 'ReleaseRecipeHandle', null, ({ RecipeHandle }, { session }) => {
      if (this.#handles.release(session, Number(RecipeHandle))) return {};
      throw new Refused('handleUnknown', `recipe handle ${String(RecipeHandle)}`);
    });
    bind(management, 'PrepareRecipe', 'operate', async (inputs, { actor }) => {
      const row = await this.#found(inputs, 'PrepareRecipe');
      return { InternalIdOut: this.#internal(row), IsCompleted: await this.#prepare(row, actor) };
    });
    bind(management, 'UnprepareRecipe', 'operate', async (inputs, { actor }) => {
      const row = await this.#found(inputs, 'UnprepareRecipe');
      await this.#unprepare(row, actor);
      return { InternalIdOut: this.#internal(row) };
    });
  }

  /** The table, or what of it is prepared, may have changed. */
  async refresh(): Promise<void> {
    await this.#deps.table.refresh();
    this.show();
  }

  /** Shows the rows as they are, and tells of one that is prepared newly. */
  show(): void {
    const rows = this.#deps.table.rows();
    const at = new Date(this.#deps.clock.wallMs());
    for (const [place, node] of this.#nodes) {
      if (rows.some((row) => placeOf(row) === place)) continue;
      node.addressSpace.deleteNode(node);
      this.#nodes.delete(place);
    }
    for (const row of rows) this.#showRow(row, at);
    const prepared = rows.find((row) => row.prepared);
    const now = prepared ? keyOf(prepared) : '';
    // In the middle of a swap the bundle is the new recipe's already, and the name still the old one's.
    if (prepared && !prepared.settled) return;
    if (prepared && now !== this.#told) this.#tell(prepared);
    this.#told = now;
  }

  #tell(row: RecipeRow): void {
    const { types, events, clock } = this.#deps;
    this.#told = keyOf(row);
    this.#tells += 1;
    const ids = {
      internal: object(this.#internal(row)),
      external: object(this.#external(row)),
      product: row.product === null ? { dataType: DataType.Null } : object(types.id('ProductIdDataType', row.product)),
    };
    events.recipePrepared(ids, clock.wallMs(), `recipe ${row.external} is prepared`);
  }

  #internal(row: RecipeRow) {
    return this.#deps.types.binaryId('RecipeIdInternalDataType', row.internal);
  }

  #external(row: RecipeRow) {
    return this.#deps.types.binaryId('RecipeIdExternalDataType', { id: row.external });
  }

  async #list(inputs: Inputs, { session }: Caller): Promise<Outputs> {
    await this.refresh();
    const [external, product] = [idIn(inputs['ExternalId'], 'ExternalId'), idIn(inputs['ProductId'], 'ProductId')];
    const isPrepared = Number(inputs['IsPrepared']);
    const rows = this.#deps.table
      .rows()
      .filter(
        (row) =>
          (external === '' || row.external === external || String(row.number) === external) &&
          (product === '' || row.product === product) &&
          (isPrepared === triState.any || row.prepared === (isPrepared === triState.yes)),
      );
    const from = Number(inputs['StartIndex']);
    const max = Math.min(Number(inputs['MaxResults']) || listMax, listMax);
    const listed = rows.slice(from, from + max);
    return {
      IsComplete: from + listed.length >= rows.length,
      ResultCount: listed.length,
      RecipeHandle: this.#handles.give(session, Number(inputs['Timeout'])),
      RecipeList: listed.map((row) => this.#internal(row)),
    };
  }

  async #found(inputs: Inputs, method: Method): Promise<RecipeRow> {
    // The state first: what is illegal is illegal for every recipe.
    this.#deps.machine.check(method);
    const external = wanted(inputs['ExternalId'], 'ExternalId');
    const internal = wanted(inputs['InternalIdIn'], 'InternalIdIn');
    await this.#deps.table.refresh();
    return this.#deps.table.find(external, internal);
  }

  /** True where it is prepared by now; a line that is not ready yet becomes so by itself. */
  async #prepare(row: RecipeRow, actor: Actor): Promise<boolean> {
    const { machine, commands, table } = this.#deps;
    if (this.#preparing) throw new Refused('busy', 'another recipe is being prepared');
    this.#preparing = true;
    const tellsBefore = this.#tells;
    try {
      await machine.call('PrepareRecipe', async () => {
        const line = commands();
        const { number } = row;
        if (number !== null) await line.order(actor, { kind: 'selectRecipe', recipe: number });
        // Where the camera opens the parts, StartContinuous is what lets it.
        if (this.#deps.opensParts === 'command' && line.ordered().execution === 'stopped') {
          await line.order(actor, { kind: 'setExecution', execution: 'single' });
        }
      });
      this.show();
      const prepared = table.prepared();
      const isPrepared = prepared?.number === row.number && machine.leaf !== 'Initialized';
      // Told also where it was prepared before: whoever asked waits for it (7.5.2.2).
      if (isPrepared && this.#tells === tellsBefore) this.#tell(prepared);
      return isPrepared;
    } finally {
      this.#preparing = false;
    }
  }

  async #unprepare(row: RecipeRow, actor: Actor): Promise<void> {
    if (!row.prepared) throw new Refused('recipeNotPrepared', `recipe ${row.external} is not prepared`);
    await this.#deps.machine.call('UnprepareRecipe', () =>
      this.#deps.commands().order(actor, { kind: 'setExecution', execution: 'stopped' }),
    );
    this.show();
  }

  #showRow(row: RecipeRow, at: Date): void {
    const node = this.#nodes.get(placeOf(row)) ?? this.#addRow(row);
    const set = (name: string, value: VariantOptions): void =>
      (node.getPropertyByName(name) as UAVariable).setValueFromSource(value, StatusCodes.Good, at);
    set('InternalId', object(this.#internal(row)));
    set('ExternalId', object(this.#external(row)));
    set('IsPrepared', { dataType: DataType.Boolean, value: row.prepared });
    set('LastModified', { dataType: DataType.DateTime, value: new Date(row.modifiedAtMs) });
  }

  #addRow(row: RecipeRow): UAObject {
    const { types, bind } = this.#deps;
    const node = types.object('RecipeType').instantiate({
      browseName: row.external,
      nodeId: `s=${this.#folder.nodeId.value}.${row.number ?? 'InService'}`,
      componentOf: this.#folder,
      namespace: this.#folder.addressSpace.getOwnNamespace(),
      optionals: ['ExternalId'],
    });
    const current = (method: Method): RecipeRow => {
      this.#deps.machine.check(method);
      const now = this.#deps.table.rows().find((each) => placeOf(each) === placeOf(row));
      if (now) return now;
      throw new Refused('recipeUnknown', `recipe ${row.external} is gone`);
    };
    bind(node, 'Prepare', 'operate', async (_inputs, { actor }) => ({
      IsCompleted: await this.#prepare(current('PrepareRecipe'), actor),
    }));
    bind(node, 'Unprepare', 'operate', async (_inputs, { actor }) => {
      await this.#unprepare(current('UnprepareRecipe'), actor);
      return {};
    });
    this.#nodes.set(placeOf(row), node);
    return node;
  }
}

function wanted(value: unknown, name: string): RecipeWanted {
  return { id: idIn(value, name), ...detailsIn(value) };
}

/** Which object a row is: its node id is the number's for ever, under another name it is another one. */
function placeOf({ number, external }: RecipeRow): string {
  return `${number} ${external}`;
}

/** Another bundle or other decision settings under the same name is another recipe to be told of. */
function keyOf(row: RecipeRow): string {
  return [row.external, row.internal.digest, row.threshold].join(' ');
}
