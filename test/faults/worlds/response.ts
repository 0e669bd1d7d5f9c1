import type { WireRequest, WireResponse } from "../../../provider/http/transport";
import { NO_BODY, type SimSystem } from "../../simulators";

/** A JSON response. */
export function jsonResponse(status: number, value: unknown): WireResponse {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

/** One of several values, chosen by any integer. */
export function pick<T>(list: readonly [T, ...T[]], number: number): T {
  return list[Math.abs(Math.trunc(number)) % list.length] ?? list[0];
}

/** Whether a host of the systems regards a request as a write. */
export function isWriteRequest(
  systems: readonly SimSystem[],
  { origin, method, target }: Pick<WireRequest, "origin" | "method" | "target">,
): boolean {
  if (method === "GET") return false;
  const { host: address } = new URL(origin);
  const host = systems.flatMap(({ hosts }) => hosts).find((one) => one.address === address);
  return host?.isWrite({ method, target, headers: {}, body: NO_BODY }) ?? true;
}
