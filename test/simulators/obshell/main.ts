import { readFileSync } from "node:fs";
import { ScaledClock } from "../shell/clock";
import {
  type Hint,
  integerOption,
  interrupted,
  listText,
  numberOption,
  parseOptions,
  showHint,
  UsageError,
} from "../shell/command";
import { SaveFile } from "../shell/savefile";
import { type ServeOptions, serve } from "../shell/server";
import { ObshellCluster } from "./cluster";
import type { ClusterState, DagState } from "./state";
import { splitRelease } from "./version";

/** Plain, because it is typed into shells. */
const PASSWORD = "simulated-password";
const BUILD = "4.2.1.8_108000022024072217";
const OB_PACKAGE = "4.3.5.2-102000042025031214.el7";

const HELP = `usage: pulumi-dbversion simulate obshell [options]

A cluster of obshell agents on consecutive ports of 127.0.0.1.

  --port N              first port (default 2886; 0: free ports)
  --agents N            agents, one zone each (default 3)
  --version V           VERSION-RELEASE of the agents (default 4.3.3.0-102025103117)
  --build B             VERSION_BUILD of the observers (default 4.2.1.8_108000022024072217)
  --password P          root@sys password (default ${PASSWORD})
  --ob-package V-R[+A]  OB packages of version V and release R (with dist) are uploaded; A is the
                        VERSION-RELEASE of the obshell inside. May be repeated
                        (default ${OB_PACKAGE})
  --agent-package V-R   obshell package of version V and release R (with dist). May be repeated
  --speed X             simulated time runs X times as fast (default 1)
  --seed N              seed of the random numbers (default 1)
  --state FILE          keep the state in FILE: loaded at the start, saved at every change
  --tls-key F, --tls-cert F   serve HTTPS with this key and certificate (PEM)
  --help                this text`;

const OPTIONS = {
  port: { type: "string" },
  agents: { type: "string" },
  version: { type: "string" },
  build: { type: "string" },
  password: { type: "string" },
  "ob-package": { type: "string", multiple: true },
  "agent-package": { type: "string", multiple: true },
  speed: { type: "string" },
  seed: { type: "string" },
  state: { type: "string" },
  "tls-key": { type: "string" },
  "tls-cert": { type: "string" },
  help: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>;

const SAVE_MS = 250;

export async function simulateObshell(args: readonly string[]): Promise<void> {
  const values = parseOptions(args, OPTIONS);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const speed = numberOption("speed", values.speed, 1, 0.001);
  const port = integerOption("port", values.port, 2886, 0);
  const file = values.state === undefined ? undefined : new SaveFile<ClusterState>(values.state);
  const cluster = makeCluster(values, speed, file);
  const stop = interrupted();
  const served = await serve(cluster, { port, speed, ...tlsOf(values) });
  describe(cluster, served.origins);
  showHint(hintFor(cluster, served.origins));
  const follow = follower(cluster);
  const timer = setInterval(() => {
    follow();
    file?.save(cluster.now(), cluster.export());
  }, SAVE_MS);
  await stop;
  clearInterval(timer);
  file?.save(cluster.now(), cluster.export());
  await served.close();
}

function makeCluster(values: Values, speed: number, file: SaveFile<ClusterState> | undefined): ObshellCluster {
  const saved = file?.load();
  if (saved !== undefined) {
    if (saved.state?.format !== 1) throw new UsageError(`${values.state} contains no state of this simulator`);
    return new ObshellCluster({ clock: new ScaledClock(speed, saved.savedAt), state: saved.state });
  }
  const cluster = new ObshellCluster({
    clock: new ScaledClock(speed),
    zones: integerOption("agents", values.agents, 3, 1),
    seed: integerOption("seed", values.seed, 1, 0),
    ...(values.version === undefined ? {} : { agentVersion: values.version }),
    buildVersion: values.build ?? BUILD,
    rootPassword: values.password ?? PASSWORD,
  });
  for (const text of values["ob-package"] ?? [OB_PACKAGE]) {
    const [name = "", bundles] = text.split("+");
    const { version, release } = packageOf("ob-package", name);
    cluster.control.addObPackages(version, release, bundles === undefined ? {} : { bundles });
  }
  for (const text of values["agent-package"] ?? []) {
    const { version, release } = packageOf("agent-package", text);
    cluster.control.addAgentPackage(version, release);
  }
  return cluster;
}

function packageOf(option: string, text: string): { version: string; release: string } {
  const [version = "", release = ""] = text.split("-");
  if (version === "" || splitRelease(release) === undefined) {
    throw new UsageError(`--${option} must look like 4.3.5.2-102000042025031214.el7, not "${text}"`);
  }
  return { version, release };
}

function tlsOf(values: Values): Pick<ServeOptions, "tls"> {
  const { "tls-key": key, "tls-cert": cert } = values;
  if (key === undefined && cert === undefined) return {};
  if (key === undefined || cert === undefined) throw new UsageError("--tls-key and --tls-cert go together");
  return { tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") } };
}

function describe(cluster: ObshellCluster, origins: readonly string[]): void {
  const { name, edition, packages } = cluster.state;
  console.log(`obshell simulator: cluster ${name}, ${edition} edition, ${packages.length} packages`);
  for (const [index, agent] of cluster.agents.entries()) {
    console.log(`  ${origins[index]}  ${agent.zone}  agent ${agent.version}  observer ${agent.observer.build}`);
  }
  for (const dag of cluster.dags.filter((one) => !one.finished)) console.log(lineOf(dag));
}

function hintFor({ state }: ObshellCluster, origins: readonly string[]): Hint {
  const main = state.packages.find(({ name }) => /^oceanbase(-ce|-standalone)?$/.test(name));
  return {
    secrets: { "oceanbase:password": state.rootPassword },
    program: `import { oceanbase } from "pulumi-dbversion";

new oceanbase.ClusterVersion("orders", {
  endpoints: ${listText(origins)},
  version: "${main?.version ?? "4.3.5.2"}",
});`,
  };
}

/** Prints every DAG as it moves. */
function follower(cluster: ObshellCluster): () => void {
  const seen = new Map(cluster.dags.map((dag) => [dag.id, lineOf(dag)]));
  return () => {
    for (const dag of cluster.dags) {
      const line = lineOf(dag);
      if (seen.get(dag.id) === line) continue;
      seen.set(dag.id, line);
      console.log(line);
    }
  };
}

function lineOf(dag: DagState): string {
  const stage = dag.nodes[dag.stage - 1]?.name ?? "";
  return `  DAG ${dag.id} "${dag.name}" ${dag.state}/${dag.operator}, stage ${dag.stage} of ${dag.nodes.length}: ${stage}`;
}
