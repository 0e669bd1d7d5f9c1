import { type ObshellCluster, obshell, type Random } from "../../simulators";
import type { Timeline } from "../timeline";
import type { VendorEvent } from "../world";
import type { Subject } from "./oceanbase";
import { pick } from "./response";

const SECOND = 1_000;

/** Stages that may hang. */
const SLOW = [
  obshell.STAGE.createDir,
  obshell.STAGE.checkPackages,
  obshell.STAGE.backup,
  obshell.STAGE.install,
  obshell.STAGE.migrate,
  obshell.STAGE.pre,
  obshell.STAGE.post,
  obshell.STAGE.removeDir,
] as const;

/** The events of an OceanBase cluster. @param undo invoked when upgrades are undone from outside */
export function eventsOf(
  cluster: ObshellCluster,
  timeline: Timeline,
  subject: Subject,
  undo: () => void,
): Readonly<Record<string, VendorEvent>> {
  const { control } = cluster;
  const agents = [...cluster.agents.keys()];
  const one = (parameter: number) => Math.floor(parameter * 1_000) % agents.length;
  const upgrading = () => cluster.dags.some(({ state }) => state === "READY" || state === "RUNNING");
  const withoutErrors = (apply: VendorEvent["apply"]): VendorEvent => ({ apply, allowedErrors: [] });
  return {
    "agent restarts": {
      apply: (parameter) =>
        control.restartAgent(one(parameter), { gapMs: parameter * 20 * SECOND, newKey: parameter > 0.6 }),
      allowedErrors: ["blocked", "refused"],
    },
    "all agents restart": {
      apply: (parameter) => {
        for (const agent of agents) control.restartAgent(agent, { gapMs: parameter * 60 * SECOND });
      },
      allowedErrors: ["blocked", "refused"],
    },
    "agent gets another key": withoutErrors((parameter) => control.replaceKey(one(parameter))),
    "agent is down": {
      apply: (parameter) => {
        control.stopAgent(one(parameter));
        timeline.after(parameter * 90 * SECOND, () => control.startAgent(one(parameter)));
      },
      allowedErrors: ["blocked", "refused"],
    },
    "database is down": {
      apply: (parameter) => control.loseDatabase(parameter < 0.5 ? "gone" : "dead", { ms: parameter * 60 * SECOND }),
      allowedErrors: ["blocked", "refused"],
    },
    "one observer is down": {
      apply: (parameter) => control.loseDatabase("dead", { agents: [one(parameter)], ms: parameter * 60 * SECOND }),
      allowedErrors: ["blocked", "refused"],
    },
    "stage fails": {
      apply: () => control.fail(),
      allowedErrors: ["upgrade-failed", "rolled-back", "blocked"],
    },
    "stage hangs": withoutErrors((parameter) => {
      control.hang({ stage: pick(SLOW, parameter * 1_000) });
      timeline.after(parameter * 20 * SECOND, () => unblock(cluster, undo));
    }),
    // It continues without having installed anything, and succeeds.
    "upgrade without effect": {
      apply: () => {
        control.hang({ stage: obshell.STAGE.reinstall });
        timeline.after(10 * SECOND, () => unblock(cluster, undo));
      },
      allowedErrors: ["not-upgraded", "blocked"],
    },
    "other maintenance": withoutErrors((parameter) => {
      if (cluster.state.lock === 1) control.startMaintenance("Scale out", { ms: parameter * 20 * SECOND });
    }),
    "operator for the failed task": {
      apply: (parameter) => operate(cluster, parameter < 0.5 ? ["RETRY"] : ["ROLLBACK", "RETRY"]),
      allowedErrors: ["rolled-back"],
    },
    downgraded: {
      apply: () => {
        if (upgrading()) return;
        subject.set(cluster, subject.old);
        undo();
      },
      allowedErrors: ["not-upgraded"],
      outdatesState: true,
    },
    "upgraded further": {
      apply: () => {
        if (!upgrading()) subject.set(cluster, subject.newer);
      },
      // Refused: the version at the time of the request differs from the reads before and after it.
      allowedErrors: ["newer", "not-upgraded", "refused"],
      outdatesState: true,
    },
  };
}

/** Follows the remedies: starts everything, continues what hangs, and retries or rolls back a failed task. */
export function repairCluster(cluster: ObshellCluster, random: Random, undo: () => void): void {
  const { control } = cluster;
  for (const [index, agent] of cluster.agents.entries()) if (agent.stopped) control.startAgent(index);
  control.restoreDatabase();
  unblock(cluster, undo);
  operate(cluster, random.next() < 0.5 ? ["RETRY"] : ["ROLLBACK", "RETRY"]);
}

/**
 * Continues everything that hangs. An observer whose reinstallation hung is not reinstalled, although the upgrade then
 * succeeds.
 */
function unblock(cluster: ObshellCluster, undo: () => void): void {
  cluster.state.scripts.length = 0;
  for (const { id, hung, nodes, stage } of cluster.dags) {
    if (!hung) continue;
    cluster.control.unhang(id);
    if (nodes[stage - 1]?.name === obshell.STAGE.reinstall) undo();
  }
}

/** Sends the first of these operators that is allowed. */
function operate(cluster: ObshellCluster, operators: readonly ("RETRY" | "ROLLBACK")[]): void {
  const failed = cluster.dags.find(({ state, finished }) => state === "FAILED" && !finished);
  if (failed === undefined) return;
  for (const operator of operators) {
    try {
      cluster.control.operate(operator, failed.id);
      return;
    } catch {
      // Not allowed at this stage.
    }
  }
}
