import { ObshellCluster, type obshell, type Random } from "../../simulators";
import { clusterTaskId } from "../../simulators/obshell/taskid";
import { kindsOver } from "../../systems";
import type { Timeline } from "../timeline";
import type { Upgrade, World, WorldOfType } from "../world";
import { eventsOf, repairCluster } from "./oceanbase-events";
import { refusal } from "./oceanbase-refusals";
import { isWriteRequest } from "./response";

const PASSWORD = "r00t-p@ssword";

/** A short upgrade with all stages and restarts, so that a history is short. Milliseconds. */
const QUICK = {
  readyMs: 40,
  pendingMs: 15,
  settleMs: 15,
  failMs: 15,
  stageMs: 50,
  stages: {},
  byKind: {},
  restartDelayMs: 60,
  restartGapMs: 500,
  restartStaggerMs: 60,
  observerVanishingMs: 80,
  observerGoneMs: 250,
  observerStaggerMs: 30,
};

/** A version with its build, in both formats. */
interface Release {
  readonly version: string;
  readonly release: string;
  /** As in the outputs. */
  readonly shown: string;
}

/** The differences between a cluster and its agents. */
export interface Subject {
  readonly upgradePath: string;
  readonly old: string;
  readonly target: Release;
  readonly newer: string;
  readonly prefix: string;
  readonly dagKind: obshell.DagKind;
  version(agent: obshell.AgentState): string;
  name(agent: obshell.AgentState): string;
  set(cluster: ObshellCluster, version: string): void;
  addPackages(cluster: ObshellCluster, random: Random): void;
}

const CLUSTER: Subject = {
  upgradePath: "/api/v1/ob/upgrade",
  old: "4.2.1.8-108000022024072217",
  target: { version: "4.3.5.2", release: "102000042025031214.el7", shown: "4.3.5.2-102000042025031214" },
  newer: "4.4.0.0-100000012025060614",
  prefix: "4.3.5",
  dagKind: "obUpgrade",
  version: ({ observer }) => observer.build,
  name: ({ ip, observer }) => `${ip}:${observer.rpcPort}`,
  set: (cluster, version) => cluster.control.setBuildVersion(version),
  addPackages(cluster, random) {
    const bundles = random.next() < 0.3 ? { bundles: "4.4.2.0-102026041610" } : {};
    cluster.control.addObPackages(this.target.version, this.target.release, bundles);
  },
};

const AGENTS: Subject = {
  upgradePath: "/api/v1/agent/upgrade",
  old: "4.3.3.0-102025103117",
  target: { version: "4.5.0.0", release: "102026050817.el7", shown: "4.5.0.0-102026050817" },
  newer: "4.6.0.0-102027010101",
  prefix: "4.5.0",
  dagKind: "agentUpgrade",
  version: ({ listedVersion }) => listedVersion,
  name: ({ ip, port }) => `${ip}:${port}`,
  set: (cluster, version) => cluster.control.setAgentVersion(version),
  addPackages(cluster) {
    cluster.control.addAgentPackage(this.target.version, this.target.release);
  },
};

class Cluster implements World {
  readonly args: Readonly<Record<string, unknown>>;
  readonly systems: readonly ObshellCluster[];
  readonly events: World["events"];
  readonly spacing = 3_000;
  readonly visibilityDelay = 0;
  readonly refusal = refusal;
  readonly settlingTime = 120_000;
  readonly requestsPerRead: number;
  readonly #cluster: ObshellCluster;
  readonly #subject: Subject;
  readonly #random: Random;
  /** Upgrades before this one were undone from outside. */
  #undone = 0;

