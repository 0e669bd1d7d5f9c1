import { has } from "./dialect";
import { REQUIRED, rpmName } from "./packages";
import { STAGE, scriptOf } from "./stages";
import type { AgentState, ClusterState, DagState, NodeState, UpgradeTarget } from "./state";
import { splitBuildVersion } from "./version";
import { addressOf, HOME } from "./world";

/** The context of a log line. */
export interface LogContext {
  readonly state: ClusterState;
  readonly agent: AgentState;
  readonly dag: DagState;
  readonly node: NodeState;
  readonly target: UpgradeTarget;
  readonly previousVersion: string;
}

type Writer = (context: LogContext) => readonly string[];

const upgradeDirOf = (target: UpgradeTarget): string => target.upgradeDir || `${HOME}/upgrade`;
const workDir = ({ dag, target }: LogContext): string => `${upgradeDirOf(target)}/rpm-${dag.createdAt}`;
const onlyAgent = ({ dag }: LogContext): boolean => dag.kind.startsWith("agent");
const packageNames = (context: LogContext): readonly string[] =>
  onlyAgent(context) ? ["obshell"] : REQUIRED[context.state.edition];

/** A package on a host, under the key that the stages after the download have for it. */
interface Unpacked {
  readonly key: string;
  readonly name: string;
  readonly build: string;
  readonly directory: string;
  readonly file: string;
}

function unpacked(context: LogContext, name: string, build: string): Unpacked {
  const directory = packageDirectory(context, build);
  const key = name === "oceanbase-ce-libs" ? `libs-${build}` : build;
  return { key, name, build, directory, file: `${directory}/${name}.rpm` };
}

function packageDirectory(context: LogContext, build: string): string {
  return `${workDir(context)}/${context.agent.architecture}/${splitBuildVersion(build).version}`;
}

/** Name by name, as they are downloaded. */
function downloads(context: LogContext): readonly Unpacked[] {
  return packageNames(context).flatMap((name) => context.target.route.map((build) => unpacked(context, name, build)));
}

/** Step by step with the libraries first, as they are checked and unpacked. */
function inSteps(context: LogContext): readonly Unpacked[] {
  const names = packageNames(context).toReversed();
  return context.target.route.flatMap((build) => names.map((name) => unpacked(context, name, build)));
}

export function mainPackage(state: ClusterState): string {
  return { community: "oceanbase-ce", business: "oceanbase", standalone: "oceanbase-standalone" }[state.edition];
}

/** Parameters that an upgrade backs up and restores, on every server. */
export const PARAMETERS = ["server_permanent_offline_time", "enable_rebalance", "enable_rereplication"];

/** `checkPythonEnvironmentInternal`, obshell `ob/agent/executor/ob/upgrade_ob.go`. */
const PYTHON = "Checking if python is installed.";
const PYTHON_FOUND = [PYTHON, "Python major version 3"];
const PYTHON_MODULE = "Checking if python module 'mysql.connector' is installed.";

