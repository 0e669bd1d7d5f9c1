import type { TaurusCloud } from "../../simulators";
import type { Timeline } from "../timeline";
import type { VendorEvent } from "../world";
import type { Subject } from "./taurusdb";

const SECOND = 1_000;

interface Managed {
  readonly ids: readonly string[];
  readonly subject: Subject;
  /** Whether the target version is satisfied by a newer kernel. */
  readonly acceptsNewer: boolean;
  /** Called when upgrades are undone from outside. */
  undo(): void;
  /** Offers a newer kernel. */
  offer(): void;
}

/** The events of TaurusDB and StarRocks instances. */
export function eventsOf(
  cloud: TaurusCloud,
  timeline: Timeline,
  { ids, subject, acceptsNewer, undo, offer }: Managed,
): Readonly<Record<string, VendorEvent>> {
  const { control } = cloud;
  const one = (parameter: number) => ids[Math.floor(parameter * 1_000) % ids.length] ?? "";
  const withoutErrors = (apply: VendorEvent["apply"]): VendorEvent => ({ apply, allowedErrors: [] });
  const upgrading = () => cloud.jobs.some(({ status }) => status === "Running" || status === "Pending");
  return {
    "upgrade fails": {
      apply: (parameter) => control.fail({ percent: Math.floor(parameter * 90), instance: one(parameter) }),
      allowedErrors: ["upgrade-failed"],
    },
    "upgrade hangs": withoutErrors((parameter) => {
      control.hang({ percent: Math.floor(parameter * 90), instance: one(parameter) });
      timeline.after(parameter * 20 * SECOND, () => unblock(cloud, "hang"));
    }),
    "upgrade never starts": {
      apply: (parameter) => control.vanish({ instance: one(parameter) }),
      allowedErrors: ["not-upgraded", "vanished", "unconfirmed"],
    },
    "upgrade without effect": {
      apply: (parameter) => control.fallBehind({ instance: one(parameter) }),
      allowedErrors: ["not-upgraded"],
    },
    "upgrade waits for an approval": {
      apply: (parameter) => {
        control.awaitApproval({ instance: one(parameter) });
        timeline.after(parameter * 20 * SECOND, () => unblock(cloud, "awaitApproval"));
      },
      allowedErrors: ["blocked"],
    },
    "job is canceled": {
      apply: () => {
        const job = cloud.jobs.findLast(({ status }) => status === "Running" || status === "Pending");
        if (job !== undefined) control.cancelJob(job.id);
      },
      allowedErrors: ["upgrade-failed", "rolled-back", "vanished"],
    },
    "job has an unknown state": withoutErrors((parameter) => {
      const job = cloud.jobs.at(-1);
      if (job === undefined) return;
      control.showStatus("Unknown", job.id);
      timeline.after(parameter * 20 * SECOND, () => control.showStatus(null, job.id));
    }),
    "instance is backed up": {
      apply: (parameter) => control.setStatus("BACKING UP", { instance: one(parameter), ms: parameter * 20 * SECOND }),
      allowedErrors: ["refused", "not-upgraded"],
    },
    "instance has an unknown state": {
      apply: (parameter) => control.setStatus("PONDERING", { instance: one(parameter), ms: parameter * 20 * SECOND }),
      allowedErrors: ["refused", "not-upgraded"],
    },
    // An upgrade has failed if the instance is frozen after it, whatever its version.
    "instance is frozen": {
      apply: (parameter) => control.setStatus("FROZEN", { instance: one(parameter) }),
      allowedErrors: ["blocked", "refused", "not-upgraded", "upgrade-failed"],
    },
    "upgrades are denied": {
      apply: (parameter) => control.deny(one(parameter)),
      allowedErrors: ["blocked", "refused", "unauthorized", "not-upgraded"],
    },
    "newer kernel is offered": {
      apply: () => {
        if (acceptsNewer && !upgrading()) offer();
      },
      allowedErrors: ["not-upgraded"],
      outdatesState: true,
    },
    downgraded: {
      apply: (parameter) => {
        if (upgrading()) return;
        control.setKernel(subject.old, one(parameter));
        undo();
      },
      allowedErrors: ["not-upgraded"],
      outdatesState: true,
    },
    "upgraded further": {
      apply: (parameter) => {
        if (!upgrading()) control.setKernel(subject.newer, one(parameter));
      },
      // Refused: the version at the time of the request differs from the reads before and after it.
      allowedErrors: ["newer", "not-upgraded", "blocked", "refused"],
      outdatesState: true,
    },
  };
}

/** Follows the remedies: ends all scripted, frozen, denied and waiting states. */
export function repairCloud(cloud: TaurusCloud): void {
  const { control } = cloud;
  cloud.state.scripts.length = 0;
  unblock(cloud, "hang");
  unblock(cloud, "awaitApproval");
  for (const { id } of [...cloud.instances, ...cloud.starRocks]) {
    control.setStatus("ACTIVE", { instance: id });
    control.deny(id, false);
  }
}

/** Continues what hangs or waits for approval, and removes such scripts. */
function unblock(cloud: TaurusCloud, what: "hang" | "awaitApproval"): void {
  const { scripts } = cloud.state;
  scripts.splice(0, scripts.length, ...scripts.filter((script) => script.what !== what));
  for (const { id, hungAt, status } of cloud.jobs) {
    if (what === "hang" && hungAt !== null) cloud.control.unhang(id);
    if (what === "awaitApproval" && status === "Unauthorized") cloud.control.approve(id);
  }
}