  constructor(subject: Subject, timeline: Timeline, random: Random) {
    this.#subject = subject;
    this.#random = random;
    const zones = random.next() < 0.6 ? 1 : random.next() < 0.5 ? 2 : 3;
    const skew = random.next() < 0.1 ? (random.next() - 0.5) * 7_200_000 : 0;
    const agentVersionNow = subject === AGENTS || random.next() < 0.8 ? AGENTS.old : "4.2.5.1-12024080119";
    this.#cluster = new ObshellCluster({
      clock: { now: () => timeline.now() + skew },
      rootPassword: PASSWORD,
      buildVersion: CLUSTER.old,
      agentVersion: agentVersionNow,
      zones,
      timings: QUICK,
      switches: { notHoldMs: random.next() < 0.2 ? 700 : 0, newKeyAtRestart: random.next() < 0.2 },
    });
    subject.addPackages(this.#cluster, random);
    this.systems = [this.#cluster];
    this.requestsPerRead = zones * 7;
    this.args = {
      endpoints: this.#cluster.endpoints.map((address) => `http://${address}`),
      password: PASSWORD,
      ...this.#versionArgs(agentVersionNow === AGENTS.old),
      ...(subject === CLUSTER ? { mode: zones === 3 ? "rolling" : "stopService" } : {}),
      unreachableTimeout: "45s",
      ...(random.next() < 0.1 ? { wait: false } : {}),
      ...(random.next() < 0.4 ? { onFailure: random.next() < 0.5 ? "retry" : "rollback" } : {}),
      ...(random.next() < 0.2 ? { onNewer: random.next() < 0.5 ? "accept" : "fail" } : {}),
    };
    this.events = eventsOf(this.#cluster, timeline, subject, () => this.#undo());
  }

  /** An exact version; if the agents can list their packages, also a prefix or a minimum. */
  #versionArgs(listed: boolean): object {
    const { target, prefix } = this.#subject;
    const chance = this.#random.next();
    if (!listed || chance < 0.7) return { version: target.version, release: target.release };
    return { version: chance < 0.8 ? target.version : chance < 0.9 ? prefix : `>=${target.version}` };
  }

  kinds(connect: Parameters<World["kinds"]>[0]): ReturnType<World["kinds"]> {
    return kindsOver(connect);
  }

  isWrite(request: Parameters<World["isWrite"]>[0]): boolean {
    return isWriteRequest(this.systems, request);
  }

  requestedUnits({ method, target }: Parameters<World["requestedUnits"]>[0]): readonly string[] {
    return method === "POST" && target === this.#subject.upgradePath ? [this.#subject.upgradePath] : [];
  }

  reopens({ method, target }: Parameters<World["requestedUnits"]>[0]): boolean {
    return method === "POST" && target.startsWith("/api/v1/task/dag/");
  }

  isRecorded(lastUpgrade: Readonly<Record<string, unknown>>, id: string): boolean {
    return lastUpgrade["task"] === id;
  }

  upgrades(): readonly Upgrade[] {
    const { dags } = this.#cluster;
    return this.#cluster.acceptedUpgrades.flatMap(({ dag: id }, index) => {
      const dag = dags.find((candidate) => candidate.id === id);
      if (dag === undefined || dag.kind !== this.#subject.dagKind) return [];
      const reachesTarget = `${dag.target?.version}-${dag.target?.build}` === this.#subject.target.shown;
      return [
        {
          id: clusterTaskId(id),
          unit: this.#subject.upgradePath,
          reachesTarget,
          visible: true,
          state: index < this.#undone ? "failed" : stateOf(dag),
        },
      ];
    });
  }

  members(): Readonly<Record<string, string>> {
    const { name, version } = this.#subject;
    return Object.fromEntries(this.#cluster.agents.map((agent) => [name(agent), version(agent)]));
  }

  standing(): ReturnType<World["standing"]> {
    const { target, newer, version } = this.#subject;
    const minimum = String(this.args["version"]).startsWith(">=");
    const versions = this.#cluster.agents.map(version);
    if (versions.includes(newer) && !minimum) return "newer";
    return versions.every((one) => one === target.shown || one === newer) ? "current" : "behind";
  }

  backUp(endedAt: number): void {
    // A backup that ends later than now by the vendor's clock would still be running.
    const endsAt = Math.min(endedAt, this.#cluster.now());
    for (const { name } of this.#cluster.state.tenants ?? []) this.#cluster.control.addBackup(name, { endsAt });
  }

  repair(): void {
    repairCluster(this.#cluster, this.#random, () => this.#undo());
  }

  #undo(): void {
    this.#undone = this.#cluster.acceptedUpgrades.length;
  }
}

function stateOf({ state, operator }: obshell.DagState): Upgrade["state"] {
  if (state === "SUCCEED") return operator === "ROLLBACK" ? "failed" : "succeeded";
  return state === "FAILED" ? "failed" : "running";
}

function worldOf(type: string, subject: Subject): WorldOfType {
  return { type, make: (timeline, random) => new Cluster(subject, timeline, random) };
}

export const oceanbaseClusterVersion = worldOf("oceanbase:ClusterVersion", CLUSTER);
export const oceanbaseAgentVersion = worldOf("oceanbase:AgentVersion", AGENTS);
