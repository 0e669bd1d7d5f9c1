import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "pulumi-dbversion/simulators";
import { parse, stringify } from "yaml";

/** The databases of `fleet.yaml` before an upgrade, simulated; see docs/guides/testing.md. */
export async function startFleet() {
  const orders = await startOceanBase({
    buildVersion: "4.2.1.8-108000022024072217",
    packages: [["4.3.5.2", "102000042025031214.el7"]],
    agentPackages: [["4.4.2.0", "102026041610.el7"]],
    rootPassword: "orders-password",
  });
  const billing = await startOceanBase({
    buildVersion: "4.3.5.2-102000042025031214",
    rootPassword: "billing-password",
  });
  const shops = await startTaurusDB({ instances: 2, kernel: "2.0.69.250900", latestKernel: "2.0.78.260600" });
  const cache = await startRedisEnterprise({
    databases: [
      {
        name: "cache",
        redisVersion: "7.4",
        modules: [
          { name: "search", version: "2.10.8" },
          { name: "ReJSON", version: "2.8.4" },
        ],
      },
      { name: "sessions", redisVersion: "7.2" },
    ],
  });
  return {
    orders,
    billing,
    shops,
    cache,
    /** `fleet.yaml` with the addresses of the simulators; databases and versions are unchanged. */
    file: (): string => {
      const fleet = parse(readFileSync(join(__dirname, "fleet.yaml"), "utf8"));
      const connections = {
        orders: { endpoints: orders.connection.endpoints },
        billing: { endpoints: billing.connection.endpoints, secrets: fleet.connections.billing.secrets },
        shops: shops.connection,
        cache: cache.connection,
      };
      return stringify({ ...fleet, connections });
    },
    /** The stack's secrets. */
    secrets: {
      "oceanbase:password": orders.connection.password,
      "fleet-example:billingPassword": billing.connection.password,
    },
    close: () => Promise.all([orders.close(), billing.close(), shops.close(), cache.close()]),
  };
}
