import { posix } from "node:path";
import { runningBackups } from "./backups";
import { type Call, requireCluster, requireDatabase, server } from "./call";
import { Panic, Refusal } from "./errors";
import { findPackage, missingAgentPackages, missingForRoute, REQUIRED, rpmName } from "./packages";
import { findRoute, type RouteStep, renderUpgradeDep } from "./route";
import { atLeast, compareVersion, splitBuildVersion, splitRelease } from "./version";
import { addressOf, isUp, observerCondition, registeredAgents, zonesOf } from "./world";

/** Pre-checks of the upgrade calls, each in the server's order (OBShell facts §4.1–§4.4). */

export interface UpgradeParams {
  readonly version: string;
  readonly release: string;
  readonly upgradeDir: string;
}

export interface ObUpgradeParams extends UpgradeParams {
  readonly mode: string;
  readonly freezeServer: boolean;
}

const MINIMUM_OB = "4.2.0.0";

/** Returns the route: VERSION-BUILD of each step after the current version. */
export function checkObUpgrade(call: Call, params: ObUpgradeParams): readonly string[] {
  requireDatabase(call);
  requireCluster(call);
  if (server(call, "healthPrechecks")) checkHealth(call);
  checkMode(call, params.mode);
  if (server(call, "envCheck")) checkPython(call);
  checkUpgradeDir(params.upgradeDir);
  if (server(call, "tenantPrechecks")) checkTenants(call);
  return checkObPackages(call, params);
}

export function checkObUpgradeCheck(call: Call, params: UpgradeParams): readonly string[] {
  requireDatabase(call);
  requireCluster(call);
  checkUpgradeDir(params.upgradeDir);
  const route = checkObPackages(call, params);
  if (server(call, "envCheck")) checkPython(call);
  return route;
}

export function checkAgentUpgrade(call: Call, params: UpgradeParams): void {
  requireCluster(call);
  requireDatabase(call, "failed to query all agents from ob");
  if (server(call, "healthPrechecks")) checkAgents(call);
  const intEra = call.dialect !== "errCode";
  if (call.dialect !== "4.2.3") checkUpgradeDir(params.upgradeDir);
  const { build } = releaseOf(params.release);
  const target = `${params.version}-${build}`;
  if (compareVersion(target, call.agent.version) <= 0) {
    throw new Refusal("Agent.Upgrade.ToLowerVersion", { args: [target, call.agent.version] });
  }
  const { missingAgentPackage } = call.world.state.switches;
  const refuses = missingAgentPackage === "refused" || (missingAgentPackage === "auto" && intEra);
  const missing = missingAgentPackages(call.world.state, params.version, params.release);
  if (refuses && missing.length > 0) {
    const list = intEra ? `[${missing.map((name) => `${name}: record not found`).join(" ")}]` : missing.join(",");
    throw new Refusal("Agent.Package.NotFound", { args: [list] });
  }
}

function checkAgents({ world }: Call): void {
  const away = registeredAgents(world.state)
    .filter((agent) => !isUp(agent))
    .map(addressOf);
  if (away.length > 0) throw new Refusal("Agent.Unavailable", { args: [away.join(",")] });
}

function checkHealth(call: Call): void {
  checkAgents(call);
  const away = registeredAgents(call.world.state)
    .filter((agent) => observerCondition(agent.observer) !== "up")
    .map((agent) => `${agent.ip}:${agent.observer.rpcPort}`);
  if (away.length > 0) throw new Refusal("OB.Server.Unavailable", { args: [away.join(",")] });
}

function checkMode(call: Call, mode: string): void {
  const { conditions } = call.world.state;
  const upper = mode.toUpperCase();
  if (upper === "STOPSERVICE") return;
  if (upper !== "ROLLING") throw new Refusal("OB.Upgrade.Mode.NotSupported", { args: [upper] });
  const shared = server(call, "sharedStorage");
  if (shared && conditions.startupModeMissing) throw new Panic("nil map");
  const needed = shared && conditions.sharedStorage ? 2 : 3;
  if (zonesOf(call.world.state).length < needed) throw new Refusal("OB.Upgrade.UnableToRollingUpgrade");
}

export function checkPython({ world }: Call): void {
  const { pythonMissing, pythonModuleMissing } = world.state.conditions;
  if (pythonMissing) throw new Refusal("Environment.WithoutPython");
  if (pythonModuleMissing) throw new Refusal("Environment.WithoutModule", { args: ["mysql.connector"] });
}

const PATH_PATTERN = "^[a-zA-Z0-9一-龥\\-_:@/\\.]*$";

