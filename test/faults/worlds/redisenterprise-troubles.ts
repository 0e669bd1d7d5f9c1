import type { RedisEnterpriseCluster } from "../../simulators";
import type { Timeline } from "../timeline";
import type { Trouble } from "../world";

const SECOND = 1_000;

interface Hands {
  /** Puts the database back, or ahead of its pin. */
  put(where: "behind" | "ahead"): void;
  /** What upgrades did is undone from outside. */
  undo(): void;
}

/** What can happen in a Redis Enterprise cluster. */
export function troublesOf(
  cluster: RedisEnterpriseCluster,
  timeline: Timeline,
  uid: number,
  { put, undo }: Hands,
): Readonly<Record<string, Trouble>> {
  const { control } = cluster;
  const nodes = cluster.state.nodes.length;
  const one = (dial: number) => 1 + (Math.floor(dial * 1_000) % nodes);
  const harmless = (apply: Trouble["apply"]): Trouble => ({ apply, explains: [] });
  const idle = () => isOver(cluster, uid);
  return {
    "state machine fails": {
      apply: () => control.fail(),
      // It may be another one than ours, which then holds the database.
      explains: ["upgrade-failed", "blocked"],
    },
    "state machine fails half way": {
      apply: () => control.fail({ afterSlots: 1, failure: "aborted" }),
      explains: ["upgrade-failed", "blocked"],
    },
    "state machine hangs": harmless((dial) => {
      control.hang();
      timeline.after(dial * 30 * SECOND, () => calm(cluster, uid));
    }),
    "node is down": {
      apply: (dial) => {
        control.stopNode(one(dial));
        timeline.after(dial * 40 * SECOND, () => control.startNode(one(dial)));
      },
      explains: ["blocked", "refused"],
    },
    "another master": harmless((dial) => {
      if (cluster.state.nodes.every(({ down }) => !down)) control.changeMaster(one(dial));
    }),
    "tokens are void": harmless(() => control.expireTokens()),
    "database is busy": harmless((dial) => {
      if (idle()) control.busy(uid, { ms: dial * 20 * SECOND });
    }),
    "set back": {
      apply: () => {
        if (!idle()) return;
        put("behind");
        undo();
      },
      explains: ["not-upgraded"],
      drifts: true,
    },
    overtaken: {
      apply: () => {
        if (idle()) put("ahead");
      },
      // Refused: the version when the request arrived is not the one that was read before and after it.
      explains: ["newer", "not-upgraded", "refused"],
      drifts: true,
    },
  };
}

/** What the remedies ask for: every node up, nothing hung, and a failed state machine retried (`rlutil retry_bdb`). */
export function mendCluster(cluster: RedisEnterpriseCluster, uid: number): void {
  const { control } = cluster;
  for (const node of cluster.state.nodes) if (node.down) control.startNode(node.uid);
  calm(cluster, uid);
  if (cluster.database(uid).machine?.status === "failed") control.retry(uid);
}

function calm(cluster: RedisEnterpriseCluster, uid: number): void {
  cluster.state.scripts.length = 0;
  if (cluster.database(uid).machine?.hung) cluster.control.unhang(uid);
}

function isOver(cluster: RedisEnterpriseCluster, uid: number): boolean {
  const { machine, waiting, status } = cluster.database(uid);
  const over = machine === null || machine.status === "completed";
  const queued = cluster.crdbTasks().some((task) => task.status === "queued");
  return over && waiting.length === 0 && !queued && status === "active";
}
