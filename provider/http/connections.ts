import { Client } from "undici";
import { Turnstile } from "./turnstile";

/** One for all: the stack of an error costs more to tell than all else about a closed connection, and streams ask for it. */
const OVER = new Error("the connection is no longer needed");

/** The connections to one server. */
interface Server {
  readonly door: Turnstile;
  readonly open: Set<Client>;
  /** Requests that have a connection or wait for one. */
  users: number;
  /** Waits for the next request. */
  kept: Client | undefined;
}

export interface ConnectionsOptions {
  /** How many there are to one server at a time. */
  readonly limit: number;
  /** Whether one of them is kept for the next request; the others are closed with their request. */
  readonly keep: boolean;
  readonly client: Client.Options;
}

/**
 * Connections to any number of servers. Each carries one request at a time. Undici's own pool reserves 16 kB for each server,
 * and keeps as many connections as it ever needed at once.
 */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #servers = new Map<string, Server>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /**
   * Does the work with a connection of its own, as soon as there is one.
   * @throws what the work throws; the signal's reason when that is aborted before its turn
   */
  async lend<T>(origin: string, signal: AbortSignal, work: (connection: Client) => Promise<T>): Promise<T> {
    const server = this.#serverAt(origin);
    server.users += 1;
    try {
      return await server.door.pass(signal, () => this.#use(origin, server, work));
    } finally {
      server.users -= 1;
      this.#forget(origin, server);
    }
  }

  /** Closes all of them, whatever they carry. */
  async destroy(): Promise<void> {
    const open = [...this.#servers.values()].flatMap((server) => [...server.open]);
    await Promise.all(open.map((client) => client.destroy()));
  }

  async #use<T>(origin: string, server: Server, work: (connection: Client) => Promise<T>): Promise<T> {
    const client = server.kept ?? this.#opened(origin, server);
    server.kept = undefined;
    let whole = false;
    try {
      const result = await work(client);
      whole = true;
      return result;
    } finally {
      const keep = whole && this.#options.keep && server.kept === undefined && server.open.has(client);
      if (keep) server.kept = client;
      else this.#close(server, client);
    }
  }

  #opened(origin: string, server: Server): Client {
    const client = new Client(origin, this.#options.client);
    server.open.add(client);
    client.once("disconnect", () => {
      server.open.delete(client);
      if (server.kept !== client) return;
      server.kept = undefined;
      this.#forget(origin, server);
    });
    return client;
  }

  #close(server: Server, client: Client): void {
    server.open.delete(client);
    void client.destroy(OVER);
  }

  #serverAt(origin: string): Server {
    const { limit } = this.#options;
    const known = this.#servers.get(origin);
    if (known !== undefined) return known;
    const server: Server = { door: new Turnstile(limit), open: new Set(), users: 0, kept: undefined };
    this.#servers.set(origin, server);
    return server;
  }

  #forget(origin: string, server: Server): void {
    if (server.users === 0 && server.kept === undefined) this.#servers.delete(origin);
  }
}
