import { type Constraint, shownFor, standing } from "./constraint";
import type { Member, Observation, Plan, UpgradeCall } from "./pin";
import { formatVersion, lowestVersion } from "./version";

/** What a decision is made from: a look at the vendor, the pin, and the call that an upgrade would take. */
export interface Facts {
  readonly observation: Observation;
  readonly constraint: Constraint;
  readonly call: () => UpgradeCall;
}

interface Standings {
  readonly lowest: string;
  /** The lowest with its build. */
  readonly from: string;
  readonly behind: readonly Member[];
  readonly newer: readonly Member[];
}

type Row = (facts: Facts, standings: Standings) => Plan | undefined;

/**
 * The decision table for things that are upgraded as one. The first row that speaks decides.
 *
 * | what is seen | plan |
 * |---|---|
 * | our upgrade runs | join it |
 * | our upgrade failed and holds the lock | failed |
 * | versions unknown, or no member | unknown |
 * | a member is newer | newer: nothing is ever called |
 * | every member satisfies the pin | satisfied |
 * | a member is behind, something else failed and holds the lock | upgrade, with that as a finding |
 * | a member is behind, something else runs | wait for it |
 * | a member is behind | upgrade |
 */
const ROWS: readonly Row[] = [
  ({ observation: { activity } }, { from }) =>
    activity?.kind === "ours"
      ? { kind: "join", task: activity.task, from, ...(activity.rollingBack ? { rollingBack: true } : {}) }
      : undefined,
  ({ observation: { activity } }, { from }) =>
    activity?.kind === "ours-failed"
      ? { kind: "failed", task: activity.task, from, failure: activity.failure }
      : undefined,
  ({ observation: { unknown, members } }) => {
    if (unknown !== undefined) return { kind: "unknown", reason: unknown };
    return members.length === 0 ? { kind: "unknown", reason: "no member was reported" } : undefined;
  },
  (_, { newer, lowest }) =>
    newer.length > 0 ? { kind: "newer", at: lowest, members: newer.map((member) => member.name) } : undefined,
  (_, { behind, lowest }) => (behind.length === 0 ? { kind: "satisfied", at: lowest } : undefined),
  ({ observation: { activity }, call }) => {
    if (activity?.kind !== "other-failed") return undefined;
    const upgrade = call();
    const finding = {
      code: "locked-by-failed-task",
      message: `${activity.name} failed and keeps the lock.`,
      remedy: activity.remedy,
    };
    return { kind: "upgrade", call: { ...upgrade, findings: [finding, ...upgrade.findings] } };
  },
  ({ observation: { activity }, call }) =>
    activity?.kind === "other" ? { kind: "wait", name: activity.name, call: call() } : undefined,
  ({ call }) => ({ kind: "upgrade", call: call() }),
];

/** The plan that follows from the facts. Pure. */
export function decide(facts: Facts): Plan {
  const standings = standingsOf(facts.observation.members, facts.constraint);
  for (const row of ROWS) {
    const plan = row(facts, standings);
    if (plan !== undefined) return plan;
  }
  throw new Error("the decision table has no last row");
}

function standingsOf(members: readonly Member[], constraint: Constraint): Standings {
  const at = (wanted: string) => members.filter((member) => standing(member.version, constraint) === wanted);
  const lowest = lowestVersion(members.map((member) => member.version));
  return {
    lowest: lowest ? shownFor(constraint, lowest) : "",
    from: lowest ? formatVersion(lowest) : "",
    behind: at("behind"),
    newer: at("newer"),
  };
}