/** Lines of a successful stage, in the order a server shows them (OBShell live facts §4.3, §4.4, §5.2). */
const LINES: Readonly<Record<string, Writer>> = {
  [STAGE.checkEnv]: () => [...PYTHON_FOUND, PYTHON_MODULE, "check env success"],
  [STAGE.createDir]: (context) => [
    ...(context.target.upgradeDir
      ? []
      : ["Since the upgrade directory is not specified, the default upgrade directory is used"]),
    `Upgrade dir is ${upgradeDirOf(context.target)}`,
    `Mkdir ${upgradeDirOf(context.target)} `,
    `The temporary directory for this task is ${workDir(context)} `,
  ],
  [STAGE.download]: (context) => [
    ...downloadHead(context),
    ...diskLines(context, 250861064192),
    `Download all packages to ${workDir(context)}`,
    ...downloads(context).map(({ name, file }) => `Downloaded pkg '${name}' to '${file}'`),
  ],
  [STAGE.checkPackages]: (context) => [
    ...inSteps(context).flatMap(({ key, name, build, file, directory }) => [
      `Check the package for version ${key}`,
      `  package name is ${name}`,
      `  package build version is ${build}`,
      `  package path is ${file}`,
      `  package extract path is ${directory}/home`,
      `  package home path is ${directory}${HOME}`,
      "The package check is complete.",
    ]),
    "All packages are checked successfully.",
  ],
  [STAGE.unpack]: (context) => [
    "Unpack and check all packages",
    ...inSteps(context).flatMap((each) => [
      `Unpack '${each.file}'`,
      `Successfully installed ${each.file}`,
      ...observerLines(context, each),
    ]),
    "install all required pkgs success",
  ],
  [STAGE.backup]: (context) => [
    "Backup important files.",
    `The directory for backup is ${workDir(context)}/backup`,
    `Backup the bin directory ${HOME}/bin`,
  ],
  [STAGE.install]: (context) => [
    "get real execute agent",
    `Install new obshell '${workDir(context)}/${context.agent.architecture}/${context.target.version}${HOME}'`,
  ],
  [STAGE.restartAgent]: restartLines,
  [STAGE.migrate]: () => ["Start to upgrade post table maintain"],
  [STAGE.removeDir]: () => ["remove upgrade check dir", "remove upgrade check dir finished"],
  [STAGE.backupParameters]: () => ["Starting backup of parameters.", `backup [${PARAMETERS.join(" ")}]`],
  [STAGE.freezeServer]: ({ state, node }) =>
    state.agents
      .filter(({ zone }) => node.zone === "" || zone === node.zone)
      .map(({ ip, observer }) => `minor freeze server: ${addressOf({ ip, port: observer.rpcPort })}`),
  // Lines are written late while the database is down, and not in their order.
  [STAGE.reinstall]: (context) => [
    "build start service time map",
    "stop ob",
    "Get observer Pid",
    `Kill observer process ${context.agent.observer.pid}`,
    "Check observer process",
    "wait all observer available",
    "Successfully killed the observer process",
    "reinstall and restart ob success",
    "reinstall ob",
    `copy new ob from '${packageDirectory(context, context.node.build)}${HOME}' to '${HOME}'`,
    "start ob",
    "check if first start",
    "not first start, skip require check",
    "generate start cmd",
    `start cmd: export LD_LIBRARY_PATH='${HOME}/lib'; ${HOME}/bin/observer   `,
  ],
  [STAGE.restoreParameters]: ({ state }) => [
    "start to restore parameters",
    ...state.agents.flatMap(() => PARAMETERS.map((name) => `restore param: ${name}`)),
  ],
};

function diskLines({ state, target }: LogContext, free: number): readonly string[] {
  return [
    "Check the remaining disk space.",
    `The directory being checked is ${upgradeDirOf(target)}`,
    `The required disk size is ${diskNeeded(state, target)}`,
    `The remaining disk size is ${free}`,
  ];
}

/** Installed size and payload of every package of the route, as the server adds them up. */
function diskNeeded(state: ClusterState, { route }: UpgradeTarget): number {
  const versions = new Set(route.map((step) => step.split("-")[0]));
  const newest = new Map(state.packages.filter((one) => versions.has(one.version)).map((one) => [rpmName(one), one]));
  return [...newest.values()].reduce((sum, { size, payloadSize }) => sum + size + payloadSize, 0);
}

function downloadHead(context: LogContext): readonly string[] {
  return [
    `The required upgrade package is [${packageNames(context).join(" ")}]`,
    ...context.target.route.map((version, index) => `The ${index + 1}th version in the upgrade route is: ${version}`),
    `The directory for this upgrade check task is ${workDir(context)}`,
    "Confirm that all the required packages have been uploaded.",
  ];
}

function restartCommand({ agent }: LogContext): string {
  return `cmd is ${HOME}/bin/obshell admin restart --ip ${agent.ip} --port ${agent.port} --pid ${agent.pid} --takeover 0`;
}

/** Lines of the new process precede some of the old one; of a lone agent, those about its version were lost. */
function restartLines(context: LogContext): readonly string[] {
  const { agent, state, previousVersion, target } = context;
  const connected = [
    "Updating version.",
    ...(has("key1024", agent.version) ? ["Syncing agent public key to oceanbase."] : []),
  ];
  const head = ["restart agent", restartCommand(context)];
  const continued = ["restart agent task continue", `current obshell version is ${agent.version}`];
  if (!onlyAgent(context)) {
    const wanted = `target obshell version is ${target.agentVersion ?? previousVersion}`;
    return [...head, ...connected, ...continued, wanted, "Connecting to the database."];
  }
  return [
    ...head,
    `previous version is ${previousVersion}`,
    "Connecting to the database.",
    ...connected,
    ...(state.agents.length > 1 ? [...continued, PREVIOUS_CHECKED] : []),
  ];
}

/** Only an upgrade of the database sets the version that the agents must have. */
const PREVIOUS_CHECKED = "upgrade from version which not set target version, check previous version.";

