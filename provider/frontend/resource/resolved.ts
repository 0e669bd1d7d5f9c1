import type { z } from "zod";
import type { CredentialSource } from "../../core/arguments";
import type { UpgradeError } from "../../core/errors";
import type { Proxies } from "../../core/runtime";
import { attributed, type ConfigReader, describePlaces, fillCredentials, originsOf } from "./credentials";
import { proxySettings } from "./proxies";
import { type Validated, validateArguments } from "./validation";

/** A consumer of arguments: a resource kind, or the connection of a command. */
export interface Taking<A> {
  readonly inputs: z.ZodType<A>;
  /** Names of secret arguments. */
  readonly secrets: readonly string[];
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  derivedSecrets?(args: A): readonly string[];
}

/** Arguments after resolving all sources. `args` and `failures` refer to the arguments alone. */
export interface Resolved<A> extends Validated<A> {
  /** Before validation. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly proxies: Proxies;
  /** A problem with the proxies, as a sentence. */
  readonly problem: string | undefined;
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
  const raw = fillCredentials(written, credentials, config, env);
  const validated = validateArguments(inputs, raw, names, (argument) => describePlaces(argument, credentials));
  const { args } = validated;
  const { proxies, secrets, problem } = proxySettings(config, env);
  const given = names.map((name) => raw[name]).filter((value) => typeof value === "string");
  const derived = args === undefined ? [] : (taking.derivedSecrets?.(args) ?? []);
  return {
    ...validated,
    raw,
    proxies,
    problem,
    secrets: [...given, ...derived, ...secrets],
    attribute: (error) => {
      const places = { ...originsOf(written, credentials, config, env), ...origins };
      return attributed(error, credentials, places);
    },
  };
}
