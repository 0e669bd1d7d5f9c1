import { describeWindow, nameOf } from "../task";
import type { Activity, Upgrade } from "../unit";
import type { Plan } from "./plan";

/** The plan as one line, as shown in the preview. Stable, because it is compared and part of digests. */
export function describePlan(plan: Plan): string {
  switch (plan.kind) {
    case "satisfied":
      return `already at ${plan.at}`;
    case "newer":
      return `runs ${plan.at}, newer than the target version: ${plan.members.join(", ")}`;
    case "join":
      return plan.rollingBack
        ? `waits for ${nameOf(plan.task)}, which is being rolled back; the run will then fail`
        : `joins running ${nameOf(plan.task)}`;
    case "failed":
      return `${nameOf(plan.task)} failed: ${plan.failure.message}`;
    case "scheduled":
      return `${nameOf(plan.task)} is scheduled for its maintenance window, ${describeWindow(plan.window)}`;
    case "cancel":
      return `${describeCall(plan.upgrade)}, after canceling ${nameOf(plan.task)}, which is scheduled for ${describeWindow(plan.window)} (refused if this resource did not schedule it)`;
    case "wait":
      return `${describeCall(plan.upgrade)}, after ${plan.name} has ended`;
    case "upgrade":
      return describeCall(plan.upgrade);
    case "held":
      return `${describeCall(plan.upgrade)} · held: ${plan.hold.message}`;
    case "unknown":
      return `cannot plan: ${plan.reason}`;
  }
}

/** What the vendor is doing, in a few words: `upgrading 40%`. */
export function describeActivity(activity: Activity): string {
  switch (activity.kind) {
    case "running":
      return `upgrading${activity.percent === undefined ? "" : ` ${activity.percent}%`}`;
    case "scheduled":
      return `scheduled, ${describeWindow(activity.window)}`;
    case "busy":
      return `busy: ${activity.name}`;
    default:
      return activity.kind;
  }
}

/** `4.2.1.8 → 4.3.5.2, rolling over 3 zones` */
export function describeCall({ route, how }: Upgrade): string {
  return `${route}, ${how}`;
}
