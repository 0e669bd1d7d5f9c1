import type { BackupRecord } from "../../../provider/core/control/backup";
import type { ChangeRules } from "../../../provider/core/control/control";
import type { Plan } from "../../../provider/core/decision/plan";
import type { Driver, Observation } from "../../../provider/core/driver";
import { UpgradeError } from "../../../provider/core/errors";
import type { Outcome, UpgradeRecord } from "../../../provider/core/outcome";
import type { Policy } from "../../../provider/core/policy";
import { reconcile } from "../../../provider/core/reconcile/reconcile";
import { type Request, requestOf, type Step } from "../../../provider/core/request";
import type { Task, TaskStatus } from "../../../provider/core/task";
import { type Finding, type Member, type Unit, type Upgrade, viewOfOne } from "../../../provider/core/unit";
import { parseVersion } from "../../../provider/core/version";
import { VirtualClock } from "../../support/virtual-clock";

/** A read that leads to the plan of the script. */
export interface ScriptedRead extends Observation {
  readonly plan: Plan;
}

/** One step of a script: a value, an error to throw, or a function. The last step of a list repeats. */
export type Scripted<T> = T | Error | ((stage: Stage) => T | Promise<T>);

export interface Script {
  readonly reads: readonly Scripted<Plan>[];
  readonly starts?: readonly Scripted<Task>[];
  readonly inspections?: readonly Scripted<TaskStatus>[];
  readonly cancellations?: readonly Scripted<void>[];
  /** The backups that the vendor reports; by default the driver cannot read any. */
  readonly backups?: readonly Scripted<BackupRecord>[];
  /** Whether its tasks may continue where reads do not reach. */
  readonly outlasts?: boolean;
  /** Whether its upgrades are scheduled for maintenance windows; by default derived from the plans. */
  readonly schedules?: boolean;
  /** Whether failed tasks can be re-opened. */
  readonly reopens?: boolean;
  /** What the driver does before it sends a write, such as a login. */
  readonly leaving?: (stage: Stage) => Promise<void>;
  readonly policy?: Partial<Policy> | undefined;
  readonly remembered?: UpgradeRecord;
  /** Filled with the requests that were sent. */
  readonly sent?: Request[];
  /** Runs concurrently with the run from its beginning. */
  readonly meanwhile?: (stage: Stage) => void;
}

/** What the steps of a script and the assertions may touch. */
export interface Stage {
  readonly clock: VirtualClock;
  /** In order: `read`, `backups`, `start`, `inspect 11`, `cancel 11`. */
  readonly journal: string[];
  readonly warnings: string[];
  readonly messages: string[];
  readonly reports: string[];
  abort(reason: UpgradeError): void;
}

export interface Played extends Stage {
  readonly outcome: Outcome<ScriptedRead>;
  readonly starts: number;
  /** Milliseconds that the run took. */
  readonly took: number;
}

const MINUTE = 60_000;
export const NO_RULES: ChangeRules = { freezes: [], windows: [], blackouts: [], onHeld: "report" };
export const TITLE = "Orders database";
export const TARGET = "4.3.5.2";
export const task: Task = { id: "11", kind: "rolling upgrade", to: TARGET };

export const satisfied: Plan = { kind: "satisfied", at: TARGET };
export const newer: Plan = { kind: "newer", at: "4.4.0.0", members: ["server-1"] };
export const joining: Plan = { kind: "join", task, from: "4.2.1.8" };
export const running: TaskStatus = { kind: "running", message: "stage 2/9", percent: 20 };
export const succeeded: TaskStatus = { kind: "succeeded" };
export const failure = { message: "stage 3/9 failed.", remedy: "Fix it." };

export const step: Step = {
  unit: "orders",
  from: "4.2.1.8",
  to: TARGET,
  method: "POST",
  path: "/upgrade",
  item: { version: TARGET },
};

export function upgradeWith(...findings: Finding[]): Upgrade {
  const how = "rolling over 3 zones";
  return { from: "4.2.1.8", route: "4.2.1.8 → 4.3.5.2", how, findings, step };
}
export function upgrade(...findings: Finding[]): Plan {
  return { kind: "upgrade", upgrade: upgradeWith(...findings) };
}
export function waiting(...findings: Finding[]): Plan {
  return { kind: "wait", name: "backup 3", upgrade: upgradeWith(...findings) };
}

export function record(state: UpgradeRecord["state"], overrides: Partial<UpgradeRecord> = {}): UpgradeRecord {
  const known = { task: "11", kind: "rolling upgrade", from: "4.2.1.8", to: TARGET };
  return { ...known, startedAt: "2025-12-31T23:00:00.000Z", state, ...overrides };
}

export const interrupted = () => new UpgradeError("interrupted", "Interrupted.");
export const deadline = () => new UpgradeError("deadline", "The time limit was reached.");

