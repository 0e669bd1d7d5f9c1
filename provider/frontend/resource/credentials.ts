import type { CredentialSource } from "../../core/arguments";

/** Reads a configuration value by its full name: `oceanbase:password`. A secret of nothing is null. */
export type ConfigReader = (key: string) => string | null | undefined;

type Place = (source: CredentialSource) => string | null | undefined;

/**
 * Fills in what the resource does not give itself, from the Provider resource or the stack's configuration (both arrive
 * through `configure`), then from the environment, each variable in turn. The environment is that of the Pulumi CLI.
 */
export function fillCredentials(
  args: Readonly<Record<string, unknown>>,
  sources: Readonly<Record<string, CredentialSource>>,
  config: ConfigReader,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, unknown> {
  // A secret of nothing arrives as null: the program has passed on what its configuration does not have.
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
  return filled;
}

/** The resource's own arguments come before every other place. */
const HERE = -1;

/** Whether a value may be taken from a place. What belongs to another argument stands behind it in the sources. */
function fits({ belongsTo, insteadOf }: CredentialSource, at: number, found: ReadonlyMap<string, number>): boolean {
  if (belongsTo !== undefined && found.get(belongsTo) !== at) return false;
  return insteadOf === undefined || (found.get(insteadOf) ?? at) >= at;
}
