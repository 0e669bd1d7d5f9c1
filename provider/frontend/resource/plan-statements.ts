import { describePlan, type Plan } from "../../core/decision/plan";
import { NO_REQUEST } from "../../core/decision/together";
import { tooNew } from "../../core/texts/sentences";
import type { Session } from "./session";

/**
 * One statement about a plan, for a preview and for `doctor`. Texts are not redacted.
 * - `plan`: what would be done
 * - `note`: information that does not prevent a request
 * - `unchecked`: a condition of the upgrade that could not be checked
 * - `unknown`: why there is no plan
 * - `failed`: that the last upgrade failed
 * - `finding`: what prevents the upgrade from starting now
 * - `failure`: what fails a preview
 */
export interface PlanStatement {
  readonly kind: "plan" | "note" | "unchecked" | "unknown" | "failed" | "finding" | "failure";
  readonly message: string;
  readonly remedy?: string;
  /** The argument that must change, for a failure; "" if there is none. */
  readonly property?: string;
}

/** Plans whose upgrade a run waits for. */
const AWAITED = new Set<Plan["kind"]>(["join", "cancel", "wait", "upgrade"]);

/**
 * Converts a plan into statements for a resource.
 * @param title of the managed database
 * @param many whether the resource has many units
 */
export function planStatements(
  { kind, args, strict }: Pick<Session, "kind" | "args" | "strict">,
  title: string,
  plan: Plan,
  many: boolean,
): readonly PlanStatement[] {
  const message = describePlan(plan);
  if (plan.kind === "newer") {
    if (args?.onNewer === "accept") return [{ kind: "plan", message }];
    const { text } = tooNew(title, plan);
    return [
      args?.onNewer === "fail"
        ? { kind: "failure", message: text, property: kind.pinned }
        : { kind: "note", message: text },
    ];
  }
  // Without a property; otherwise Pulumi would print its value.
  if (plan.kind === "unknown")
    return [strict ? { kind: "failure", message, property: "" } : { kind: "unknown", message }];
  if (plan.kind === "failed") return [{ kind: "failed", message, remedy: plan.failure.remedy }];
  const { findings = [], unchecked = [], notes = [], how } = "upgrade" in plan ? plan.upgrade : {};
  // Of many units, those that are not blocked are upgraded anyway.
  const blocked = findings.length > 0 && (!many || how === NO_REQUEST);
  const remarks = [
    args?.wait === false && AWAITED.has(plan.kind) && how !== NO_REQUEST ? " (not waited for)" : "",
    blocked ? ` · blocked: ${[...new Set(findings.map(({ code }) => code.replaceAll("-", " ")))].join(", ")}` : "",
  ];
  return [
    { kind: "plan", message: `${message}${remarks.join("")}` },
    ...(plan.others ?? []).map((other): PlanStatement => ({ kind: "plan", message: describePlan(other) })),
    ...findings.map(
      ({ message, remedy, property }): PlanStatement =>
        property === undefined ? { kind: "finding", message, remedy } : { kind: "failure", message, remedy, property },
    ),
    ...unchecked.map((message): PlanStatement => ({ kind: "unchecked", message })),
    ...notes.map((message): PlanStatement => ({ kind: "note", message })),
  ];
}
