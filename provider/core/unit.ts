import { type Constraint, type Standing, shownFor, standing } from "./constraint";
import type { ErrorCode, UpgradeError } from "./errors";
import type { Step } from "./request";
import type { Failure, Task, Window } from "./task";
import { formatVersion, lowestVersion, type Version } from "./version";

/** One thing that runs a version: an observer, an agent, an instance, a module. */
export interface Member {
  /** The vendor's own name for it: `10.0.0.1:2882`, an instance id, a module name. */
  readonly name: string;
  readonly version: Version;
}

/** Something a client can see that keeps an upgrade from succeeding. */
export interface Finding {
  /** Stable and searchable: `too-few-zones`. */
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  /**
   * The argument that has to change. A finding with a property can never succeed as written and fails the check; one
   * without is a state of the system, a warning at preview and an error when the upgrade is to start.
   */
  readonly property?: string;
}

/** What the vendor is doing to a unit, as far as it concerns an upgrade of it. */
export type Activity =
  /** An unfinished upgrade, to a version that satisfies the target where that is known. */
  | {
      readonly kind: "running";
      readonly task: Task;
      readonly message?: string;
      readonly percent?: number;
      readonly rollingBack?: true;
    }
  /** The same, accepted and waiting for its maintenance window. */
  | { readonly kind: "scheduled"; readonly task: Task; readonly window: Window }
  /** The same, ended in failure, and still holding the unit's lock. */
  | { readonly kind: "failed"; readonly task: Task; readonly failure: Failure }
  /** Something else that keeps an upgrade from starting, and will end. */
  | { readonly kind: "busy"; readonly name: string }
  /** It does not end by itself: a person has to act first. `task`: an accepted upgrade that waits for that. */
  | { readonly kind: "blocked"; readonly finding: Finding; readonly task?: Task };

/** An upgrade that waits for its window. */
export type Waiting = Pick<Extract<Activity, { kind: "scheduled" }>, "task" | "window">;

/** The newest task of a unit that has ended. `began`: milliseconds since 1970, by our clock. */
export type Ended =
  | { readonly kind: "succeeded"; readonly task: Task; readonly began: number }
  | ({ readonly kind: "failed"; readonly task: Task; readonly began: number } & Failure);

/** The upgrade that a unit needs, and all that is known against it. Plain data. */
export interface Upgrade {
  /** The lowest version that runs, with its build. */
  readonly from: string;
  /** For the plan line: `4.2.1.8 → 4.3.5.2`. */
  readonly route: string;
  /** How, for the plan line: `rolling over 3 zones`. */
  readonly how: string;
  readonly findings: readonly Finding[];
  /** What a person should know before it is requested, and what does not keep it from being requested: sentences. */
  readonly notes?: readonly string[];
  /** Exactly what will be sent for this unit; absent where no request can be composed, which a finding then explains. */
  readonly step?: Step;
}

/** What the vendor upgrades independently: a cluster, an instance, a database. Plain data. */
export interface Unit {
  readonly name: string;
  readonly members: readonly Member[];
  readonly standing: Standing;
  /** What it runs, the lowest of its members: as precise as the target version. */
  readonly at: string;
  /** The same with its build. */
  readonly from: string;
  /** Members that are ahead of the target. */
  readonly ahead: readonly string[];
  /** Absent while nothing is done to it. */
  readonly activity?: Activity;
  readonly ended?: Ended;
  /** Set while it is behind. */
  readonly upgrade?: Upgrade;
}

/** A unit of the resource that the vendor does not show. */
export interface Absent {
  readonly name: string;
  readonly finding: Finding;
}

/** What one read of the vendor means for the target. Plain data. */
export interface View {
  readonly units: readonly Unit[];
  readonly absent: readonly Absent[];
  /** Set when versions could not be read just now, as a sentence. Never drift: no decision follows from it. */
  readonly unknown?: string;
  /** What the vendor says about the end, for the person who waits: `12 min left`. */
  readonly outlook?: string;
}

/** How a unit stands whose members are all to run one version: any that is ahead of it keeps all from being upgraded. */
export function standingOf(
  members: readonly Member[],
  constraint: Constraint,
): Pick<Unit, "members" | "standing" | "at" | "from" | "ahead"> {
  const at = (wanted: Standing) => members.filter(({ version }) => standing(version, constraint) === wanted);
  const ahead = at("newer").map(({ name }) => name);
  const lowest = lowestVersion(members.map(({ version }) => version));
  const late = at("behind").length > 0 ? "behind" : "holds";
  return {
    members,
    standing: ahead.length > 0 ? "newer" : late,
    at: lowest === undefined ? "" : shownFor(constraint, lowest),
    from: lowest === undefined ? "" : formatVersion(lowest),
    ahead,
  };
}

/**
 * The view of the only unit of a resource. An upgrade that runs or failed is followed by its task, so versions that cannot be
 * read meanwhile matter only without one.
 */
export function viewOfOne(unit: Unit, unknown: string | undefined): View {
  const { activity, members, upgrade } = unit;
  const nothing = members.length === 0 && upgrade === undefined ? "no member was reported" : undefined;
  const reason = isFollowed(activity) ? undefined : (unknown ?? nothing);
  return { units: [unit], absent: [], ...(reason === undefined ? {} : { unknown: reason }) };
}

/** Whether it is an upgrade whose task tells what becomes of it. */
export function isFollowed(activity: Activity | undefined): boolean {
  return activity?.kind === "running" || activity?.kind === "failed";
}

/** All that is known against an upgrade of a unit. */
export function findingsOf({ activity, upgrade }: Unit): readonly Finding[] {
  const findings = upgrade?.findings ?? [];
  return activity?.kind === "blocked" ? [activity.finding, ...findings] : findings;
}

/** Whether an upgrade can never succeed as written. */
export function isHopeless(unit: Unit): boolean {
  return findingsOf(unit).some(({ property }) => property !== undefined);
}

/** What keeps one unit from its target version, for good as far as this run goes. */
export interface Problem {
  readonly code: ErrorCode;
  /** A sentence about the unit; of one among many, without its name. */
  readonly message: string;
  /** The same without what is the unit's own, such as its task: units that share it are named together. */
  readonly shared?: string;
  /** The error with which the run ends, where it is the only unit. */
  readonly error?: UpgradeError;
}