/** "" is the default directory; anything else is checked as it was written. */
function checkUpgradeDir(directory: string): void {
  if (directory.trim() === "") return;
  const invalid = (reason: string) => new Refusal("Common.InvalidPath", { args: [directory, reason] });
  if (!directory.startsWith("/")) throw invalid("should start with '/'");
  if (!new RegExp(PATH_PATTERN).test(directory)) throw invalid(`should match pattern ${PATH_PATTERN}`);
  if (leadsOut(directory)) {
    throw invalid("should not lead to directory traversal issues when joined with a generated parent path");
  }
}

/** Whether it leads out of a directory that it is joined with: `/a/../b` does not (`CheckPathValid`). */
function leadsOut(directory: string): boolean {
  return !posix.join("/parent", directory).startsWith("/parent");
}

function checkTenants({ world, now }: Call): void {
  const { conditions, agents } = world.state;
  if (conditions.unrefreshedTenants.length > 0) {
    throw new Refusal("OB.Upgrade.TenantsSchemaNotRefreshed", { args: [conditions.unrefreshedTenants.join(",")] });
  }
  if (conditions.mergingTablets > 0) {
    throw new Refusal("OB.Upgrade.TabletInMerging", { args: [conditions.mergingTablets] });
  }
  if (conditions.compactingTenants > 0) {
    throw new Refusal("OB.Upgrade.TenantInMajorCompaction", { args: [conditions.compactingTenants] });
  }
  if (conditions.minObserverVersionSplit) throw new Refusal("OB.Upgrade.MinObserverVersionNotSync");
  const old = agents.some((agent) => !atLeast(agent.observer.build, "4.3.3.0"));
  if (conditions.compatibleSplit && old) throw new Refusal("OB.Upgrade.TenantCompatibleNotSync");
  const running = conditions.runningBackups + runningBackups(world.state, now);
  if (running > 0) throw new Refusal("OB.Upgrade.HasRunningBackupTask", { args: [running] });
}

function releaseOf(release: string): { build: string; dist: string } {
  const parts = splitRelease(release);
  if (parts === undefined) throw new Refusal("Package.ReleaseFormat.Invalid", { args: [release] });
  return parts;
}

/** Version against the called agent's own observer, then the main package, its route, and all packages of the route. */
function checkObPackages(call: Call, params: UpgradeParams): readonly string[] {
  const { state } = call.world;
  const { build, dist } = releaseOf(params.release);
  const target = `${params.version}-${build}`;
  if (compareVersion(target, MINIMUM_OB) < 0) {
    throw new Refusal("Agent.OBVersionNotSupported", { args: [target, MINIMUM_OB] });
  }
  const current = call.agent.observer.build;
  if (compareVersion(target, current) <= 0) throw new Refusal("OB.Upgrade.ToLowerVersion", { args: [target, current] });
  const name = REQUIRED[state.edition][0] ?? "";
  const { version, release } = params;
  const query = { name, version, release, architecture: call.agent.architecture };
  const main = findPackage(state, query);
  if (main === undefined) {
    throw new Refusal("Common.Unexpected", { args: [`${rpmName(query)}: record not found`] });
  }
  const route = routeOf(call, current, target, main.upgradeDep);
  const missing = missingForRoute(state, route, dist);
  if (missing.length > 0) throw new Refusal("OB.Package.NotExist", { args: [missing.join(" ")] });
  return route.map(({ version: between, build: own }) => (own === "" ? between : `${between}-${own}`));
}

/** Before 4.2.6.0 a rule has to be a map: the whole list is lost for one that is not (`upgrade_route.go`). */
function unreadable(list: string): Refusal {
  const lines = list.split("\n").flatMap((line, index) => {
    const value = /^ {2}require_from_binary: (True|False)$/.exec(line)?.[1];
    return value === undefined
      ? []
      : [`  line ${index + 1}: cannot unmarshal !!bool \`${value}\` into ob.RequireFromBinarySpec`];
  });
  return new Refusal("Common.Unexpected", { args: [["yaml: unmarshal errors:", ...lines].join("\n")] });
}

function routeOf(
  call: Call,
  current: string,
  target: string,
  nodes: Parameters<typeof findRoute>[2] | null | undefined,
): readonly RouteStep[] {
  const sameVersion = current.split("-")[0] === target.split("-")[0];
  if (sameVersion || nodes === undefined) return [{ ...splitBuildVersion(target), unfindable: false }];
  if (nodes === null) throw new Refusal("OB.Upgrade.DepYamlMissing");
  const single = nodes.find(({ requireFromBinary }) => typeof requireFromBinary === "boolean");
  if (single !== undefined && !server(call, "singleBarriers")) throw unreadable(renderUpgradeDep(nodes));
  return findRoute(current, target, nodes, (feature) => server(call, feature));
}
