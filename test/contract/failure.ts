import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { grpc, Status, type Struct } from "../engine/local/protocol";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Properties = { [key: string]: Json };
export type Sent = InstanceType<typeof Struct>;

/** The partial state of a failed `create` or `update`, which Pulumi stores. */
export interface PartialFailure {
  readonly id: string;
  readonly properties: Properties;
  readonly reasons: readonly string[];
  /** Size of its header before compression. */
  readonly bytes: number;
}

/** An RPC that failed. */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";
  readonly code: number;
  /** Missing if the state does not change. */
  readonly partial: PartialFailure | undefined;

  constructor(code: number, message: string, partial: PartialFailure | undefined) {
    super(message);
    this.code = code;
    this.partial = partial;
  }
}

const DETAILS = "grpc-status-details-bin";

/** Converts an error of a client's RPC; it is partial if its details are those of a partial failure. */
export function readFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number") return error;
  const details = "details" in error ? String(error.details) : error.message;
  const metadata = "metadata" in error && error.metadata instanceof grpc.Metadata ? error.metadata : undefined;
  const [packed] = metadata?.get(DETAILS) ?? [];
  return new RpcFailure(error.code, details, packed instanceof Buffer ? unpack(packed) : undefined);
}

function unpack(packed: Buffer): PartialFailure | undefined {
  const details = Status.deserializeBinary(packed).getDetailsList();
  const found = details.find((any) => any.getTypeUrl().endsWith("/pulumirpc.ErrorResourceInitFailed"));
  if (found === undefined) return undefined;
  const failure = ErrorResourceInitFailed.deserializeBinary(found.getValue_asU8());
  return {
    id: failure.getId(),
    properties: failure.getProperties()?.toJavaScript() ?? {},
    reasons: failure.getReasonsList(),
    bytes: packed.length,
  };
}

/** The failure of an RPC that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<RpcFailure> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcFailure) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

/** The same, for a failure that must be partial. */
export async function partialOf(call: Promise<unknown>): Promise<PartialFailure> {
  const { code, message, partial } = await failureOf(call);
  if (partial === undefined) throw new Error(`no partial failure, but code ${code}: ${message}`);
  return partial;
}

/** gRPC's UNKNOWN: what the SDK returns for every error that a provider throws. */
export const THROWN = grpc.status.UNKNOWN;
