/**
 * Runs Pulumi programs for the tests, through the Pulumi CLI or through a stand-in for its engine, which must pass the
 * same rules by the same tests.
 */
import { type Cli, CliEngine, findCli } from "./cli";
import { LocalEngine } from "./local";
import type { Engine, EngineKind, EngineOptions } from "./types";

export { type Cli, findCli } from "./cli";
export * from "./types";
export { copyExample, makeWorkspace, type Workspace, type WorkspaceOptions } from "./workspace";

let found: { readonly cli: Cli | undefined } | undefined;

function cli(): Cli | undefined {
  found ??= { cli: findCli() };
  return found.cli;
}

/** The available engines: always the local one, and the CLI if it is installed. */
export function engines(): EngineKind[] {
  return cli() ? ["local", "cli"] : ["local"];
}

/** Opens a new, empty stack for the program in a directory. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { prefer = engines().at(-1) } = options;
  if (prefer === "local") return LocalEngine.open(options);
  const chosen = cli();
  if (!chosen) throw new Error("there is no Pulumi CLI with pulumi-language-nodejs on the PATH or in the Pulumi home");
  return CliEngine.open(chosen, options);
}
