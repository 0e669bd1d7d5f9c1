import { sentences } from "../base/sentences";
import type { ErrorCode, UpgradeError } from "./errors";
import type { Step } from "./request";
import { describeWindow, type Failure, type Task, type Window } from "./task";
import {
  type Constraint,
  formatVersion,
  lowestVersion,
  parseVersion,
  type Standing,
  shownFor,
  standing,
  type Version,
} from "./version";

/** Something with a version of its own: an observer, an agent, an instance, a module. */
export interface Member {
  /** The vendor's name for it: `10.0.0.1:2882`, an instance id, a module name. */
  readonly name: string;
  readonly version: Version;
}

/** A visible condition that prevents an upgrade from succeeding. */
export interface Finding {
  /** Stable and searchable: `too-few-zones`. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /**
   * The argument that must change. A finding with a property can never succeed with these arguments and fails the
   * check. One without is a state of the system: a warning at preview, and an error when the upgrade is to start.
   */
  readonly property?: string;
}

/** The vendor's current operation on a unit, as far as it affects an upgrade. */
export type Activity =
  /** An upgrade in progress, to a version that satisfies the target if the version is known. */
  | {
      readonly kind: "running";
      readonly task: Task;
      readonly message?: string;
      readonly percent?: number | undefined;
      readonly rollingBack?: true;
    }
  /** The same, accepted and scheduled for its maintenance window. */
  | { readonly kind: "scheduled"; readonly task: Task; readonly window: Window }
  /** The same, failed, and still holding the unit's lock. */
  | { readonly kind: "failed"; readonly task: Task; readonly failure: Failure }
  /** A temporary condition that prevents an upgrade from starting. */
  | { readonly kind: "busy"; readonly name: string }
  /**
   * A condition that requires action by a person. `task`: an accepted upgrade that waits for that. `unhealthy`: the
   * database itself does not work.
   */
  | { readonly kind: "blocked"; readonly finding: Finding; readonly task?: Task; readonly unhealthy?: true };

/** A scheduled upgrade. */
export type Waiting = Pick<Extract<Activity, { kind: "scheduled" }>, "task" | "window">;

/** The latest completed task of a unit. `began`: milliseconds since 1970, by our clock. */
export type CompletedTask =
  | { readonly kind: "succeeded"; readonly task: Task; readonly began: number }
  | ({ readonly kind: "failed"; readonly task: Task; readonly began: number } & Failure);

/** The upgrade that a unit needs, and its findings. Plain data. */
export interface Upgrade {
  /** The lowest current version, with its build. */
  readonly from: string;
  /** For the plan line: `4.2.1.8 → 4.3.5.2`. */
  readonly route: string;
  /** The method, for the plan line: `rolling over 3 zones`. */
  readonly how: string;
  readonly findings: readonly Finding[];
  /** What users should know before it is requested, although it does not prevent the request: sentences. */
  readonly notes?: readonly string[];
  /** Conditions that could not be checked, because a read failed: sentences. */
  readonly unchecked?: readonly string[];
  /** The exact request for this unit; missing if no request can be composed, which a finding then explains. */
  readonly step?: Step | undefined;
}

/** What the vendor upgrades independently: a cluster, an instance, a database. Plain data. */
export interface Unit {
  readonly name: string;
  readonly members: readonly Member[];
  readonly standing: Standing;
  /** Its current version, the lowest of its members, at the precision of the target version. */
  readonly at: string;
  /** The same with its build. */
  readonly from: string;
  /** Members that are ahead of the target. */
  readonly ahead: readonly string[];
  /** Missing if no operation is in progress. */
  readonly activity?: Activity | undefined;
  readonly completed?: CompletedTask | undefined;
  /** Set if it is behind. */
  readonly upgrade?: Upgrade | undefined;
}

/** Members that are ahead of the target, for messages: none if all are. */
export function namesAhead({ ahead, members }: Pick<Unit, "ahead" | "members">): readonly string[] {
  return ahead.length === members.length ? [] : ahead;
}

/** A unit of the resource that the vendor does not report. */
export interface Absent {
  readonly name: string;
  readonly finding: Finding;
}

/** The interpretation of one read with regard to the target version. Plain data. */
export interface View {
  readonly units: readonly Unit[];
  readonly absent: readonly Absent[];
  /** Set when versions could not be read, as a sentence. Never drift: no decision is based on it. */
  readonly unknown?: string | undefined;
  /** The vendor's estimate of the remaining time: `12 min left`. */
  readonly estimate?: string | undefined;
}

