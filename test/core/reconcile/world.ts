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
import { NO_RULES } from "./scripted-driver";
import { FleetVendor, type Spec } from "./vendor";
import { fleetDriver } from "./vendor-driver";

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const SETTLE = 5 * MINUTE;
/** How long requests take. */
export const READ = 200;
export const REQUEST = 1_000;

export const WORDS: FleetWords = {
  upgrade: "kernel upgrade",
  unit: ["instance", "instances"],
  stillBehind: "apply it in the console",
  neverStarted: "look at it in the console",
};

/** What happens to one upgrade request. */
/** `login`: an hour passes before the request is sent. */
export type Fault = "login" | "lost-before" | "lost-after" | "unsent" | "busy" | "soon" | "final" | "fine";

/** Moments of requests. `start:effect`: the vendor has received it. */
export type Moment =
  | "read:begin"
  | "read:end"
  | "start:begin"
  | "start:effect"
  | "start:end"
  | "cancel:begin"
  | "cancel:end";

export interface Request {
  readonly at: number;
  readonly what: "read" | "backups" | "prepare" | "start" | "cancel";
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
  /** One for each upgrade request; after the last, all are `fine`. */
  readonly faults?: readonly Fault[];
  /** One for each cancellation. */
  readonly cancelFaults?: readonly ("fine" | "lost-before" | "lost-after" | "refused" | "ignored")[];
  /** When reads get no response, in milliseconds of this run. */
  readonly unreachable?: readonly (readonly [from: number, to: number])[];
  /** Called at every moment of a request, with its number among those of its type. */
  readonly on?: (moment: Moment, nth: number, stage: Stage) => void;
  /** Called with the names of an upgrade request before it is sent. */
  readonly beforeRequest?: (names: readonly string[]) => void;
  /** Called with them once it was accepted, or its response lost. */
  readonly afterRequest?: (names: readonly string[]) => void;
  /** Aborts the run after so many milliseconds. */
  readonly abortAfter?: number;
  /** Why. Default: interrupted. */
  readonly reason?: () => UpgradeError;
  /** How long an upgrade request takes, in milliseconds. Default 1 s. */
  readonly requestTakes?: number;
  /** Whether a response that is awaited when the run is aborted still arrives. Default true. */
  readonly grace?: boolean;
  /** Findings before the first upgrade, by instance. */
  readonly findings?: Readonly<Record<string, Finding>>;
  readonly prepare?: (requests: readonly Upgrades[]) => Promise<boolean>;
  /** The backups that the vendor reports for an instance. */
  readonly backups?: (name: string) => BackupRecord | Promise<BackupRecord>;
  /** Why scheduled upgrades must not be canceled, by instance. */
  readonly kept?: Readonly<Record<string, string>>;
  /** Overrides the record in the state. */
  readonly remembered?: UpgradeRecord;
  /** Changes what a read shows of the instances. */
  readonly mapUnits?: (units: readonly Unit[]) => readonly Unit[];
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
  readonly journal: readonly Request[];
  /** The names in every upgrade request that was sent. */
  readonly requests: readonly (readonly string[])[];
  readonly took: number;
  readonly reports: readonly string[];
  readonly messages: readonly string[];
  readonly warnings: readonly string[];
  /** Requests that were sent after the run had been aborted. */
  readonly late: readonly Request[];
}

export const interrupted = () => new UpgradeError("interrupted", "Interrupted.");

/** A system clock that can be set. Elapsed time is not affected. */
export class WallClock extends VirtualClock {
  #ahead = 0;

  override now(): number {
    return super.now() + this.#ahead;
  }

  /** Sets it forward, or back, by so many milliseconds. */
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

/** A fleet, its vendor, and the record in the state between runs. */
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
    // The state stores JSON.
    if (outcome.upgrade !== undefined) this.remembered = JSON.parse(JSON.stringify(outcome.upgrade));
    const requests = run.journal.filter(({ what }) => what === "start").map(({ names }) => names);
    return { outcome, requests, took: this.clock.since(began), ...run, late: ended() };
  }

  /** `pulumi destroy`, as far as it concerns scheduled upgrades. */
  async giveUp(up: Up = {}): Promise<Pick<Run, "journal" | "warnings" | "messages">> {
    const { driver, runtime, journal, warnings, messages } = this.#begin(up);
    if (this.remembered === undefined) throw new Error("nothing is remembered");
    const kept = up.kept ?? {};
    await giveUp(driver, this.remembered, POLICY, { ...runtime, keepScheduled: (member = "") => kept[member] });
    return { journal, warnings, messages };
  }

  #begin(up: Up) {
    const controller = new AbortController();
    const journal: Request[] = [];
    let before = Number.POSITIVE_INFINITY;
    const stage: Stage = {
      clock: this.clock,
      vendor: this.vendor,
      abort: (reason = interrupted()) => {
        before = Math.min(before, journal.length);
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
    const output = { reports: [] as string[], messages: [] as string[], warnings: [] as string[] };
    const { signal } = controller;
    const runtime: Runtime = {
      clock: this.clock,
      wall: this.clock,
      signal,
      random: () => 0.5,
      report: ({ message }) => output.reports.push(message),
      inform: (message) => output.messages.push(message),
      warn: (message) => output.warnings.push(message),
      conceal: () => undefined,
    };
    const names = up.names ?? this.#names;
    const driver = fleetDriver(this, up, { names, signal, stage, journal, began: this.clock.elapsed() });
    const ended = () => {
      over.abort();
      return journal.slice(Math.min(before, journal.length));
    };
    return { driver, runtime, journal, ...output, ended };
  }
}

/** Instances `i001`, `i002`, … of one kind. */
export function many(count: number, version: string, rest: Omit<Spec, "name" | "version"> = {}, first = 1): Spec[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `i${String(first + i).padStart(3, "0")}`,
    version,
    offered: "2.0.78.260600",
    ...rest,
  }));
}
