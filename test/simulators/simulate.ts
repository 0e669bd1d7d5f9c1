import "./shell/node";
import { simulateObshell } from "./obshell/main";
import { simulateRedisEnterprise } from "./redisenterprise/main";
import { UsageError } from "./shell/command";
import { simulateTaurusdb } from "./taurusdb/main";

const SYSTEMS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  obshell: simulateObshell,
  taurusdb: simulateTaurusdb,
  "redis-enterprise": simulateRedisEnterprise,
};

const USAGE = `usage: pulumi-dbversion simulate <${Object.keys(SYSTEMS).join("|")}> [options]
       pulumi-dbversion simulate <system> --help

Serves a simulated system on fixed ports of this machine until ^C, and prints how a program connects to it. It requires
neither a network nor a database.`;

/**
 * `pulumi-dbversion simulate <system> [options]`: one simulator alone, over real sockets, until ^C.
 * @returns the exit code
 */
export async function simulate([system, ...args]: readonly string[]): Promise<number> {
  if (system === undefined || system === "--help" || system === "-h") {
    console.log(USAGE);
    return 0;
  }
  try {
    const run = SYSTEMS[system];
    if (run === undefined) throw new UsageError(`unknown simulator "${system}"\n${USAGE}`);
    await run(args);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) console.error(error.message);
    else if (isPortTaken(error)) console.error(`${error.message}. Choose other ports with --port (0: free ports).`);
    else throw error;
    return 2;
  }
}

function isPortTaken(error: unknown): error is Error {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
