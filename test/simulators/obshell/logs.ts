import { rpmName } from "./packages";
import { STAGE, scriptOf } from "./stages";
import type { AgentState, ClusterState, DagState, NodeState, UpgradeTarget } from "./state";
import { HOME } from "./world";

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
const names = ({ state, dag }: LogContext): string =>
  dag.kind.startsWith("agent")
    ? "obshell"
    : `${mainPackage(state)}${state.edition === "community" ? " oceanbase-ce-libs" : ""}`;

export function mainPackage(state: ClusterState): string {
  return { community: "oceanbase-ce", business: "oceanbase", standalone: "oceanbase-standalone" }[state.edition];
}

/** `checkPythonEnvironmentInternal`, obshell `ob/agent/executor/ob/upgrade_ob.go`. */
const PYTHON = "Checking if python is installed.";
const PYTHON_FOUND = [PYTHON, "Python major version 3"];
const PYTHON_MODULE = "Checking if python module 'mysql.connector' is installed.";

/** Lines of a successful stage, in the order a server shows them (OBShell live facts §4.3, §4.4, §5.2). */
const LINES: Readonly<Record<string, Writer>> = {
  [STAGE.checkEnv]: () => [...PYTHON_FOUND, PYTHON_MODULE],
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
    ...names(context)
      .split(" ")
      .map(
        (name) =>
          `Downloaded pkg '${name}' to '${workDir(context)}/${context.agent.architecture}/${context.target.version}/${name}.rpm'`,
      ),
  ],
  [STAGE.checkPackages]: (context) => [
    ...context.target.route.flatMap((version) => [
      `Check the package for version ${version}`,
      `  package name is ${names(context).split(" ")[0]}`,
      `  package build version is ${version}`,
    ]),
    "The package check is complete.",
    "All packages are checked successfully.",
  ],
  [STAGE.unpack]: () => ["Unpack and check all packages", "install all required pkgs success"],
  [STAGE.backup]: (context) => [
    "Backup important files.",
    `The directory for backup is ${workDir(context)}/backup`,
    `Backup the bin directory ${HOME}/bin`,
  ],
  [STAGE.install]: (context) => [
    "get real execute agent",
    `Install new obshell '${workDir(context)}/${context.agent.architecture}/${context.target.version}${HOME}'`,
  ],
  [STAGE.restartAgent]: (context) =>
    context.state.agents.indexOf(context.agent) === 0 ? restartLines(context) : shuffledRestartLines(context),
  [STAGE.migrate]: () => ["Start to upgrade post table maintain"],
  [STAGE.removeDir]: () => ["remove upgrade check dir", "remove upgrade check dir finished"],
  [STAGE.backupParameters]: () => [
    "Starting backup of parameters.",
    "backup [server_permanent_offline_time enable_rebalance enable_rereplication]",
  ],
  [STAGE.freezeServer]: () => ["minor freeze server"],
  [STAGE.reinstall]: ({ agent }) => [
    "build start service time map",
    "stop ob",
    "Get observer Pid",
    `Kill observer process ${agent.observer.pid}`,
    "Check observer process",
    "wait all observer available",
    "Successfully killed the observer process",
    "reinstall and restart ob success",
    "reinstall ob",
    "start ob",
    "check if first start",
    "not first start, skip require check",
    "generate start cmd",
  ],
  [STAGE.restoreParameters]: () => ["start to restore parameters"],
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
    `The required upgrade package is [${names(context)}]`,
    ...context.target.route.map((version, index) => `The ${index + 1}th version in the upgrade route is: ${version}`),
    `The directory for this upgrade check task is ${workDir(context)}`,
    "Confirm that all the required packages have been uploaded.",
  ];
}

function restartCommand({ agent }: LogContext): string {
  return `cmd is ${HOME}/bin/obshell admin restart --ip ${agent.ip} --port ${agent.port} --pid ${agent.pid} --takeover 0`;
}

function restartLines(context: LogContext): readonly string[] {
  return [
    "restart agent",
    restartCommand(context),
    `previous version is ${context.previousVersion}`,
    "Connecting to the database.",
    "Updating version.",
    "Syncing agent public key to oceanbase.",
  ];
}

/** Lines around a restart are flushed late: lost and out of order on the other agents. */
function shuffledRestartLines(context: LogContext): readonly string[] {
  return [
    "restart agent",
    restartCommand(context),
    "Updating version.",
    "Syncing agent public key to oceanbase.",
    "restart agent task continue",
    `current obshell version is ${context.agent.version}`,
    `target obshell version is ${context.target.agentVersion ?? context.agent.version}`,
    "Connecting to the database.",
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

/** Lines that a rollback of a stage adds. */
export function rollbackLines(node: NodeState, target: UpgradeTarget | null): readonly string[] {
  if (node.name === STAGE.createDir && target) return ["Rolling back...", `Remove ${upgradeDirOf(target)}`];
  if (node.name === STAGE.download) {
    return ["Rolling back...", "Delete all previously downloaded packages.", "Successfully deleted."];
  }
  return ["Rolling back..."];
}

export { upgradeDirOf };
