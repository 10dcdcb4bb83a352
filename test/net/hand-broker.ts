/**
 * A broker worked by hand, for what no real one can be brought to do when the test wants it: to hold acknowledgements
 * back, to allow little, to refuse with a certain reason, to hang up. Speaks real packets over a real socket.
 */
import { createServer, type Socket } from 'node:net';
import mqttPacket, {
  type IConnectPacket,
  type IDisconnectPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type Packet,
} from 'mqtt-packet';
import { onTestFinished } from 'vitest';

export interface Client {
  readonly connect: IConnectPacket;
  readonly published: IPublishPacket[];
  readonly subscribed: ISubscribePacket[];
  /** Its DISCONNECT; null while there is none. */
  farewell: IDisconnectPacket | null;
  /** The connection has ended, with a farewell or without. */
  gone: boolean;
  send(packet: Packet): void;
  raw(bytes: Uint8Array): void;
  hangUp(): void;
}

export interface Manners {
  /** The answer to CONNECT; null hangs up without one. */
  connack?(connect: IConnectPacket): Packet | null;
  suback?(packet: ISubscribePacket, client: Client): Packet | null;
  /** The answer to a PUBLISH of QoS 1; null gives none. */
  puback?(packet: IPublishPacket, client: Client): Packet | null;
}

export interface HandBroker {
  readonly port: number;
  readonly clients: Client[];
}

export async function handBroker(manners: Manners): Promise<HandBroker> {
  const clients: Client[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket, manners, clients);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, clients };
}

function serve(socket: Socket, manners: Manners, clients: Client[]): void {
  let version = 4;
  let client: Client | null = null;
  const parser = mqttPacket.parser();
  const send = (packet: Packet | null): void => {
    if (packet === null) socket.destroy();
    else if (!socket.destroyed) socket.write(mqttPacket.generate(packet, { protocolVersion: version }));
  };
  const answers: Partial<Record<Packet['cmd'], (packet: Packet) => void>> = {
    connect(packet) {
      const connect = packet as IConnectPacket;
      version = connect.protocolVersion ?? 4;
      client = {
        ...{ connect, published: [], subscribed: [], farewell: null, gone: false, send },
        ...{ raw: (bytes) => socket.write(bytes), hangUp: () => socket.destroy() },
      };
      clients.push(client);
      send((manners.connack ?? accepted)(connect));
    },
    subscribe(packet) {
      const subscribe = packet as ISubscribePacket;
      client?.subscribed.push(subscribe);
      const suback = (manners.suback ?? granted)(subscribe, client as Client);
      if (suback) send(suback);
    },
    publish(packet) {
      const publish = packet as IPublishPacket;
      client?.published.push(publish);
      const puback = publish.qos === 1 ? (manners.puback ?? acknowledged)(publish, client as Client) : null;
      if (puback) send(puback);
    },
    disconnect(packet) {
      if (client) client.farewell = packet as IDisconnectPacket;
    },
    pingreq: () => send({ cmd: 'pingresp' }),
  };
  parser.on('packet', (packet) => answers[packet.cmd]?.(packet));
  parser.on('error', () => socket.destroy());
  socket.on('close', () => {
    if (client) client.gone = true;
  });
  socket.on('data', (data) => parser.parse(data as Buffer));
}

export function accepted(): Packet {
  return { cmd: 'connack', sessionPresent: false, returnCode: 0, reasonCode: 0 };
}

export function granted({ messageId = 0, subscriptions }: ISubscribePacket): Packet {
  return { cmd: 'suback', messageId, granted: subscriptions.map(() => 1) };
}

export function acknowledged({ messageId = 0 }: IPublishPacket): Packet {
  return { cmd: 'puback', messageId, reasonCode: 0 };
}
