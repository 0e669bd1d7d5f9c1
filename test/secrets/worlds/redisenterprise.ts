import { createTransport, RedisEnterpriseCluster } from "../../simulators";
import { simulatedTransport } from "../../support/simulated-transport";
import { VirtualClock } from "../../support/virtual-clock";
import { canary, canaryKey } from "../canary";
import type { SecretType } from "./world";

function redis(what: "ModuleVersions" | "DatabaseVersion", login: "basic" | "token"): SecretType {
  return {
    type: `redisenterprise:${what}`,
    login,
    addresses: ["endpoints"],
    places: { password: { config: "redisenterprise:password", env: "REDIS_ENTERPRISE_PASSWORD" } },
    open: () => {
      const clock = new VirtualClock();
      const secrets = { password: canary("Redis"), clientKey: canaryKey("Key") };
      const user = "admin@cluster.local";
      const modules = [{ name: "search", version: "2.10.8" }];
      const cluster = new RedisEnterpriseCluster({
        clock,
        user,
        password: secrets.password.value,
        databases: [{ name: "cache", redisVersion: what === "ModuleVersions" ? "7.4" : "7.2", modules }],
      });
      const targetArgs = what === "ModuleVersions" ? { modules: { search: "2.10.17" } } : { redisVersion: "7.4" };
      return {
        clock,
        system: cluster,
        send: simulatedTransport(createTransport(cluster, { sleep: (ms) => clock.sleep(ms) })),
        args: {
          endpoints: cluster.endpoints.map((address) => `https://${address}`),
          databaseId: 1,
          ...targetArgs,
          ...(login === "token" ? { authentication: "token" } : {}),
        },
        secrets,
        beside: { username: user, clientCertificate: secrets.clientKey.certificate },
        derived: [`${user}:${secrets.password.value}`],
        fail: (error) => cluster.control.fail({ database: 1, error }),
        problem: (_, description) => ({ error_code: "some_code", description }),
      };
    },
  };
}

export const REDIS: readonly SecretType[] = [
  redis("ModuleVersions", "basic"),
  redis("ModuleVersions", "token"),
  redis("DatabaseVersion", "basic"),
  redis("DatabaseVersion", "token"),
];
