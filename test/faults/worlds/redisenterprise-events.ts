import type { RedisEnterpriseCluster } from "../../simulators";
import type { Timeline } from "../timeline";
import type { VendorEvent } from "../world";

const SECOND = 1_000;

interface Actions {
  /** Changes the version to the old one, or to one that is newer than the target. */
  setVersion(standing: "behind" | "newer"): void;
  /** Called when upgrades are undone from outside. */
  undo(): void;
}

/** The events of a Redis Enterprise cluster. */
export function eventsOf(
  cluster: RedisEnterpriseCluster,
  timeline: Timeline,
  uid: number,
  { setVersion, undo }: Actions,
): Readonly<Record<string, VendorEvent>> {
  const { control } = cluster;
  const nodes = cluster.state.nodes.length;
  const one = (parameter: number) => 1 + (Math.floor(parameter * 1_000) % nodes);
  const withoutErrors = (apply: VendorEvent["apply"]): VendorEvent => ({ apply, allowedErrors: [] });
  const idle = () => isOver(cluster, uid);
  return {
    "state machine fails": {
      apply: () => control.fail(),
      // Another state machine may fail, which then blocks the database.
      allowedErrors: ["upgrade-failed", "blocked"],
    },
    "state machine fails after one shard": {
      apply: () => control.fail({ afterSlots: 1, failure: "aborted" }),
      allowedErrors: ["upgrade-failed", "blocked"],
    },
    "state machine hangs": withoutErrors((parameter) => {
      control.hang();
      timeline.after(parameter * 30 * SECOND, () => unblock(cluster, uid));
    }),
    "node is down": {
      apply: (parameter) => {
        control.stopNode(one(parameter));
        timeline.after(parameter * 40 * SECOND, () => control.startNode(one(parameter)));
      },
      allowedErrors: ["blocked", "refused"],
    },
    "another master": withoutErrors((parameter) => {
      if (cluster.state.nodes.every(({ down }) => !down)) control.changeMaster(one(parameter));
    }),
    "tokens are invalid": withoutErrors(() => control.expireTokens()),
    "database is busy": withoutErrors((parameter) => {
      if (idle()) control.busy(uid, { ms: parameter * 20 * SECOND });
    }),
    downgraded: {
      apply: () => {
        if (!idle()) return;
        setVersion("behind");
        undo();
      },
      allowedErrors: ["not-upgraded"],
      outdatesState: true,
    },
    "upgraded further": {
      apply: () => {
        if (idle()) setVersion("newer");
      },
      // Refused: the version at the time of the request differs from the reads before and after it.
      allowedErrors: ["newer", "not-upgraded", "refused"],
      outdatesState: true,
    },
  };
}

/** Follows the remedies: starts every node, continues what hangs, and retries a failed state machine (`rlutil retry_bdb`). */
export function repairCluster(cluster: RedisEnterpriseCluster, uid: number): void {
  const { control } = cluster;
  for (const node of cluster.state.nodes) if (node.down) control.startNode(node.uid);
  unblock(cluster, uid);
  if (cluster.database(uid).machine?.status === "failed") control.retry(uid);
}

function unblock(cluster: RedisEnterpriseCluster, uid: number): void {
  cluster.state.scripts.length = 0;
  if (cluster.database(uid).machine?.hung) cluster.control.unhang(uid);
}

function isOver(cluster: RedisEnterpriseCluster, uid: number): boolean {
  const { machine, waiting, status } = cluster.database(uid);
  const over = machine === null || machine.status === "completed";
  const queued = cluster.crdbTasks().some((task) => task.status === "queued");
  return over && waiting.length === 0 && !queued && status === "active";
}
