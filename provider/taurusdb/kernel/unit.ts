import type { Task, Window } from "../../core/task";
import type { Activity, CompletedTask, Finding, Unit, Upgrade } from "../../core/unit";
import {
  type Constraint,
  compareVersions,
  formatVersion,
  parseVersion,
  type Standing,
  standing,
  type Version,
} from "../../core/version";
import { canonicalJobId, jobStateOf, percentOf, timeOf } from "../../huaweicloud/jobs";
import { conditionOf, type Instance, type JobRow, type ScheduleRow } from "../schema";
import { awaitsApproval } from "../tasks";
import { isWithheld, type Offer, upgradeStep } from "./instances";

/** Data read about one instance. */
export interface KernelFacts {
  readonly instance: Instance;
  /** Its offer; undefined when it was not read. */
  readonly offer: Offer | undefined;
  /** Its newest kernel upgrade of the last hours. */
  readonly job: JobRow | undefined;
  /** Its scheduled upgrade. */
  readonly schedule: { readonly row: ScheduleRow; readonly window: Window } | undefined;
  /** The pre-check's finding against it. */
  readonly objection: Finding | undefined;
}

/**
 * Kernels up to this one are upgraded in several rounds, each to the version that the previous one makes available
 * (§3.1).
 */
const LAST_OF_ROUNDS = parseVersion("2.0.51.240311");

/** What to do about a pending upgrade of such a kernel: no API applies it. */
export const APPLY_UPGRADE =
  'If the console shows "Kernel version upgrade to be confirmed", apply the upgrade there ("Apply Upgrade"). Then run {apply} again.';

export function isInRounds(version: Version): boolean {
  return LAST_OF_ROUNDS !== undefined && compareVersions(version, LAST_OF_ROUNDS) <= 0;
}

/** The unit of an instance. Undefined when its kernel cannot be parsed. Pure. */
export function kernelUnit(facts: KernelFacts, constraint: Constraint, schedules: boolean): Unit | undefined {
  const { id, datastore } = facts.instance;
  const version = parseVersion(datastore.kernel_version);
  if (version === undefined) return undefined;
  const { offer, job } = facts;
  const stands = standingOf(version, offer, constraint);
  const refusal = offer !== undefined && isWithheld(offer, version) ? withheld(version, offer.newest) : undefined;
  const activity = activityFrom({ ...facts, objection: refusal ?? facts.objection }, version, constraint, stands);
  const from = formatVersion(version);
  return {
    name: id,
    members: [{ name: id, version }],
    standing: stands,
    at: from,
    from,
    ahead: stands === "newer" ? [id] : [],
    activity,
    completed: job && completedOf(job),
    upgrade:
      stands === "behind"
        ? { ...upgradeOf(id, from, offer, schedules), findings: hiddenBy(activity, offer?.newest, constraint) }
        : undefined,
  };
}

function upgradeOf(id: string, from: string, offer: Offer | undefined, schedules: boolean): Omit<Upgrade, "findings"> {
  const to = offer?.newest === undefined ? "newest" : formatVersion(offer.newest);
  const how = schedules ? "in the maintenance window" : "now";
  return { from, route: `${from} → ${to}`, how, step: upgradeStep({ unit: id, from, to }, schedules) };
}

/** A target that can never be reached, even while the instance is busy. A running upgrade has to be waited for anyway. */
function hiddenBy(activity: Activity | undefined, offered: Version | undefined, constraint: Constraint): Finding[] {
  const finding = passedOver(offered, constraint);
  if (finding === undefined) return [];
  if (activity?.kind === "busy") return [finding];
  if (activity?.kind !== "scheduled") return [];
  const message = `${finding.message} The upgrade that is scheduled for its maintenance window also leads to that version.`;
  return [{ ...finding, message }];
}

/** Only the offer shows which version is the latest. For `latest`, an unknown offer means an unknown standing. */
export function standingOf(version: Version, offer: Offer | undefined, constraint: Constraint): Standing {
  if (constraint.kind !== "latest") return standing(version, constraint);
  const { newest, upgradable = false } = offer ?? { newest: undefined };
  const behind = newest === undefined ? upgradable : compareVersions(version, newest) < 0;
  return behind ? "behind" : "current";
}

