/**
 * ConfigurationManagement: the set-ups of the line's cameras, settings and calibration together, and which of them is
 * in use. They are made beside the line, not by clients: nothing is added or removed here.
 */
import { type ExtensionObject, StatusCodes, type UAObject, type UAVariable } from 'node-opcua';
import { messageOf } from '../../../../errors.ts';
import type { Clock } from '../../../clock.ts';
import type { Actor } from '../../../command/port.ts';
import type { Binder, Inputs, Outputs } from './bind.ts';
import { Refused } from './codes.ts';
import { Handles } from './handles.ts';
import type { CameraSetup, CameraSetups } from './ports.ts';
import { setupId } from './result-values.ts';
import { detailsIn, idIn, object, type VisionTypes } from './types.ts';
import { component, variable } from './view.ts';

/** Set-ups of one answer at most. */
const listMax = 1000;

export const configurationOptionals = [
  'ConfigurationManagement',
  'ConfigurationManagement.Configurations',
  'ConfigurationManagement.ReleaseConfigurationHandle',
];

export interface ConfigurationsDeps {
  readonly types: VisionTypes;
  readonly system: UAObject;
  readonly bind: Binder;
  readonly clock: Clock;
  readonly setups: CameraSetups;
}

export class Configurations {
  readonly #deps: ConfigurationsDeps;
  readonly #management: UAObject;
  readonly #nodes = new Map<string, UAVariable>();

  constructor(deps: ConfigurationsDeps) {
    const { bind, setups, system } = deps;
    this.#deps = deps;
    this.#management = component(system, 'ConfigurationManagement');
    const handles = new Handles(deps.clock);
    bind(this.#management, 'GetConfigurationList', null, (inputs, { session }) =>
      this.#list(inputs, (hintMs) => handles.give(session, hintMs)),
    );
    bind(this.#management, 'GetConfigurationById', null, (inputs, { session }) => {
      const setup = this.#found(inputs['InternalId']);
      const handle = handles.give(session, Number(inputs['Timeout']));
      return { ConfigurationHandle: handle, Configuration: this.#structure(setup) };
    });
    bind(this.#management, 'ReleaseConfigurationHandle', null, ({ ConfigurationHandle }, { session }) => {
      if (handles.release(session, Number(ConfigurationHandle))) return {};
      throw new Refused('handleUnknown', `configuration handle ${String(ConfigurationHandle)}`);
    });
    bind(this.#management, 'ActivateConfiguration', 'configure', async (inputs, { actor }) => {
      const { id } = this.#found(inputs['InternalId']);
      if (id !== setups.active()) await this.#activate(actor, id);
      return {};
    });
    setups.onActive(() => this.show());
    this.show();
  }

  async #activate(actor: Actor, id: string): Promise<void> {
    try {
      await this.#deps.setups.activate(actor, id);
    } catch (error) {
      throw new Refused('configurationRefused', messageOf(error));
    }
  }

  /** The set-up in use. */
  get active(): CameraSetup {
    const { setups } = this.#deps;
    return this.#found({ id: setups.active() });
  }

  show(): void {
    const at = new Date(this.#deps.clock.wallMs());
    const active = variable(this.#management, 'ActiveConfiguration');
    active.setValueFromSource(object(this.#structure(this.active)), StatusCodes.Good, at);
    for (const setup of this.#deps.setups.list()) {
      const node = this.#nodes.get(setup.id) ?? this.#add(setup);
      node.setValueFromSource(object(this.#structure(setup)), StatusCodes.Good, at);
    }
  }

  #add({ id }: CameraSetup): UAVariable {
    const folder = component(this.#management, 'Configurations');
    const node = folder.addressSpace.getOwnNamespace().addVariable({
      browseName: id,
      nodeId: `s=${folder.nodeId.value}.${id}`,
      componentOf: folder,
      dataType: this.#deps.types.data('ConfigurationDataType').nodeId,
      accessLevel: 'CurrentRead',
      userAccessLevel: 'CurrentRead',
    });
    this.#nodes.set(id, node);
    return node;
  }

  #found(wanted: unknown): CameraSetup {
    const id = idIn(wanted, 'InternalId');
    const { version, digest } = detailsIn(wanted);
    const setup = this.#deps.setups.list().find((each) => each.id === id);
    const fits =
      setup && (version === null || version === setup.version) && (digest === null || digest === setup.digest);
    if (fits) return setup;
    throw new Refused('configurationUnknown', `no configuration "${id}"`);
  }

  #list(inputs: Inputs, give: (hintMs: number) => number): Outputs {
    const all = this.#deps.setups.list();
    const from = Number(inputs['StartIndex']);
    const listed = all.slice(from, from + Math.min(Number(inputs['MaxResults']) || listMax, listMax));
    return {
      IsComplete: from + listed.length >= all.length,
      ResultCount: listed.length,
      ConfigurationHandle: give(Number(inputs['Timeout'])),
      ConfigurationList: listed.map((setup) => this.#structure(setup)),
    };
  }

  #structure(setup: CameraSetup): ExtensionObject {
    const { types } = this.#deps;
    return types.make('ConfigurationDataType', {
      hasTransferableDataOnFile: false,
      internalId: types.binaryId('ConfigurationIdDataType', setupId(setup)),
      lastModified: new Date(setup.modifiedAtMs),
    });
  }
}
