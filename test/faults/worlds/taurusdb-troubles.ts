import type { TaurusCloud } from "../../simulators";
import type { Timeline } from "../timeline";
import type { Trouble } from "../world";
import type { Subject } from "./taurusdb";

const SECOND = 1_000;

interface Pinned {
  readonly ids: readonly string[];
  readonly subject: Subject;
  /** Whether the pin lives with a newer kernel on offer. */
  readonly movable: boolean;
  /** What upgrades did is undone from outside. */
  undo(): void;
  /** A newer kernel is offered. */
  offer(): void;
}

/** What can happen in a cloud. */
export function troublesOf(
  cloud: TaurusCloud,
  timeline: Timeline,
  { ids, subject, movable, undo, offer }: Pinned,
): Readonly<Record<string, Trouble>> {
  const { control } = cloud;
  const one = (dial: number) => ids[Math.floor(dial * 1_000) % ids.length] ?? "";
  const harmless = (apply: Trouble["apply"]): Trouble => ({ apply, explains: [] });
  const upgrading = () => cloud.jobs.some(({ status }) => status === "Running" || status === "Pending");
  return {
    "upgrade fails": {
      apply: (dial) => control.fail({ percent: Math.floor(dial * 90), instance: one(dial) }),
      explains: ["upgrade-failed"],
    },
    "upgrade stands still": harmless((dial) => {
      control.hang({ percent: Math.floor(dial * 90), instance: one(dial) });
      timeline.after(dial * 20 * SECOND, () => calm(cloud, "hang"));
    }),
    "upgrade never starts": {
      apply: (dial) => control.vanish({ instance: one(dial) }),
      explains: ["not-upgraded", "vanished", "unconfirmed"],
    },
    "upgrade without effect": {
      apply: (dial) => control.fallBehind({ instance: one(dial) }),
      explains: ["not-upgraded"],
    },
    "upgrade waits for an approval": {
      apply: (dial) => {
        control.awaitApproval({ instance: one(dial) });
        timeline.after(dial * 20 * SECOND, () => calm(cloud, "awaitApproval"));
      },
      explains: ["blocked"],
    },
    "job is cancelled": {
      apply: () => {
        const job = cloud.jobs.findLast(({ status }) => status === "Running" || status === "Pending");
        if (job !== undefined) control.cancelJob(job.id);
      },
      explains: ["upgrade-failed", "rolled-back", "vanished"],
    },
    "job has a state of its own": harmless((dial) => {
      const job = cloud.jobs.at(-1);
      if (job === undefined) return;
      control.showStatus("Unknown", job.id);
      timeline.after(dial * 20 * SECOND, () => control.showStatus(null, job.id));
    }),
    "instance is backed up": {
      apply: (dial) => control.setStatus("BACKING UP", { instance: one(dial), ms: dial * 20 * SECOND }),
      explains: ["refused", "not-upgraded"],
    },
    "instance has an unknown state": {
      apply: (dial) => control.setStatus("PONDERING", { instance: one(dial), ms: dial * 20 * SECOND }),
      explains: ["refused", "not-upgraded"],
    },
    // If it is frozen after its upgrade, the upgrade has failed, whatever it now runs.
    "instance is frozen": {
      apply: (dial) => control.setStatus("FROZEN", { instance: one(dial) }),
      explains: ["blocked", "refused", "not-upgraded", "upgrade-failed"],
    },
    "upgrades are denied": {
      apply: (dial) => control.deny(one(dial)),
      explains: ["blocked", "refused", "unauthorized", "not-upgraded"],
    },
    "newer kernel is offered": {
      apply: () => {
        if (movable && !upgrading()) offer();
      },
      explains: ["not-upgraded"],
      drifts: true,
    },
    "set back": {
      apply: (dial) => {
        if (upgrading()) return;
        control.setKernel(subject.old, one(dial));
        undo();
      },
      explains: ["not-upgraded"],
      drifts: true,
    },
    overtaken: {
      apply: (dial) => {
        if (!upgrading()) control.setKernel(subject.newer, one(dial));
      },
      // Refused: what ran when the request arrived is not what was read before and after it.
      explains: ["newer", "not-upgraded", "blocked", "refused"],
      drifts: true,
    },
  };
}

/** What the remedies ask for: nothing is scripted, frozen, denied or waited for any more. */
export function mendCloud(cloud: TaurusCloud): void {
  const { control } = cloud;
  cloud.state.scripts.length = 0;
  calm(cloud, "hang");
  calm(cloud, "awaitApproval");
  for (const { id } of [...cloud.instances, ...cloud.starRocks]) {
    control.setStatus("ACTIVE", { instance: id });
    control.deny(id, false);
  }
}

/** Lets what stands still go on, and nothing more stand still. */
function calm(cloud: TaurusCloud, what: "hang" | "awaitApproval"): void {
  const { scripts } = cloud.state;
  scripts.splice(0, scripts.length, ...scripts.filter((script) => script.what !== what));
  for (const { id, hungAt, status } of cloud.jobs) {
    if (what === "hang" && hungAt !== null) cloud.control.unhang(id);
    if (what === "awaitApproval" && status === "Unauthorized") cloud.control.approve(id);
  }
}
