import { canonical } from "../../base/json";

/** Properties as Pulumi has them: arguments, outputs, and keys that begin with `__`, which it does not show. */
export type Properties = Readonly<Record<string, unknown>>;

/** Stands for a value that is not known yet at preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** In the outputs: set by a refresh that found drift, so that the next `up` upgrades or warns. */
export const DRIFTED = "__drifted";

/** Outputs that are not arguments. */
const OBSERVED = new Set(["currentVersion", "members", "status", "lastUpgrade", "problems"]);

/** The arguments among the properties, as the user wrote them. */
export function argumentsOf(properties: Properties): Record<string, unknown> {
  const entries = Object.entries(properties).filter(([key]) => !key.startsWith("__") && !OBSERVED.has(key));
  return Object.fromEntries(entries);
}

/** Whether a value is, or contains, something that is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

/** Deep equality of JSON values, whatever the order of keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}
