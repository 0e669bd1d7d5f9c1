import {
  type FaultScript,
  type Journal,
  ObshellCluster,
  type PathPattern,
  RedisEnterpriseCluster,
  redisenterprise,
  ScaledClock,
  serve,
  serveRedisEnterprise,
  TaurusCloud,
  taurusdb,
} from "../simulators";

/** Simulated seconds of OceanBase in a real one. The other simulators are given short upgrades instead. */
const SPEED = 30;
const TAURUS_TIMINGS = { startMs: 500, visibleMs: 200, upgradeMs: 2_500, starRocksMs: 2_500, preCheckMs: 300 };
const REDIS_TIMINGS = { pendingMs: 300, stateMs: 400, shardMs: 800 };
const PASSWORD = "r00t-p@ssword";
const OB_OLD = "4.2.1.8-108000022024072217";

/** One resource type: a pin of it, and the ways to its vendor. */
export interface System {
  /** Name of its resource in the program. */
  readonly name: string;
  /** `oceanbase.AgentVersion` */
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The same, of a pin that what runs before satisfies. */
  readonly held: Readonly<Record<string, unknown>>;
  /** What `currentVersion` or `members` say before and after. */
  readonly before: string;
  readonly after: string;
  /** What a preview says of the upgrade. */
  readonly plan: RegExp;
  /** Upgrade calls that reached the vendor. */
  writes(): number;
  /** Upgrades of it that the vendor has accepted. */
  accepted(): number;
  readonly upgradePath: PathPattern;
  /** How much faster than real time its vendor's delays pass. */
  readonly speed: number;
  /** What goes wrong with requests to its vendor. */
  readonly faults: FaultScript;
  /** Every request that reached the vendor. */
  requests(): number;
  /** Lets the next upgrade stop in the middle, and go on. */
  hang(): void;
  /** Whether it has come to that. */
  hangs(): boolean;
  unhang(): void;
  /** Lets the upgrade that hangs fail. */
  fail(): void;
  /** Loses the answer to the next upgrade call, which takes effect. */
  loseReply(): void;
  /** Somebody puts it back behind everybody's back. */
  putBack(): void;
}

/** One simulated vendor on sockets of its own. */
export interface Opened {
  readonly systems: readonly System[];
  close(): Promise<void>;
}

/** A cluster of its own for the agents and for the database: an upgrade of one would keep the other waiting. */
export async function openObshell(what: "agents" | "database", password = PASSWORD): Promise<Opened> {
  const cluster = new ObshellCluster({ clock: new ScaledClock(SPEED), rootPassword: password, buildVersion: OB_OLD });
  cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
  cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
  const served = await serve(cluster, { speed: SPEED });
  const path = what === "agents" ? "/api/v1/agent/upgrade" : "/api/v1/ob/upgrade";
  const stage = what === "agents" ? undefined : "Execute upgrade post script";
  const hangs = () => cluster.dags.at(-1)?.hung === true;
  const common = {
    upgradePath: path,
    speed: SPEED,
    faults: cluster.faults,
    writes: () => cluster.journal.count("POST", path),
    accepted: () => cluster.acceptedUpgrades.length,
    requests: () => cluster.journal.entries.length,
    hang: () => cluster.control.hang(stage === undefined ? {} : { stage }),
    hangs,
    unhang: () => {
      if (hangs()) cluster.control.unhang();
    },
    fail: () => {
      cluster.control.fail();
      cluster.control.unhang();
    },
    loseReply: () => void cluster.faults.add({ match: { method: "POST", path }, fault: { kind: "loseReply" } }),
  };
  const pin = { endpoints: served.origins, password };
  const system: System =
    what === "agents"
      ? {
          ...common,
          name: "orders-agents",
          type: "oceanbase.AgentVersion",
          args: { ...pin, version: "4.4.2.0", release: "102026041610.el7" },
          held: { ...pin, version: "4.3.3.0" },
          before: "4.3.3.0",
          after: "4.4.2.0",
          plan: /4\.3\.3\.0 → 4\.4\.2\.0, restarting 3 agents/,
          putBack: () => cluster.control.setAgentVersion("4.3.3.0-102025103117"),
        }
      : {
          ...common,
          name: "orders",
          type: "oceanbase.ClusterVersion",
          args: { ...pin, version: "4.3.5.2", release: "102000042025031214.el7" },
          held: { ...pin, version: "4.2.1.8" },
          before: "4.2.1.8",
          after: "4.3.5.2",
          plan: /4\.2\.1\.8 → 4\.3\.5\.2, rolling over 3 zones/,
          putBack: () => cluster.control.setBuildVersion(OB_OLD),
        };
  return { systems: [system], close: () => served.close() };
}

