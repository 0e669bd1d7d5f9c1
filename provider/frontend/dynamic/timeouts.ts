import { suggestion } from "../../base/closest";
import { parseDuration } from "../../core/duration";
import { type Properties, UNKNOWN } from "../resource/properties";
import type { CheckFailure } from "../resource/validation";
import { currentCall } from "./bridge";
import { TIMEOUTS } from "./hidden";

const OPERATIONS = ["create", "update", "delete"];
/** What Pulumi takes: a read has its own limit. */
const KNOWN = [...OPERATIONS, "read"];

/** customTimeouts as the resource was given them: a limit of zero would end every upgrade before it starts. */
export function checkTimeouts({ [TIMEOUTS]: timeouts }: Properties): CheckFailure[] {
  if (typeof timeouts !== "object" || timeouts === null) return [];
  const strange = Object.keys(timeouts).filter((name) => !KNOWN.includes(name));
  const failures = OPERATIONS.flatMap((operation) => {
    const text: unknown = Reflect.get(timeouts, operation);
    if (text === undefined || text === UNKNOWN) return [];
    const limit = typeof text === "string" ? parseDuration(text) : undefined;
    if (limit !== undefined && limit > 0) return [];
    return [{ property: "customTimeouts", reason: `${operation} must be a duration above zero, such as "3h"` }];
  });
  return [
    ...failures,
    ...strange.map((name) => ({
      property: "customTimeouts",
      reason: `${name} is not an operation; ${suggestion(name, OPERATIONS)}`,
    })),
  ];
}

/** Milliseconds for an operation, as the engine says, or as the resource was given them; undefined where nobody says. */
export function limitOf(operation: "create" | "update" | "delete", properties: Properties): number | undefined {
  const seconds = currentCall()?.timeoutSeconds;
  if (seconds !== undefined) return seconds * 1_000;
  const timeouts = properties[TIMEOUTS];
  const text: unknown =
    typeof timeouts === "object" && timeouts !== null ? Reflect.get(timeouts, operation) : undefined;
  return typeof text === "string" ? parseDuration(text) : undefined;
}
