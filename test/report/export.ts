import { reportOf } from "../../sdk/report/page";
import { HOW, parseInput } from "../../sdk/report/stack-export";

/** Stack exports as `pulumi stack export` prints them, and their pages. */

export const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";
const PROVIDER = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';

type Json = Readonly<Record<string, unknown>>;

/** A secret as it is exported, and as `--show-secrets` exports it. */
export const sealed = { [SIGNATURE]: SECRET_SIGNATURE, ciphertext: "v1:c2VjcmV0:Y2lwaGVydGV4dA==" };
export function open(value: unknown): Json {
  return { [SIGNATURE]: SECRET_SIGNATURE, plaintext: JSON.stringify(value) };
}

export interface Declared {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly name: string;
  readonly args?: Json;
  readonly observed?: Json;
  /** Further members of the resource. */
  readonly more?: Json;
}

export function resource({ type, name, args = {}, observed = {}, more = {} }: Declared): Json {
  const token = `pulumi-nodejs:dynamic/${type}`;
  const urn = `urn:pulumi:production::shop::${token}::${name}`;
  const hidden = { __provider: PROVIDER, __urn: urn };
  return {
    urn,
    custom: true,
    id: "10.0.0.1:2886",
    type: token,
    inputs: { ...args, ...hidden },
    outputs: { ...args, ...hidden, ...observed },
    parent: "urn:pulumi:production::shop::pulumi:pulumi:Stack::shop-production",
    ...more,
  };
}

const OTHERS: readonly Json[] = [
  {
    urn: "urn:pulumi:production::shop::pulumi:pulumi:Stack::shop-production",
    custom: false,
    type: "pulumi:pulumi:Stack",
    outputs: { running: "4.3.5.2" },
  },
  {
    urn: "urn:pulumi:production::shop::pulumi:providers:pulumi-nodejs::default",
    custom: true,
    id: "5d2b",
    type: "pulumi:providers:pulumi-nodejs",
    inputs: { "oceanbase:password": sealed },
  },
];

export function stackExport(resources: readonly Json[], more: Json = {}, version = 3): string {
  const manifest = { time: "2026-03-14T18:05:11.5Z", magic: "", version: "v3.216.0" };
  return JSON.stringify({
    version,
    deployment: { manifest, secrets_providers: { type: "passphrase" }, resources: [...OTHERS, ...resources], ...more },
  });
}

const upgrade = (more: Json): Json => ({
  task: "11",
  kind: "OB rolling upgrade",
  from: "4.2.1.8-108000022024072217",
  to: "4.3.5.2-102000042025031214",
  startedAt: "2026-03-02T01:00:00.000Z",
  state: "succeeded",
  ...more,
});