/** The standing of a unit whose members share one target version: a member that is ahead blocks the upgrade. */
export function standingOf(
  members: readonly Member[],
  constraint: Constraint,
): Pick<Unit, "members" | "standing" | "at" | "from" | "ahead"> {
  const at = (sought: Standing) => members.filter(({ version }) => standing(version, constraint) === sought);
  const ahead = at("newer").map(({ name }) => name);
  const lowest = lowestVersion(members.map(({ version }) => version));
  const late = at("behind").length > 0 ? "behind" : "current";
  return {
    members,
    standing: ahead.length > 0 ? "newer" : late,
    at: lowest === undefined ? "" : shownFor(constraint, lowest),
    from: lowest === undefined ? "" : formatVersion(lowest),
    ahead,
  };
}

/** The lowest version of all units, with its build. */
export function lowestOf(units: readonly Unit[]): string {
  const [only] = units;
  if (units.length === 1 && only !== undefined) return only.from;
  const lowest = lowestVersion(units.flatMap(({ from }) => parseVersion(from) ?? []));
  return lowest === undefined ? "" : formatVersion(lowest);
}

/**
 * The view of the only unit of a resource. The task shows the state of an upgrade in progress or failed, so unreadable
 * versions only matter without one.
 */
export function viewOfOne(unit: Unit, unknown: string | undefined): View {
  const { activity, members, upgrade } = unit;
  const nothing = members.length === 0 && upgrade === undefined ? "no member was reported" : undefined;
  const reason = isFollowed(activity) ? undefined : (unknown ?? nothing);
  return { units: [unit], absent: [], ...(reason === undefined ? {} : { unknown: reason }) };
}

/** Whether it is an upgrade whose result its task shows. */
export function isFollowed(activity: Activity | undefined): boolean {
  return activity?.kind === "running" || activity?.kind === "failed";
}

/** Whether it is behind, and an operation is in progress or action by the user is required. */
export function isImpeded({ standing, activity }: Unit): boolean {
  return standing === "behind" && (activity?.kind === "blocked" || activity?.kind === "busy");
}

/** Why a unit that is not behind does not work. */
export function unhealthyFinding({ standing, activity }: Unit): Finding | undefined {
  return standing !== "behind" && activity?.kind === "blocked" && activity.unhealthy ? activity.finding : undefined;
}

/** All findings about an upgrade of a unit. */
export function findingsOf({ activity, upgrade }: Unit): readonly Finding[] {
  const findings = upgrade?.findings ?? [];
  return activity?.kind === "blocked" ? [activity.finding, ...findings] : findings;
}

/** Whether an upgrade can never succeed with these arguments. */
export function isHopeless(unit: Unit): boolean {
  return findingsOf(unit).some(({ property }) => property !== undefined);
}

/** Why this run cannot bring a unit to its target version. */
export interface Problem {
  readonly code: ErrorCode;
  /** A sentence about the unit; without its name if there are many units. */
  readonly message: string;
  /** The same without details of the unit, such as its task: units with the same text are reported together. */
  readonly shared?: string;
  /** The error that ends the run, for the only unit. */
  readonly error?: UpgradeError;
}

/** Why a member that the vendor does not report has not reached the target version. */
export function problemOf({ finding: { message, remedy } }: Absent): string {
  return sentences(message, remedy);
}

/**
 * The problems of an earlier run with existing members, unless something newer has replaced them.
 * @param moved whether a member's version has changed since that run
 */
export function remainingProblems(
  earlier: Readonly<Record<string, string>>,
  { units }: View,
  moved: (name: string) => boolean,
): Record<string, string> {
  const remaining = units.flatMap((member) => {
    const problem = Object.hasOwn(earlier, member.name) ? earlier[member.name] : undefined;
    return problem === undefined || moved(member.name) || isReplaced(member) ? [] : [[member.name, problem] as const];
  });
  return Object.fromEntries(remaining);
}

/**
 * Whether a newer task is in progress, or the target version is reached. A task scheduled despite that is a problem.
 */
function isReplaced({ standing, activity }: Unit): boolean {
  if (activity?.kind === "running") return true;
  return (standing === "behind") === (activity?.kind === "scheduled");
}

/**
 * Splits units into requests: units of one group each, up to the vendor's limit, or fewer after a rejection.
 * @param limit the maximum size of a request that includes this unit
 */
export function batchesOf(
  most: number,
  units: readonly Unit[],
  limit: (name: string) => number = () => most,
): Unit[][] {
  const groups = new Map<string, { readonly size: number; readonly units: Unit[] }>();
  for (const unit of units) {
    const size = Math.min(most, limit(unit.name));
    const key = `${size} ${unit.upgrade?.step?.group ?? ""}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { size, units: [unit] });
    else group.units.push(unit);
  }
  return [...groups.values()].flatMap((group) => chunks(group.units, group.size));
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
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
