import { publicDigest } from "../request";
import type { Unit, Upgrade } from "../unit";
import { compareVersions, parseVersion } from "../version";
import type { Hold } from "./hold";

/** The form of `approved.json` that this version writes and reads. */
export const APPROVAL_FORMAT = 1;

/** What would be sent for one unit, as people and `approved.json` name it. Plain data without secrets. */
export interface Proposal {
  readonly from: string;
  /** The expected version, with its build. */
  readonly to: string;
  /** The plan line: `4.2.1.8 → 4.3.5.2, rolling over 3 zones`. */
  readonly how: string;
  /** Of the request: any difference in it is another plan. */
  readonly digest: string;
}

/** One approved upgrade of one unit. */
export interface Approval extends Proposal {
  /** ISO 8601, UTC. */
  readonly approvedAt: string;
  /** For people; nothing is verified by it. */
  readonly approvedBy: string;
  /** ISO 8601, UTC: from then on it no longer holds. */
  readonly expiresAt?: string | undefined;
}

/** Moments by unit: ISO 8601, UTC. */
export type Used = Readonly<Record<string, string>>;

/** What a resource may do: its approvals by unit, and those that have served already. */
export interface Approvals {
  readonly units: Readonly<Record<string, Approval>>;
  /** When the newest approval that led a unit to its version was given, by unit: that one and older ones approve nothing. */
  readonly used: Used;
}

export function proposalOf({ step, route, how }: Upgrade): Proposal | undefined {
  return step && { from: step.from, to: step.to, how: `${route}, ${how}`, digest: publicDigest(step) };
}

/** What would be sent for each of them, by name. */
export function proposalsOf(units: readonly Unit[]): Record<string, Proposal> {
  return Object.fromEntries(
    units.flatMap(({ name, upgrade }) => {
      const proposal = upgrade && proposalOf(upgrade);
      return proposal === undefined ? [] : [[name, proposal] as const];
    }),
  );
}

/** Why the plan of a unit is not approved. Pure. @param now milliseconds since 1970 */
export function approvalHold({ units, used }: Approvals, unit: Unit, now: number): Hold | undefined {
  const proposal = unit.upgrade && proposalOf(unit.upgrade);
  if (proposal === undefined) return undefined;
  const approval = Object.hasOwn(units, unit.name) ? units[unit.name] : undefined;
  if (approval === undefined) return hold("not approved");
  const by = `approved by ${approval.approvedBy} on ${approval.approvedAt}`;
  if (approval.digest !== proposal.digest) {
    return hold(`a different plan was approved. Planned: ${shown(proposal)}; ${by}: ${shown(approval)}`);
  }
  if (isUsed(used, unit.name, approval)) {
    return hold(`the approval has been used: ${proposal.how} was ${by} and has reached its version since`);
  }
  if (isExpired(approval, now)) {
    return hold(`the approval expired on ${approval.expiresAt}: ${proposal.how} was ${by}`);
  }
  return undefined;
}

/** Whether an upgrade to this version was approved for the unit: then its retry and its rollback are, too. */
export function isApproved({ units }: Approvals, unit: string, to: string, now: number): boolean {
  const approval = Object.hasOwn(units, unit) ? units[unit] : undefined;
  return approval?.to === to && !isExpired(approval, now);
}

function isExpired({ expiresAt }: Approval, now: number): boolean {
  return expiresAt !== undefined && !(now < Date.parse(expiresAt));
}

function isUsed(used: Used, unit: string, { approvedAt }: Approval): boolean {
  return Object.hasOwn(used, unit) && Date.parse(approvedAt) <= Date.parse(used[unit] ?? "");
}

/**
 * The used approvals after a run: those from before, and those whose version the unit has reached.
 * @param to where the last upgrade led
 */
export function usedBy(
  { units, used }: Approvals,
  observed: readonly Unit[],
  { to }: { readonly to?: string | undefined } = {},
): Used {
  const reached = observed.flatMap((unit) => {
    const approval = Object.hasOwn(units, unit.name) ? units[unit.name] : undefined;
    const done = approval !== undefined && unit.standing !== "behind" && (approval.to === to || isAt(unit, approval));
    return done && !isUsed(used, unit.name, approval) ? [[unit.name, approval.approvedAt] as const] : [];
  });
  return { ...used, ...Object.fromEntries(reached) };
}

/** Whether a unit runs the approved version, or a newer one. */
function isAt({ from }: Unit, { to }: Approval): boolean {
  const [current, approved] = [parseVersion(from), parseVersion(to)];
  return current !== undefined && approved !== undefined && compareVersions(current, approved) >= 0;
}

/** Two plans with the same line differ in what the line does not show. */
function shown({ how, to, digest: plan }: Proposal): string {
  return `${how} (to ${to}, digest ${plan.slice(0, 12)})`;
}

function hold(message: string): Hold {
  return { code: "approval", message };
}
