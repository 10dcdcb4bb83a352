/**
 * The methods of the two state machines: what each asks of the line. Whether a call is legal the tables have said by
 * then; whether the user may, the binder. A call that is refused has changed nothing.
 */
import type { UAObject } from 'node-opcua';
import { invariant } from '../../../../errors.ts';
import type { Actor, LineCommands } from '../../../command/port.ts';
import type { Binder, Caller, Inputs, Outputs } from './bind.ts';
import { Refused } from './codes.ts';
import type { Jobs } from './jobs.ts';
import type { VisionMachine } from './machine.ts';
import type { RecipeTable } from './recipe-table.ts';
import { idIn, type VisionTypes } from './types.ts';

export interface ControlDeps {
  readonly types: VisionTypes;
  readonly bind: Binder;
  readonly top: UAObject;
  readonly automatic: UAObject;
  readonly machine: VisionMachine;
  readonly jobs: Jobs;
  readonly recipes: RecipeTable;
  readonly opensParts: 'camera' | 'command';
  /** The line's commands. Throws `Refused` where it has none. */
  readonly commands: () => LineCommands;
  /** The facts may be other ones now. */
  readonly settle: () => void;
}

/** The ids of a job as a client gives them. */
interface JobRequest {
  readonly measId: string | null;
  readonly partId: string | null;
  readonly productId: string | null;
}

export class Control {
  readonly #deps: ControlDeps;
  /** Jobs started while it is on are challenges: known-bad samples that prove the station. */
  #challenge = false;

  constructor(deps: ControlDeps) {
    this.#deps = deps;
    this.#bindTop();
    this.#bindAutomatic();
  }

  /** Known-bad samples are no matter of a system that has left the automatic mode. */
  endChallenge(): void {
    this.#challenge = false;
  }

  #bindTop(): void {
    const { bind, top, machine, commands } = this.#deps;
    bind(top, 'Halt', 'operate', async (inputs, { actor }) => {
      await machine.call('Halt', () => commands().order(actor, { kind: 'halt', cause: causeIn(inputs) }));
      return {};
    });
    bind(top, 'Reset', 'operate', async (inputs, { actor }) => {
      await machine.call('Reset', async () => {
        const line = commands();
        await line.order(actor, { kind: 'setExecution', execution: 'stopped' });
        await line.order(actor, { kind: 'reset', cause: causeIn(inputs) });
      });
      return {};
    });
    bind(top, 'SelectModeAutomatic', 'operate', async () => {
      await machine.call('SelectModeAutomatic', () => void commands());
      return {};
    });
    // Faults are the conditions of this system; nothing stands outside Error that could be confirmed.
    bind(top, 'ConfirmAll', 'operate', async (inputs, { actor }) => {
      await machine.call('ConfirmAll', async () => {
        if (machine.leaf !== 'Error') return;
        await commands().order(actor, { kind: 'reset', cause: `confirmed: ${commentIn(inputs)}` });
      });
      return {};
    });
  }

  #bindAutomatic(): void {
    const { bind, automatic, machine, commands, jobs, settle } = this.#deps;
    bind(automatic, 'StartSingleJob', 'operate', (inputs, caller) => this.#startSingle(inputs, caller));
    bind(automatic, 'StartContinuous', 'operate', (inputs, caller) => this.#startContinuous(inputs, caller));
    bind(automatic, 'Stop', 'operate', async (_inputs, { actor }) => {
      await machine.call('Stop', async () => {
        await this.#pause(actor);
        // What is under way is judged to its end and told; the system is ready meanwhile (8.3.2.2).
        jobs.release();
        settle();
      });
      return {};
    });
    bind(automatic, 'Abort', 'operate', async (inputs, { actor }) => {
      await machine.call('Abort', async () => {
        await this.#pause(actor);
        await commands().order(actor, { kind: 'abort', cause: causeIn(inputs) });
        jobs.release();
        settle();
      });
      return {};
    });
    bind(automatic, 'SimulationMode', 'operate', ({ Activate }) => {
      machine.check('SimulationMode');
      this.#challenge = Activate === true;
      return {};
    });
  }

  /** Ends a continuous run. A line whose camera opens the parts cannot wait for commands alone: it takes none. */
  async #pause(actor: Actor): Promise<void> {
    const { commands, opensParts } = this.#deps;
    const line = commands();
    if (line.ordered().execution !== 'continuous') return;
    await line.order(actor, { kind: 'setExecution', execution: opensParts === 'command' ? 'single' : 'stopped' });
  }

  async #startSingle(inputs: Inputs, { actor }: Caller): Promise<Outputs> {
    const { machine, jobs, commands, types } = this.#deps;
    machine.check('StartSingleJob');
    const request = this.#requestIn(inputs);
    const jobId = jobs.next();
    const challenge = this.#challenge;
    await machine.call('StartSingleJob', () => {
      commands().trigger(actor, { ...request, plantSequence: null, jobId, challenge });
    });
    return { JobId: types.id('JobIdDataType', jobId) };
  }

  async #startContinuous(inputs: Inputs, { actor }: Caller): Promise<Outputs> {
    const { machine, jobs, commands, types } = this.#deps;
    machine.check('StartContinuous');
    if (this.#challenge) throw new Refused('simulation', 'challenge mode is for single jobs');
    const { measId, productId } = this.#requestIn(inputs);
    const jobId = jobs.next();
    await machine.call('StartContinuous', async () => {
      jobs.runs(jobId);
      try {
        const job = { measId, productId, jobId };
        await commands().order(actor, { kind: 'setExecution', execution: 'continuous', job });
      } catch (error) {
        jobs.runs(null);
        throw error;
      }
    });
    return { JobId: types.id('JobIdDataType', jobId) };
  }

  /** Refuses a recipe or a product that is not prepared (8.3.7.1), and parameters: no recipe here has any. */
  #requestIn(inputs: Inputs): JobRequest {
    const recipeId = idIn(inputs['RecipeId'], 'RecipeId');
    const productId = idIn(inputs['ProductId'], 'ProductId');
    const prepared = this.#deps.recipes.prepared();
    const isPrepared = recipeId === prepared?.external || recipeId === String(prepared?.number);
    if (recipeId !== '' && !isPrepared) throw new Refused('recipeNotPrepared', `recipe "${recipeId}" is not prepared`);
    const product = prepared?.product ?? null;
    if (productId !== '' && product !== null && productId !== product) {
      throw new Refused('recipeNotPrepared', `no recipe of product "${productId}" is prepared`);
    }
    const parameters = inputs['Parameters'];
    if (Array.isArray(parameters) && parameters.length > 0) {
      throw new Refused('argument', `${parameters.length} parameters, expected none`);
    }
    const orNull = (id: string): string | null => (id === '' ? null : id);
    return {
      measId: orNull(idIn(inputs['MeasId'], 'MeasId')),
      partId: orNull(idIn(inputs['PartId'], 'PartId')),
      productId: orNull(productId),
    };
  }
}

/** Longer texts go into logs and records in part. */
const causeMaxChars = 200;

function causeIn(inputs: Inputs): string {
  const number = Number(inputs['Cause']);
  const description = inputs['CauseDescription'];
  invariant(Number.isInteger(number), 'Cause is an Int32 by its type');
  const said = typeof description === 'string' ? description.slice(0, causeMaxChars) : '';
  return said === '' ? `cause ${number}` : `${said} (cause ${number})`;
}

function commentIn(inputs: Inputs): string {
  const comment = inputs['Comment'] as { text?: string | null } | null;
  return (comment?.text ?? '').slice(0, causeMaxChars);
}
