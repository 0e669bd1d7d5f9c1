import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Listens on a port, 0 for a free one. @returns the port @throws if it is taken */
export async function listen(server: Server, ip: string, port: number): Promise<number> {
  server.listen(port, ip);
  await once(server, "listening");
  // A listening TCP server has an AddressInfo; the other types belong to pipes and closed servers.
  return (server.address() as AddressInfo).port;
}

/**
 * Reserves ports that are temporarily closed: the operating system could give them to another process. A reserved port is
 * the near end of a connection; a client that connects to it is refused.
 */
export class PortKeeper {
  readonly #ip: string;
  readonly #peer: Server;
  readonly #peerPort: number;
  readonly #kept = new Map<number, Socket>();

  static async open(ip: string): Promise<PortKeeper> {
    const peer = createServer((socket) => socket.on("error", () => undefined));
    return new PortKeeper(ip, peer, await listen(peer, ip, 0));
  }

  private constructor(ip: string, peer: Server, peerPort: number) {
    this.#ip = ip;
    this.#peer = peer;
    this.#peerPort = peerPort;
  }

  async keep(port: number): Promise<void> {
    const socket = connect({ port: this.#peerPort, host: this.#ip, localAddress: this.#ip, localPort: port });
    await once(socket, "connect");
    this.#kept.set(port, socket);
  }

  /** Releases a port; no effect if it is not reserved. */
  async release(port: number): Promise<void> {
    const socket = this.#kept.get(port);
    if (socket === undefined) return;
    this.#kept.delete(port);
    // Without a reset the port would wait for late packets.
    socket.resetAndDestroy();
    await once(socket, "close");
  }

  async close(): Promise<void> {
    for (const port of [...this.#kept.keys()]) await this.release(port);
    this.#peer.close();
    await once(this.#peer, "close");
  }
}
