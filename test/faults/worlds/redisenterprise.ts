import { type Random, RedisEnterpriseCluster, redisenterprise } from "../../simulators";
import { kindsOver } from "../../systems";
import type { Timeline } from "../timeline";
import type { Upgrade, World, WorldOfType } from "../world";
import { asParticipant, CRDB_UPGRADE_PATH, crdbUpgrades, setOther } from "./redisenterprise-active";
import { eventsOf, repairCluster } from "./redisenterprise-events";
import { refusal } from "./redisenterprise-refusals";
import { isWriteRequest } from "./response";

const { DEFAULT_PASSWORD, DEFAULT_USER } = redisenterprise;

/** The only database. */
const UID = 1;

const QUICK = { pendingMs: 300, stateMs: 400, shardMs: 900, failMs: 100, electionMs: 1_500 };

/** The differences between a database's modules and its Redis version. */
export interface Subject {
  readonly type: string;
  readonly upgradePath: string;
  readonly versionArgs: Readonly<Record<string, unknown>>;
  /** Versions by member, as in the outputs. */
  readonly target: Readonly<Record<string, string>>;
  members(cluster: RedisEnterpriseCluster): Readonly<Record<string, string>>;
  /** Changes the version to the old one, or to one that is newer than the target. */
  setVersion(cluster: RedisEnterpriseCluster, standing: "behind" | "newer"): void;
}

const OLD_MODULES = { search: "2.10.8", ReJSON: "2.8.4" } as const;

const MODULES: Subject = {
  type: "redisenterprise:ModuleVersions",
  upgradePath: `/v1/bdbs/${UID}/modules/upgrade`,
  versionArgs: { modules: { search: "2.10.17", ReJSON: "2.8.10" } },
  target: { search: "2.10.17", ReJSON: "2.8.10" },
  members: (cluster) => Object.fromEntries(cluster.database(UID).modules.map(({ name, version }) => [name, version])),
  setVersion: ({ control }, standing) => {
    control.setModule(UID, { name: "search", version: standing === "newer" ? "2.10.20" : OLD_MODULES.search });
    control.setModule(UID, { name: "ReJSON", version: standing === "newer" ? "2.8.20" : OLD_MODULES.ReJSON });
  },
};

const REDIS: Subject = {
  type: "redisenterprise:DatabaseVersion",
  upgradePath: `/v1/bdbs/${UID}/upgrade`,
  versionArgs: { redisVersion: "7.4" },
  target: { [`bdb:${UID}`]: "7.4.2" },
  members: (cluster) => ({ [`bdb:${UID}`]: cluster.database(UID).version }),
  setVersion: ({ control }, standing) => control.setRedis(UID, standing === "newer" ? "8.0" : "7.2"),
};

class Cluster implements World {
  readonly args: Readonly<Record<string, unknown>>;
  readonly systems: readonly RedisEnterpriseCluster[];
  readonly events: World["events"];
  readonly spacing = 3_000;
  readonly visibilityDelay = 0;
  readonly refusal = refusal;
  readonly settlingTime = 120_000;
  readonly requestsPerRead: number;
  readonly #cluster: RedisEnterpriseCluster;
  readonly #subject: Subject;
  /** Whether the database is a participant of an Active-Active one. */
  readonly #active: boolean;
  /** The path of the upgrade request. */
  readonly #upgradePath: string;
  readonly #ended = new Map<string, Upgrade["state"]>();
  #undone = 0;

