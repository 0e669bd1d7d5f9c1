import type { Missing } from "./errors";
import type { Request } from "./request";
import type { Progress } from "./runtime";
import type { Version } from "./version";

/** One thing that runs a version: an observer, an agent, an instance, a module. */
export interface Member {
  /** The vendor's own name for it: `10.0.0.1:2882`, an instance id, a module name. */
  readonly name: string;
  readonly version: Version;
}

/** An upgrade at the vendor: all that is needed to find it again, in this run or the next. */
export interface Task {
  readonly id: string;
  /** The vendor's word for what it does: `OB rolling upgrade`. */
  readonly kind: string;
  /** The version it goes to, with its build. */
  readonly to: string;
  /** When this tool asked for it, or first saw it, where that is remembered: ISO 8601, UTC. */
  readonly askedAt?: string;
}

/** When the vendor starts what waits for a maintenance window. ISO 8601, UTC. */
export interface Window {
  readonly opens: string;
  readonly closes: string;
}

/** What the vendor is busy with, as far as it concerns the pin. */
export type Activity =
  /** An unfinished upgrade to a version that satisfies the pin. */
  | { readonly kind: "ours"; readonly task: Task; readonly rollingBack?: true }
  /** The same, ended in failure, and still holding the database's lock. */
  | { readonly kind: "ours-failed"; readonly task: Task; readonly failure: Failure }
  /** An upgrade to a version that satisfies the pin, accepted and waiting for its window. */
  | { readonly kind: "deferred"; readonly task: Task; readonly window: Window }
  /** Something else that keeps an upgrade from starting, and will end. */
  | { readonly kind: "other"; readonly name: string }
  /** Something else that keeps an upgrade from starting, and will not end by itself. */
  | { readonly kind: "other-failed"; readonly name: string; readonly remedy: string };

/** How an upgrade failed: sentences for people, without secrets. */
export interface Failure {
  readonly message: string;
  readonly remedy: string;
  /** Where, in the vendor's words: `stage 2/9: Download all required packages`. */
  readonly at?: string;
  /** What the vendor would accept now; absent where it does not say, or has no such operators. */
  readonly ways?: readonly Way[];
}

/** What can be done with a failed task: run it on from where it failed, or undo it. */
export type Way = "retry" | "rollback";

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

/** What one look at the vendor showed. Only what was seen, never what was wished. */
export interface Observation {
  readonly members: readonly Member[];
  /** Set when the members could not be learnt just now, as a sentence. Never drift: no decision follows from it. */
  readonly unknown?: string;
  /** Set when nothing of what is pinned is there. */
  readonly missing?: Missing;
  readonly activity?: Activity;
}

/** The call that will be made, and all that is known against it. Plain data. */
export interface UpgradeCall {
  /** The lowest version that runs, with its build. */
  readonly from: string;
  /** For the plan line: `4.2.1.8 → 4.3.5.2`. */
  readonly route: string;
  /** The version it goes to, with its build, where that is known beforehand: remembered when the answer is lost. */
  readonly to?: string;
  /** How, for the plan line: `rolling over 3 zones`. */
  readonly how: string;
  readonly findings: readonly Finding[];
  /** What a person should know before it is made, and what does not keep it from being made: sentences. */
  readonly notes?: readonly string[];
  /** Exactly what will be sent; nothing where no request can be composed, which a finding then explains. */
  readonly requests: readonly Request[];
}

/** The decision that follows from an observation. Plain data. */
export type Plan =
  | { readonly kind: "satisfied"; readonly at: string }
  | { readonly kind: "newer"; readonly at: string; readonly members: readonly string[] }
  | { readonly kind: "join"; readonly task: Task; readonly from: string; readonly rollingBack?: true }
  | { readonly kind: "failed"; readonly task: Task; readonly from: string; readonly failure: Failure }
  /** An accepted upgrade waits for its window, and may. */
  | { readonly kind: "deferred"; readonly task: Task; readonly from: string; readonly window: Window }
  /** An accepted upgrade waits for its window, and the pin does not: it is taken back, then the call is made. */
  | { readonly kind: "withdraw"; readonly task: Task; readonly window: Window; readonly call: UpgradeCall }
  | { readonly kind: "wait"; readonly name: string; readonly call: UpgradeCall }
  | { readonly kind: "upgrade"; readonly call: UpgradeCall }
  | { readonly kind: "unknown"; readonly reason: string };

/** Where the vendor's task stands. */
export type TaskStatus =
  | ({ readonly kind: "running" } & Progress)
  /** Accepted, and not before its window. */
  | { readonly kind: "deferred"; readonly window: Window }
  | { readonly kind: "succeeded" }
  | ({ readonly kind: "rolled-back" } & Failure)
  | ({ readonly kind: "failed" } & Failure)
  /** The vendor does not know it any more. */
  | { readonly kind: "gone" };

/** What it takes to see how a database stands to its pin: all that a preview and a refresh need. */
export interface Look<O extends Observation = Observation> {
  /** What is pinned, for messages: `OceanBase cluster at 10.0.0.1:2886`. */
  readonly title: string;
  /** Reads only. May throw `Unreachable`. */
  observe(): Promise<O>;
  /** Pure. */
  plan(observation: O): Plan;
  /** Releases connections. */
  close(): Promise<void>;
}

/**
 * The seam between the core and a vendor: a connected driver for one resource that is upgraded as one.
 * Every method may throw `Unreachable` (waited on within the budget); `start` may throw `Refused`.
 */
export interface Pin<O extends Observation = Observation> extends Look<O> {
  /** Whether a task's target satisfies the pin. Pure. */
  satisfiedBy(version: string): boolean;
  /**
   * Brings to the vendor what the call needs, where the pin has it: called before `start`, in a run until it succeeds, and
   * again after a refusal, which may have told what is needed.
   * @returns whether it did anything; then the vendor is looked at again first
   * @throws Unreachable without `sent`, or Refused for `soon`, when it has to be tried again
   */
  prepare?(call: UpgradeCall, observation: O): Promise<boolean>;
  /**
   * The one write: sends exactly the request that was planned. The observation it was planned from, made just before, only
   * tells where to.
   */
  start(request: Request, observation: O): Promise<Task>;
  /** Reads only. */
  inspect(task: Task): Promise<TaskStatus>;
  /**
   * Whether a task goes on where no look reaches, such as on other clusters: whatever the looks show, its own word is asked
   * for first. Where nothing is said, no task does. Pure.
   */
  outlasts?(task: Task): boolean;
  /** Another write, where the vendor has it: re-opens a failed task. Asynchronous; throws like `start`. */
  operate?(task: Task, way: Way): Promise<void>;
  /**
   * Another write, where the vendor has it: takes back an upgrade that waits for its window. Resolves when the vendor says
   * so; throws like `start`.
   */
  withdraw?(task: Task): Promise<void>;
  /** Whether its calls wait for a window; where nothing is said, the vendor has none. */
  readonly defers?: boolean;
  /** What a person does to see more of a task than this tool shows, for one that does not move. Pure. */
  lookAt?(task: Task): string;
  /** Whether each look at a task costs requests of its own; where nothing is said, pins share them. Many such pins look less often. */
  readonly looksAlone?: boolean;
}
