import { bind, type Call, requireDatabase, server, withData } from "./call";
import { viewCreated } from "./dagview";
import { type DagPlan, insertDag } from "./engine";
import { Panic, Refusal } from "./errors";
import { type StructShape, stringField } from "./gojson";
import { mainPackage, PARAMETERS } from "./logs";
import { findPackage } from "./packages";
import { checkAgentUpgrade, checkObUpgrade, checkObUpgradeCheck, checkPython, type UpgradeParams } from "./prechecks";
import { planStages } from "./stages";
import type { DagKind, DagState, UpgradeTarget } from "./state";
import { splitBuildVersion, splitRelease } from "./version";
import { zonesOf } from "./world";

/** The upgrade calls (OBShell facts §3.3). */

const CHECK_PARAM: StructShape = {
  name: "param.UpgradeCheckParam",
  fields: { version: "string", release: "string", upgradeDir: "string" },
};
const UPGRADE_PARAM: StructShape = {
  name: "param.ObUpgradeParam",
  fields: { ...CHECK_PARAM.fields, mode: "string", freeze_server: "bool" },
  embedded: { version: "UpgradeCheckParam", release: "UpgradeCheckParam", upgradeDir: "UpgradeCheckParam" },
};
const CHECK_REQUIRED = [
  { field: "version", key: "UpgradeCheckParam.Version" },
  { field: "release", key: "UpgradeCheckParam.Release" },
];
const UPGRADE_REQUIRED = [
  { field: "version", key: "ObUpgradeParam.UpgradeCheckParam.Version" },
  { field: "release", key: "ObUpgradeParam.UpgradeCheckParam.Release" },
  { field: "mode", key: "ObUpgradeParam.Mode" },
];

export function postAgentUpgrade(call: Call): unknown {
  panicAfterStart(call);
  const params = paramsOf(bind(call, CHECK_PARAM, CHECK_REQUIRED));
  return withData(null, () => {
    checkAgentUpgrade(call, params);
    return create(call, "agentUpgrade", `Upgrade obshell ${label(params)}`, agentTarget(params), { rolling: false });
  });
}

export function postAgentUpgradeCheck(call: Call): unknown {
  panicAfterStart(call);
  const params = paramsOf(bind(call, CHECK_PARAM, CHECK_REQUIRED));
  return withData(null, () => {
    checkAgentUpgrade(call, params);
    const name = `Upgrade check obshell ${label(params)}`;
    return create(call, "agentCheck", name, agentTarget(params), { rolling: false });
  });
}

export function postObUpgrade(call: Call): unknown {
  panicAfterStart(call);
  const values = bind(call, UPGRADE_PARAM, UPGRADE_REQUIRED);
  const mode = stringField(values, "mode");
  const freezeServer = values["freeze_server"] === true && server(call, "freezeServer");
  const params = { ...paramsOf(values), mode, freezeServer };
  return withData(null, () => {
    const route = checkObUpgrade(call, params);
    const rolling = mode.toUpperCase() === "ROLLING";
    const name = `OB ${rolling ? "rolling" : "stop service"} upgrade ${label(params)}`;
    return create(call, "obUpgrade", name, obTarget(call, params, route), { rolling, freezeServer });
  });
}

export function postObUpgradeCheck(call: Call): unknown {
  const params = paramsOf(bind(call, CHECK_PARAM, CHECK_REQUIRED));
  return withData(null, () => {
    const route = checkObUpgradeCheck(call, params);
    const name = `Upgrade check OB ${label(params)}`;
    return create(call, "obCheck", name, obTarget(call, params, route), { rolling: false });
  });
}

/** In the first second after a start these calls dereference values that are not set yet (OBShell live facts §1.2). */
function panicAfterStart({ agent, now, world }: Call): void {
  if (now - agent.openedAt < world.state.switches.startPanicMs) {
    throw new Panic("invalid memory address or nil pointer dereference");
  }
}

function paramsOf(values: Readonly<Record<string, unknown>>): UpgradeParams {
  const text = (name: string) => stringField(values, name);
  return { version: text("version"), release: text("release"), upgradeDir: text("upgradeDir") };
}

