import type { z } from "zod";
import { closest, suggestion } from "../../base/closest";
import { hideCredentials } from "../../base/printed-credentials";
import type { UpgradeError } from "../../core/errors";
import type { Proxies } from "../../core/runtime";
import { isMasked } from "../../core/texts/redact";
import { attributed, type ConfigReader, describePlaces, fillCredentials, type Sources } from "./credentials";
import { hasUnknown, UNKNOWN } from "./properties";
import { proxySettings } from "./stack-settings";

/** A consumer of arguments: a resource kind, or the connection of a command. */
export interface Taking<A> {
  readonly inputs: z.ZodType<A>;
  /** Names of secret arguments. */
  readonly secrets: readonly string[];
  readonly credentials: Sources;
  derivedSecrets?(args: A): readonly string[];
}

/** Arguments after resolving all sources. A problem with the proxies is a failure too. */
export interface Resolved<A> extends Validated<A> {
  /** Before validation. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly proxies: Proxies;
  /** All secrets, including the credentials of proxies. */
  readonly secrets: readonly string[];
  /** Adds the source of rejected credentials to an error. */
  readonly attribute: (error: UpgradeError) => UpgradeError;
}

export interface Places {
  readonly config: ConfigReader;
  readonly env: NodeJS.ProcessEnv;
  /** The sources of given arguments that are not program arguments: `--ca-certificate`. */
  readonly origins?: Readonly<Record<string, string>>;
}

/**
 * Fills in missing arguments from configuration and environment, validates them, and determines the proxies and the
 * source of each value.
 */
export function resolveArguments<A>(
  taking: Taking<A>,
  written: Readonly<Record<string, unknown>>,
  { config, env, origins = {} }: Places,
): Resolved<A> {
  const { inputs, secrets: names, credentials } = taking;
  const { values: raw, origins: found } = fillCredentials(written, credentials, config, env);
  const { args, failures, ...validated } = validateArguments(inputs, raw, names, credentials);
  const { proxies, secrets, problem } = proxySettings(config, env);
  const given = names.map((name) => raw[name]).filter((value) => typeof value === "string");
  const derived = args === undefined ? [] : (taking.derivedSecrets?.(args) ?? []);
  return {
    ...validated,
    ...(args === undefined || problem !== undefined ? {} : { args }),
    // Without a property; otherwise Pulumi would print its value.
    failures: problem === undefined ? failures : [...failures, { property: "", reason: problem }],
    raw,
    proxies,
    secrets: [...given, ...derived, ...secrets],
    attribute: (error) => attributed(error, credentials, { ...found, ...origins }),
  };
}

/**
 * A check failure as Pulumi shows it: `property <property> value {…} has a problem: <reason>`. Pulumi prints the value
 * even if it is secret. A problem with a secret therefore has no property, and names the argument in the reason.
 */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

/** The arguments, or the problems with them. `args` is also missing if a value is not known yet. */
export interface Validated<A> {
  readonly args?: A;
  readonly failures: readonly CheckFailure[];
  /** Required arguments that were not found in any source. */
  readonly missing?: readonly string[];
}

/** An unescaped password can contain any character. */
const USER_INFO = /:\/\/.*@/s;

/**
 * Validates raw arguments, except for values that are not known yet at preview.
 * @param credentials the other sources of arguments, for those that are missing
 */
export function validateArguments<A>(
  schema: z.ZodType<A>,
  raw: Readonly<Record<string, unknown>>,
  secrets: readonly string[] = [],
  credentials: Sources = {},
): Validated<A> {
  const masked = maskedIn(raw).map((path) => maskFailure(path, secrets));
  if (masked.length > 0) return { failures: masked };
  const result = schema.safeParse(raw);
  if (result.success) return hasUnknown(raw) ? { failures: [] } : { args: result.data, failures: [] };
  const known = "shape" in schema ? Object.keys(Object(schema.shape)) : [];
  const failures = result.error.issues.flatMap((issue) =>
    failuresOf(issue, raw, known, credentials).map((failure) =>
      showsSecret(issue, failure, raw, known, secrets) ? unnamed(failure) : failure,
    ),
  );
  const missing = result.error.issues.flatMap(({ path }) =>
    path.length === 1 && at(raw, path) === undefined ? [String(path[0])] : [],
  );
  return { failures, ...(missing.length === 0 ? {} : { missing }) };
}

function failuresOf(
  issue: z.core.$ZodIssue,
  raw: Readonly<Record<string, unknown>>,
  known: readonly string[],
  credentials: Sources,
): CheckFailure[] {
  if (issue.code === "unrecognized_keys" && issue.path.length === 0)
    return issue.keys.map((key) => ({
      property: key,
      reason: `is not an argument of this resource; ${suggestion(key, known)}`,
    }));
  const value = at(raw, issue.path);
  if (value === UNKNOWN || (value !== null && typeof value === "object" && hasUnknown(value))) return [];
  const property = issue.path.map(String).join(".");
  if (value !== undefined) return [{ property, reason: issue.message }];
  const places = describePlaces(property, credentials);
  return [{ property, reason: `is missing${places === undefined ? "" : ` (${places})`}; it ${issue.message}` }];
}

/**
 * Whether the value that Pulumi would print with a failure may contain a secret: a secret argument, even under a
 * misspelled or unknown name; a value that a schema marks with `params: { secret: true }`; a URL with user-info,
 * anywhere in the text; anything else that looks like credentials, such as a password among the arguments of a module.
 */
function showsSecret(
  issue: z.core.$ZodIssue,
  { property }: CheckFailure,
  raw: Readonly<Record<string, unknown>>,
  known: readonly string[],
  secrets: readonly string[],
): boolean {
  if (issue.code === "custom" && issue.params?.["secret"] === true) return true;
  const [name = property, ...rest] = issue.path.map(String);
  if (secrets.includes(name)) return true;
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    const similar = closest(property, known);
    if (similar === undefined || secrets.includes(similar)) return true;
  }
  const shown = JSON.stringify(at(raw, [name, ...rest])) ?? "";
  return USER_INFO.test(shown) || hideCredentials(shown) !== shown;
}

/** The paths of masked texts in a value, including its keys. */
function maskedIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === "string") return isMasked(value) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => maskedIn(member, [...path, key]));
}

/** Rejects a masked value: sent to a vendor, the mask would become the secret. */
function maskFailure(path: readonly string[], secrets: readonly string[]): CheckFailure {
  const failure = {
    property: path.join("."),
    reason:
      "is a masked value, not the secret. Set the secret itself. If the program does not contain the masked value, run `pulumi refresh`, which restores the value as it was written.",
  };
  return secrets.includes(path[0] ?? "") ? unnamed(failure) : failure;
}

function unnamed({ property, reason }: CheckFailure): CheckFailure {
  return { property: "", reason: `${property} ${reason}` };
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
