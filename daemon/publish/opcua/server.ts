/**
 * The OPC UA server: one flat block of variables per line and the newest results. Who may come in and what he may do is
 * `security/`; what declares nothing there can be read and nothing else. The folder around this file is the only
 * importer of node-opcua.
 */
// First: the library must find it while it loads.
import './own-name.ts';
import {
  coerceLocalizedText,
  DataType,
  type ISessionContext,
  nodesets,
  OPCUAServer,
  RegisterServerMethod,
  ServerState,
  StatusCodes,
  Subscription,
  type UAObject,
  type Variant,
  VariantArrayType,
} from 'node-opcua';
import { fail, invariant, messageOf, TwinspectError } from '../../../errors.ts';
import type { Audit } from '../../audit/port.ts';
import type { Clock } from '../../clock.ts';
import type { VerdictRecord } from '../../line/verdict.ts';
import type { ControlLane, Health, Log } from '../lane.ts';
import { listenError } from '../listen-error.ts';
import { checkLineId } from '../payload.ts';
import { OpcUaLane } from './lane.ts';
import { routeLibraryLog } from './library-log.ts';
import { actorOf } from './security/actor.ts';
import { callableByAll } from './security/permissions.ts';
import { OpcUaSecurity, type SecuritySettings } from './security/security.ts';
import { TagBlock } from './tags.ts';
import { guardTransport, malformedConnections } from './transport-guard.ts';
import { keepVacancies } from './vacancy.ts';
import { type VisionSources, VisionSystem } from './vision/system.ts';
import { orderWriteCalls } from './write-calls.ts';

/** `host` is where it listens; the state folder holds key, certificate, trust lists and users. */
export interface OpcUaSettings extends SecuritySettings {
  readonly port: number;
}

export interface OpcUaOptions {
  readonly settings: OpcUaSettings;
  /** Names the port's setting in errors. */
  readonly setting: string;
  readonly lineIds: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Null or absent: nobody keeps one, as in a measurement. */
  readonly audit?: Audit | null;
  /** The newest records of a line, newest first: what GetLatestResults answers from. */
  readonly latest: (lineId: string, limit: number) => Promise<VerdictRecord[]>;
  /** What makes each line a vision system of OPC 40100-1; null or absent: it is none. */
  readonly vision?: ((lineId: string) => VisionSources) | null;
}

/**
 * Sessions, and connections. A dead client keeps its session until its timeout; the library's 10 would let ten of them
 * lock everybody out.
 */
const sessionsMax = 100;
/**
 * The library's floor is 50 ms. On the way to a subscriber a change waits half of it at the median: at 10 ms it took 9
 * ms to a client, at 5 ms it takes 6. Only who asks for so short an interval gets it, and pays for its timer.
 */
const publishMinMs = 5;
/** Results a call of GetLatestResults brings at most; a record is about 1 KB. */
const latestMax = 100;
const resourcePath = '/UA/Twinspect';

/** Rejects with `opcua/noUser`, `user/file`, `port/taken`, `port/listen` or `opcua/start`. */
export async function startOpcUa(options: OpcUaOptions): Promise<OpcUa> {
  const { settings, clock, log, audit = null } = options;
  for (const lineId of options.lineIds) checkLineId(lineId);
  routeLibraryLog(log);
  guardTransport(log);
  Subscription.minimumPublishingInterval = publishMinMs;
  let security: OpcUaSecurity | undefined;
  let server: OPCUAServer | undefined;
  try {
    security = await OpcUaSecurity.open({ settings, clock, log, audit });
    server = makeServer(settings, security, options.vision ? [nodesets.machineVision] : []);
    await server.initialize();
    security.guard(server, resourcePath);
    keepVacancies(server, sessionsMax, log);
    const blocks = addLines(server, options);
    orderWriteCalls(server, [...blocks.values()]);
    const visions = await addVision(server, options);
    await server.start();
    const { applicationUri } = security;
    log.info({ endpoint: server.getEndpointUrl(), applicationUri }, 'OPC UA server listens');
    return new OpcUa({ server, security, blocks, visions, clock, log });
  } catch (error) {
    await server?.shutdown(0).catch((later: unknown) => log.debug({ cause: messageOf(later) }, 'OPC UA: shutdown'));
    await security?.stop();
    throw startError(error, options);
  }
}

/** The library passes on what the socket said, sometimes only as text. */
function startError(error: unknown, { settings, setting }: OpcUaOptions): Error {
  if (error instanceof TwinspectError) return error;
  const said = /\b(EADDRINUSE|EADDRNOTAVAIL|ENOTFOUND)\b|listen (EACCES)/.exec(messageOf(error));
  if (!said) return fail('opcua/start', { cause: messageOf(error) }, error);
  const cause = Object.assign(new Error(messageOf(error), { cause: error }), { code: said[1] ?? said[2] });
  return listenError('The OPC UA server', settings.host, settings.port, setting, cause);
}

function makeServer(settings: OpcUaSettings, security: OpcUaSecurity, more: readonly string[]): OPCUAServer {
  const { host, port } = settings;
  const { applicationUri } = security;
  return new OPCUAServer({
    ...security.serverOptions,
    host,
    hostname: security.names.all[0] ?? host,
    port,
    resourcePath,
    nodesets: [nodesets.standard, ...more],
    registerServerMethod: RegisterServerMethod.HIDDEN,
    isAuditing: false,
    maxConnectionsPerEndpoint: sessionsMax,
    serverInfo: { applicationUri, productUri: 'urn:twinspect', applicationName: coerceLocalizedText('Twinspect') },
    buildInfo: { productName: 'Twinspect', manufacturerName: 'Twinspect' },
    serverCapabilities: { maxSessions: sessionsMax, minSupportedSampleRate: 0 },
  });
}