/** @param admit gives the credentials of somebody who may do everything */
export async function openTaurus(timings: Partial<typeof TAURUS_TIMINGS> = {}, admit = owner): Promise<Opened> {
  const clock = new ScaledClock(1);
  const cloud = new TaurusCloud({ clock, instances: 3, oneDoor: true, timings: { ...TAURUS_TIMINGS, ...timings } });
  const served = await serve(cloud);
  const [endpoint = ""] = served.origins;
  const { projectId, instanceId } = taurusdb.DEFAULTS;
  const [starRocks] = cloud.starRocks;
  const fleet = cloud.instances.slice(1).map(({ id }) => id);
  if (starRocks === undefined) throw new Error("the cloud has no StarRocks instance");
  const connection = { endpoint, iamEndpoint: endpoint, projectId, ...admit(cloud) };
  const { journal, control, faults } = cloud;
  const kernelPath = /instances\/database-version\/upgrade$/;
  const starRocksPath = /starrocks\/db-upgrade$/;
  const common = { requests: () => journal.entries.length, faults, speed: 1 };
  const accepted = (ids: readonly string[]) => () =>
    cloud.acceptedUpgrades.filter(({ instances }) => instances.some((id) => ids.includes(id))).length;
  return {
    systems: [
      {
        ...common,
        name: "fleet",
        type: "taurusdb.KernelVersion",
        args: { ...connection, instanceIds: fleet, version: ">=2.0.75" },
        held: { ...connection, instanceIds: fleet, version: ">=2.0.69" },
        upgradePath: kernelPath,
        accepted: accepted(fleet),
        before: "2.0.69.250900",
        after: "2.0.78.260600",
        plan: /2\.0\.69\.250900 → 2\.0\.78\.260600, 2 of 2 instances in 1 call, now/,
        writes: () => journal.count("POST", kernelPath),
        hang: () => forEach(fleet, (instance) => control.hang({ instance })),
        hangs: () => hungJobs(cloud, fleet).length === fleet.length,
        unhang: () => unhangTaurus(cloud, fleet),
        fail: () => failHung(cloud, fleet),
        loseReply: () => void faults.add({ match: { method: "POST", path: kernelPath }, fault: { kind: "loseReply" } }),
        putBack: () => forEach(fleet, (instance) => control.setKernel("2.0.69.250900", instance)),
      },
      {
        ...common,
        name: "reports",
        type: "taurusdb.StarRocksVersion",
        args: { ...connection, instanceId, starRocksInstanceId: starRocks.id, version: ">=3.1.15" },
        held: { ...connection, instanceId, starRocksInstanceId: starRocks.id, version: ">=3.1.6" },
        upgradePath: starRocksPath,
        accepted: accepted([starRocks.id]),
        before: "3.1.6.0",
        after: "3.1.15.80",
        plan: /3\.1\.6\.0 → 3\.1\.15\.80/,
        writes: () => journal.count("POST", starRocksPath),
        hang: () => control.hang({ instance: starRocks.id }),
        hangs: () => hungJobs(cloud, [starRocks.id]).length === 1,
        unhang: () => unhangTaurus(cloud, [starRocks.id]),
        fail: () => failHung(cloud, [starRocks.id]),
        loseReply: () =>
          void faults.add({ match: { method: "POST", path: starRocksPath }, fault: { kind: "loseReply" } }),
        putBack: () => control.setKernel("3.1.6.0", starRocks.id),
      },
    ],
    close: () => served.close(),
  };
}

