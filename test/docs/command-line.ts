import { onNetwork, rig } from "../cli/rig";
import { ENVIRONMENT, failMaintenance, taurus } from "../cli/worlds";
import { type Engine, makeWorkspace, openEngine } from "../engine";
import { startOceanBase } from "../simulators";
import { blocksOf, type Page } from "./pages";
import { rowsOf } from "./previews";

/** Runs the commands of the guide on simulated systems. */
export interface Transcripts {
  /** The output of a command of the guide, with the guide's addresses. */
  outputOf(command: string): Promise<string>;
  /** The rows of a preview of the program that `discover` writes. */
  preview(): Promise<string[]>;
  close(): Promise<void>;
}

/** The guide's addresses of the agents. */
const AGENTS = ["http://10.0.0.1:2886", "http://10.0.0.2:2886", "http://10.0.0.3:2886"];
const COMMAND = /^\$ .*npx pulumi-dbversion (.*)$/m;

/** Blocks that show a command and its output. */
export function commandsIn(page: Page): readonly { readonly command: string; readonly output: string }[] {
  return blocksOf(page).flatMap(({ text }) => {
    const [line, command] = COMMAND.exec(text) ?? [];
    return line === undefined || command === undefined || !text.startsWith(line) || !text.includes("\n")
      ? []
      : [{ command, output: text.slice(line.length + 1) }];
  });
}

export async function openTranscripts(): Promise<Transcripts> {
  const cluster = await startOceanBase({
    buildVersion: "4.2.1.8-108000022024072217",
    packages: [["4.3.5.2", "102000042025031214.el7"]],
    clusterName: "orders",
  });
  failMaintenance(cluster.system);
  const { endpoints } = cluster.connection;
  const real = (text: string) => AGENTS.reduce((rest, agent, at) => rest.replaceAll(agent, endpoints[at] ?? ""), text);
  const documented = (text: string) =>
    endpoints.reduce((rest, origin, at) => withAddress(rest, origin, AGENTS[at] ?? ""), text);
  const closing: (() => Promise<void>)[] = [() => cluster.close()];
  let exported = "";
  const outputOf = async (command: string) => {
    const args = real(command).split(" ");
    const options = { env: { ...ENVIRONMENT, ...cluster.environment }, input: exported };
    const run = args.includes("taurusdb") ? rig((clock) => [taurus(clock)], options).run : onNetwork(options);
    return documented((await run(...args)).out);
  };
  return {
    outputOf,
    preview: async () => {
      const program = real(await outputOf(`discover oceanbase --endpoint ${AGENTS.join(",")} --write ts`));
      const workspace = await makeWorkspace({ main: "index.ts", program, project: "shop" });
      const engine: Engine = await openEngine({ dir: workspace.dir, prefer: "local", secrets: cluster.config.secret });
      closing.push(
        () => engine.close(),
        () => workspace.close(),
      );
      const previewed = await engine.preview();
      await engine.up();
      exported = JSON.stringify(await engine.exportState());
      return rowsOf(previewed);
    },
    close: async () => {
      for (const close of closing.toReversed()) await close();
    },
  };
}

/** Replaces an address: as a URL, as host and port, and in sentences. */
function withAddress(text: string, from: string, to: string): string {
  const [{ hostname: host, port }, { hostname: newHost, port: newPort }] = [new URL(from), new URL(to)];
  return text
    .replaceAll(`${host}:${port}`, `${newHost}:${newPort}`)
    .replaceAll(new RegExp(`${host.replaceAll(".", "\\.")}\\s+port\\s+${port}`, "g"), `${newHost} port ${newPort}`);
}

/** Replaces what depends on the machine, the day and the width of the terminal. */
export function normalized(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/✓ Node: v[\d.]+ /g, "✓ Node: v24.0.0 ")
    .replaceAll(/@pulumi\/pulumi [\d.]+/g, "@pulumi/pulumi 3.216.0")
    .replaceAll(/pulumi-dbversion: \d+\.\d+\.\d+/g, "pulumi-dbversion: 0.1.0")
    .replaceAll(/[✓–] Pulumi CLI: .*? http:/g, "✓ Pulumi CLI: v3.216.0 http:")
    .replaceAll(/state of [\d: -]+ UTC/g, "state of 2026-03-14 18:05 UTC")
    .trim();
}