/** The release goes into the name as it was written, with its dist. */
function label(params: UpgradeParams): string {
  return `${params.version}-${params.release}`;
}

function agentTarget(params: UpgradeParams): UpgradeTarget {
  const { build = "", dist = "" } = splitRelease(params.release) ?? {};
  const version = `${params.version}-${build}`;
  const upgradeDir = params.upgradeDir.trim();
  return { version: params.version, build, dist, upgradeDir, route: [version], agentVersion: version };
}

/** An OB upgrade also upgrades the agents to the obshell inside the package (OBShell facts §4.1). */
function obTarget({ world, agent }: Call, params: UpgradeParams, route: readonly string[]): UpgradeTarget {
  const { state } = world;
  const { build = "", dist = "" } = splitRelease(params.release) ?? {};
  const { version, release } = params;
  const main = findPackage(state, { name: mainPackage(state), version, release, architecture: agent.architecture });
  const agentVersion = main?.bundledAgent ?? null;
  return { version, build, dist, upgradeDir: params.upgradeDir.trim(), route, agentVersion };
}

function create(
  call: Call,
  kind: Exclude<DagKind, "other">,
  name: string,
  target: UpgradeTarget,
  { rolling, freezeServer = false }: { readonly rolling: boolean; readonly freezeServer?: boolean },
): unknown {
  const { state } = call.world;
  const locks = kind === "agentUpgrade" || kind === "obUpgrade";
  const { edition } = state;
  const zones = zonesOf(state);
  const stages = planStages({ kind, edition, rolling, freezeServer, zones, route: concrete(call, target.route) });
  const dag = createLocked(call, { kind, name, maintenanceType: locks ? 2 : 1, stages, target });
  if (locks) state.acceptedUpgrades.push({ at: call.now, dag: dag.id, name });
  return viewCreated(call, dag);
}

/** A step without a build installs the newest package of its version. */
function concrete({ world }: Call, route: readonly string[]): readonly string[] {
  return route.map((step) => {
    const { version, build } = splitBuildVersion(step);
    if (build !== "") return step;
    const name = mainPackage(world.state);
    const found = world.state.packages.findLast((one) => one.name === name && one.version === version);
    return `${version}-${found?.release.split(".")[0] ?? ""}`;
  });
}

/** One maintenance at a time, and a failed one counts (OBShell facts §4.6). */
function createLocked(call: Call, plan: DagPlan): DagState {
  const { state } = call.world;
  if (plan.maintenanceType !== 1 && state.lock !== 1) {
    const last = state.dags.findLast((dag) => dag.maintenanceType !== 1);
    const prefix = `Create task '${plan.name}' failed`;
    const code = call.dialect === "errCode" ? "OB.Cluster.UnderMaintenanceWithDag" : state.switches.oldLockRefusal;
    throw new Refusal(code, { prefix, args: [last?.name ?? ""] });
  }
  return insertDag(call.world, call.now, { ...plan, ...(server(call, "lockKinds") ? {} : { lockKindMissing: true }) });
}

/** The query names seven columns, the others are empty, and no order: it is that of the view, server by server. */
export function postParamsBackup(call: Call): unknown {
  return withData({ contents: null }, () => {
    requireDatabase(call);
    return call.world.state.agents.flatMap((agent) =>
      PARAMETERS.map((name) => ({
        SvrIp: agent.ip,
        SvrPort: agent.observer.rpcPort,
        Zone: agent.zone,
        Scope: "CLUSTER",
        Name: name,
        Value: name === "server_permanent_offline_time" ? "3600s" : "True",
        TenantId: 0,
        EditLevel: "",
        DefaultValue: "",
        Section: "",
        Info: "",
        DataType: "",
      })),
    );
  });
}

/** The handler never reads the body: it restores nothing. */
export function postParamsRestore(call: Call): unknown {
  requireDatabase(call);
  call.world.state.parametersRestored += 1;
  return undefined;
}

export function postEnvCheck(call: Call): unknown {
  checkPython(call);
  return undefined;
}
