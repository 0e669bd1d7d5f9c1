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
 * What a provider sees of the engine: an address that takes Log RPCs. The connections go through a door of our own, so
 * that they can be broken, and the engine be killed, at a chosen moment.
 */
export class FakeEngine {
  readonly logs: Logged[] = [];
  readonly #rpc = new grpc.Server();
  readonly #door: Server;
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
    this.#door = createServer((socket) => this.#accept(socket));
  }

  get address(): string {
    return this.#address;
  }

  /** How many connections were accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** The first message that fits, now or later. */
  said(pattern: RegExp): Promise<Logged> {
    return this.when(() => this.logs.find(({ message }) => pattern.test(message)));
  }

  /** Resolves with what `look` finds, once it finds something; asked again after each connection and message. */
  when<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const ask = () => {
        const found = look();
        if (found === undefined) return;
        this.#waiting.delete(ask);
        resolve(found);
      };
      this.#waiting.add(ask);
      ask();
    });
  }

  /** Closes the connections that are open now, as an engine may do with idle ones. New ones are accepted. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** As when the engine's process is killed: every connection breaks, and new ones are refused. */
  die(): void {
    this.#door.close();
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
    await new Promise<void>((resolve) => this.#door.listen(0, "127.0.0.1", resolve));
    const address = this.#door.address();
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
    for (const ask of [...this.#waiting]) ask();
  }
}
