import { isTable } from "../../provider/base/json";
import { resourceName } from "../../provider/base/urn";
import { type Control, controlOf } from "./control";
import { type Status, statusOf } from "./format";
import { type Json, listOf, member, textOf } from "./stack-export";
import { PLACES, type Subject } from "./subject";
import { type Upgrade, upgradeOf } from "./upgrade";

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

const LONGEST_NOTE = 4_000;

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
    status: statusOf(textOf(member(state, "status"), 40)),
    drifted: member(state, "__drifted") === true,
    upgrade: upgradeOf(member(state, "lastUpgrade")),
    control: controlOf(state, resource["inputs"] ?? state, urn),
    places: placesOf(state),
    notes: [
      ...(pending === undefined ? [] : [`An operation was interrupted: ${pending}.`]),
      ...listOf(resource["initErrors"]).flatMap((note) => textOf(note, LONGEST_NOTE) ?? []),
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
  const told = isTable(problems) ? problems : {};
  const names = new Set([...Object.keys(told), ...Object.keys(observed)]);
  return [...names].map((name) => ({
    name: textOf(name) ?? "(no name)",
    version: textOf(member(observed, name)),
    problem: textOf(member(told, name), LONGEST_NOTE),
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
