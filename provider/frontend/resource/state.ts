import { isTable, mapTexts } from "../../base/json";
import { shortened } from "../../base/sentences";
import { proposalsOf, usedBy } from "../../core/control/approval";
import { asUpgradeError, type UpgradeError } from "../../core/errors";
import type { SomeKind } from "../../core/kind";
import type { Outcome, Status, UpgradeRecord } from "../../core/outcome";
import type { Window } from "../../core/task";
import { printable } from "../../core/texts/vendor-text";
import type { Unit } from "../../core/unit";
import { compareVersions, parseVersion } from "../../core/version";
import { argumentsOf, DRIFTED, type Outputs, PLAN, type Properties, toWire, USED_APPROVALS } from "./properties";
import { approvalsOf, type Session } from "./session";

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
  const upgrade = rememberedUpgrade(outputs);
  const scheduled = upgrade?.state === "deferred" ? upgrade : undefined;
  if (outputs["status"] === "deferred") return !(Date.parse(scheduled?.window?.closes ?? "") > now);
  // A refresh can show that a scheduled upgrade of this resource is not needed; only a run cancels it.
  return UNSETTLED.has(outputs["status"]) || (scheduled !== undefined && scheduled.joined !== true);
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
  before: Properties = {},
): Record<string, unknown> {
  const { currentVersion, members, lastUpgrade } = before;
  const observed = outcome.observation === undefined ? {} : mapTexts(kind.outputs(outcome.observation), printable);
  return {
    ...argumentsOf(inputs),
    currentVersion,
    members,
    lastUpgrade,
    ...observed,
    status: outcome.status,
    ...(kind.reportsProblems ? { problems: mapTexts(outcome.problems ?? {}, printable) } : {}),
    ...(outcome.hold === undefined ? {} : { heldBy: mapTexts(outcome.hold, printable) }),
    ...(outcome.upgrade === undefined ? {} : { lastUpgrade: mapTexts(outcome.upgrade, printable) }),
  };
}

/** Maximum length of a vendor's text in the state. */
const LONGEST_STORED = 2_000;

/** The outputs after a run. A value that cannot be written must not prevent an accepted upgrade from being recorded. */
export function outputsAfter(
  session: Session,
  inputs: Properties,
  outcome: Outcome,
  before: Properties | undefined,
): Outputs {
  const { kind } = session;
  const changes = changeOutputs(session, outcome, outcome.units, before);
  try {
    return toWire({ ...outputsOf(kind, inputs, storable(outcome, session), before), ...changes });
  } catch (error) {
    warnOf(session, error);
    const { status, upgrade } = outcome;
    const bare = { status, ...(upgrade && { upgrade: withoutReason(upgrade) }) };
    return toWire({ ...outputsOf(kind, inputs, bare, before), ...changes });
  }
}

/** A reason that could not be redacted is not stored. */
function withoutReason({ reason: _, ...upgrade }: UpgradeRecord): UpgradeRecord {
  return upgrade;
}

/** The warning is redacted too, which may be what has failed. */
function warnOf({ reporter }: Session, error: unknown): void {
  try {
    reporter.warn(`The current versions could not be written to the outputs: ${asUpgradeError(error).message}`);
  } catch {
    // The outputs are more important than the warning.
  }
}

export function shownReason({ redact, attribute }: Session, error: UpgradeError): string {
  try {
    return redact(attribute(error).text);
  } catch {
    return `The run failed. The reason is not shown, because secrets could not be removed from it. [${error.code}]`;
  }
}

/** A text in the form in which it is stored. */
export function storedText({ redact }: Pick<Session, "redact">, text: string): string {
  return printable(shortened(redact(text), LONGEST_STORED));
}

/** Redacts and shortens the vendor's texts about failures. */
function storable({ problems, upgrade, hold, ...outcome }: Outcome, session: Session): Outcome {
  const stored = (text: string) => storedText(session, text);
  const reason = upgrade?.reason === undefined ? {} : { reason: stored(upgrade.reason) };
  const storedProblems = Object.entries(problems ?? {}).map(([name, text]) => [name, stored(text)] as const);
  return {
    ...outcome,
    ...(hold === undefined ? {} : { hold: { ...hold, message: stored(hold.message) } }),
    ...(problems === undefined ? {} : { problems: Object.fromEntries(storedProblems) }),
    ...(upgrade === undefined ? {} : { upgrade: { ...upgrade, ...reason } }),
  };
}

/**
 * The change-control state: used approvals, and the plan of a held upgrade, which approvals refer to.
 * @param units as last observed; empty if they were not read
 */
export function changeOutputs(
  session: Session,
  { status, upgrade }: { readonly status: Status; readonly upgrade?: UpgradeRecord | undefined },
  units: readonly Unit[] = [],
  before: Properties = {},
): Record<string, unknown> {
  const approvals = approvalsOf(session, before);
  const known = before[USED_APPROVALS];
  // Keep used approvals: they must not become valid again because the program temporarily had no approvals.
  if (approvals === undefined) return known === undefined ? {} : { [USED_APPROVALS]: known };
  const plan = status === "held" ? { [PLAN]: proposalsOf(units) } : {};
  return { [USED_APPROVALS]: usedBy(approvals, units, upgrade), ...plan };
}
