import type { Standing } from "../constraint";
import type { Failure, Finding, Look, Member, Observation, Task, Window } from "../pin";
import type { Request } from "../request";

/** What the vendor is doing to one member, as far as it concerns an upgrade. */
export type Condition =
  /** An upgrade can be asked for. */
  | { readonly kind: "ready" }
  | { readonly kind: "upgrading"; readonly task: Task; readonly message: string; readonly percent?: number }
  /** Accepted, and not before its window. */
  | { readonly kind: "deferred"; readonly task: Task; readonly window: Window }
  /** Something else that will end. */
  | { readonly kind: "busy"; readonly name: string }
  /** It will not get there by itself: somebody has to do something first. `task`: an accepted upgrade that waits for that. */
  | { readonly kind: "held"; readonly finding: Finding; readonly task?: Task };

/** The newest task of a member that has ended. `began`: milliseconds since 1970, by our clock. */
export type Ended =
  | { readonly kind: "succeeded"; readonly task: Task; readonly began: number }
  | ({ readonly kind: "failed"; readonly task: Task; readonly began: number } & Failure);

/** One of many that are upgraded each for itself. */
export interface FleetMember extends Member {
  /** How what runs stands to the pin. */
  readonly standing: Standing;
  /** Where an upgrade would take it; absent when that is not known or needed. */
  readonly target?: string;
  readonly condition: Condition;
  readonly ended?: Ended;
}

/** A member of the pin that the vendor does not show. */
export interface Absent {
  readonly name: string;
  readonly finding: Finding;
}

export interface FleetObservation extends Observation {
  readonly members: readonly FleetMember[];
  readonly absent: readonly Absent[];
  /** What the vendor says about the end, for the person who waits: `12 min left`. */
  readonly outlook?: string;
}

/**
 * The seam between the core and a vendor that upgrades many things with one call, each of which then goes its own way.
 * Every method may throw `Unreachable`; `start` and `withdraw` may throw `Refused`.
 */
export interface FleetPin<O extends FleetObservation = FleetObservation> extends Look<O> {
  /** All members of the pin, whether the vendor shows them or not. */
  readonly names: readonly string[];
  /** How many members one call may name. */
  readonly batchSize: number;
  /**
   * Reads only.
   * @param scheduled whether tasks that wait or run are of interest even for members that satisfy the pin
   */
  observe(scheduled?: boolean): Promise<O>;
  /** Only members of the same group may be named in one call. Pure. */
  groupOf(member: FleetMember): string;
  /**
   * What the vendor wants to be asked before a call, where it has that: what speaks against a member shows in the next look.
   * @returns whether anything was asked; then all are looked at again first
   * @throws Refused for one of them, only when nothing was asked about the others
   */
  prepare?(batches: readonly (readonly FleetMember[])[]): Promise<boolean>;
  /** The request that upgrades all of them: members of one group, no more than one may name. Pure. */
  compose(members: readonly FleetMember[]): Request;
  /** One write: sends exactly this request. */
  start(request: Request): Promise<void>;
  /**
   * Another write, where the vendor has it: takes back tasks that wait for their window.
   * @returns the ids of those that the vendor says were taken back; none when none of them waits any more
   */
  withdraw?(tasks: readonly string[]): Promise<readonly string[]>;
  /** Whether the calls wait for each member's maintenance window. */
  readonly defers: boolean;
  /** The vendor's words, for messages. */
  readonly words: FleetWords;
}

export interface FleetWords {
  /** What an upgrade is called: `kernel upgrade`. */
  readonly upgrade: string;
  /** One member and many: `["instance", "instances"]`. */
  readonly member: readonly [string, string];
  /** What a person does to see more, when nothing moves. */
  readonly lookAt?: string;
  /** What to do when a task has completed and its member still runs the old version. */
  readonly stillBehind: string;
  /** What to do when a call was accepted and its member never started. */
  readonly neverStarted: string;
}
