import "./shell/node";
import { simulateObshell } from "./obshell/main";
import { simulateRedisEnterprise } from "./redisenterprise/main";
import { UsageError } from "./shell/command";
import { simulateTaurusdb } from "./taurusdb/main";

/** `npm run simulate -- <system> [options]`: one simulator alone, over real sockets. */

const SYSTEMS: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  obshell: simulateObshell,
  taurusdb: simulateTaurusdb,
  "redis-enterprise": simulateRedisEnterprise,
};

const USAGE = `usage: npm run simulate -- <${Object.keys(SYSTEMS).join("|")}> [options]
       npm run simulate -- <system> --help`;

async function main([system, ...args]: readonly string[]): Promise<void> {
  if (system === undefined || system === "--help" || system === "-h") {
    console.log(USAGE);
    return;
  }
  const simulate = SYSTEMS[system];
  if (simulate === undefined) throw new UsageError(`there is no simulator "${system}"\n${USAGE}`);
  await simulate(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
