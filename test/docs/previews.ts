import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { require as load } from "tsx/cjs/api";
import { copyExample, type Engine, openEngine, type Run, type Workspace } from "../engine";
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "../simulators";
import type { Setting } from "./commands";
import { type Block, blocksOf, page, ROOT } from "./pages";

/** An example with a simulated system in place of the documented addresses and ids. */
export interface Simulated {
  readonly setting: Setting;
  close(): Promise<void>;
}

async function simulated(
  workspace: Workspace,
  setting: Omit<Setting, "dir">,
  close: () => Promise<void>,
): Promise<Simulated> {
  return {
    setting: { dir: workspace.dir, ...setting },
    close: async () => {
      await workspace.close();
      await close();
    },
  };
}

/** The addresses of a simulator by documented address. */
function addresses(documented: (number: number) => string, endpoints: readonly string[]): Record<string, string> {
  return Object.fromEntries(endpoints.map((endpoint, at) => [documented(at + 1), endpoint]));
}

/** Outdated agents and observers, with uploaded packages of their target versions. */
export async function simulateOceanBase(): Promise<Simulated> {
  const { connection, config, close } = await startOceanBase({
    buildVersion: "4.2.1.8-108000022024072217",
    packages: [["4.3.5.2", "102000042025031214.el7"]],
    agentPackages: [["4.4.2.0", "102026041610.el7"]],
  });
  const values = addresses((number) => `http://10.0.0.${number}:2886`, connection.endpoints);
  return simulated(await copyExample("oceanbase"), { values, secrets: config.secret }, close);
}

/** Three instances, one of which is up to date. */
export async function simulateTaurusDB(): Promise<Simulated> {
  const { system, config, close } = await startTaurusDB({ instances: 3 });
  const [first = "", second = "", third = ""] = system.instances.map(({ id }) => id);
  system.control.setKernel("2.0.78.260600", first);
  const values = {
    "6754902da1f447269c6979b0590102a5in07": first,
    d4e8eb2af2f26165a881cd424e42a851in07: second,
    d738399de028480fabb2b8120d4e01a4in07: third,
    "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17": system.starRocks[0]?.id ?? "",
  };
  const setting = { values, secrets: config.secret, config: config.plain };
  return simulated(await copyExample("taurusdb"), setting, close);
}

export async function simulateRedisEnterprise(): Promise<Simulated> {
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
  const workspace = await copyExample("redis-enterprise");
  await workspace.write("api_cert.pem", connection.caCertificate);
  const values = {
    ...addresses((number) => `https://10.0.0.${number}:9443`, connection.endpoints),
    "cluster.example.com": connection.serverName,
    "ops@example.com": config.plain["redisenterprise:username"] ?? "",
  };
  return simulated(workspace, { values, secrets: config.secret }, close);
}

/** With the dependencies that only this example has. */
export async function copyFleet(at?: string): Promise<Workspace> {
  const workspace = await copyExample("fleet", undefined, at);
  for (const name of ["yaml", "tsx"]) {
    await symlink(join(ROOT, "node_modules", name), join(workspace.dir, "node_modules", name), "dir");
  }
  return workspace;
}

/** The used part of the example's `simulated.ts`, which is loaded with the built package, as users do. */
interface FleetModule {
  startFleet(): Promise<{ file(): string; secrets: Record<string, string>; close(): Promise<unknown> }>;
}

export async function showFleet(): Promise<{ readonly engine: Engine; close(): Promise<void> }> {
  const workspace = await copyFleet();
  const { startFleet }: FleetModule = load(join(workspace.dir, "simulated.ts"), __filename);
  const fleet = await startFleet();
  await workspace.write("simulated.yaml", fleet.file());
  const engine = await openEngine({
    dir: workspace.dir,
    prefer: "local",
    config: { file: "simulated.yaml" },
    secrets: fleet.secrets,
  });
  return {
    engine,
    close: async () => {
      await engine.close();
      await workspace.close();
      await fleet.close();
    },
  };
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

/** Removes the spaces that align columns. */
export function squeezed(line: string): string {
  return line.trim().replaceAll(/ +/g, " ");
}
