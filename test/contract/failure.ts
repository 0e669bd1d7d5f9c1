import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { grpc, Status, type Struct } from "../engine/local/protocol";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Properties = { [key: string]: Json };
export type Sent = InstanceType<typeof Struct>;

/** What `create` and `update` leave behind when they fail half-way: Pulumi stores it. */
export interface PartialFailure {
  readonly id: string;
  readonly properties: Properties;
  readonly reasons: readonly string[];
  /** Size of the header that carried it, before it was compressed. */
  readonly bytes: number;
}

/** An RPC that was answered with an error. */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";
  readonly code: number;
  /** Absent: the state stays as it was. */
  readonly partial: PartialFailure | undefined;

  constructor(code: number, message: string, partial: PartialFailure | undefined) {
    super(message);
    this.code = code;
    this.partial = partial;
  }
}

const DETAILS = "grpc-status-details-bin";

/** Any error of a client's call as a failure; partial where its details are those of a partial failure. */
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

/** The failure of a call that has to fail. */
export async function failureOf(call: Promise<unknown>): Promise<RpcFailure> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcFailure) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

/** The same, where it has to be a partial one. */
export async function partialOf(call: Promise<unknown>): Promise<PartialFailure> {
  const { code, message, partial } = await failureOf(call);
  if (partial === undefined) throw new Error(`no partial failure, but code ${code}: ${message}`);
  return partial;
}

/** gRPC's UNKNOWN: what the SDK answers for every error that a provider throws. */
export const THROWN = grpc.status.UNKNOWN;
