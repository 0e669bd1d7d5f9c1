import type * as http from "node:http";
import type { Server as NetServer, Socket } from "node:net";
import { exchange, type Outcome } from "./exchange";
import type { SimHost, SimSystem } from "./host";
import type { SimRequest } from "./http";
import { clientOf, listenerFor, type TlsOptions } from "./listener";
import { listen, PortKeeper } from "./port";

export interface ServeOptions {
  /** First port; the hosts take consecutive ones. Default 0: free ports. */
  readonly port?: number;
  /** Loopback address to bind. Default 127.0.0.1. */
  readonly ip?: "127.0.0.1" | "::1";
  /** Serve HTTPS with this key and certificate (PEM); with `ca`, the server requests a client certificate. */
  readonly tls?: TlsOptions;
  /** Interval of the check whether a host went down or up, in real milliseconds. Default 25. */
  readonly tickMs?: number;
  /** Real milliseconds for a delay of `ms` simulated ones. Default: the same. */
  readonly speed?: number;
}

export interface Served {
  /** `http://127.0.0.1:port`, in the order of the system's hosts. */
  readonly origins: readonly string[];
  /** Closes every socket and timer. */
  close(): Promise<void>;
}

/** Serves every host of a system over real sockets; a host that is down has its listening socket closed. */
export async function serve(system: SimSystem, options: ServeOptions = {}): Promise<Served> {
  const keeper = await PortKeeper.open(options.ip ?? LOOPBACK);
  const doors = system.hosts.map((host) => new Door(system, host, options, keeper));
  const close = async () => {
    await Promise.all(doors.map((door) => door.close()));
    await keeper.close();
  };
  try {
    for (const [index, door] of doors.entries()) await door.open(options.port ? options.port + index : 0);
  } catch (error) {
    await close();
    throw error;
  }
  const timer = setInterval(() => {
    system.tick();
    for (const door of doors) door.follow();
  }, options.tickMs ?? 25);
  return {
    origins: doors.map((door) => door.origin),
    async close() {
      clearInterval(timer);
      await close();
    },
  };
}

const LOOPBACK = "127.0.0.1";

/** One host's listening socket and its connections. */
class Door {
  readonly #system: SimSystem;
  readonly #host: SimHost;
  readonly #options: ServeOptions;
  readonly #keeper: PortKeeper;
  readonly #sockets = new Set<Socket>();
  #server: NetServer | undefined;
  /** Serializes opening and closing. */
  #work: Promise<void> = Promise.resolve();
  #open = false;
  #closed = false;
  #boot = -1;
  #port = 0;

  constructor(system: SimSystem, host: SimHost, options: ServeOptions, keeper: PortKeeper) {
    this.#system = system;
    this.#host = host;
    this.#options = options;
    this.#keeper = keeper;
  }

  get origin(): string {
    const ip = this.#ip === "::1" ? "[::1]" : this.#ip;
    return `${this.#options.tls ? "https" : "http"}://${ip}:${this.#port}`;
  }

  get #ip(): string {
    return this.#options.ip ?? LOOPBACK;
  }

  async open(port: number): Promise<void> {
    await this.#listen(port);
    this.#boot = this.#host.bootId();
    this.#host.place(this.#ip, this.#port);
    this.follow();
  }

  /** Opens or closes the port, depending on whether the host is up. */
  follow(): void {
    if (this.#closed) return;
    if (this.#host.bootId() !== this.#boot) {
      this.#boot = this.#host.bootId();
      this.#destroySockets();
    }
    const up = this.#host.isUp();
    if (up === this.#open) return;
    this.#open = up;
    this.#work = this.#work.then(() => (up ? this.#reopen() : this.#shut()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    await this.#stop();
  }

  /** Closes the port, and reserves it until the host is up again. */
  async #shut(): Promise<void> {
    await this.#stop();
    if (!this.#closed) await this.#keeper.keep(this.#port);
  }

  async #reopen(): Promise<void> {
    await this.#keeper.release(this.#port);
    await this.#listen(this.#port);
  }

  async #listen(port: number): Promise<void> {
    if (this.#closed) return;
    const server = listenerFor(this.#options, (request, response) => void this.#serve(request, response));
    server.on("connection", (socket: Socket) => this.#track(socket));
    this.#port = await listen(server, this.#ip, port);
    this.#server = server;
    this.#open = true;
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#destroySockets();
    if (server === undefined) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  #destroySockets(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      const request = await receive(incoming);
      const outcome = await exchange(this.#system, this.#host, request, (ms) => this.#sleep(ms));
      act(outcome, response);
    } catch (error) {
      // A malformed request ends its connection; any other error is a bug in the simulator and must be visible.
      response.destroy();
      if (!incoming.destroyed) throw error;
    }
    this.follow();
  }

  #sleep(ms: number): Promise<void> {
    const real = ms / (this.#options.speed ?? 1);
    return new Promise((resolve) => setTimeout(resolve, real).unref());
  }
}

async function receive(incoming: http.IncomingMessage): Promise<SimRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  const client = clientOf(incoming.socket);
  const request = {
    method: incoming.method ?? "GET",
    target: incoming.url ?? "/",
    headers,
    body: Buffer.concat(chunks),
  };
  return client === undefined ? request : { ...request, client };
}

function act(outcome: Outcome, response: http.ServerResponse): void {
  if (outcome.kind === "hang") return;
  if (outcome.kind !== "response") {
    response.destroy();
    return;
  }
  const { status, headers, body } = outcome.response;
  response.writeHead(status, { ...headers, "content-length": String(body.length) });
  if (outcome.truncateTo === undefined || outcome.truncateTo >= body.length) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, outcome.truncateTo), () => response.destroy());
  if (outcome.truncateTo === 0) response.flushHeaders();
}
