import type { Proxies } from "../../provider/core/runtime";
import type { Kinds } from "../../provider/frontend/resource/session";
import type { Tls } from "../../provider/http/tls";
import type { Transport } from "../../provider/http/transport";
import { agentVersion } from "../../provider/oceanbase/agent-version";
import { clusterVersion } from "../../provider/oceanbase/cluster-version";
import { databaseVersion } from "../../provider/redisenterprise/database/database-version";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { kernelVersion } from "../../provider/taurusdb/kernel/kernel-version";
import { starRocksVersion } from "../../provider/taurusdb/starrocks/starrocks-version";
import {
  ObshellCluster,
  RedisEnterpriseCluster,
  redisenterprise,
  type SimSystem,
  TaurusCloud,
  taurusdb,
} from "../simulators";

interface Clock {
  now(): number;
}

/** A simulated vendor with one thing that is behind its pin. */
export interface Vendor {
  readonly type: string;
  /** Arguments of the resource as its program writes them. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly system: SimSystem;
  /** The upgrade call. */
  readonly call: RegExp;
  /** Upgrades that were accepted. */
  accepted(): number;
}

/** A resource type, and how to make a vendor for it. */
export interface VendorOf {
  readonly type: string;
  make(clock: Clock): Vendor;
}

const PASSWORD = "r00t-p@ssword";
const QUICK_OBSHELL = { readyMs: 40, pendingMs: 15, settleMs: 15, stageMs: 50, stages: {}, byKind: {} };
const QUICK_TAURUS = { visibleMs: 900, startMs: 1_200, upgradeMs: 8_000, starRocksMs: 8_000, preCheckMs: 400 };
const QUICK_REDIS = { pendingMs: 300, stateMs: 2_000, shardMs: 2_000 };

const obshell = (type: string, pin: object, path: RegExp): VendorOf => ({
  type,
  make: (clock) => {
    const system = new ObshellCluster({
      clock,
      rootPassword: PASSWORD,
      buildVersion: "4.2.1.8-108000022024072217",
      zones: 1,
      timings: QUICK_OBSHELL,
    });
    system.control.addObPackages("4.3.5.2", "102000042025031214.el7");
    system.control.addAgentPackage("4.4.2.0", "102026041610.el7");
    const endpoints = system.endpoints.map((address) => `http://${address}`);
    const args = { endpoints, password: PASSWORD, ...pin };
    return { type, args, system, call: path, accepted: () => system.acceptedUpgrades.length };
  },
});

const taurus = (type: string, pin: (cloud: TaurusCloud) => object, call: RegExp): VendorOf => ({
  type,
  make: (clock) => {
    const system = new TaurusCloud({ clock, instances: 2, timings: QUICK_TAURUS });
    const { accessKey, secretKey, region } = taurusdb.DEFAULTS;
    const args = { region, accessKey, secretKey, ...pin(system) };
    return { type, args, system, call, accepted: () => system.acceptedUpgrades.length };
  },
});

const redis = (type: string, pin: object, call: RegExp): VendorOf => ({
  type,
  make: (clock) => {
    const system = new RedisEnterpriseCluster({
      clock,
      timings: QUICK_REDIS,
      nodes: 1,
      databases: [
        {
          name: "cache",
          redisVersion: "7.4",
          modules: [
            { name: "search", version: "2.10.8", args: "WORKERS 6" },
            { name: "ReJSON", version: "2.8.4" },
          ],
        },
        { name: "sessions", redisVersion: "7.2" },
      ],
    });
    const endpoints = system.endpoints.map((address) => `https://${address}`);
    const args = {
      endpoints,
      username: redisenterprise.DEFAULT_USER,
      password: redisenterprise.DEFAULT_PASSWORD,
      ...pin,
    };
    return { type, args, system, call, accepted: () => system.acceptedUpgrades.length };
  },
});

/** Every resource type. */
export const VENDORS: readonly VendorOf[] = [
  obshell(
    "oceanbase:ClusterVersion",
    { version: "4.3.5.2", release: "102000042025031214.el7", mode: "stopService" },
    /^\/api\/v1\/ob\/upgrade$/,
  ),
  obshell("oceanbase:AgentVersion", { version: "4.4.2.0", release: "102026041610.el7" }, /^\/api\/v1\/agent\/upgrade$/),
  taurus(
    "taurusdb:KernelVersion",
    ({ instances }) => ({ instanceIds: instances.map(({ id }) => id), version: "2.0.78.260600" }),
    /\/instances\/database-version\/upgrade$/,
  ),
  taurus(
    "taurusdb:StarRocksVersion",
    ({ starRocks: [one] }) => ({
      instanceId: taurusdb.DEFAULTS.instanceId,
      starRocksInstanceId: one?.id,
      version: "3.1.15.80",
    }),
    /\/starrocks\/db-upgrade$/,
  ),
  redis(
    "redisenterprise:ModuleVersions",
    { databaseId: 1, modules: { search: "2.10.17", ReJSON: "2.8.10" } },
    /^\/v1\/bdbs\/1\/modules\/upgrade$/,
  ),
  redis("redisenterprise:DatabaseVersion", { databaseId: 2, redisVersion: "7.4" }, /^\/v1\/bdbs\/2\/upgrade$/),
];

/** The pin kinds of a provider process, with a network in place of the real one. */
export function kindsOver(connect: (tls?: Tls, proxies?: Proxies) => Transport): Kinds {
  const cloud = (proxies?: Proxies) => connect({}, proxies);
  return {
    "oceanbase:ClusterVersion": async () => clusterVersion(connect),
    "oceanbase:AgentVersion": async () => agentVersion(connect),
    "taurusdb:KernelVersion": async () => kernelVersion(cloud, {}),
    "taurusdb:StarRocksVersion": async () => starRocksVersion(cloud, {}),
    "redisenterprise:ModuleVersions": async () => moduleVersions(connect),
    "redisenterprise:DatabaseVersion": async () => databaseVersion(connect),
  };
}