/** An instance that does not work blocks its upgrade, and spoils a completed one. */
function activityFrom(
  facts: KernelFacts,
  version: Version,
  constraint: Constraint,
  stands: Standing,
): Activity | undefined {
  const { instance, job, schedule, objection, offer } = facts;
  const offered = offer?.newest;
  const running = job && runningOf(job, offered, stands);
  if (running !== undefined) return running;
  if (schedule !== undefined) {
    const { row, window } = schedule;
    const createdAt = timeOf(row.create_time);
    const task = taskOf(row.job_id, row.job_name, offered);
    return { kind: "scheduled", task: { ...task, ...(createdAt === undefined ? {} : { createdAt }) }, window };
  }
  const state = conditionOf(instance.status);
  if (state === "busy") return { kind: "busy", name: `in state ${instance.status}` };
  if (state === "unhealthy") return { kind: "blocked", finding: unhealthy(instance.status), unhealthy: true };
  const finding = stands === "behind" ? (unattainable(version, offered, constraint) ?? objection) : undefined;
  return finding === undefined ? undefined : { kind: "blocked", finding };
}

/** An unfinished job. */
function runningOf(row: JobRow, offered: Version | undefined, stands: Standing): Activity | undefined {
  const state = jobStateOf(row.status);
  if (state === "completed" || state === "failed" || state === "canceled") return undefined;
  if (state === "unauthorized") {
    const task = taskOf(row.job_id, row.job_name, offered);
    return { kind: "blocked", task, finding: awaitsApproval(row.job_id, row.status, stands === "behind") };
  }
  return {
    kind: "running",
    task: taskOf(row.job_id, row.job_name, offered),
    message: state === "undocumented" ? `upgrading (${row.status})` : "upgrading",
    percent: percentOf(row.process),
  };
}

function completedOf(row: JobRow): CompletedTask | undefined {
  const task = taskOf(row.job_id, row.job_name, undefined);
  const began = timeOf(row.created_time) ?? 0;
  switch (jobStateOf(row.status)) {
    case "completed":
      return { kind: "succeeded", task, began };
    case "failed":
      return {
        kind: "failed",
        task,
        began,
        message: row.fail_reason === "" ? "no reason was given." : row.fail_reason,
        remedy: "Fix the cause. If the instance is unhealthy, contact Huawei Cloud support.",
      };
    case "canceled":
      return {
        kind: "failed",
        task,
        began,
        message: "it was canceled.",
        remedy: "Find out who canceled it, and why.",
      };
    default:
      return undefined;
  }
}

function taskOf(id: string, kind: string, offered: Version | undefined): Task {
  return { id: canonicalJobId(id), kind, to: offered === undefined ? "the newest kernel" : formatVersion(offered) };
}

function unhealthy(status: string): Finding {
  return {
    code: "instance-not-well",
    message: `The instance is in state ${status}.`,
    remedy: "Restore it to ACTIVE first.",
  };
}

function targetUnknown(pinned: string): Finding {
  return {
    code: "newest-unknown",
    message: `It is unknown whether an upgrade would end at ${pinned}: it goes to the newest kernel, and the service does not report which one that is.`,
    remedy: `Run {apply} again later, or set \`version\` to \`>=${pinned}\`.`,
  };
}

/** The service reports that the instance cannot be upgraded now, although it is not at the newest kernel. */
function withheld(version: Version, offered: Version | undefined): Finding {
  const newest = offered === undefined ? "" : `, although ${formatVersion(offered)} is available`;
  return {
    code: "not-offered-now",
    message: `The service reports that the instance cannot be upgraded now${newest} (upgrade_flag is false).`,
    remedy: isInRounds(version)
      ? APPLY_UPGRADE
      : "Check the instance and its tasks in the console, then run {apply} again when the upgrade is offered there.",
  };
}

/** The API upgrades to the newest kernel that it offers, so a target version below or above it cannot be reached. */
function unattainable(version: Version, offered: Version | undefined, constraint: Constraint): Finding | undefined {
  if (constraint.kind === "latest") return undefined;
  const pinned = formatVersion(constraint.version);
  if (offered === undefined) return constraint.kind === "at" ? targetUnknown(pinned) : undefined;
  const beyond = passedOver(offered, constraint);
  if (beyond !== undefined) return beyond;
  const newest = formatVersion(offered);
  const moves = compareVersions(version, offered) < 0;
  if (standing(offered, constraint) === "current" || (moves && isInRounds(version))) return undefined;
  return {
    code: "not-offered",
    message: `The newest kernel offered is ${newest}, which does not satisfy the target version${moves ? ", so it was not upgraded to that either" : ""}.`,
    remedy: "Wait until Huawei Cloud offers it, or choose a version that is offered.",
  };
}

function passedOver(offered: Version | undefined, constraint: Constraint): Finding | undefined {
  if (offered === undefined || constraint.kind === "latest" || standing(offered, constraint) !== "newer")
    return undefined;
  const pinned = formatVersion(constraint.version);
  return {
    code: "target-passed-over",
    property: "version",
    message: `${pinned} can no longer be reached: an upgrade always goes to the newest kernel offered, which is ${formatVersion(offered)}.`,
    remedy: `Set \`version\` to \`>=${pinned}\`.`,
  };
}
