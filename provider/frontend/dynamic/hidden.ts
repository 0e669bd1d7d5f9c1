import { suggestion } from "../../base/closest";
import { parseDuration } from "../../core/texts/duration";
import type { CheckFailure } from "../resource/arguments";
import { type Properties, UNKNOWN } from "../resource/properties";
import { currentCall } from "./bridge";

/** Hidden keys of a dynamic resource. sdk/resource.ts adds those that are not the SDK's. Outputs have the short URN. */
export const PROVIDER = "__provider";
export const URN = "__urn";
export const TIMEOUTS = "__timeouts";

/** The hidden keys that must stay with the resource, as they are in the inputs. */
export function hiddenOf(properties: Properties): Record<string, unknown> {
  const kept = [PROVIDER, TIMEOUTS].map((key) => [key, properties[key]] as const);
  return Object.fromEntries(
    [...kept, [URN, hiddenUrn(properties)] as const].filter(([, value]) => value !== undefined),
  );
}

/** The full URN from inputs or outputs. */
export function hiddenUrn(properties: Properties): string | undefined {
  const urn = properties[URN];
  if (typeof urn !== "string" || urn === UNKNOWN) return undefined;
  return urn.startsWith(ANY_URN) ? urn : withType(urn, (type) => `${DYNAMIC}${type}`, ANY_URN);
}

/**
 * The URN as it is in the outputs, `dev::shop::oceanbase:ClusterVersion::orders`: without the common part of all
 * resource URNs. It is stored with each resource, whose inputs contain the full URN.
 */
export function shortUrn(urn: string): string {
  if (!urn.startsWith(ANY_URN)) return urn;
  return withType(urn.slice(ANY_URN.length), (type) => type.replace(DYNAMIC, ""));
}

const ANY_URN = "urn:pulumi:";
const DYNAMIC = "pulumi-nodejs:dynamic/";

/** Changes the resource's own type. The types of its parents come first, each followed by `$`. */
function withType(urn: string, change: (type: string) => string, before = ""): string {
  const [stack, project, types, ...name] = urn.split("::");
  if (types === undefined || name.length === 0) return urn;
  const chain = types.split("$");
  const own = change(chain.pop() ?? "");
  return `${before}${[stack, project, [...chain, own].join("$"), ...name].join("::")}`;
}

/** The hidden outputs of a resource, from its inputs. */
export function hiddenOutputs(inputs: Properties): Record<string, unknown> {
  const urn = hiddenUrn(inputs);
  return { ...hiddenOf(inputs), ...(urn === undefined ? {} : { [URN]: shortUrn(urn) }) };
}

/** Extracts `oceanbase:ClusterVersion` from a URN of type `parent$pulumi-nodejs:dynamic/oceanbase:ClusterVersion`. */
export function typeOfUrn(urn: string): string | undefined {
  return /pulumi-nodejs:dynamic\/([^:$]+:[^:$]+)::/.exec(urn)?.[1];
}

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
