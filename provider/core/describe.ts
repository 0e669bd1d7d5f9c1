import type { Plan, UpgradeCall } from "./pin";

/** The plan as one line for people: what the preview shows. Stable, so that it can be compared and digested. */
export function describePlan(plan: Plan): string {
  switch (plan.kind) {
    case "satisfied":
      return `already at ${plan.at}`;
    case "newer":
      return `runs ${plan.at}, newer than the pin: ${plan.members.join(", ")}`;
    case "join":
      return `joins running upgrade ${plan.task.id} (${plan.task.kind} to ${plan.task.to})`;
    case "failed":
      return `upgrade ${plan.task.id} (${plan.task.kind} to ${plan.task.to}) failed: ${plan.failure.message}`;
    case "wait":
      return `${describeCall(plan.call)}, after ${plan.name} has ended`;
    case "upgrade":
      return describeCall(plan.call);
    case "unknown":
      return `cannot plan: ${plan.reason}`;
  }
}

/** `4.2.1.8 → 4.3.5.2, rolling over 3 zones` */
export function describeCall({ route, how }: UpgradeCall): string {
  return `${route}, ${how}`;
}
