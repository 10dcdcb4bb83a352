/**
 * A TCP wire to a port that fails as networks do: cut (both ends notice), stalled (bytes wait and come later),
 * half open (both ends believe in the connection and nothing ever comes), healed.
 */
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Half open: whatever is written is gone, for good. */
  dead: boolean;
}

export class Wire {
  readonly #pairs = new Set<Pair>();
  readonly #held: { to: Socket; data: Buffer }[] = [];
  #open = true;
  #stalled = false;
  port = 0;
  /** Connections made through it so far. */
  connections = 0;

  static async to(target: number, port = 0): Promise<Wire> {
    const wire = new Wire();
    const server = createServer((near) => wire.#join(near, connect(target, '127.0.0.1')));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
    wire.port = (server.address() as { port: number }).port;
    onTestFinished(() => {
      wire.cut();
      server.close();
    });
    return wire;
  }

  #join(near: Socket, far: Socket): void {
    const pair = { near, far, dead: false };
    this.#pairs.add(pair);
    this.connections += 1;
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('data', (data: Buffer) => this.#carry(pair, other, data));
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#pairs.delete(pair);
        // A half-open end never hears that the other one is gone.
        if (!pair.dead) other.destroy();
      });
    }
    if (!this.#open) near.destroy();
  }

  #carry(pair: Pair, to: Socket, data: Buffer): void {
    if (pair.dead) return;
    if (this.#stalled) this.#held.push({ to, data });
    else to.write(data);
  }

  /** Both ends notice; until healed every new connection ends at once. */
  cut(): void {
    this.#open = false;
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  /** Both ends believe in the connections that are there, and nothing comes over them again. New ones work. */
  halfOpen(): void {
    for (const pair of this.#pairs) pair.dead = true;
  }

  /** Bytes wait, in order, until healed. */
  stall(): void {
    this.#stalled = true;
  }

  heal(): void {
    this.#open = true;
    this.#stalled = false;
    for (const { to, data } of this.#held.splice(0)) to.write(data);
  }
}
