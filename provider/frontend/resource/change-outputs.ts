import { proposalsOf, usedBy } from "../../core/control/approval";
import type { Status } from "../../core/outcome";
import type { Unit } from "../../core/unit";
import { PLAN, type Properties, USED_APPROVALS } from "./properties";
import type { Session } from "./session";
import { approvalsOf } from "./session-policy";

/**
 * What the state has to remember of change control: approvals that have led to their version, and the plan that is held, for
 * whoever approves it.
 * @param units as they were last observed; none where they were not
 */
export function changeOutputs(
  session: Session,
  status: Status,
  units: readonly Unit[],
  before: Properties = {},
): Record<string, unknown> {
  const approvals = approvalsOf(session, before);
  if (approvals === undefined) return {};
  const reached = units.filter(({ standing }) => standing !== "behind").map(({ name }) => name);
  const plan = status === "held" ? { [PLAN]: proposalsOf(units) } : {};
  return { [USED_APPROVALS]: usedBy(approvals, reached), ...plan };
}
