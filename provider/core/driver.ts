import type { BackupRecord } from "./control/backup";
import type { Missing } from "./errors";
import type { Permit, Request, Step } from "./request";
import type { Operator, Task, TaskStatus } from "./task";
import type { Member, Unit, View } from "./unit";

/** What one read of the vendor showed. Only observed values, never target values. */
export interface Observation {
  readonly members: readonly Member[];
  /** Set when the members could not be read, as a sentence. Never drift: no decision is based on it. */
  readonly unknown?: string | undefined;
  /** Set when nothing that the resource names exists. */
  readonly missing?: Missing | undefined;
}

/**
 * The interface between the core and a vendor: a connected driver for one resource. It reads, interprets the result for
 * each unit, and sends the requests that it is given. It does not decide, wait or retry. Every method may throw
 * `Unreachable`; the writes (`start`, `cancel`, `reopen`) may throw `Refused`.
 */
export interface Driver<O extends Observation = Observation> {
  /** The managed database, for messages: `OceanBase cluster at 10.0.0.1:2886`. */
  readonly title: string;
  /** The names of all units of the resource, whether the vendor reports them or not. */
  readonly units: readonly string[];
  /** Whether upgrades are scheduled for the maintenance window of each unit. */
  readonly schedules: boolean;
  /** The maximum number of units in one request. */
  readonly mostPerRequest: number;
  /** Whether each read costs its own requests instead of sharing them. Many such resources poll less often. */
  readonly ownReads: boolean;
  /**
   * The vendor's terms, for a resource with many units. Such a vendor lists tasks with what they upgrade, and the result
   * of a task is inferred from lists and times. Without them there is one unit, and the vendor reports the result of a
   * task for its id.
   */
  readonly words?: FleetWords;
  /**
   * Reads only.
   * @param scheduled whether to read tasks that are scheduled or in progress even for units that are up to date
   */
  observe(scheduled: boolean): Promise<O>;
  /** Pure. */
  view(observation: O): View;
  /** Reads only; missing for a vendor that only lists tasks. */
  inspect?(task: Task): Promise<TaskStatus>;
  /**
   * Whether a task may continue where reads do not reach, such as on other clusters. Such a task is read first,
   * regardless of the versions. Pure.
   */
  outlasts?(task: Task): boolean;
  /**
   * What the vendor reports about the backups of units, by name. Reads only.
   * @throws Unreachable
   */
  backups?(units: readonly Unit[]): Promise<ReadonlyMap<string, BackupRecord>>;
  /** Whether the version that a task upgrades to satisfies the target version. Pure. */
  reachesTarget(task: Task, unit: Unit): boolean;
  /** Composes one upgrade request: steps of one group, at most `mostPerRequest`. Pure. */
  compose(steps: readonly Step[]): Request;
  /**
   * Uploads what the requests need, or calls what the vendor requires before them. Called before `start`, and again
   * after a rejection, which may have named what is missing.
   * @returns whether it did anything; then the vendor is read again first
   * @throws Unreachable without `sent`, or Refused with `soon`, if it has to be retried; with several requests, Refused
   *   for one of them only if nothing was done for the others
   */
  prepare?(requests: readonly Request[], observation: O): Promise<boolean>;
  /**
   * The upgrade request: sends exactly this request. The observation it was planned from, made just before, only
   * provides the address.
   * @param permit called immediately before the request is sent, after all required reads and logins
   * @returns its task, if the vendor reports one
   */
  start(request: Request, observation: O, permit: Permit): Promise<Task | undefined>;
  /**
   * An optional write: cancels tasks that are scheduled for their maintenance window.
   * @returns the ids that the vendor reports as canceled; empty if none is scheduled any more
   */
  cancel?(tasks: readonly string[]): Promise<readonly string[]>;
  /** An optional write: reopens a failed task. Asynchronous. */
  reopen?(task: Task, operator: Operator, permit: Permit): Promise<void>;
  /** How a user can inspect a stalled task in more detail than this tool shows. Pure. */
  inspectHint?(task: Task): string;
  /** Releases connections. */
  close(): Promise<void>;
}

/** A driver of a resource with many units. */
export type FleetDriver<O extends Observation = Observation> = Driver<O> & { readonly words: FleetWords };

export function isFleet<O extends Observation>(driver: Driver<O>): driver is FleetDriver<O> {
  return driver.words !== undefined;
}

export interface FleetWords {
  /** The name of an upgrade: `kernel upgrade`. */
  readonly upgrade: string;
  /** A unit, singular and plural: `["instance", "instances"]`. */
  readonly unit: readonly [string, string];
  /** How a user can inspect an upgrade that makes no progress. */
  readonly inspectHint?: string;
  /** The remedy when a task has succeeded and its unit is still at the old version. */
  readonly stillBehind: string;
  /** The remedy when a request was accepted and the upgrade of its unit never started. */
  readonly neverStarted: string;
}
