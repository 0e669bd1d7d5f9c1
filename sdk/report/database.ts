import { isTable } from "../../provider/base/json";
import { resourceName } from "../../provider/base/urn";
import { type Json, listOf, member, parseTime, textOf } from "./stack-export";
import { PLACES, type Subject } from "./subject";

/** One resource of the stack, with the data of its state about the database. All texts are unescaped. */
export interface Database {
  readonly urn: string;
  readonly name: string;
  readonly subject: Subject;
  /** The target: one version, or one for each module. */
  readonly database: readonly Target[];
  /** Build and distribution, if they are part of the target. */
  readonly release: string | undefined;
  /** The lowest version observed. */
  readonly current: string | undefined;
  readonly members: readonly Member[];
  readonly status: Status;
  /** Whether a refresh has found drift. */
  readonly drifted: boolean;
  readonly upgrade: Upgrade | undefined;
  readonly control: Control;
  /** Where the database is: label and values. */
  readonly places: readonly (readonly [label: string, values: readonly string[]])[];
  /** The messages of the last operation, if it failed. */
  readonly notes: readonly string[];
}

/** The statuses of a database, those that need attention first. */
export const STATUSES = ["failed", "behind", "held", "upgrading", "deferred", "unknown", "newer", "current"] as const;

export type Status = (typeof STATUSES)[number];

export interface Target {
  /** Of a module; undefined where the database as a whole has one version. */
  readonly name: string | undefined;
  readonly version: string;
}

export interface Member {
  readonly name: string;
  /** Undefined when it was not observed. */
  readonly version: string | undefined;
  /** Why it is not at its target, as a sentence. */
  readonly problem: string | undefined;
}

/** The last upgrade. Times in milliseconds since 1970. */
export interface Upgrade {
  readonly task: string;
  readonly kind: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly state: string;
  readonly startedAt: string | undefined;
  readonly finishedAt: string | undefined;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  /** Found running, not started by the database. */
  readonly joined: boolean;
  /** Why it failed, as the vendor reports it. */
  readonly reason: string | undefined;
  readonly window: { readonly opens: string; readonly closes: string } | undefined;
}

/** The change control data. */
export interface Control {
  readonly hold: Hold | undefined;
  /** Windows, blackouts, freeze and backup rule of the program: label and lines. */
  readonly rules: readonly (readonly [label: string, lines: readonly string[]])[];
  readonly approvals: readonly Approved[];
}

export interface Hold {
  readonly message: string;
  readonly until: string | undefined;
  /** Milliseconds since 1970. */
  readonly ends: number | undefined;
}

export interface Approved {
  readonly unit: string;
  readonly how: string;
  readonly by: string;
  readonly at: string;
}

/** Maximum lengths of texts. */
const TIME = 40;
const SENTENCE = 1_000;
const NOTE = 4_000;

/** @param resource without secrets */
export function databaseOf(subject: Subject, resource: Json, pending: string | undefined): Database {
  const urn = textOf(resource["urn"], 2_000) ?? "";
  // A create that failed half-way has its arguments in the outputs as well; one that is pending has inputs alone.
  const state = isTable(resource["outputs"]) ? resource["outputs"] : (resource["inputs"] ?? {});
  return {
    urn,
    name: textOf(resourceName(urn)) ?? "(no name)",
    subject,
    database: targetsOf(subject, state),
    release: textOf(member(state, "release")),
    current: textOf(member(state, "currentVersion")),
    members: membersOf(member(state, "members"), member(state, "problems")),
    status: STATUSES.find((status) => status === member(state, "status")) ?? "unknown",
    drifted: member(state, "__drifted") === true,
    upgrade: upgradeOf(member(state, "lastUpgrade")),
    control: controlOf(state, resource["inputs"] ?? state, urn),
    places: placesOf(state),
    notes: [
      ...(pending === undefined ? [] : [`An operation was interrupted: ${pending}.`]),
      ...listOf(resource["initErrors"]).flatMap((note) => textOf(note, NOTE) ?? []),
    ],
  };
}

function targetsOf({ pinned }: Subject, state: unknown): Target[] {
  const value = pinned.map((argument) => member(state, argument)).find((each) => each !== undefined && each !== null);
  if (!isTable(value)) {
    const version = textOf(value);
    return version === undefined ? [] : [{ name: undefined, version }];
  }
  return Object.entries(value).flatMap(([name, wanted]) => {
    const version = textOf(wanted) ?? textOf(member(wanted, "version"));
    return version === undefined ? [] : [{ name: textOf(name) ?? "(no name)", version }];
  });
}

