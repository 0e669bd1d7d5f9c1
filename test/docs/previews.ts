import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { require as load } from "tsx/cjs/api";
import { copyExample, type Engine, openEngine, type Run, type Workspace } from "../engine";
import { startRedisEnterprise, startTaurusDB } from "../simulators";
import { type Block, blocksOf, page, ROOT } from "./pages";

/** A program of the documentation on the local engine, its databases simulated. */
export interface Shown {
  readonly engine: Engine;
  close(): Promise<void>;
}

interface Stack {
  readonly config?: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

async function open(workspace: Workspace, stack: Stack, close: () => Promise<unknown>): Promise<Shown> {
  const engine = await openEngine({ dir: workspace.dir, prefer: "local", ...stack });
  return {
    engine,
    close: async () => {
      await engine.close();
      await workspace.close();
      await close();
    },
  };
}

/** Three instances, one of which is there already. */
export async function showTaurusDB(): Promise<Shown> {
  const { system, config, close } = await startTaurusDB({ instances: 3 });
  const ids = system.instances.map(({ id }) => id);
  const [first = ""] = ids;
  system.control.setKernel("2.0.78.260600", first);
  const own = { instanceIds: JSON.stringify(ids), reportsOf: first, reports: system.starRocks[0]?.id ?? "" };
  return open(await copyExample("taurusdb"), { config: { ...config.plain, ...own }, secrets: config.secret }, close);
}

export async function showRedisEnterprise(): Promise<Shown> {
  const modules = [
    { name: "search", version: "2.10.8" },
    { name: "ReJSON", version: "2.8.4" },
  ];
  const { connection, config, close } = await startRedisEnterprise({
    databases: [
      { name: "cache", redisVersion: "7.4", modules },
      { name: "sessions", redisVersion: "7.4" },
    ],
  });
  const { endpoints, caCertificate, serverName } = connection;
  const own = { endpoints: JSON.stringify(endpoints), caCertificate, serverName };
  const stack = { config: { ...config.plain, ...own }, secrets: config.secret };
  return open(await copyExample("redis-enterprise"), stack, close);
}

/** With what its `package.json` asks for besides the packages of every example. */
export async function copyFleet(): Promise<Workspace> {
  const workspace = await copyExample("fleet");
  for (const name of ["yaml", "tsx"]) {
    await symlink(join(ROOT, "node_modules", name), join(workspace.dir, "node_modules", name), "dir");
  }
  return workspace;
}

/** What is used of the example's `simulated.ts`, which is loaded as its users do: with the package that is built. */
interface Simulated {
  startFleet(): Promise<{ file(): string; secrets: Record<string, string>; close(): Promise<unknown> }>;
}

export async function showFleet(): Promise<Shown> {
  const workspace = await copyFleet();
  const { startFleet }: Simulated = load(join(workspace.dir, "simulated.ts"), __filename);
  const fleet = await startFleet();
  await workspace.write("simulated.yaml", fleet.file());
  return open(workspace, { config: { file: "simulated.yaml" }, secrets: fleet.secrets }, fleet.close);
}

/** Rows of a preview as a page shows them: `+ oceanbase:ClusterVersion orders create 4.2.1.8 → 4.3.5.2, …`. */
export function rowsShown(path: string): string[] {
  const within = ({ language }: Block) => language === "";
  const lines = blocksOf(page(path))
    .filter(within)
    .flatMap(({ text }) => text.split("\n"));
  return lines.filter((line) => /^ [+~] .* (create|update) /.test(line)).map(squeezed);
}

export function rowsOf(run: Run): string[] {
  return run.output.split("\n").map(squeezed);
}

/** Without the spaces that make columns. */
export function squeezed(line: string): string {
  return line.trim().replaceAll(/ +/g, " ");
}
