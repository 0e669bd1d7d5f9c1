import type { BackupRecord } from "./control/backup";
import type { Missing } from "./errors";
import type { Permit, Request, Step } from "./request";
import type { Task, TaskStatus, Way } from "./task";
import type { Member, Unit, View } from "./unit";

/** What one read of the vendor showed. Only what was seen, never what was wished. */
export interface Observation {
  readonly members: readonly Member[];
  /** Set when the members could not be read just now, as a sentence. Never drift: no decision follows from it. */
  readonly unknown?: string;
  /** Set when nothing of what the resource names exists. */
  readonly missing?: Missing;
}

/**
 * The seam between the core and a vendor: a connected driver for one resource. It reads, says what that means for each unit,
 * and sends what it is given; it does not decide, wait or retry.
 * Every method may throw `Unreachable`; the writes (`start`, `cancel`, `reopen`) may throw `Refused`.
 */
export interface Driver<O extends Observation = Observation> {
  /** What is managed, for messages: `OceanBase cluster at 10.0.0.1:2886`. */
  readonly title: string;
  /** The names of all units of the resource, whether the vendor shows them or not. */
  readonly units: readonly string[];
  /**
   * How it is known what has become of a task: the vendor is asked by its id, or lists tasks with what they upgrade, so that
   * it follows from lists and times.
   */
  readonly tasks: "by-id" | "by-list";
  /** Whether upgrades are requested for the maintenance window of each unit. */
  readonly schedules: boolean;
  /** How many units one request may name. */
  readonly mostPerRequest: number;
  /** Whether each read costs requests of its own; otherwise resources share them. Many such resources read less often. */
  readonly ownReads: boolean;
  /** The vendor's words, where the resource names many units. */
  readonly words?: FleetWords;
  /**
   * Reads only.
   * @param scheduled whether tasks that wait or run are of interest even for units that are up to date
   */
  observe(scheduled: boolean): Promise<O>;
  /** Pure. */
  view(observation: O): View;
  /** Reads only; for a vendor that is asked by id. */
  inspect?(task: Task): Promise<TaskStatus>;
  /**
   * Whether a task goes on where no read reaches, such as on other clusters: it is then asked for first, whatever the versions
   * show. Pure.
   */
  outlasts?(task: Task): boolean;
  /**
   * What the vendor says of the backups of units, by name. Reads only.
   * @throws Unreachable
   */
  backups?(units: readonly Unit[]): Promise<ReadonlyMap<string, BackupRecord>>;
  /** Whether a task leads to a version that the target accepts. Pure. */
  leadsToTarget(task: Task, unit: Unit): boolean;
  /** The request that upgrades all of them: steps of one group, at most `mostPerRequest`. Pure. */
  compose(steps: readonly Step[]): Request;
  /**
   * Brings to the vendor what the requests need, or asks what it wants to be asked before them. Called before `start`, and again
   * after a refusal, which may have told what is needed.
   * @returns whether it did anything; then the vendor is read again first
   * @throws Unreachable without `sent`, or Refused for `soon`, when it has to be tried again; with several requests Refused for one
   *   of them, only when nothing was done for the others
   */
  prepare?(requests: readonly Request[], observation: O): Promise<boolean>;
  /**
   * The one write: sends exactly this request. The observation it was planned from, made just before, only tells where to.
   * @param permit called immediately before the request leaves, after every read and login that it takes
   * @returns its task, where the vendor names one
   */
  start(request: Request, observation: O, permit: Permit): Promise<Task | undefined>;
  /**
   * Another write, where the vendor has it: cancels tasks that wait for their maintenance window.
   * @returns the ids of those that the vendor says were canceled; none when none of them waits any more
   */
  cancel?(tasks: readonly string[]): Promise<readonly string[]>;
  /** Another write, where the vendor has it: re-opens a failed task. Asynchronous. */
  reopen?(task: Task, way: Way, permit: Permit): Promise<void>;
  /** What a person does to see more of a task than this tool shows, for one that does not move. Pure. */
  lookAt?(task: Task): string;
  /** Releases connections. */
  close(): Promise<void>;
}

/** A driver whose resource names many units. */
export type FleetDriver<O extends Observation = Observation> = Driver<O> & { readonly words: FleetWords };

export function isFleet<O extends Observation>(driver: Driver<O>): driver is FleetDriver<O> {
  return driver.words !== undefined;
}

export interface FleetWords {
  /** What an upgrade is called: `kernel upgrade`. */
  readonly upgrade: string;
  /** One unit and many: `["instance", "instances"]`. */
  readonly unit: readonly [string, string];
  /** What a person does to see more, when nothing moves. */
  readonly lookAt?: string;
  /** What to do when a task has completed and its unit still runs the old version. */
  readonly stillBehind: string;
  /** What to do when a request was accepted and its unit never started. */
  readonly neverStarted: string;
}
