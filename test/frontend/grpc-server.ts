import {
  credentials,
  type Metadata,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServiceError,
} from "@grpc/grpc-js";
import { onTestFinished } from "vitest";

/** The content of a call, like the generated messages of the SDK. */
export interface Message {
  readonly urn?: string;
  readonly timeout?: number;
}

/** The state that the handler of a call observed. */
export type Seen = Record<string, unknown>;

/** A message with getters, like a generated one. */
class Request {
  readonly #message: Message;
  constructor(message: Message) {
    this.#message = message;
  }
  getUrn(): string {
    return this.#message.urn ?? "";
  }
  getTimeout(): number {
    return this.#message.timeout ?? 0;
  }
}

const METHODS = ["Create", "Update", "Cancel"];

function service(name: string) {
  const entries = METHODS.map((method) => [
    method,
    {
      path: `/${name}/${method}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message: Message) => Buffer.from(JSON.stringify(message)),
      requestDeserialize: (bytes: Buffer) => new Request(JSON.parse(bytes.toString()) as Message), // written just above
      responseSerialize: (seen: Seen) => Buffer.from(JSON.stringify(seen)),
      responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as Seen, // written just above
    },
  ]);
  return Object.fromEntries(entries);
}

export interface GrpcService {
  call(method: string, message?: Message): Promise<Seen>;
}

/**
 * A real grpc-js server whose methods return the result of `see`, and a client of it. Closed after the test.
 * @param name `pulumirpc.ResourceProvider`
 */
export async function grpcService(name: string, see: () => Promise<Seen> | Seen): Promise<GrpcService> {
  const server = new Server();
  const handler = (_: { metadata: Metadata }, answer: (error: null, seen: Seen) => void) => {
    void Promise.resolve(see()).then((seen) => answer(null, seen));
  };
  server.addService(service(name), Object.fromEntries(METHODS.map((method) => [method, handler])));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  const Client = makeGenericClientConstructor(service(name), name);
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
    server.forceShutdown();
  });
  return {
    call: (method, message = {}) =>
      new Promise((resolve, reject) => {
        const answered = (error: ServiceError | null, seen: Seen) => (error === null ? resolve(seen) : reject(error));
        // A generic client has its methods by name only.
        const invoke = client[method] as unknown as (m: Message, callback: typeof answered) => void;
        invoke.call(client, message, answered);
      }),
  };
}
