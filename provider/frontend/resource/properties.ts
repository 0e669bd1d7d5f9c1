import { canonical } from "../../base/json";
import { CHANGE_ARGUMENTS } from "../../core/control/change-arguments";

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