function owner(_: TaurusCloud): Readonly<Record<string, string>> {
  const { accessKey, secretKey } = taurusdb.DEFAULTS;
  return { accessKey, secretKey };
}

function forEach(instances: readonly string[], action: (instance: string) => void): void {
  for (const instance of instances) action(instance);
}

function hungJobs(cloud: TaurusCloud, instances: readonly string[]): readonly string[] {
  return cloud.jobs.flatMap((job) => (instances.includes(job.instanceId) && job.hungAt !== null ? [job.id] : []));
}

function unhangTaurus(cloud: TaurusCloud, instances: readonly string[]): void {
  for (const job of hungJobs(cloud, instances)) cloud.control.unhang(job);
}

function failHung(cloud: TaurusCloud, instances: readonly string[]): void {
  for (const job of hungJobs(cloud, instances)) cloud.control.failJob("The upgrade failed and was rolled back.", job);
}

export async function openRedis(
  timings: Partial<typeof REDIS_TIMINGS> = {},
  password: string = redisenterprise.DEFAULT_PASSWORD,
): Promise<Opened> {
  const modules = [
    { name: "search", version: "2.10.8", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.8.4" },
  ];
  const cluster = new RedisEnterpriseCluster({
    clock: new ScaledClock(1),
    timings: { ...REDIS_TIMINGS, ...timings },
    password,
    databases: [
      { name: "cache", redisVersion: "7.4", modules },
      { name: "sessions", redisVersion: "7.2" },
    ],
  });
  const served = await serveRedisEnterprise(cluster);
  const connection = {
    endpoints: served.origins,
    username: redisenterprise.DEFAULT_USER,
    password,
    caCertificate: served.certificate,
    serverName: "cluster.local",
  };
  const { control, faults } = cluster;
  const { journal }: { journal: Journal } = cluster;
  const hangs = (uid: number) =>
    cluster.state.databases.some((database) => database.uid === uid && database.machine?.hung === true);
  const system = (uid: number, path: string) => ({
    upgradePath: path,
    speed: 1,
    faults,
    accepted: () => cluster.acceptedUpgrades.filter(({ database }) => database === uid).length,
    writes: () => journal.count("POST", path),
    requests: () => journal.entries.length,
    hang: () => control.hang({ database: uid }),
    hangs: () => hangs(uid),
    unhang: () => {
      if (hangs(uid)) control.unhang(uid);
    },
    fail: () => {
      control.fail({ database: uid });
      control.unhang(uid);
    },
    loseReply: () => void faults.add({ match: { method: "POST", path }, fault: { kind: "loseReply" } }),
  });
  return {
    systems: [
      {
        ...system(1, "/v1/bdbs/1/modules/upgrade"),
        name: "cache-modules",
        type: "redisenterprise.ModuleVersions",
        args: { ...connection, databaseId: 1, modules: { search: "2.10.17", ReJSON: "2.8.10" } },
        held: { ...connection, databaseId: 1, modules: { search: "2.10.8", ReJSON: "2.8.4" } },
        before: "2.10.8",
        after: "2.10.17",
        plan: /search 2\.10\.8 → 2\.10\.17/,
        putBack: () => {
          for (const module of modules) control.setModule(1, module);
        },
      },
      {
        ...system(2, "/v1/bdbs/2/upgrade"),
        name: "sessions",
        type: "redisenterprise.DatabaseVersion",
        args: { ...connection, databaseName: "sessions", redisVersion: "7.4" },
        held: { ...connection, databaseName: "sessions", redisVersion: "7.2" },
        before: "7.2",
        after: "7.4",
        plan: /7\.2.* → 7\.4/,
        putBack: () => control.setRedis(2, "7.2"),
      },
    ],
    close: () => served.close(),
  };
}
