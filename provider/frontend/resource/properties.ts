import { canonical, isTable } from "../../base/json";
import { CHANGE_ARGUMENTS } from "../../core/policy";

/** Properties as Pulumi passes them: arguments, outputs, and hidden keys that begin with `__`. */
export type Properties = Readonly<Record<string, unknown>>;

/** Pulumi's placeholder for a value that is not known yet at preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** In the outputs: set by a refresh that found drift, so that the next `up` upgrades or warns. */
export const DRIFTED = "__drifted";

/** In the outputs: used approvals. */
export const USED_APPROVALS = "__usedApprovals";

/**
 * The upgrades that would be requested, by unit: in the outputs for held upgrades, and at preview in the inputs of
 * resources that require approvals.
 */
export const PLAN = "__plan";

/** Outputs that are not arguments. */
const OBSERVED = new Set(["currentVersion", "members", "status", "lastUpgrade", "problems", "heldBy"]);

/** The arguments among the properties, as the user wrote them. */
export function argumentsOf(properties: Properties): Record<string, unknown> {
  const entries = Object.entries(properties).filter(([key]) => !key.startsWith("__") && !OBSERVED.has(key));
  return Object.fromEntries(entries);
}

const CHANGES: ReadonlySet<string> = new Set(CHANGE_ARGUMENTS);

/** The arguments that define the target. The others only control when a request may be sent. */
export function targetArguments(properties: Properties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(argumentsOf(properties)).filter(([key]) => !CHANGES.has(key)));
}

/** The strings of a table in the state, by name; empty if it is missing. */
export function textsOf(table: unknown): Readonly<Record<string, string>> {
  if (!isTable(table)) return {};
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}

/** Whether a value is or contains an unknown value. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

/** Deep equality of JSON values, regardless of key order. */
export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/**
 * Values that can be returned to the engine. One `undefined`, bigint or function in a result makes the SDK fail after
 * the work is done, and in a partial failure it makes it hang forever. All results are therefore converted here.
 */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/** The outputs of a resource as they are returned to the engine. */
export type Outputs = { [key: string]: Wire };

/**
 * Converts a value to plain JSON: undefined members are removed, bigints become strings, numbers that JSON does not
 * support become null.
 * @throws TypeError for functions and symbols, which indicate a bug in this package
 */
export function toWire(value: Properties): Outputs;
export function toWire(value: unknown): Wire;
export function toWire(value: unknown): Wire {
  const text = JSON.stringify(value ?? null, (_, part: unknown) => {
    if (typeof part === "function" || typeof part === "symbol") {
      throw new TypeError(`a ${typeof part} cannot be sent to the engine`);
    }
    return typeof part === "bigint" ? part.toString() : part;
  });
  return JSON.parse(text);
}
