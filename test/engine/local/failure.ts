import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { grpc, Status } from "./protocol";
import type { PropertyMap } from "./value";
import { decode } from "./wire";

type ServiceError = import("@grpc/grpc-js").ServiceError;

/** What is known of a resource after a call (`resource.Status`). */
export type ResourceStatus = "ok" | "unknown" | "partial";

/** A step whose provider call failed. */
export class StepError extends Error {
  override readonly name: string = "StepError";
  readonly status: ResourceStatus;
  constructor(status: ResourceStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** The resource exists, but is not what it should be: it is saved, and the next update continues (`plugin.InitError`). */
export class PartialFailure extends StepError {
  override readonly name = "PartialFailure";
  readonly id: string;
  readonly properties: PropertyMap;
  readonly reasons: readonly string[];
  constructor(id: string, properties: PropertyMap, reasons: readonly string[]) {
    super("partial", listed(reasons));
    this.id = id;
    this.properties = properties;
    this.reasons = reasons;
  }
}

/** An error that has been reported already: it ends the operation without another message (`result.BailError`). */
export class Bail extends Error {
  override readonly name = "Bail";
}

/** The provider cannot diff, because its configuration is not known yet. The step is assumed to be an update. */
export class DiffUnavailable extends Error {
  override readonly name = "DiffUnavailable";
}

/** The text of `multierror`, which is all that is shown of a partial failure. */
function listed(reasons: readonly string[]): string {
  if (reasons.length === 0) return "resource init failed";
  const count = reasons.length === 1 ? "1 error" : `${reasons.length} errors`;
  return `${count} occurred:\n${reasons.map((reason) => `\t* ${reason}\n`).join("")}\n`;
}

/** `parseError`: details make a partial failure, the code tells whether the state of the resource is known. */
export function readFailure(error: unknown): Error {
  if (!isServiceError(error)) return error instanceof Error ? error : new Error(String(error));
  const partial = initFailure(error);
  if (partial) {
    const properties = decode(partial.getProperties(), { unknowns: "reject" }) ?? {};
    return new PartialFailure(partial.getId(), properties, partial.getReasonsList());
  }
  const { INTERNAL, DATA_LOSS, UNKNOWN } = grpc.status;
  const lost = [INTERNAL, DATA_LOSS, UNKNOWN].includes(error.code);
  return new StepError(lost ? "unknown" : "ok", error.details);
}

export function isUnimplemented(error: unknown): boolean {
  return isServiceError(error) && error.code === grpc.status.UNIMPLEMENTED;
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "metadata" in error;
}

function initFailure(error: ServiceError): messages.ErrorResourceInitFailed | undefined {
  const [status] = error.metadata.get("grpc-status-details-bin");
  if (!(status instanceof Uint8Array)) return undefined;
  const details = Status.deserializeBinary(new Uint8Array(status)).getDetailsList();
  const detail = details.find((any) => any.getTypeUrl().endsWith("pulumirpc.ErrorResourceInitFailed"));
  return detail && messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
}
