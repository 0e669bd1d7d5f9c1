import { type ObshellCluster, obshell, type Random } from "../../simulators";
import type { Timeline } from "../timeline";
import type { Trouble } from "../world";
import { pick } from "./answer";
import type { Subject } from "./oceanbase";

const SECOND = 1_000;

/** Stages that may take their time. */
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

/** What can happen to an OceanBase cluster. @param undo called when what upgrades did is undone from outside */
export function troublesOf(
  cluster: ObshellCluster,
  timeline: Timeline,
  subject: Subject,
  undo: () => void,
): Readonly<Record<string, Trouble>> {
  const { control } = cluster;
  const agents = [...cluster.agents.keys()];
  const one = (dial: number) => Math.floor(dial * 1_000) % agents.length;
  const upgrading = () => cluster.dags.some(({ state }) => state === "READY" || state === "RUNNING");
  const harmless = (apply: Trouble["apply"]): Trouble => ({ apply, explains: [] });
  return {
    "agent restarts": {
      apply: (dial) => control.restartAgent(one(dial), { gapMs: dial * 20 * SECOND, newKey: dial > 0.6 }),
      explains: ["blocked", "refused"],
    },
    "all agents restart": {
      apply: (dial) => {
        for (const agent of agents) control.restartAgent(agent, { gapMs: dial * 60 * SECOND });
      },
      explains: ["blocked", "refused"],
    },
    "agent gets another key": harmless((dial) => control.replaceKey(one(dial))),
    "agent is down": {
      apply: (dial) => {
        control.stopAgent(one(dial));
        timeline.after(dial * 90 * SECOND, () => control.startAgent(one(dial)));
      },
      explains: ["blocked", "refused"],
    },
    "database is down": {
      apply: (dial) => control.loseDatabase(dial < 0.5 ? "gone" : "dead", { ms: dial * 60 * SECOND }),
      explains: ["blocked", "refused"],
    },
    "one observer is down": {
      apply: (dial) => control.loseDatabase("dead", { agents: [one(dial)], ms: dial * 60 * SECOND }),
      explains: ["blocked", "refused"],
    },
    "stage fails": {
      apply: () => control.fail(),
      explains: ["upgrade-failed", "rolled-back", "blocked"],
    },
    "stage hangs": harmless((dial) => {
      control.hang({ stage: pick(SLOW, dial * 1_000) });
      timeline.after(dial * 20 * SECOND, () => calm(cluster, undo));
    }),
    // Goes on without having installed anything, and ends well.
    "upgrade without effect": {
      apply: () => {
        control.hang({ stage: obshell.STAGE.reinstall });
        timeline.after(10 * SECOND, () => calm(cluster, undo));
      },
      explains: ["not-upgraded", "blocked"],
    },
    "other maintenance": harmless((dial) => {
      if (cluster.state.lock === 1) control.startMaintenance("Scale out", { ms: dial * 20 * SECOND });
    }),
    "somebody operates on the failed task": {
      apply: (dial) => operate(cluster, dial < 0.5 ? ["RETRY"] : ["ROLLBACK", "RETRY"]),
      explains: ["rolled-back"],
    },
    "set back": {
      apply: () => {
        if (upgrading()) return;
        subject.set(cluster, subject.old);
        undo();
      },
      explains: ["not-upgraded"],
      drifts: true,
    },
    overtaken: {
      apply: () => {
        if (!upgrading()) subject.set(cluster, subject.newer);
      },
      // Refused: the version when the request arrived is not the one that was read before and after it.
      explains: ["newer", "not-upgraded", "refused"],
      drifts: true,
    },
  };
}

/** What the remedies ask for: everything up, nothing hung, and a failed task continued or undone. */
export function mendCluster(cluster: ObshellCluster, random: Random, undo: () => void): void {
  const { control } = cluster;
  for (const [index, agent] of cluster.agents.entries()) if (agent.stopped) control.startAgent(index);
  control.restoreDatabase();
  calm(cluster, undo);
  operate(cluster, random.next() < 0.5 ? ["RETRY"] : ["ROLLBACK", "RETRY"]);
}

/**
 * Nothing hangs any more, and nothing will. An observer whose reinstallation hung has not been reinstalled, although the
 * upgrade then ends well.
 */
function calm(cluster: ObshellCluster, undo: () => void): void {
  cluster.state.scripts.length = 0;
  for (const { id, hung, nodes, stage } of cluster.dags) {
    if (!hung) continue;
    cluster.control.unhang(id);
    if (nodes[stage - 1]?.name === obshell.STAGE.reinstall) undo();
  }
}

/** The first of these operators that is allowed. */
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
