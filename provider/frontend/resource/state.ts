import { isTable, mapTexts } from "../../base/json";
import type { SomeKind } from "../../core/kind";
import type { Outcome, Status, UpgradeRecord } from "../../core/outcome";
import type { Window } from "../../core/task";
import { printable } from "../../core/vendor-text";
import { compareVersions, parseVersion } from "../../core/version";
import { argumentsOf, DRIFTED, type Properties } from "./properties";

const STATES: ReadonlySet<unknown> = new Set<UpgradeRecord["state"]>([
  "running",
  "deferred",
  "succeeded",
  "failed",
  "rolled-back",
  "withdrawn",
  "unknown",
  "gone",
]);

/** The upgrade in the state. State of another version of this package never causes a failure. */
export function rememberedUpgrade(outputs: Properties | undefined): UpgradeRecord | undefined {
  const stored = outputs?.["lastUpgrade"];
  if (!isTable(stored)) return undefined;
  const { task, kind, from, to, startedAt, finishedAt, joined, tasks, window, reason, state } = stored;
  if (!isText(task) || !isText(kind) || !isText(from) || !isText(to) || !isText(startedAt)) return undefined;
  if (!isState(state) || (finishedAt !== undefined && !isText(finishedAt))) return undefined;
  if (joined !== undefined && joined !== true) return undefined;
  if (tasks !== undefined && !isTexts(tasks)) return undefined;
  if (window !== undefined && !isWindow(window)) return undefined;
  if (reason !== undefined && !isText(reason)) return undefined;
  return {
    task,
    kind,
    from,
    to,
    startedAt,
    state,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(joined === undefined ? {} : { joined }),
    ...(tasks === undefined ? {} : { tasks: { ...tasks } }),
    ...(window === undefined ? {} : { window: { opens: window.opens, closes: window.closes } }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isTable(value) && Object.values(value).every(isText);
}

/** Strings by name, as they are in the state; empty if missing. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  return isTexts(value) ? value : {};
}

function isWindow(value: unknown): value is Window {
  return isTable(value) && isText(value["opens"]) && isText(value["closes"]);
}

function isState(value: unknown): value is UpgradeRecord["state"] {
  return STATES.has(value);
}

/** Statuses for which the next `pulumi up` continues even with unchanged arguments. */
const UNSETTLED = new Set<unknown>(["behind", "upgrading", "held", "failed"] satisfies Status[]);

/**
 * Whether an earlier run or a refresh left work to do.
 * @param now milliseconds since 1970; a deferred upgrade is read once its window has closed
 */
export function isUnsettled(outputs: Properties, now: number): boolean {
  if (outputs[DRIFTED] === true) return true;
  if (outputs["status"] === "deferred") return !(Date.parse(rememberedUpgrade(outputs)?.window?.closes ?? "") > now);
  return UNSETTLED.has(outputs["status"]);
}

/** Whether, by its state, a resource relies on a scheduled upgrade that is not its own, which others may cancel. */
export function reliesOnOthers({ status, members }: Properties, upgrade: UpgradeRecord): boolean {
  const { joined, tasks, state, to } = upgrade;
  if (status !== "deferred" || state !== "deferred") return false;
  const target = parseVersion(to);
  if (joined === true || tasks === undefined || target === undefined || !isTexts(members)) return joined === true;
  return Object.entries(members).some(([name, text]) => {
    const version = Object.hasOwn(tasks, name) ? undefined : parseVersion(text);
    return version !== undefined && compareVersions(version, target) < 0;
  });
}

/**
 * The outputs after a run: the arguments as written, and the observed values. Values that this run did not read stay as
 * they were in the state.
 */
export function outputsOf(
  kind: SomeKind,
  inputs: Properties,
  outcome: Pick<Outcome, "status" | "observation" | "upgrade" | "problems" | "hold">,
  before?: Properties,
): Record<string, unknown> {
  const { currentVersion, members, lastUpgrade } = before ?? {};
  const observed = outcome.observation === undefined ? {} : mapTexts(kind.outputs(outcome.observation), printable);
  return {
    ...argumentsOf(inputs),
    currentVersion,
    members,
    lastUpgrade,
    ...observed,
    status: outcome.status,
    ...(kind.tellsProblems ? { problems: mapTexts(outcome.problems ?? {}, printable) } : {}),
    ...(outcome.hold === undefined ? {} : { heldBy: mapTexts(outcome.hold, printable) }),
    ...(outcome.upgrade === undefined ? {} : { lastUpgrade: mapTexts(outcome.upgrade, printable) }),
  };
}
