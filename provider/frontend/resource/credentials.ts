import type { CredentialSource } from "../../core/arguments";
import { Rejected, UpgradeError } from "../../core/errors";

/** Reads a configuration value by its full name: `oceanbase:password`. A secret of an empty value is null. */
export type ConfigReader = (key: string) => string | null | undefined;

export type Sources = Readonly<Record<string, CredentialSource>>;

/** Arguments with the values that were found for missing ones. */
export interface Filled {
  readonly values: Readonly<Record<string, unknown>>;
  /** The source of each value: "argument `password`". */
  readonly origins: Readonly<Record<string, string>>;
}

/**
 * Fills in missing arguments from the Provider resource or the stack's configuration (both arrive through `configure`),
 * then from the environment variables in order. The environment is that of the Pulumi CLI.
 */
export function fillCredentials(
  args: Readonly<Record<string, unknown>>,
  sources: Sources,
  config: ConfigReader,
  env: NodeJS.ProcessEnv,
): Filled {
  // A secret of an empty value arrives as null: the program has passed on a missing configuration value.
  const given = Object.entries(args).filter(([name, value]) => value !== null || sources[name] === undefined);
  const values: Record<string, unknown> = Object.fromEntries(given);
  const found = new Map(given.flatMap(([name, value]) => (value === undefined ? [] : [[name, ARGUMENT]])));
  const places = Math.max(ARGUMENT, ...Object.values(sources).map((source) => VARIABLES + source.env.length));
  for (let place = CONFIG; place < places; place++) {
    for (const [name, source] of Object.entries(sources)) {
      if (values[name] !== undefined || !fits(source, place, found)) continue;
      const variable = source.env[place - VARIABLES] ?? "";
      const value = place === CONFIG ? (config(source.config) ?? undefined) : env[variable] || undefined;
      if (value === undefined) continue;
      values[name] = value;
      found.set(name, place);
    }
  }
  const origins = [...found].map(([name, place]) => [name, placesOf(name, sources[name])[place] ?? ""] as const);
  return { values, origins: Object.fromEntries(origins) };
}

/** The places of a value, in order: its argument, the configuration, and each environment variable. */
const ARGUMENT = 0;
const CONFIG = 1;
const VARIABLES = 2;

/** Whether a value may be taken from a place. In the sources, an argument follows the one it belongs to. */
function fits({ belongsTo, insteadOf }: CredentialSource, place: number, found: ReadonlyMap<string, number>): boolean {
  if (belongsTo !== undefined && found.get(belongsTo) !== place) return false;
  return insteadOf === undefined || (found.get(insteadOf) ?? place) >= place;
}

/** Descriptions of all places of an argument. */
function placesOf(name: string, source: CredentialSource | undefined): string[] {
  if (source === undefined) return [argumentPlace(name)];
  const variables = source.env.map((variable) => `environment \`${variable}\``);
  return [argumentPlace(name), `config \`${source.config}\``, ...variables];
}

function argumentPlace(name: string): string {
  return `argument \`${name}\``;
}

/** `argument `password`, config `oceanbase:password`, environment `OCEANBASE_PASSWORD``, as far as they exist. */
export function describePlaces(name: string, sources: Sources): string | undefined {
  const source = sources[name];
  if (source === undefined) return undefined;
  const [argument, config] = placesOf(name, source);
  const env = source.env.map((variable) => `\`${variable}\``).join(" or ");
  return [argument, config, ...(env === "" ? [] : [`environment ${env}`])].join(", ");
}

/** Adds the sources to an error about rejected credentials; other errors are returned unchanged. */
export function attributed(
  error: UpgradeError,
  sources: Sources,
  origins: Readonly<Record<string, string>>,
): UpgradeError {
  if (!(error instanceof Rejected)) return error;
  const { verdict, reason, remedy, credentials } = error;
  const given = credentials.flatMap((name) => {
    const origin = origins[name];
    if (origin === undefined) return [];
    return [origin === argumentPlace(name) ? origin : `\`${name}\` from ${origin}`];
  });
  const [missing] = credentials.filter((name) => origins[name] === undefined && sources[name] !== undefined);
  if (given.length === 0 && missing !== undefined) {
    const message = `${verdict}: no ${missing} given (${describePlaces(missing, sources)}).`;
    return new UpgradeError(error.code, message, { cause: error });
  }
  if (given.length === 0) return error;
  const options = { cause: error, ...(remedy === undefined ? {} : { remedy }) };
  return new UpgradeError(error.code, `${verdict} (${given.join(", ")}): ${reason}.`, options);
}
