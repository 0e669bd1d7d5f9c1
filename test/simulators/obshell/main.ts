import { type Hint, integerOption, listText, parseOptions, UsageError } from "../shell/command";
import { serve } from "../shell/server";
import { COMMON, type Making, simulate } from "../shell/simulation";
import { ObshellCluster } from "./cluster";
import type { ClusterState, DagState } from "./state";
import { splitRelease } from "./version";

/** Without special characters, because it is typed into shells. */
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
  --state FILE          load the state from FILE at the start, and save every change to it
  --tls-key F, --tls-cert F   serve HTTPS with this key and certificate (PEM)
  --help                print this help`;

const OPTIONS = {
  ...COMMON,
  agents: { type: "string" },
  version: { type: "string" },
  build: { type: "string" },
  password: { type: "string" },
  "ob-package": { type: "string", multiple: true },
  "agent-package": { type: "string", multiple: true },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>;

export async function simulateObshell(args: readonly string[]): Promise<void> {
  const values = parseOptions(args, OPTIONS);
  await simulate<ClusterState, ObshellCluster>(
    {
      help: HELP,
      port: 2886,
      recognizes: ({ format }) => format === 1,
      make: (making) => makeCluster(values, making),
      async serve(cluster, options) {
        const served = await serve(cluster, options);
        return { served, hint: hintFor(cluster, served.origins) };
      },
      describe,
      lines: ({ dags }) => dags.map((dag) => [dag.id, lineOf(dag)]),
    },
    values,
  );
}

function makeCluster(values: Values, { clock, seed, state }: Making<ClusterState>): ObshellCluster {
  if (state !== undefined) return new ObshellCluster({ clock, state });
  const cluster = new ObshellCluster({
    clock,
    seed,
    zones: integerOption("agents", values.agents, 3, 1),
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

function lineOf(dag: DagState): string {
  const stage = dag.nodes[dag.stage - 1]?.name ?? "";
  return `  DAG ${dag.id} "${dag.name}" ${dag.state}/${dag.operator}, stage ${dag.stage} of ${dag.nodes.length}: ${stage}`;
}
