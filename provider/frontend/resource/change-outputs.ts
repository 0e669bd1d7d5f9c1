import { proposalsOf, usedBy } from "../../core/control/approval";
import type { Status, UpgradeRecord } from "../../core/outcome";
import type { Unit } from "../../core/unit";
import { PLAN, type Properties, USED_APPROVALS } from "./properties";
import type { Session } from "./session";
import { approvalsOf } from "./session-policy";

/**
 * The change-control state: used approvals, and the plan of a held upgrade, which approvals refer to.
 * @param units as last observed; empty if they were not read
 */
export function changeOutputs(
  session: Session,
  { status, upgrade }: { readonly status: Status; readonly upgrade?: UpgradeRecord | undefined },
  units: readonly Unit[] = [],
  before: Properties = {},
): Record<string, unknown> {
  const approvals = approvalsOf(session, before);
  const known = before[USED_APPROVALS];
  // Keep used approvals: they must not become valid again because the program temporarily had no approvals.
  if (approvals === undefined) return known === undefined ? {} : { [USED_APPROVALS]: known };
  const plan = status === "held" ? { [PLAN]: proposalsOf(units) } : {};
  return { [USED_APPROVALS]: usedBy(approvals, units, upgrade), ...plan };
}