/** Plays a script against `reconcile`, with virtual time. */
export async function play(script: Script): Promise<Played> {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const stage: Stage = {
    clock,
    journal: [],
    warnings: [],
    messages: [],
    reports: [],
    abort: (reason) => controller.abort(reason),
  };
  const runtime = {
    clock,
    wall: clock,
    signal: controller.signal,
    random: () => 0.5,
    report: ({ message }: { message: string }) => stage.reports.push(message),
    inform: (message: string) => stage.messages.push(message),
    warn: (message: string) => stage.warnings.push(message),
    conceal: () => undefined,
  };
  const policy: Policy = {
    onNewer: "report",
    onFailure: "report",
    wait: true,
    unreachableBudget: 20 * MINUTE,
    firstContact: MINUTE,
    lostReplyWindow: MINUTE / 2,
    settleTime: MINUTE,
    spacing: 0,
    changes: NO_RULES,
    ...script.policy,
  };
  script.meanwhile?.(stage);
  const began = clock.now();
  const outcome = await reconcile(scriptedDriver(script, stage), policy, runtime, script.remembered);
  const starts = stage.journal.filter((entry) => entry === "start").length;
  return { ...stage, outcome, starts, took: clock.since(began) };
}

function scriptedDriver(script: Script, stage: Stage): Driver<ScriptedRead> {
  const read = steps(script.reads, stage);
  const start = steps(script.starts ?? [], stage);
  const inspect = steps(script.inspections ?? [], stage);
  const cancel = steps(script.cancellations ?? [() => undefined], stage);
  const backup = steps(script.backups ?? [], stage);
  let schedules = true;
  return {
    title: TITLE,
    units: ["orders"],
    mostPerRequest: 1,
    ownReads: false,
    compose: requestOf,
    observe: async () => {
      stage.journal.push("read");
      const plan = await read();
      return { members: membersOf(plan), plan, ...(plan.kind === "unknown" ? { unknown: plan.reason } : {}) };
    },
    view: ({ plan, members, unknown }) => {
      schedules = plan.kind !== "cancel";
      return viewOfOne(unitOf(plan, members), unknown);
    },
    get schedules() {
      return script.schedules ?? schedules;
    },
    reachesTarget: ({ to }) => to === TARGET,
    start: async (sent, _, permit) => {
      await script.leaving?.(stage);
      permit();
      script.sent?.push(sent);
      stage.journal.push("start");
      return start();
    },
    inspect: async (tasks) => {
      stage.journal.push(`inspect ${tasks.id}`);
      return inspect();
    },
    ...(script.reopens === true
      ? {
          reopen: async (tasks, operator, permit) => {
            await script.leaving?.(stage);
            permit();
            stage.journal.push(`${operator} ${tasks.id}`);
          },
        }
      : {}),
    ...(script.backups === undefined
      ? {}
      : {
          backups: async (units) => {
            stage.journal.push("backups");
            const record = await backup();
            return new Map(units.map(({ name }) => [name, record]));
          },
        }),
    ...(script.outlasts === undefined ? {} : { outlasts: () => script.outlasts === true }),
    cancel: async (tasks) => {
      stage.journal.push(`cancel ${tasks.join(" ")}`);
      await cancel();
      return tasks;
    },
    close: async () => undefined,
  };
}

function steps<T>(list: readonly Scripted<T>[], stage: Stage): () => Promise<T> {
  let next = 0;
  return async () => {
    const step = list[Math.min(next, list.length - 1)];
    next += 1;
    if (step === undefined) throw new Error("the script has no such step");
    if (step instanceof Error) throw step;
    // A step is a value of T or a function; no T here is one.
    return typeof step === "function" ? (step as (stage: Stage) => T | Promise<T>)(stage) : step;
  };
}

/** One server, so that an outcome's observation shows which read it came from. */
function membersOf(plan: Plan): Member[] {
  const text = plan.kind === "satisfied" || plan.kind === "newer" ? plan.at : "4.2.1.8";
  const version = parseVersion(text);
  return plan.kind === "unknown" || version === undefined ? [] : [{ name: "server-1", version }];
}

/** A unit that leads to this plan. */
function unitOf(plan: Plan, members: readonly Member[]): Unit {
  const known = { name: "orders", members, at: "4.2.1.8", from: "4.2.1.8", ahead: [] };
  const outdated = { ...known, standing: "behind" as const };
  switch (plan.kind) {
    case "satisfied":
      return { ...known, standing: "current", at: plan.at, from: plan.at };
    case "newer":
      return { ...known, standing: "newer", at: plan.at, from: plan.at, ahead: plan.members };
    case "join": {
      const { task: joined, from } = plan;
      return { ...outdated, at: from, from, activity: { kind: "running", task: joined } };
    }
    case "failed":
      return { ...outdated, activity: { kind: "failed", task: plan.task, failure: plan.failure } };
    case "scheduled":
      return { ...outdated, activity: { kind: "scheduled", task: plan.task, window: plan.window } };
    case "cancel": {
      const { task: waiting, window, upgrade: needed } = plan;
      return { ...outdated, activity: { kind: "scheduled", task: waiting, window }, upgrade: needed };
    }
    case "wait":
      return { ...outdated, activity: { kind: "busy", name: plan.name }, upgrade: plan.upgrade };
    case "upgrade":
    case "held":
      return { ...outdated, upgrade: plan.upgrade };
    case "unknown":
      return outdated;
  }
}