/** The observer of each step is started for its version, the obshell inside only for that of the target. */
function observerLines(context: LogContext, { name, build, directory }: Unpacked): readonly string[] {
  const { state, target, previousVersion } = context;
  if (onlyAgent(context) || name !== mainPackage(state)) return [];
  const home = `${directory}${HOME}`;
  const last = build === `${target.version}-${target.build}`;
  return [
    "Check if the observer binary is available.",
    `The test command is export LD_LIBRARY_PATH='${home}/lib'; '${home}/bin/observer' -V`,
    "Successfully checked.",
    ...(last && state.edition !== "business"
      ? [`target obshell version is ${target.agentVersion ?? previousVersion}`]
      : []),
  ];
}

export function linesOf(context: LogContext): readonly string[] {
  const { node } = context;
  const script = scriptOf(node);
  if (script !== undefined) return scriptHead(script, node.zone);
  if (node.name === `Stop ${node.zone}`) return [`stop zone ${node.zone}`, `wait for ${node.zone} to be inactive`];
  if (node.name === `Start ${node.zone}`) return [`start ${node.zone}`, `wait for ${node.zone} to be active`];
  return LINES[node.name]?.(context) ?? [node.name];
}

/** Lines of "Download all required packages" that finds a package missing. */
export function missingPackageLines(context: LogContext): readonly string[] {
  return [...downloadHead(context), "ERROR: [Common.Unexpected]: Unexpected error: record not found"];
}

/** Lines of the same stage on a host whose disk is too small; undefined where it is not. */
export function fullDiskLines(context: LogContext): readonly string[] | undefined {
  const { state, target } = context;
  const free = state.conditions.diskFree;
  const needed = diskNeeded(state, target);
  if (free === null || free >= needed) return undefined;
  const text = `The remaining disk space is insufficient, the remaining disk space is ${free}, and the required disk space is ${needed}`;
  return [...downloadHead(context), ...diskLines(context, free), `ERROR: [Environment.DiskSpaceNotEnough]: ${text}`];
}

/** Lines of the python check where something is missing; undefined where nothing is. */
export function pythonLines({ state: { conditions } }: LogContext): readonly string[] | undefined {
  if (conditions.pythonMissing) {
    return [PYTHON, "ERROR: [Environment.WithoutPython]: Please check if Python is installed"];
  }
  if (!conditions.pythonModuleMissing) return undefined;
  return [
    ...PYTHON_FOUND,
    PYTHON_MODULE,
    "Check python module 'mysql.connector' failed: exit status 1",
    "ERROR: [Environment.WithoutModule]: Please check if Python module 'mysql.connector' is installed",
  ];
}

function scriptHead(script: string, zone: string): readonly string[] {
  return ["get real execute agent", `execute script '${script}' ${zone}`];
}

/**
 * Lines of a failed stage. Scripts put the root password on their command line, and what they print can end up in the
 * task's log: the simulator's does, as the real ones may.
 */
export function failureLines({ state, agent, dag, node }: LogContext): readonly string[] {
  const script = scriptOf(node);
  if (script === undefined) {
    return [node.name, `ERROR: [Common.Unexpected]: Unexpected error: ${node.name} failed`];
  }
  const zone = node.zone === "" ? "" : ` -z'${node.zone}'`;
  const directory = `${HOME}/upgrade/rpm-${dag.createdAt}`;
  const command = `cd ${directory}; python ${HOME}/${script} -h${agent.ip} -P${agent.observer.sqlPort} -uroot -p'${state.rootPassword}'${zone}`;
  return [
    ...scriptHead(script, node.zone),
    `ERROR: [Common.Unexpected]: Unexpected error: execute script '${script}' error, execute logs:\n+ ${command}\n[ERROR] cluster is not ready for this step\n: exit status 1`,
  ];
}

/** Lines that a rollback of a stage adds; most stages have nothing to undo. */
export function rollbackLines({ name, zone }: NodeState, { target, createdAt }: DagState): readonly string[] {
  const directory = target === null ? "" : upgradeDirOf(target);
  switch (name) {
    case STAGE.createDir:
      return [ROLLING_BACK, `Remove ${directory}`];
    case STAGE.download:
      return [ROLLING_BACK, "Delete all previously downloaded packages.", "Successfully deleted."];
    case STAGE.unpack:
      return [ROLLING_BACK, "Delete all previously installed package files.", "Successfully deleted."];
    case STAGE.backup:
      return [ROLLING_BACK, `Delete ${directory}/rpm-${createdAt}/backup`, "Successfully deleted"];
    case STAGE.install:
      return [ROLLING_BACK, "uninstall new obshell"];
    case STAGE.backupParameters:
      return ["restore parameters"];
    default:
      return name === `Stop ${zone}` ? [`rollback stop zone ${zone}`] : [];
  }
}

const ROLLING_BACK = "Rolling back...";

export { upgradeDirOf };