/** A stack with every system and every status. */
export const SHOP: readonly Declared[] = [
  {
    type: "oceanbase:ClusterVersion",
    name: "orders",
    args: {
      endpoints: ["http://10.0.0.1:2886", "http://10.0.0.2:2886", "http://10.0.0.3:2886"],
      password: sealed,
      version: "4.3.5.2",
      release: "102000042025031214.el7",
    },
    observed: {
      currentVersion: "4.3.5.2",
      members: {
        "10.0.0.1:2882": "4.3.5.2-102000042025031214",
        "10.0.0.2:2882": "4.3.5.2-102000042025031214",
        "10.0.0.3:2882": "4.3.5.2-102000042025031214",
      },
      status: "current",
      lastUpgrade: upgrade({ finishedAt: "2026-03-02T01:42:10.000Z" }),
    },
  },
  {
    type: "oceanbase:AgentVersion",
    name: "orders-agents",
    args: { endpoints: ["http://10.0.0.1:2886"], version: ">=4.3.3.0" },
    observed: {
      currentVersion: "4.3.3.0",
      members: { "10.0.0.1:2886": "4.3.3.0-102025103117", "10.0.0.2:2886": "4.3.3.0-102025103117" },
      status: "current",
    },
  },
  {
    type: "oceanbase:ClusterVersion",
    name: "payments",
    args: { endpoints: ["https://10.0.1.1:2886"], version: "4.3.5.2" },
    observed: {
      currentVersion: "4.2.1.8",
      members: { "10.0.1.1:2882": "4.2.1.8-108000022024072217" },
      status: "upgrading",
      lastUpgrade: upgrade({ task: "12", startedAt: "2026-03-14T17:40:00.000Z", state: "running", joined: true }),
    },
    more: { initErrors: ["Interrupted: OceanBase cluster at 10.0.1.1:2886: upgrade 12 is still running."] },
  },
  {
    type: "taurusdb:KernelVersion",
    name: "fleet",
    args: {
      region: "cn-north-4",
      instanceIds: [`${"a".repeat(32)}in07`, `${"b".repeat(32)}in07`],
      version: ">=2.0.75",
    },
    observed: {
      currentVersion: "2.0.69.240900",
      members: { [`${"a".repeat(32)}in07`]: "2.0.75.260300", [`${"b".repeat(32)}in07`]: "2.0.69.240900" },
      problems: { [`${"b".repeat(32)}in07`]: "upgrade 7c1e failed: the instance has too little free space." },
      status: "failed",
      lastUpgrade: upgrade({
        task: "batch",
        kind: "kernel upgrade of 2 instances",
        from: "2.0.69.240900",
        to: "2.0.75.260300",
        startedAt: "2026-03-10T18:00:00.000Z",
        finishedAt: "2026-03-10T18:25:00.000Z",
        state: "failed",
      }),
    },
  },
  {
    type: "taurusdb:StarRocksVersion",
    name: "reports",
    args: { instanceId: `${"a".repeat(32)}in07`, starRocksInstanceId: `${"c".repeat(32)}in17`, version: "latest" },
    observed: {
      currentVersion: "3.1.15.80",
      members: { [`${"c".repeat(32)}in17`]: "3.1.15.80" },
      status: "deferred",
      lastUpgrade: upgrade({
        task: "e81f",
        kind: "StarRocks upgrade",
        from: "3.1.15.80",
        to: "3.3.2.10",
        startedAt: "2026-03-14T09:00:00.000Z",
        state: "deferred",
        window: { opens: "2026-03-15T18:00:00.000Z", closes: "2026-03-15T22:00:00.000Z" },
      }),
    },
  },
  {
    type: "redisenterprise:ModuleVersions",
    name: "cache-modules",
    args: {
      endpoints: ["https://admin:hunter2@10.0.3.1:9443"],
      databaseName: "cache",
      modules: { search: "2.10.17", ReJSON: { version: ">=2.8", args: "" } },
    },
    observed: { members: { search: "2.8.4", ReJSON: "2.8.10", bf: "2.8.2" }, status: "behind", __drifted: true },
  },
  {
    type: "redisenterprise:DatabaseVersion",
    name: "cache",
    args: { endpoints: ["https://10.0.3.1:9443"], databaseName: "cache", redisVersion: "7.2", modules: "bundled" },
    observed: {
      currentVersion: "7.4.2",
      members: { cache: "7.4.2" },
      status: "newer",
      lastUpgrade: upgrade({
        task: "2f6b",
        kind: "bdb upgrade",
        from: "7.2.4",
        to: "7.4.2",
        startedAt: "2026-02-20T03:00:00.000Z",
        finishedAt: "2026-02-20T03:00:42.000Z",
      }),
    },
  },
  {
    type: "redisenterprise:FutureVersion",
    name: "sessions",
    args: { version: "1.2" },
    observed: {},
  },
];

export const SHOP_EXPORT = stackExport(SHOP.map(resource));

/** @param name of the input, for messages */
export function report(text: string, name: string): string {
  return reportOf(parseInput(text, name, HOW), name);
}
