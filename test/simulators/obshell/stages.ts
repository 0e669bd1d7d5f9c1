import type { DagKind, Edition, NodeState } from "./state";

/** Stage names exactly as a server shows them, and the operators for each (OBShell facts §4.5, §4.6). */
export const STAGE = {
  checkEnv: "Check the python environment",
  createDir: "Create upgrade dir",
  download: "Download all required packages",
  checkPackages: "Check all required packages",
  unpack: "Unpack all required packages",
  backup: "Backup for upgrade",
  install: "Install new obshell",
  restartAgent: "Restart obshell",
  migrate: "Upgrade post table maintain",
  removeDir: "Remove upgrade check task dir",
  backupParameters: "Backup parameters",
  checker: "Execute upgrade checker script",
  pre: "Execute upgrade pre script",
  health: "Execute upgrade health checker script",
  freezeServer: "Minor freeze before stop server",
  reinstall: "Reinstall and restart observer",
  zoneHealth: "Execute upgrade zone health checker script",
  post: "Execute upgrade post script",
  restoreParameters: "Restore parameters",
} as const;

const PACKAGES = [STAGE.createDir, STAGE.download, STAGE.checkPackages, STAGE.unpack];
const AGENT = [...PACKAGES, STAGE.backup, STAGE.install, STAGE.restartAgent, STAGE.migrate];

const CAN_ROLL_BACK: ReadonlySet<string> = new Set([STAGE.checkEnv, ...PACKAGES, STAGE.backup, STAGE.install]);
const CAN_PASS: ReadonlySet<string> = new Set([...CAN_ROLL_BACK, STAGE.removeDir]);
const CAN_CANCEL: ReadonlySet<string> = new Set([
  ...CAN_PASS,
  STAGE.restartAgent,
  STAGE.migrate,
  STAGE.backupParameters,
]);

export const may = {
  rollBack: (stage: string): boolean => CAN_ROLL_BACK.has(stage),
  pass: (stage: string): boolean => CAN_PASS.has(stage),
  cancel: (stage: string): boolean => CAN_CANCEL.has(stage),
};

/** Stages with one sub-task per agent; the others have one, on the maintainer. */
const ON_EVERY_AGENT: ReadonlySet<string> = new Set([STAGE.checkEnv, ...AGENT, STAGE.removeDir]);

export interface StagePlan {
  readonly name: string;
  readonly zone: string;
  readonly build: string;
  readonly spread: "everyAgent" | "zoneAgents" | "maintainer";
}

export interface UpgradePlan {
  readonly kind: Exclude<DagKind, "other">;
  readonly edition: Edition;
  readonly rolling: boolean;
  readonly freezeServer: boolean;
  readonly zones: readonly string[];
  /** VERSION-BUILD of each step after the current version. */
  readonly route: readonly string[];
}

export function planStages(plan: UpgradePlan): readonly StagePlan[] {
  switch (plan.kind) {
    case "agentUpgrade":
      return [...AGENT, STAGE.removeDir].map((name) => stage(name));
    case "agentCheck":
      return [...PACKAGES, STAGE.removeDir].map((name) => stage(name));
    case "obCheck":
      return [STAGE.checkEnv, ...PACKAGES, STAGE.removeDir].map((name) => stage(name));
    case "obUpgrade":
      return [
        ...[STAGE.checkEnv, ...(plan.edition === "business" ? PACKAGES : AGENT)].map((name) => stage(name)),
        ...plan.route.flatMap((build) => (plan.rolling ? rollingStep(plan, build) : stopServiceStep(plan, build))),
        stage(STAGE.removeDir),
      ];
  }
}

function rollingStep(plan: UpgradePlan, build: string): readonly StagePlan[] {
  return [
    stage(STAGE.backupParameters),
    stage(STAGE.checker),
    stage(STAGE.pre),
    ...plan.zones.flatMap((zone) => [
      stage(STAGE.health),
      stage(`Stop ${zone}`, zone),
      ...(plan.freezeServer ? [stage(STAGE.freezeServer, zone)] : []),
      stage(STAGE.reinstall, zone, build),
      stage(STAGE.zoneHealth, zone),
      stage(`Start ${zone}`, zone),
    ]),
    stage(STAGE.post),
    stage(STAGE.restoreParameters),
  ];
}

function stopServiceStep(plan: UpgradePlan, build: string): readonly StagePlan[] {
  return [
    stage(STAGE.backupParameters),
    stage(STAGE.checker),
    ...(plan.freezeServer ? [stage(STAGE.freezeServer)] : []),
    stage(STAGE.pre),
    stage(STAGE.health),
    stage(STAGE.reinstall, "", build),
    stage(STAGE.health),
    stage(STAGE.post),
    stage(STAGE.restoreParameters),
  ];
}

function stage(name: string, zone = "", build = ""): StagePlan {
  if (ON_EVERY_AGENT.has(name)) return { name, zone, build, spread: "everyAgent" };
  const spread = name === STAGE.reinstall ? (zone === "" ? "everyAgent" : "zoneAgents") : "maintainer";
  return { name, zone, build, spread };
}

/** The script a stage runs, if it runs one. */
export function scriptOf(node: Pick<NodeState, "name">): string | undefined {
  return SCRIPTS[node.name];
}

const SCRIPTS: Readonly<Record<string, string>> = {
  [STAGE.checker]: "etc/upgrade_checker.py",
  [STAGE.pre]: "etc/upgrade_pre.py",
  [STAGE.health]: "etc/upgrade_health_checker.py",
  [STAGE.zoneHealth]: "etc/upgrade_health_checker.py",
  [STAGE.post]: "etc/upgrade_post.py",
};
