import { isTable } from "../../base/json";
import { PLAN, shortened, toWire, USED_APPROVALS, type Wire } from "../resource/properties";

/**
 * An error without outputs to save: the state is not changed. Its stack is its message, because Pulumi prints stacks of
 * failed checks and reads on the stack's row.
 */
export function plainFailure(message: string): Error {
  const bounded = shortened(message, LONGEST_MESSAGE);
  const error = new Error(bounded);
  error.stack = bounded;
  return error;
}

/** Maximum message length: percent-encoded, up to nine bytes per character, in an HTTP/2 header of 64 KiB. */
const LONGEST_MESSAGE = 4_000;

/** An error whose properties Pulumi saves, so that the next `pulumi up` can resume. Only `reasons` are shown. */
export interface PartialFailure extends Error {
  readonly id: string;
  readonly properties: Record<string, Wire>;
  readonly reasons: string[];
}

export function partialFailure(id: string, properties: Record<string, unknown>, reason: string): PartialFailure {
  // The engine discards the message of a partial failure, so the space is left to the reasons.
  return Object.assign(plainFailure("see the reasons"), { id, ...fitPartialFailure(properties, [reason]) });
}

/** A partial failure is sent in an HTTP/2 header. Beyond 64 KiB it is silently lost and the engine waits forever. */
const PARTIAL_FAILURE_BYTES = 48 * 1024;

/** Maximum length of a reason. */
const LONGEST_REASON = 4_000;
/** Removed last: the next run needs them to resume. */
const NEEDED = new Set(["status", "version", "redisVersion", "modules", "lastUpgrade"]);

/**
 * Properties that can be removed, in this order: what the next read shows again, the largest arguments, the used
 * approvals, and last the task.
 */
function expendable(properties: Record<string, unknown>): string[] {
  const rest = Object.keys(properties).filter((key) => !key.startsWith("__") && key !== "members" && !NEEDED.has(key));
  const size = (key: string) => sizeOf(properties[key], []);
  return ["members", PLAN, ...rest.sort((a, b) => size(b) - size(a)), USED_APPROVALS, "lastUpgrade"];
}

/** Properties and reasons of a partial failure, truncated to the size limit. */
export function fitPartialFailure(
  properties: Record<string, unknown>,
  reasons: readonly string[],
): { properties: Record<string, Wire>; reasons: string[] } {
  const fitting = reasons.map((reason) => shortened(reason, LONGEST_REASON));
  const kept = { ...properties };
  for (const key of expendable(kept)) {
    if (fits(kept, fitting)) break;
    if (key === "problems") kept[key] = shrunk(kept[key], (rest) => fits({ ...kept, [key]: rest }, fitting));
    else delete kept[key];
  }
  const wire = toWire(kept);
  return { properties: isTable(wire) ? wire : {}, reasons: fitting };
}

/** Halves a table until it is small enough, because each of its reasons is useful on its own. */
function shrunk(table: unknown, isSmall: (rest: object) => boolean): object {
  let rest = Object.entries(Object(table));
  while (rest.length > 0 && !isSmall(Object.fromEntries(rest))) rest = rest.slice(0, rest.length >> 1);
  return Object.fromEntries(rest);
}

function fits(properties: Record<string, unknown>, reasons: readonly string[]): boolean {
  return sizeOf(properties, reasons) <= PARTIAL_FAILURE_BYTES;
}

function sizeOf(properties: unknown, reasons: readonly string[]): number {
  return Buffer.byteLength(JSON.stringify(toWire(properties))) + Buffer.byteLength(JSON.stringify(reasons));
}
