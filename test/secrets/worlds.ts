import type { Transport } from "../../provider/http/transport";
import {
  createTransport,
  ObshellCluster,
  RedisEnterpriseCluster,
  type SimSystem,
  TaurusCloud,
  taurusdb,
} from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { type Canary, canary, canaryKey } from "./canary";

type Args = Readonly<Record<string, unknown>>;

/** One resource type in memory, with a secret in every place that takes one. */
export interface SecretWorld {
  readonly clock: VirtualClock;
  readonly system: SimSystem;
  readonly send: Transport;
  /** Arguments without any credentials. */
  readonly args: Args;
  /** The credentials by argument. */
  readonly secrets: Readonly<Record<string, Canary>>;
  /** What goes with them and is none: a user's name. */
  readonly beside: Args;
  /** Other values over the wire that open the vendor's doors, beside those of the vendor's own making. */
  readonly derived: readonly string[];
  /** Lets the next upgrade fail with these words of the vendor. */
  fail(words: string): void;
  /** The key of an error's text in the vendor's JSON, around the text. */
  problem(status: number, text: string): unknown;
}

export interface SecretType {
  readonly type: string;
  /** How the caller shows who it is, where there are several ways. */
  readonly login: string;
  /** Arguments that are addresses. */
  readonly addresses: readonly string[];
  /** Config values and variables of the environment by argument. */
  readonly places: Readonly<Record<string, { readonly config?: string; readonly env?: string }>>;
  open(): SecretWorld;
}

function oceanbase(what: "AgentVersion" | "ClusterVersion"): SecretType {
  const agents = what === "AgentVersion";
  return {
    type: `oceanbase:${what}`,
    login: "passwords",
    addresses: ["endpoints"],
    places: {
      password: { config: "oceanbase:password", env: "OCEANBASE_PASSWORD" },
      agentPassword: { config: "oceanbase:agentPassword", env: "OCEANBASE_AGENT_PASSWORD" },
    },
    open: () => {
      const secrets = { password: canary("Root"), agentPassword: canary("Agent"), clientKey: canaryKey("Key") };
      const clock = new VirtualClock();
      const cluster = new ObshellCluster({
        clock,
        rootPassword: secrets.password.value,
        buildVersion: "4.2.1.8-108000022024072217",
      });
      cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
      cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
      const target = agents
        ? { version: "4.4.2.0", release: "102026041610.el7" }
        : { version: "4.3.5.2", release: "102000042025031214.el7" };
      return {
        clock,
        system: cluster,
        send: simulatedTransport(createTransport(cluster, { sleep: (ms) => clock.sleep(ms) })),
        args: { endpoints: cluster.endpoints.map((address) => `http://${address}`), ...target },
        secrets,
        beside: { clientCertificate: secrets.clientKey.certificate },
        derived: [],
        fail: (words) =>
          cluster.control.fail({ logs: words.split("\n"), ...(agents ? {} : { stage: "Execute upgrade pre script" }) }),
        problem: (status, message) => ({
          successful: false,
          timestamp: new Date(clock.now()).toISOString(),
          status,
          error: { code: 1000, errCode: "OB.Some.Code", message },
        }),
      };
    },
  };
}

const HUAWEI = (argument: string, env: string) => ({ config: `huaweicloud:${argument}`, env });

function taurus(what: "KernelVersion" | "StarRocksVersion", login: "key" | "user"): SecretType {
  return {
    type: `taurusdb:${what}`,
    login,
    addresses: ["endpoint", "iamEndpoint"],
    places:
      login === "key"
        ? {
            accessKey: HUAWEI("accessKey", "HW_ACCESS_KEY"),
            secretKey: HUAWEI("secretKey", "HW_SECRET_KEY"),
            securityToken: HUAWEI("securityToken", "HW_SECURITY_TOKEN"),
          }
        : { password: HUAWEI("password", "HW_USER_PASSWORD") },
    open: () => {
      const clock = new VirtualClock();
      const cloud = new TaurusCloud({ clock, instances: 2 });
      const key = {
        accessKey: canary("Access", true),
        secretKey: canary("Secret"),
        securityToken: canary("Token", true),
      };
      const user = { password: canary("User") };
      const { accessKey, secretKey, securityToken } = key;
      const { account, region, projectId, instanceId } = taurusdb.DEFAULTS;
      cloud.control.iam.addTemporaryKey(accessKey.value, secretKey.value, {
        securityToken: securityToken.value,
        seconds: 86_400,
      });
      cloud.control.iam.addUser("canary", { password: user.password.value });
      const starRocksInstanceId = cloud.starRocks[0]?.id ?? "";
      const kernel = what === "KernelVersion";
      return {
        clock,
        system: cloud,
        send: simulatedTransport(createTransport(cloud, { sleep: (ms) => clock.sleep(ms) })),
        args: kernel
          ? { region, projectId, instanceIds: cloud.instances.map(({ id }) => id), version: ">=2.0.75" }
          : { region, projectId, instanceId, starRocksInstanceId, version: ">=3.1.15" },
        secrets: login === "key" ? key : user,
        beside: login === "key" ? {} : { userName: "canary", domainName: account },
        derived: [],
        fail: (reason) => {
          const subjects = kernel ? cloud.instances.map(({ id }) => id) : [starRocksInstanceId];
          for (const instance of subjects) cloud.control.fail({ instance, reason });
        },
        problem: (_, text) => ({ error_code: "DBS.200001", error_msg: text }),
      };
    },
  };
}

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
      const pin = what === "ModuleVersions" ? { modules: { search: "2.10.17" } } : { redisVersion: "7.4" };
      return {
        clock,
        system: cluster,
        send: simulatedTransport(createTransport(cluster, { sleep: (ms) => clock.sleep(ms) })),
        args: {
          endpoints: cluster.endpoints.map((address) => `https://${address}`),
          databaseId: 1,
          ...pin,
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

/** Every resource type, with every way to log in. */
export const SECRET_TYPES: readonly SecretType[] = [
  oceanbase("AgentVersion"),
  oceanbase("ClusterVersion"),
  taurus("KernelVersion", "key"),
  taurus("KernelVersion", "user"),
  taurus("StarRocksVersion", "key"),
  taurus("StarRocksVersion", "user"),
  redis("ModuleVersions", "basic"),
  redis("ModuleVersions", "token"),
  redis("DatabaseVersion", "basic"),
  redis("DatabaseVersion", "token"),
];
