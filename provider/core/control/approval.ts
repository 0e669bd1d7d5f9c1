import { publicDigest } from "../request";
import type { Unit, Upgrade } from "../unit";
import { compareVersions, parseVersion } from "../version";
import type { Hold } from "./hold";

/** The format of `approved.json` that this release writes and reads. */
export const APPROVAL_FORMAT = 1;

/** The upgrade that would be requested for one unit, for display and `approved.json`. Plain data without secrets. */
export interface Proposal {
  readonly from: string;
  /** The expected version, including its build. */
  readonly to: string;
  /** The plan line: `4.2.1.8 → 4.3.5.2, rolling over 3 zones`. */
  readonly how: string;
  /** Digest of the request: any difference means another plan. */
  readonly digest: string;
}

/** One approved upgrade of one unit. */
export interface Approval extends Proposal {
  /** ISO 8601, UTC. */
  readonly approvedAt: string;
  /** Informational; not verified. */
  readonly approvedBy: string;
  /** ISO 8601, UTC. The approval is invalid from this time on. */
  readonly expiresAt?: string | undefined;
}

/** Times by unit: ISO 8601, UTC. */
export type Used = Readonly<Record<string, string>>;

/** Approvals of a resource by unit, and those that have been used. */
export interface Approvals {
  readonly units: Readonly<Record<string, Approval>>;
  /** When the newest used approval was given, by unit: that one and older ones no longer count. */
  readonly used: Used;
}

export function proposalOf({ step, route, how }: Upgrade): Proposal | undefined {
  return step && { from: step.from, to: step.to, how: `${route}, ${how}`, digest: publicDigest(step) };
}

/** The upgrade that would be requested for each unit, by name. */
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

/**
 * Why RETRY and ROLLBACK of a failed upgrade are not approved. Its approval covers them, even if it has expired since:
 * a failed upgrade has no plan that could be approved. Pure.
 * @param requestedAt when the failed upgrade was requested: milliseconds since 1970
 */
export function reopeningHold({ units }: Approvals, unit: string, to: string, requestedAt: number): Hold | undefined {
  const approval = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (approval?.to !== to) return hold(`no upgrade to ${to} was approved`);
  if (!isExpired(approval, requestedAt)) return undefined;
  return hold(`the approval of the failed upgrade had expired on ${approval.expiresAt}, before it was requested`);
}

function isExpired({ expiresAt }: Approval, now: number): boolean {
  return expiresAt !== undefined && !(now < Date.parse(expiresAt));
}

function isUsed(used: Used, unit: string, { approvedAt }: Approval): boolean {
  return Object.hasOwn(used, unit) && Date.parse(approvedAt) <= Date.parse(used[unit] ?? "");
}

/**
 * The used approvals after a run: the previous ones, and those whose version the unit has reached.
 * @param to the target of the last upgrade
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

/** Whether a unit is at the approved version or a newer one. */
function isAt({ from }: Unit, { to }: Approval): boolean {
  const [current, approved] = [parseVersion(from), parseVersion(to)];
  return current !== undefined && approved !== undefined && compareVersions(current, approved) >= 0;
}

/** Includes the digest, because two different plans can have the same plan line. */
function shown({ how, to, digest: plan }: Proposal): string {
  return `${how} (to ${to}, digest ${plan.slice(0, 12)})`;
}

function hold(message: string): Hold {
  return { code: "approval", message };
}