  constructor(subject: Subject, timeline: Timeline, random: Random) {
    this.#subject = subject;
    const nodes = random.next() < 0.5 ? 1 : 3;
    const safe = random.next() < 0.9;
    const redis = subject === REDIS ? "7.2" : "7.4";
    const options: redisenterprise.ClusterOptions = {
      nodes,
      databases: [
        {
          name: "cache",
          redisVersion: redis,
          modules:
            subject === REDIS ? ["search"] : Object.entries(OLD_MODULES).map(([name, version]) => ({ name, version })),
          replication: safe && nodes > 1,
          shards: 1 + random.integer(2),
          persistence: safe ? "aof" : "disabled",
        },
      ],
      timings: QUICK,
      settings: { handleRedirects: random.next() < 0.3 },
      switches: {
        answersActionUid: random.next() < 0.7,
        actionUidOnDatabase: random.next() < 0.8,
        dryRun: "ignored",
      },
      seed: 1 + random.integer(1_000),
    };
    const args = {
      username: DEFAULT_USER,
      password: DEFAULT_PASSWORD,
      ...(random.next() < 0.7 ? { databaseId: UID } : { databaseName: "cache" }),
      ...subject.versionArgs,
      ...(subject === REDIS ? { dryRun: true } : {}),
      ...(random.next() < 0.3 ? { authentication: "token" } : {}),
      ...(safe ? {} : { mayDiscardData: true }),
      unreachableTimeout: "45s",
      ...(random.next() < 0.1 ? { wait: false } : {}),
      ...(random.next() < 0.2 ? { onNewer: random.next() < 0.5 ? "accept" : "fail" } : {}),
    };
    this.#active = subject === REDIS && random.next() < 0.2;
    const clock = timeline;
    this.#cluster = new RedisEnterpriseCluster({ clock, ...(this.#active ? asParticipant(options, random) : options) });
    if (this.#active) setOther(this.#cluster, random);
    this.#upgradePath = this.#active ? CRDB_UPGRADE_PATH : subject.upgradePath;
    this.systems = [this.#cluster];
    this.requestsPerRead = 8 + 5 * nodes + (this.#active ? 2 : 0);
    this.args = { endpoints: this.#cluster.endpoints.map((address) => `https://${address}`), ...args };
    this.events = eventsOf(this.#cluster, timeline, UID, {
      setVersion: (standing) => subject.setVersion(this.#cluster, standing),
      undo: () => {
        this.#undone = this.upgrades().length;
      },
    });
  }

  kinds(connect: Parameters<World["kinds"]>[0]): ReturnType<World["kinds"]> {
    return kindsOver(connect);
  }

  isWrite(request: Parameters<World["isWrite"]>[0]): boolean {
    return isWriteRequest(this.systems, request);
  }

  requestedUnits({ method, target }: Parameters<World["requestedUnits"]>[0]): readonly string[] {
    return method === "POST" && target.split("?")[0] === this.#upgradePath ? [this.#upgradePath] : [];
  }

  upgrades(): readonly Upgrade[] {
    if (this.#active) return crdbUpgrades(this.#cluster).map((upgrade, index) => this.#known(upgrade, index));
    const { acceptedUpgrades } = this.#cluster;
    if (acceptedUpgrades.length === 0) return [];
    const { machine, waiting } = this.#cluster.database(UID);
    return acceptedUpgrades.map(({ actionUid: id }, index) => {
      if (machine?.actionUid === id) this.#ended.set(id, stateOf(machine.status));
      else if (waiting.some(({ actionUid }) => actionUid === id)) this.#ended.set(id, "running");
      const known = this.#ended.get(id);
      // Only the last state machine is kept, so earlier ones have ended.
      const state = machine?.actionUid !== id && known === "running" && waiting.length === 0 ? "succeeded" : known;
      return this.#known({ id, reachesTarget: true, visible: true, state: state ?? "succeeded" }, index);
    });
  }

  #known(upgrade: Omit<Upgrade, "unit">, index: number): Upgrade {
    return { ...upgrade, unit: this.#upgradePath, state: index < this.#undone ? "failed" : upgrade.state };
  }

  isRecorded(lastUpgrade: Readonly<Record<string, unknown>>, id: string): boolean {
    // If the response contains no action, the record has the database as its task.
    return lastUpgrade["task"] === id || lastUpgrade["task"] === `bdb:${UID}` || lastUpgrade["state"] === "succeeded";
  }

  members(): Readonly<Record<string, string>> {
    return this.#subject.members(this.#cluster);
  }

  standing(): ReturnType<World["standing"]> {
    const members = this.members();
    const orders = Object.entries(this.#subject.target).map(([name, target]) => compare(members[name] ?? "", target));
    if (orders.some((order) => order < 0)) return "behind";
    return orders.some((order) => order > 0) ? "newer" : "current";
  }

  backUp(endsAt: number): void {
    this.#cluster.control.addBackup(UID, { endsAt });
  }

  repair(): void {
    repairCluster(this.#cluster, UID);
  }
}

function stateOf(status: string): Upgrade["state"] {
  if (status === "completed") return "succeeded";
  return status === "failed" ? "failed" : "running";
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  for (const [index, part] of (right ?? []).entries()) {
    const difference = (left?.[index] ?? -1) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}

function worldOf(subject: Subject): WorldOfType {
  return { type: subject.type, make: (timeline, random) => new Cluster(subject, timeline, random) };
}

export const redisModuleVersions = worldOf(MODULES);
export const redisDatabaseVersion = worldOf(REDIS);