function addLines(server: OPCUAServer, options: OpcUaOptions): Map<string, TagBlock> {
  const space = server.engine.addressSpace;
  invariant(space, 'OPC UA server without address space');
  const namespace = space.getOwnNamespace();
  const blocks = new Map<string, TagBlock>();
  for (const lineId of options.lineIds) {
    const folder = namespace.addObject({
      browseName: lineId,
      nodeId: `s=${lineId}`,
      organizedBy: space.rootFolder.objects,
    });
    const block = new TagBlock(namespace, folder, lineId);
    block.reset(new Date(options.clock.wallMs()));
    addLatestResults(folder, lineId, options);
    blocks.set(lineId, block);
  }
  return blocks;
}

async function addVision(server: OPCUAServer, options: OpcUaOptions): Promise<Map<string, VisionSystem>> {
  const { clock, log, vision } = options;
  const space = server.engine.addressSpace;
  invariant(space, 'OPC UA server without address space');
  const systems = new Map<string, VisionSystem>();
  if (!vision) return systems;
  for (const lineId of options.lineIds) {
    const system = new VisionSystem(space, { lineId, clock, log, actorOf, ...vision(lineId) });
    await system.start();
    systems.set(lineId, system);
  }
  return systems;
}

/** The result store: a bounded ring over the same records that the record lane sends, as JSON. */
function addLatestResults(folder: UAObject, lineId: string, options: OpcUaOptions): void {
  const method = folder.addressSpace.getOwnNamespace().addMethod(folder, {
    browseName: 'GetLatestResults',
    nodeId: `s=${lineId}.GetLatestResults`,
    inputArguments: [{ name: 'Count', dataType: DataType.UInt32, description: { text: `at most ${latestMax}` } }],
    rolePermissions: callableByAll(),
    outputArguments: [
      { name: 'Results', dataType: DataType.String, valueRank: 1, description: { text: 'JSON, newest first' } },
    ],
  });
  method.bindMethod(async (inputs: Variant[], _context: ISessionContext) => {
    const count = Math.min(Number(inputs[0]?.value ?? 0), latestMax);
    try {
      const records = await options.latest(lineId, count);
      const value = records.map((record) => JSON.stringify(record));
      const results = { dataType: DataType.String, arrayType: VariantArrayType.Array, value };
      return { statusCode: StatusCodes.Good, outputArguments: [results] };
    } catch (error) {
      options.log.warn({ lineId, cause: messageOf(error) }, 'OPC UA: results cannot be read');
      return { statusCode: StatusCodes.BadResourceUnavailable, outputArguments: [] };
    }
  });
}

interface OpcUaParts {
  readonly server: OPCUAServer;
  readonly security: OpcUaSecurity;
  readonly blocks: ReadonlyMap<string, TagBlock>;
  readonly visions: ReadonlyMap<string, VisionSystem>;
  readonly clock: Clock;
  readonly log: Log;
}

export class OpcUa {
  readonly #server: OPCUAServer;
  readonly #security: OpcUaSecurity;
  readonly #blocks: ReadonlyMap<string, TagBlock>;
  readonly #visions: ReadonlyMap<string, VisionSystem>;
  readonly #clock: Clock;
  readonly #log: Log;
  #stopped = false;

  constructor({ server, security, blocks, visions, clock, log }: OpcUaParts) {
    this.#server = server;
    this.#security = security;
    this.#blocks = blocks;
    this.#visions = visions;
    this.#clock = clock;
    this.#log = log;
  }

  get endpoint(): string {
    return this.#server.getEndpointUrl();
  }

  /** How one comes in, for people. */
  get access(): string {
    return this.#security.access;
  }

  /** The control lane of one line; undefined for a line the server was not started with. */
  lane(lineId: string): ControlLane | undefined {
    const block = this.#blocks.get(lineId);
    if (!block) return undefined;
    return new OpcUaLane({ lineId, block, clock: this.#clock, log: this.#log, health: () => this.#health(lineId) });
  }

  /** The same line as a vision system; undefined where there are none. */
  vision(lineId: string): ControlLane | undefined {
    return this.#visions.get(lineId);
  }

  #health(lineId: string): Health {
    const { fault, problem } = this.#security.standing(sessionsMax);
    const counters = {
      sessions: this.#server.engine.currentSessionCount,
      connections: this.#server.currentChannelCount,
      certificatesUnlisted: this.#security.store.unlisted,
      malformed: malformedConnections(),
    };
    const said = this.#stopped ? 'stopped' : problem;
    return { name: `opcua ${lineId}`, ok: said === null, problem: said, fault: fault?.message ?? null, counters };
  }

  /** No verdict and not ready are shown first; ends within its bound. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const block of this.#blocks.values()) block.reset(new Date(this.#clock.wallMs()));
    for (const vision of this.#visions.values()) vision.stop();
    this.#server.engine.setServerState(ServerState.Shutdown);
    await this.#server.shutdown(0);
    await this.#security.stop();
  }
}
