import { suggestion } from "../../base/closest";
import { parseDuration } from "../../core/duration";
import { type Properties, UNKNOWN } from "../resource/properties";
import type { CheckFailure } from "../resource/validation";
import { currentCall } from "./bridge";
import { TIMEOUTS } from "./hidden";

const OPERATIONS = ["create", "update", "delete"];
/** The operations that Pulumi accepts: a read has its own limit. */
const KNOWN = [...OPERATIONS, "read"];

/** Checks customTimeouts of a resource: a limit of zero would end every upgrade before it starts. */
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

/** The limit of an operation in milliseconds, from the engine or the resource's inputs; undefined without one. */
export function limitOf(operation: "create" | "update" | "delete", properties: Properties): number | undefined {
  const seconds = currentCall()?.timeoutSeconds;
  if (seconds !== undefined) return seconds * 1_000;
  const timeouts = properties[TIMEOUTS];
  const text: unknown =
    typeof timeouts === "object" && timeouts !== null ? Reflect.get(timeouts, operation) : undefined;
  return typeof text === "string" ? parseDuration(text) : undefined;
}
