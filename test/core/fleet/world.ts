import type { BackupRecord } from "../../../provider/core/control/backup";
import type { FleetWords, Observation } from "../../../provider/core/driver";
import { UpgradeError } from "../../../provider/core/errors";
import type { Outcome, UpgradeRecord } from "../../../provider/core/outcome";
import type { Policy } from "../../../provider/core/policy";
import { reconcile } from "../../../provider/core/reconcile/reconcile";
import type { Request as Upgrades } from "../../../provider/core/request";
import { giveUp } from "../../../provider/core/run";
import type { Runtime } from "../../../provider/core/runtime";
import type { Finding, Unit, View } from "../../../provider/core/unit";
import { VirtualClock } from "../../support/virtual-clock";
import { NO_RULES } from "../scripted-driver";
import { FleetVendor, type Spec } from "./vendor";
import { fleetDriver } from "./vendor-driver";

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const SETTLE = 5 * MINUTE;
/** How long requests are under way. */
export const LOOK = 200;
export const CALL = 1_000;

export const WORDS: FleetWords = {
  upgrade: "kernel upgrade",
  unit: ["instance", "instances"],
  stillBehind: "apply it in the console",
  neverStarted: "look at it in the console",
};

/** What happens to one upgrade call. */
/** `login`: an hour goes by before the request leaves. */
export type Fault = "login" | "lost-before" | "lost-after" | "unsent" | "busy" | "soon" | "final" | "fine";

/** Moments of requests. `call:effect`: the vendor has got it. */
export type Moment =
  | "look:begin"
  | "look:end"
  | "call:begin"
  | "call:effect"
  | "call:end"
  | "withdraw:begin"
  | "withdraw:end";

export interface Request {
  readonly at: number;
  readonly what: "look" | "backups" | "prepare" | "call" | "withdraw";
  readonly names: readonly string[];
}

export interface Up {
  /** Default: all instances of the world. */
  readonly names?: readonly string[];
  /** Default `>=2.0.78`. */
  readonly version?: string;
  readonly schedules?: boolean;
  readonly mostPerRequest?: number;
  readonly policy?: Partial<Policy>;
  /** One for each upgrade call; after the last, all are fine. */
  readonly faults?: readonly Fault[];
  /** One for each call that takes something back. */
  readonly withdrawals?: readonly ("fine" | "lost-before" | "lost-after" | "refused" | "ignored")[];
  /** When nobody answers looks, in milliseconds of this run. */
  readonly silence?: readonly (readonly [from: number, to: number])[];
  /** Called at every moment of a request, with its number among those of its sort. */
  readonly on?: (moment: Moment, nth: number, stage: Stage) => void;
  /** Called with the names of an upgrade call before it is sent. */
  readonly onCall?: (names: readonly string[]) => void;
  /** Called with them once it was accepted, or its answer lost. */
  readonly onSent?: (names: readonly string[]) => void;
  /** Ends the run after so many milliseconds. */
  readonly abortAfter?: number;
  /** Why. Default: interrupted. */
  readonly reason?: () => UpgradeError;
  /** How long an upgrade call takes, in milliseconds. Default 1 s. */
  readonly slowness?: number;
  /** Whether an answer that is awaited when the run is ended still arrives. Default true. */
  readonly grace?: boolean;
  /** Findings before the first upgrade, by instance. */
  readonly findings?: Readonly<Record<string, Finding>>;
  readonly prepare?: (requests: readonly Upgrades[]) => Promise<boolean>;
  /** What the vendor records of the backups of an instance. */
  readonly backups?: (name: string) => BackupRecord | Promise<BackupRecord>;
  /** Why scheduled upgrades must not be canceled, by instance. */
  readonly kept?: Readonly<Record<string, string>>;
  /** Overrides what the state remembers. */
  readonly remembered?: UpgradeRecord;
  /** What is told of instances, changed. */
  readonly told?: (units: readonly Unit[]) => readonly Unit[];
}

export interface Stage {
  readonly clock: WallClock;
  readonly vendor: FleetVendor;
  abort(reason?: UpgradeError): void;
}

/** What a read of the invented vendor shows. */
export interface Fleet extends Observation, View {
  readonly unknown?: string;
}

