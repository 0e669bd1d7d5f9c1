import type { SimResponse } from "../shell/http";
import type { Refusal } from "./errors";
import type { ClusterState } from "./state";

/** Headers of recorded responses (Redis Enterprise facts §1.1). */
function headersOf(state: ClusterState): Record<string, string> {
  return {
    server: "envoy",
    "content-type": "application/json",
    "cluster-state-id": String(state.clusterStateId),
    "x-envoy-upstream-service-time": "7",
  };
}

export function success(state: ClusterState, value: unknown): SimResponse {
  return { status: 200, headers: headersOf(state), body: Buffer.from(JSON.stringify(value)) };
}

/** `{"description","error_code"}`, keys in the order recorded (Redis Enterprise facts §1.5). */
export function failure(state: ClusterState, { status, code, message }: Refusal): SimResponse {
  const { emptyErrors, errorText } = state.switches;
  if (code === null || emptyErrors.includes(status)) return bare(status);
  return {
    status,
    headers: headersOf(state),
    body: Buffer.from(JSON.stringify({ [errorText]: message, error_code: code })),
  };
}

/** Responses of the proxy itself: no body, no JSON. */
export function bare(status: number, headers: Readonly<Record<string, string>> = {}, text = ""): SimResponse {
  const type: Record<string, string> = text === "" ? {} : { "content-type": "text/plain" };
  return { status, headers: { server: "envoy", ...type, ...headers }, body: Buffer.from(text) };
}

/** ISO with seconds and Z, as `created_time`. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

export function epochSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
