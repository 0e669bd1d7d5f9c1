import type { CredentialSource } from "../core/kind";

/** Reads a configuration value by its full name: `oceanbase:password`. */
export type ConfigReader = (key: string) => string | undefined;

/**
 * Fills in what the resource does not give itself, from the Provider resource or the stack's configuration (both arrive
 * through `configure`), then from the environment. The environment is that of the Pulumi CLI.
 */
export function fillCredentials(
  args: Readonly<Record<string, unknown>>,
  sources: Readonly<Record<string, CredentialSource>>,
  config: ConfigReader,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, unknown> {
  const filled: Record<string, unknown> = { ...args };
  for (const [argument, source] of Object.entries(sources)) {
    if (filled[argument] !== undefined) continue;
    const value = config(source.config) ?? source.env.map((name) => env[name]).find((text) => text);
    if (value !== undefined) filled[argument] = value;
  }
  return filled;
}
