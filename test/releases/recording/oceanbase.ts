import { ObshellCluster, type ScaledClock, serve } from "../../simulators";
import { fixtureAddress, type ManagedDatabase, type OpenOptions, withAddresses } from "./database";

const PASSWORD = "r00t-p@ssword";

/** All stages and restarts of an upgrade, in two seconds. Milliseconds. */
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

/** The differences between a cluster and its agents. */
interface Subject {
  readonly versions: ManagedDatabase["versions"];
  /** The versions as the simulator writes them. */
  readonly builds: Readonly<Record<"old" | "target" | "newer", string>>;
  set(cluster: ObshellCluster, version: string): void;
  /** Adds the packages of the target version. */
  provide(cluster: ObshellCluster): void;
}

const OBSERVERS: Subject = {
  versions: {
    old: { version: "4.2.1.8" },
    target: { version: "4.3.5.2", release: "102000042025031214.el7" },
    newer: { version: "4.4.0.0" },
  },
  builds: {
    old: "4.2.1.8-108000022024072217",
    target: "4.3.5.2-102000042025031214",
    newer: "4.4.0.0-100000012025060614",
  },
  set: (cluster, version) => cluster.control.setBuildVersion(version),
  provide: (cluster) => cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7"),
};

const AGENTS: Subject = {
  versions: {
    old: { version: ">=4.3.3.0" },
    target: { version: "4.4.2" },
    newer: { version: "4.6.0.0" },
  },
  builds: { old: "4.3.3.0-102025103117", target: "4.4.2.0-102026041610", newer: "4.6.0.0-102027010101" },
  set: (cluster, version) => cluster.control.setAgentVersion(version),
  provide: (cluster) => cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7"),
};

export async function openOceanBase(type: string, clock: ScaledClock, options: OpenOptions): Promise<ManagedDatabase> {
  const { number, members = 1 } = options;
  const subject = type === "oceanbase.AgentVersion" ? AGENTS : OBSERVERS;
  const { builds, versions } = subject;
  const cluster = new ObshellCluster({
    clock,
    zones: members,
    rootPassword: PASSWORD,
    buildVersion: OBSERVERS.builds.old,
    agentVersion: AGENTS.builds.old,
    timings: QUICK,
  });
  subject.provide(cluster);
  const { control } = cluster;
  const served = await serve(cluster);
  const hangs = () => cluster.dags.at(-1)?.hung === true;
  const addresses = () =>
    cluster.agents.flatMap(({ ip, port, observer }, index) => [
      [`${ip}:${port}`, `${fixtureAddress(number, index)}:2886`] as const,
      [`${ip}:${observer.rpcPort}`, `${fixtureAddress(number, index)}:2882`] as const,
      [`--ip ${ip} --port ${port}`, `--ip ${fixtureAddress(number, index)} --port 2886`] as const,
    ]);
  return {
    system: cluster,
    connection: {
      endpoints: served.origins,
      password: PASSWORD,
      ...(subject === OBSERVERS && members < 3 ? { mode: "stopService" } : {}),
    },
    furtherArguments: {
      upgradeDir: "/data/obshell-upgrade",
      onFailure: "rollback",
      unreachableTimeout: "10m",
      ...(subject === OBSERVERS ? { freezeServer: true } : {}),
    },
    versions,
    hang: () => control.hang(),
    hangs,
    isIdle: () => cluster.dags.every(({ next, hung }) => next === null && !hung),
    release: () => {
      if (hangs()) control.unhang();
    },
    fail: () => {
      control.fail();
      control.unhang();
    },
    put: (position) => subject.set(cluster, builds[position]),
    forget: () => {
      // As after restoring the tables of obshell's tasks from a backup.
      const { state } = cluster;
      state.dags.splice(0);
      state.lock = 1;
    },
    export: () => {
      const state = withAddresses(cluster.export(), addresses());
      for (const [index, agent] of state.agents.entries()) {
        agent.ip = fixtureAddress(number, index);
        agent.port = 2886;
        agent.observer.rpcPort = 2882;
      }
      return { ...state };
    },
    addresses,
    close: served.close,
  };
}