export interface Run {
  readonly outcome: Outcome<Fleet>;
  readonly requests: readonly Request[];
  /** The names in every upgrade call that was sent. */
  readonly calls: readonly (readonly string[])[];
  readonly took: number;
  readonly reports: readonly string[];
  readonly news: readonly string[];
  readonly warnings: readonly string[];
  /** Requests that were begun after the run had been ended from outside. */
  readonly late: readonly Request[];
}

export const interrupted = () => new UpgradeError("interrupted", "Interrupted.");

/** A clock on the wall, which somebody may set. The time that passes is another matter. */
export class WallClock extends VirtualClock {
  #ahead = 0;

  override now(): number {
    return super.now() + this.#ahead;
  }

  /** Puts it forward, or back, by so many milliseconds. */
  put(forward: number): void {
    this.#ahead += forward;
  }
}

const POLICY: Policy = {
  onNewer: "report",
  onFailure: "report",
  wait: true,
  unreachableBudget: 20 * MINUTE,
  firstContact: MINUTE,
  lostReplyWindow: 2 * MINUTE,
  settleTime: SETTLE,
  spacing: 0,
  changes: NO_RULES,
};

/** A fleet, its vendor, and what the state remembers between runs. */
export class World {
  readonly clock = new WallClock();
  readonly vendor: FleetVendor;
  readonly #names: readonly string[];
  remembered: UpgradeRecord | undefined;

  constructor(specs: readonly Spec[]) {
    this.vendor = new FleetVendor(() => this.clock.elapsed(), specs);
    this.#names = specs.map(({ name }) => name);
  }

  /** One {apply}. */
  async up(up: Up = {}): Promise<Run> {
    const { driver, runtime, ended, ...run } = this.#begin(up);
    const policy = { ...POLICY, ...up.policy };
    const began = this.clock.elapsed();
    const kept = up.kept ?? {};
    const guarded: Runtime = { ...runtime, keepScheduled: (member = "") => kept[member] };
    const outcome = await reconcile(driver, policy, guarded, up.remembered ?? this.remembered);
    // As the state keeps it: JSON.
    if (outcome.upgrade !== undefined) this.remembered = JSON.parse(JSON.stringify(outcome.upgrade));
    const calls = run.requests.filter(({ what }) => what === "call").map(({ names }) => names);
    return { outcome, calls, took: this.clock.since(began), ...run, late: ended() };
  }

  /** `pulumi destroy`, as far as it concerns what waits for a window. */
  async giveUp(up: Up = {}): Promise<Pick<Run, "requests" | "warnings" | "news">> {
    const { driver, runtime, requests, warnings, news } = this.#begin(up);
    if (this.remembered === undefined) throw new Error("nothing is remembered");
    const kept = up.kept ?? {};
    await giveUp(driver, this.remembered, POLICY, { ...runtime, keepScheduled: (member = "") => kept[member] });
    return { requests, warnings, news };
  }

  #begin(up: Up) {
    const controller = new AbortController();
    const requests: Request[] = [];
    let before = Number.POSITIVE_INFINITY;
    const stage: Stage = {
      clock: this.clock,
      vendor: this.vendor,
      abort: (reason = interrupted()) => {
        before = Math.min(before, requests.length);
        controller.abort(reason);
      },
    };
    const over = new AbortController();
    if (up.abortAfter !== undefined) {
      this.clock.sleep(up.abortAfter, over.signal).then(
        () => stage.abort(up.reason?.()),
        () => undefined,
      );
    }
    const told = { reports: [] as string[], news: [] as string[], warnings: [] as string[] };
    const { signal } = controller;
    const runtime: Runtime = {
      clock: this.clock,
      wall: this.clock,
      signal,
      random: () => 0.5,
      report: ({ message }) => told.reports.push(message),
      inform: (message) => told.news.push(message),
      warn: (message) => told.warnings.push(message),
      conceal: () => undefined,
    };
    const names = up.names ?? this.#names;
    const driver = fleetDriver(this, up, { names, signal, stage, requests, began: this.clock.elapsed() });
    const ended = () => {
      over.abort();
      return requests.slice(Math.min(before, requests.length));
    };
    return { driver, runtime, requests, ...told, ended };
  }
}

/** Instances `i001`, `i002`, … of one sort. */
export function many(count: number, version: string, rest: Omit<Spec, "name" | "version"> = {}, first = 1): Spec[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `i${String(first + i).padStart(3, "0")}`,
    version,
    offered: "2.0.78.260600",
    ...rest,
  }));
}
