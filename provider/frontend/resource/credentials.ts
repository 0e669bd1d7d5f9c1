import type { CredentialSource } from "../../core/arguments";
import { Rejected, UpgradeError } from "../../core/errors";

/** Reads a configuration value by its full name: `oceanbase:password`. A secret of an empty value is null. */
export type ConfigReader = (key: string) => string | null | undefined;

type Sources = Readonly<Record<string, CredentialSource>>;

type Place = (source: CredentialSource) => string | null | undefined;

/**
 * Fills in missing arguments from the Provider resource or the stack's configuration (both arrive through `configure`),
 * then from the environment variables in order. The environment is that of the Pulumi CLI.
 */
export function fillCredentials(
  args: Readonly<Record<string, unknown>>,
  sources: Sources,
  config: ConfigReader,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, unknown> {
  return lookUp(args, sources, config, env).filled;
}

/** The source of each value, by argument: "argument `password`". Missing values are omitted. */
export function originsOf(
  args: Readonly<Record<string, unknown>>,
  sources: Sources,
  config: ConfigReader,
  env: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const { found } = lookUp(args, sources, config, env);
  const own = Object.entries(args).filter(([name, value]) => value !== null || sources[name] === undefined);
  const elsewhere = [...found].flatMap(([name, at]): [string, string][] => {
    const source = sources[name];
    const place = source && placesOf(name, source)[at + 1];
    return place === undefined ? [] : [[name, place]];
  });
  return Object.fromEntries([...own.map(([name]): [string, string] => [name, argumentPlace(name)]), ...elsewhere]);
}

/** All sources of an argument, in order. */
function placesOf(name: string, { config, env }: CredentialSource): string[] {
  return [argumentPlace(name), `config \`${config}\``, ...env.map((variable) => `environment \`${variable}\``)];
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
  const { verdict, said, remedy, credentials } = error;
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
  return new UpgradeError(error.code, `${verdict} (${given.join(", ")}): ${said}.`, options);
}

function lookUp(
  args: Readonly<Record<string, unknown>>,
  sources: Sources,
  config: ConfigReader,
  env: NodeJS.ProcessEnv,
): { readonly filled: Record<string, unknown>; readonly found: ReadonlyMap<string, number> } {
  // A secret of an empty value arrives as null: the program has passed on a missing configuration value.
  const given = Object.entries(args).filter(([name, value]) => value !== null || sources[name] === undefined);
  const filled: Record<string, unknown> = Object.fromEntries(given);
  const found = new Map<string, number>(
    Object.keys(sources).flatMap((name) => (filled[name] === undefined ? [] : [[name, HERE]])),
  );
  const most = Math.max(0, ...Object.values(sources).map((source) => source.env.length));
  const variable =
    (at: number): Place =>
    (source) =>
      env[source.env[at] ?? ""] || undefined;
  const places: Place[] = [(source) => config(source.config), ...Array.from({ length: most }, (_, at) => variable(at))];
  for (const [at, place] of places.entries()) {
    for (const [argument, source] of Object.entries(sources)) {
      if (filled[argument] !== undefined || !fits(source, at, found)) continue;
      const value = place(source) ?? undefined;
      if (value === undefined) continue;
      filled[argument] = value;
      found.set(argument, at);
    }
  }
  return { filled, found };
}

/** The resource's own arguments take precedence over all other sources. */
const HERE = -1;

/** Whether a value may be taken from a source. In the sources, an argument follows the one it belongs to. */
function fits({ belongsTo, insteadOf }: CredentialSource, at: number, found: ReadonlyMap<string, number>): boolean {
  if (belongsTo !== undefined && found.get(belongsTo) !== at) return false;
  return insteadOf === undefined || (found.get(insteadOf) ?? at) >= at;
}
