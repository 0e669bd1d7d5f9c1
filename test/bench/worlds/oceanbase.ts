import { ObshellCluster, obshell } from "../../simulators";
import { VirtualClock } from "../../support/virtual-clock";
import { lifecycleIn, type World, type WorldOptions } from "./world";

const PASSWORD = "r00t-p@ssword";
const OLD_BUILD = "4.2.1.8-108000022024072217";
const DATABASE = { version: "4.3.5.2", release: "102000042025031214.el7" };
const AGENT = { version: "4.4.2.0", release: "102026041610.el7" };
/** The length of upgrades with the recorded timings, in milliseconds: of three zones, and of their agents. */
const RECORDED = { database: 93_700, agents: 25_500 };

export interface ObshellWorld extends World {
  readonly cluster: ObshellCluster;
}

export function databaseWorld(options: WorldOptions = {}): ObshellWorld {
  return openWorld("oceanbase:ClusterVersion", DATABASE, RECORDED.database, "/api/v1/ob/upgrade", options);
}

export function agentsWorld(options: WorldOptions = {}): ObshellWorld {
  return openWorld("oceanbase:AgentVersion", AGENT, RECORDED.agents, "/api/v1/agent/upgrade", options);
}

function openWorld(
  type: string,
  target: Readonly<Record<string, string>>,
  recorded: number,
  path: string,
  options: WorldOptions,
): ObshellWorld {
  const clock = new VirtualClock();
  const timings = options.upgrade === undefined ? obshell.RECORDED : scaled(options.upgrade / recorded);
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD, timings });
  cluster.control.addObPackages(DATABASE.version, DATABASE.release);
  cluster.control.addAgentPackage(AGENT.version, AGENT.release);
  const { lifecycle, lines, hidden } = lifecycleIn({ clock, systems: cluster, type, options });
  return {
    cluster,
    clock,
    lifecycle,
    lines,
    journal: cluster.journal.entries,
    writes: () => cluster.journal.find("POST", path),
    inputs: (name, args) => ({
      endpoints: cluster.endpoints.map((address) => `http://${address}`),
      password: PASSWORD,
      ...target,
      ...args,
      ...hidden(name),
    }),
    isFinished() {
      cluster.tick();
      return cluster.dags.at(-1)?.finished === true;
    },
  };
}

/** The recorded timings, multiplied by a factor. */
function scaled(factor: number): obshell.Timings {
  // Only numbers are changed.
  return JSON.parse(JSON.stringify(obshell.RECORDED), (_key, value) =>
    typeof value === "number" ? Math.round(value * factor) : value,
  ) as obshell.Timings;
}
