import { proposalsOf, usedBy } from "../../core/control/approval";
import type { Status, UpgradeRecord } from "../../core/outcome";
import type { Unit } from "../../core/unit";
import { PLAN, type Properties, USED_APPROVALS } from "./properties";
import type { Session } from "./session";
import { approvalsOf } from "./session-policy";

/**
 * What the state keeps of change control: approvals whose version was reached, and the plan of a held upgrade, which approvals
 * are made of.
 * @param units as they were last observed; none where they were not
 */
export function changeOutputs(
  session: Session,
  { status, upgrade }: { readonly status: Status; readonly upgrade?: UpgradeRecord | undefined },
  units: readonly Unit[] = [],
  before: Properties = {},
): Record<string, unknown> {
  const approvals = approvalsOf(session, before);
  const known = before[USED_APPROVALS];
  // What has served does not serve again because the program went without approvals for a while.
  if (approvals === undefined) return known === undefined ? {} : { [USED_APPROVALS]: known };
  const plan = status === "held" ? { [PLAN]: proposalsOf(units) } : {};
  return { [USED_APPROVALS]: usedBy(approvals, units, upgrade), ...plan };
}
