import { connect, createServer, type Server, type Socket } from "node:net";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { Empty, grpc, service } from "../engine/local/protocol";

/** A Log RPC as it arrived. */
export interface Logged {
  readonly severity: "debug" | "info" | "warning" | "error";
  readonly urn: string;
  readonly message: string;
  readonly ephemeral: boolean;
}

const SEVERITIES = ["debug", "info", "warning", "error"] as const;

/**
 * The engine as a provider sees it: an address that accepts Log RPCs. The connections pass through a proxy of this class, so
 * that they can be broken, and the engine be killed, at a chosen moment.
 */
export class FakeEngine {
  readonly logs: Logged[] = [];
  readonly #rpc = new grpc.Server();
  readonly #proxy: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Set<() => void>();
  #accepted = 0;
  #address = "";

  static async start(): Promise<FakeEngine> {
    const engine = new FakeEngine();
    await engine.#open();
    return engine;
  }

  private constructor() {
    this.#proxy = createServer((socket) => this.#accept(socket));
  }

  get address(): string {
    return this.#address;
  }

  /** How many connections were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** The first message that matches, now or later. */
  logged(pattern: RegExp): Promise<Logged> {
    return this.when(() => this.logs.find(({ message }) => pattern.test(message)));
  }

  /** Resolves with the result of `find` once it is defined; called again after each connection and message. */
  when<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = () => {
        const found = find();
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Closes the connections that are open now, as an engine may do with idle ones. New ones are accepted. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** As if the engine's process was killed: every connection breaks, and new ones are refused. */
  die(): void {
    this.#proxy.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#rpc.forceShutdown();
  }

  async #open(): Promise<void> {
    const log = (request: LogRequest) => {
      this.logs.push({
        severity: SEVERITIES[request.getSeverity()] ?? "debug",
        urn: request.getUrn(),
        message: request.getMessage(),
        ephemeral: request.getEphemeral(),
      });
      this.#changed();
      return new Empty();
    };
    this.#rpc.addService(EngineService, service(EngineService, { log }));
    this.#port = await new Promise<number>((resolve, reject) =>
      this.#rpc.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    await new Promise<void>((resolve) => this.#proxy.listen(0, "127.0.0.1", resolve));
    const address = this.#proxy.address();
    if (typeof address !== "object" || address === null) throw new Error("the engine does not listen");
    this.#address = `127.0.0.1:${address.port}`;
  }

  #port = 0;

  #accept(client: Socket): void {
    const server = connect(this.#port, "127.0.0.1");
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    this.#accepted += 1;
    this.#changed();
  }

  #changed(): void {
    for (const check of [...this.#waiting]) check();
  }
}
