/**
 * A PLC with an OPC UA server of its own: variables in its memory, which the station writes and reads, and a program
 * that runs over them. It keeps the order in which the station wrote.
 */
import { join } from 'node:path';
import {
  DataType,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  type UAVariable,
  type Variant,
} from 'node-opcua';
import { onTestFinished } from 'vitest';
import { type Scalar, type Tag, type TagName, tags } from '../../daemon/publish/opcua/plc/tag-table.ts';

export interface PlcServerOptions {
  readonly folder: string;
  /** 0: any. */
  readonly port?: number;
  /** Tags it does not have. */
  readonly without?: readonly TagName[];
  /** Declared as another type. */
  readonly types?: Partial<Record<TagName, DataType>>;
  /** Encrypted and with this user; else open to all. */
  readonly user?: { readonly name: string; readonly password: string };
}

export interface Written {
  readonly name: TagName;
  readonly value: Scalar;
}

export class PlcServer {
  readonly #server: OPCUAServer;
  readonly #nodes = new Map<TagName, UAVariable>();
  readonly written: Written[] = [];

  private constructor(server: OPCUAServer) {
    this.#server = server;
  }

  static async start(options: PlcServerOptions): Promise<PlcServer> {
    const { folder, port = 0, user } = options;
    const store = new OPCUACertificateManager({
      rootFolder: join(folder, 'plc-pki'),
      automaticallyAcceptUnknownCertificate: true,
    });
    await store.initialize();
    const server = new OPCUAServer({
      ...{ port, host: '127.0.0.1', hostname: '127.0.0.1', resourcePath: '/PLC' },
      serverCertificateManager: store,
      userCertificateManager: store,
      allowAnonymous: user === undefined,
      securityModes: [user ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None],
      securityPolicies: [user ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None],
      userManager: {
        isValidUser: (name: string, password: string) => name === user?.name && password === user.password,
      },
    });
    await server.initialize();
    const plc = new PlcServer(server);
    plc.#declare(options);
    await server.start();
    onTestFinished(() => plc.stop());
    return plc;
  }

  #declare({ without = [], types = {} }: PlcServerOptions): void {
    const namespace = this.#server.engine.addressSpace!.getOwnNamespace();
    for (const [name, tag] of Object.entries(tags) as [TagName, Tag][]) {
      if (without.includes(name)) continue;
      const dataType = types[name] ?? tag.type;
      const node = namespace.addVariable({
        ...{ browseName: name, nodeId: `s="Twinspect"."${name}"`, dataType },
        organizedBy: this.#server.engine.addressSpace!.rootFolder.objects,
        value: { dataType, value: zeroOf(dataType) },
      });
      const write = node.writeValue.bind(node) as (...args: unknown[]) => void;
      node.writeValue = ((...args: unknown[]) => {
        this.written.push({ name, value: (args[1] as { value: Variant }).value.value as Scalar });
        write(...args);
      }) as UAVariable['writeValue'];
      this.#nodes.set(name, node);
    }
  }

  get url(): string {
    return this.#server.getEndpointUrl();
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  value(name: TagName): Scalar {
    return this.#nodes.get(name)!.readValue().value.value as Scalar;
  }

  /** The program writes its own memory. */
  set(name: TagName, value: Scalar): void {
    const node = this.#nodes.get(name)!;
    node.setValueFromSource({ dataType: node.readValue().value.dataType, value }, StatusCodes.Good);
  }

  async stop(): Promise<void> {
    await this.#server.shutdown(0);
  }
}

function zeroOf(type: DataType): Scalar {
  if (type === DataType.String) return '';
  if (type === DataType.ByteString) return null;
  return type === DataType.Boolean ? false : 0;
}