function membersOf(versions: unknown, problems: unknown): Member[] {
  const observed = isTable(versions) ? versions : {};
  const reported = isTable(problems) ? problems : {};
  const names = new Set([...Object.keys(reported), ...Object.keys(observed)]);
  return [...names].map((name) => ({
    name: textOf(name) ?? "(no name)",
    version: textOf(member(observed, name)),
    problem: textOf(member(reported, name), NOTE),
  }));
}

function placesOf(state: unknown): (readonly [string, readonly string[]])[] {
  return PLACES.flatMap(([argument, label]) => {
    const value = member(state, argument);
    const values = (Array.isArray(value) ? value : [value]).flatMap((each) => textOf(each) ?? []);
    return values.length === 0 ? [] : [[label, values.map(withoutUser)] as const];
  });
}

/** `https://user:password@host` is shown as `https://host`. */
function withoutUser(address: string): string {
  return address.replace(/\/\/[^/?#]*@/, "//");
}

function upgradeOf(value: unknown): Upgrade | undefined {
  if (!isTable(value)) return undefined;
  const startedAt = textOf(value["startedAt"], TIME);
  const finishedAt = textOf(value["finishedAt"], TIME);
  const [opens, closes] = ["opens", "closes"].map((name) => textOf(member(value["window"], name), TIME));
  return {
    task: textOf(value["task"]) ?? "unknown",
    kind: textOf(value["kind"]) ?? "upgrade",
    from: textOf(value["from"]),
    to: textOf(value["to"]),
    state: textOf(value["state"], 40) ?? "unknown",
    startedAt,
    finishedAt,
    started: parseTime(startedAt),
    finished: parseTime(finishedAt),
    joined: value["joined"] === true,
    reason: textOf(value["reason"], NOTE),
    window: opens === undefined || closes === undefined ? undefined : { opens, closes },
  };
}

/** Milliseconds from start to end; undefined while it has none, and for impossible times. */
export function durationOf({ started, finished }: Upgrade): number | undefined {
  if (started === undefined || finished === undefined || finished < started) return undefined;
  return finished - started;
}

/**
 * @param inputs of the resource: changed rules alone cause no update, so the outputs may have older ones
 * @param urn of the resource: the key of its approvals
 */
function controlOf(outputs: unknown, inputs: unknown, urn: string): Control {
  const backup = member(inputs, "backup");
  const [maxAge, waive] = [textOf(member(backup, "maxAge")), textOf(member(backup, "waive"), SENTENCE)];
  const rules = [
    ["Windows", listOf(member(inputs, "windows")).flatMap(windowText)],
    ["Blackouts", listOf(member(inputs, "blackouts")).flatMap(blackoutText)],
    ["Freeze", [textOf(member(inputs, "freeze"), SENTENCE)].filter((sentence) => sentence !== undefined)],
    ["Backup", maxAge === undefined ? [] : [`at most ${maxAge} old${waive === undefined ? "" : `; waived: ${waive}`}`]],
  ] as const;
  return {
    hold: holdOf(member(outputs, "heldBy")),
    rules: rules.filter(([, lines]) => lines.length > 0),
    approvals: approvalsOf(member(member(member(inputs, "approval"), "approvals"), urn)),
  };
}

function holdOf(value: unknown): Hold | undefined {
  const message = textOf(member(value, "message"), SENTENCE);
  if (message === undefined) return undefined;
  const until = textOf(member(value, "until"), TIME);
  return { message, until, ends: parseTime(until) };
}

/** `sat, sun 02:00 to 06:00, last start 05:00 (Asia/Shanghai)` */
function windowText(window: unknown): string[] {
  const [from, to, zone] = ["from", "to", "timeZone"].map((name) => textOf(member(window, name), 40));
  if (from === undefined || to === undefined || zone === undefined) return [];
  const days = listOf(member(window, "days")).flatMap((day) => textOf(day, 10) ?? []);
  const last = textOf(member(window, "lastStart"), 10);
  const begins = days.length === 0 ? "every day" : days.join(", ");
  return [`${begins} ${from} to ${to}${last === undefined ? "" : `, last start ${last}`} (${zone})`];
}

function blackoutText(blackout: unknown): string[] {
  const [from, to, reason] = ["from", "to", "reason"].map((name) => textOf(member(blackout, name), SENTENCE));
  if (from === undefined || to === undefined) return [];
  return [`${from} to ${to} (${textOf(member(blackout, "timeZone"), 40) ?? "UTC"}): ${reason ?? "no reason given"}`];
}

function approvalsOf(units: unknown): Approved[] {
  if (!isTable(units)) return [];
  return Object.entries(units).flatMap(([unit, approval]) => {
    const [how, by, at] = ["how", "approvedBy", "approvedAt"].map((name) => textOf(member(approval, name), SENTENCE));
    return how === undefined || by === undefined || at === undefined ? [] : [{ unit: textOf(unit) ?? "", how, by, at }];
  });
}
