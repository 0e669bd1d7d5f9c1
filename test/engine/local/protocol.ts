import { createRequire } from "node:module";

/**
 * gRPC and protobuf as the SDK itself resolves them, so that the generated message classes and ours are the same ones
 * also where a package manager does not hoist.
 */
const fromSdk = createRequire(require.resolve("@pulumi/pulumi/package.json"));

export const grpc: typeof import("@grpc/grpc-js") = fromSdk("@grpc/grpc-js");
export const { Struct }: typeof import("google-protobuf/google/protobuf/struct_pb") = fromSdk(
  "google-protobuf/google/protobuf/struct_pb",
);
export const { Empty }: typeof import("google-protobuf/google/protobuf/empty_pb") = fromSdk(
  "google-protobuf/google/protobuf/empty_pb",
);
/** `google.rpc.Status`, which carries the details of an error. The SDK ships it without type declarations. */
export const { Status }: { Status: StatusClass } = fromSdk("@pulumi/pulumi/proto/status_pb");

interface StatusClass {
  deserializeBinary(bytes: Uint8Array): {
    getDetailsList(): { getTypeUrl(): string; getValue_asU8(): Uint8Array }[];
  };
}

/** The limits of the engine and the SDK (`rpcutil.MaxMessageSize`). */
const MAX_MESSAGE = 400 * 1024 * 1024;
export const CHANNEL_OPTIONS = {
  "grpc.max_receive_message_length": MAX_MESSAGE,
  "grpc.max_send_message_length": MAX_MESSAGE,
};

type ServiceError = import("@grpc/grpc-js").ServiceError;
type Services = import("@grpc/grpc-js").UntypedServiceImplementation;
type UnaryHandler = import("@grpc/grpc-js").handleUnaryCall<never, unknown>;
type Definition = import("@grpc/grpc-js").ServiceDefinition;

/** Makes a promise of a unary call. */
export function unary<R>(send: (done: (error: ServiceError | null, response: R) => void) => unknown): Promise<R> {
  return new Promise((resolve, reject) => {
    send((error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** What a served method does: takes the request message, gives the response message. */
export type Handler<Q, R> = (request: Q) => Promise<R> | R;

/** An error whose gRPC code the caller shall see. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Turns handlers into a gRPC service. A method without one answers UNIMPLEMENTED with its name, so that a program that
 * needs it fails with words.
 */
export function service(definition: Definition, handlers: Record<string, Handler<never, unknown>>): Services {
  const implement =
    (method: string): UnaryHandler =>
    async (call, done) => {
      try {
        const handler = handlers[method];
        if (!handler) throw new RpcError(grpc.status.UNIMPLEMENTED, `the local engine does not support ${method}`);
        done(null, await handler(call.request));
      } catch (error) {
        const code = error instanceof RpcError ? error.code : grpc.status.UNKNOWN;
        done({ code, details: error instanceof Error ? error.message : String(error) });
      }
    };
  // Each handler takes the message that the definition decodes for its name.
  return Object.fromEntries(Object.keys(definition).map((method) => [method, implement(method)])) as Services;
}
