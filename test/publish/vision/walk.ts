/**
 * Walks an object of the server against the types it claims to be of, over the wire: what the types' own modelling
 * rules make mandatory must be there, all the way down; what is optional and there must be whole.
 */
import { type ClientSession, type NodeClass, type NodeId, type ReferenceDescription, ResultMask } from 'node-opcua';

const [subtypeOf, aggregates, modellingRule, typeDefinition] = ['i=45', 'i=44', 'i=37', 'i=40'];
/** Modelling rules (Part 3, 6.4.4): what an instance must have. */
const mandatory = ['ns=0;i=78', 'ns=0;i=11510'];
/** Structures of a state machine type that belong to the type and not to its instances. */
const ofTypes = ['StateType', 'InitialStateType', 'TransitionType'];

export interface Found {
  readonly path: string;
  readonly nodeId: NodeId;
  readonly nodeClass: NodeClass;
  readonly isMandatory: boolean;
  /** The object a method is called on. */
  readonly parent: NodeId;
}

interface Declaration {
  readonly nodes: NodeId[];
  isMandatory: boolean;
}

export class Walk {
  readonly found: Found[] = [];
  readonly missing: string[] = [];
  readonly #session: ClientSession;

  constructor(session: ClientSession) {
    this.#session = session;
  }

  async of(instance: NodeId, path: string): Promise<void> {
    const type = await this.#one(instance, typeDefinition, true);
    await this.#walk(instance, path, type ? await this.#chain(type) : []);
  }

  async #walk(instance: NodeId, path: string, sources: readonly NodeId[]): Promise<void> {
    const declarations = await this.#declarations(sources);
    const children = await this.#browse(instance, aggregates, true);
    for (const [name, declaration] of declarations) {
      const child = children.find(({ browseName }) => browseName.toString() === name);
      const childPath = `${path}/${name}`;
      if (!child) {
        if (declaration.isMandatory) this.missing.push(childPath);
        continue;
      }
      const nodeClass = child.nodeClass as NodeClass;
      const { isMandatory } = declaration;
      this.found.push({ path: childPath, nodeId: child.nodeId, nodeClass, isMandatory, parent: instance });
      const type = await this.#one(child.nodeId, typeDefinition, true);
      await this.#walk(child.nodeId, childPath, [...declaration.nodes, ...(type ? await this.#chain(type) : [])]);
    }
  }

  /** What the sources declare, by browse name; mandatory where one of them says so. */
  async #declarations(sources: readonly NodeId[]): Promise<Map<string, Declaration>> {
    const declarations = new Map<string, Declaration>();
    for (const source of sources) {
      for (const child of await this.#browse(source, aggregates, true)) {
        const name = child.browseName.toString();
        const rule = await this.#one(child.nodeId, modellingRule, true);
        if (rule === null || /^\d*:?</.test(name) || (await this.#isOfTypes(child))) continue;
        const known = declarations.get(name) ?? { nodes: [], isMandatory: false };
        known.nodes.push(child.nodeId);
        known.isMandatory ||= mandatory.includes(`ns=0;${rule.toString().replace(/^ns=0;/, '')}`);
        declarations.set(name, known);
      }
    }
    return declarations;
  }

  async #isOfTypes({ nodeId }: ReferenceDescription): Promise<boolean> {
    const [type] = await this.#browse(nodeId, typeDefinition, true);
    return ofTypes.includes(type?.browseName.name ?? '') && (await this.#one(nodeId, modellingRule, true)) === null;
  }

  /** A type and what it is a subtype of. */
  async #chain(type: NodeId): Promise<NodeId[]> {
    const above = await this.#one(type, subtypeOf, false);
    return above ? [type, ...(await this.#chain(above))] : [type];
  }

  async #one(nodeId: NodeId, reference: string, forward: boolean): Promise<NodeId | null> {
    return (await this.#browse(nodeId, reference, forward))[0]?.nodeId ?? null;
  }

  readonly #known = new Map<string, ReferenceDescription[]>();

  async #browse(nodeId: NodeId, referenceTypeId: string, forward: boolean): Promise<ReferenceDescription[]> {
    const key = `${nodeId.toString()} ${referenceTypeId} ${forward}`;
    const known = this.#known.get(key);
    if (known) return known;
    const { references, statusCode } = await this.#session.browse({
      ...{ nodeId, referenceTypeId, includeSubtypes: true, nodeClassMask: 0 },
      ...{ browseDirection: forward ? 0 : 1, resultMask: ResultMask.BrowseName | ResultMask.NodeClass },
    });
    if (statusCode.isNotGood()) throw new Error(`browse ${key}: ${statusCode.toString()}`);
    this.#known.set(key, references ?? []);
    return references ?? [];
  }
}
