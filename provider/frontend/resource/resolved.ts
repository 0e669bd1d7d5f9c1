import type { z } from "zod";
import type { CredentialSource } from "../../core/arguments";
import type { UpgradeError } from "../../core/errors";
import type { Proxies } from "../../core/runtime";
import { attributed, type ConfigReader, describePlaces, fillCredentials, originsOf } from "./credentials";
import { proxySettings } from "./proxies";
import { type Validated, validateArguments } from "./validation";

/** What takes arguments: a kind of resource, or the connection of a command. */
export interface Taking<A> {
  readonly inputs: z.ZodType<A>;
  /** Arguments that are secrets. */
  readonly secrets: readonly string[];
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  derivedSecrets?(args: A): readonly string[];
}

/** Arguments with all that was found elsewhere. `args` and `failures` are those of the arguments alone. */
export interface Resolved<A> extends Validated<A> {
  /** Before validation. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly proxies: Proxies;
  /** What is wrong with the proxies, as a sentence. */
  readonly problem: string | undefined;
  /** Everything that must not be shown, the credentials of proxies included. */
  readonly secrets: readonly string[];
  /** An error with where rejected credentials come from. */
  readonly attribute: (error: UpgradeError) => UpgradeError;
}

export interface Places {
  readonly config: ConfigReader;
  readonly env: NodeJS.ProcessEnv;
  /** Where written arguments come from, where that is no argument: `--ca-certificate`. */
  readonly origins?: Readonly<Record<string, string>>;
}

/**
 * Fills in what was not written from configuration and environment, validates all of it, and knows the proxies and where each
 * value is from.
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
