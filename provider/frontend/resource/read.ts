import type { Hold } from "../../core/control/hold";
import { describePlan, type Plan } from "../../core/decision/plan";
import { asUpgradeError, type ErrorCode, Missing, UpgradeError } from "../../core/errors";
import { type Drift, describeDrift } from "../../core/kind";
import type { Status } from "../../core/outcome";
import { mayContinue, type Seen, see } from "../../core/run";
import { tooNew } from "../../core/texts/sentences";
import { problemOf, remainingProblems } from "../../core/unit";
import { argumentsOf, DRIFTED, type Properties, textsOf } from "./properties";
import { Failure, failureNote, policyOf, reasonsOf, type Session, withDriver } from "./session";
import { changeOutputs, outputsOf, rememberedUpgrade } from "./state";

/** Maximum time to read one system in a refresh, in milliseconds. */
const BUDGET = 30_000;

/** The status that follows from a plan. */
const STATUS: Record<Exclude<Plan["kind"], "unknown">, Status> = {
  satisfied: "current",
  newer: "newer",
  join: "upgrading",
  scheduled: "deferred",
  cancel: "behind",
  failed: "failed",
  wait: "behind",
  upgrade: "behind",
  held: "held",
};

/** Plans during which an earlier failure remains the latest event. */
const NOTHING_NEWER = new Set<Plan["kind"]>(["upgrade", "held", "wait"]);

/** Plans during which the vendor's task changes versions. */
const IN_PROGRESS = new Set<Plan["kind"]>(["join", "scheduled"]);

/** Errors that a user has to investigate, and bugs in this package. After all others the state is not changed. */
const FAILS = new Set<ErrorCode>(["unauthorized", "unexpected"]);

/** The result of a refresh. */
interface Found extends Pick<Seen, "observation" | "view"> {
  readonly plan: keyof typeof STATUS;
  readonly hold?: Hold;
}

/** What a refresh writes to the state. */
export interface ReadBack {
  readonly outputs: Properties;
  readonly inputs: Properties;
}

/**
 * Reads the current version for a refresh. The inputs are returned as written, or with the observed version if that has
 * drifted, so that the next preview shows `~ version: "4.2.1.8" => "4.3.5.2"`.
 * @returns `gone` if the database certainly no longer exists, `unread` if the state must not change
 */
export async function readBack(session: Session, properties: Properties): Promise<ReadBack | "gone" | "unread"> {
  if (session.args === undefined && session.absent.length > 0) {
    throw new Failure(`could not be read: ${reasonsOf(session)}. [unauthorized]`);
  }
  if (session.args === undefined) {
    session.reporter.warn(`its arguments are not valid, so the state was not changed: ${reasonsOf(session)}`);
    return "unread";
  }
  try {
    return await withDriver(session, BUDGET, async (driver) => {
      const { title } = driver;
      const { plan, ...seen } = await see(driver, policyOf(session, properties), session.clock);
      if (seen.observation.missing !== undefined) throw seen.observation.missing;
      if (plan.kind === "unknown") throw new UpgradeError("unreachable", `${title}: ${plan.reason}`);
      if (plan.kind === "newer" && session.args?.onNewer !== "accept") session.reporter.warn(tooNew(title, plan).text);
      if (plan.kind === "failed") session.reporter.warn(failureNote(session, describePlan(plan), plan.failure.remedy));
      if (plan.kind === "held") session.reporter.inform(describePlan(plan));
      const holds = plan.kind === "satisfied" || plan.kind === "newer";
      const open = holds && mayContinue(driver, rememberedUpgrade(properties));
      const hold = plan.kind === "held" ? { hold: plan.hold } : {};
      const { drift, ...found } = result(session, properties, { ...seen, ...hold, plan: open ? "join" : plan.kind });
      // A newer version was reported above.
      if (drift !== undefined && plan.kind !== "newer") {
        session.reporter.warn(describeDrift(drift, seen.observation, driver.words?.unit));
      }
      return found;
    });
  } catch (thrown) {
    const error = session.attribute(asUpgradeError(thrown));
    const reason = session.redact(error.code === "unreachable" ? error.message : error.text);
    if (FAILS.has(error.code)) throw new Failure(reason);
    if (error instanceof Missing && error.certain) {
      session.reporter.warn(`no longer exists, so it is removed from the state: ${reason}`);
      return "gone";
    }
    if (session.strict) throw new Failure(`could not be read: ${session.redact(error.text)}`);
    session.reporter.warn(`could not be read; the state was not changed: ${reason}`);
    return "unread";
  }
}

/** @returns also the drift, if it is new since the state was written */
function result(session: Session, before: Properties, found: Found): ReadBack & { readonly drift?: Drift } {
  const { observation, plan, view, hold } = found;
  const status = STATUS[plan];
  const observed = outputsOf(session.kind, before, { status, observation, ...(hold && { hold }) }, before);
  const changes = changeOutputs(session, { status, upgrade: rememberedUpgrade(before) }, view.units, before);
  const outputs = { ...observed, ...changes, ...failureLeft(session, before, observed, found) };
  const drift = driftOf(session, found);
  const moved = drift !== undefined && (before[DRIFTED] === true || hasMoved(drift, before, outputs));
  // If the target version was not reached before, it stays as written: the upgrade is not complete.
  const left = drift !== undefined && (moved || wasUpToDate(before)) && session.accepts(drift.inputs);
  return {
    outputs: moved ? { ...outputs, [DRIFTED]: true } : outputs,
    // Pulumi sends stored inputs back, with `ignoreChanges` or after the state was edited.
    inputs: { ...argumentsOf(before), ...(left ? drift.inputs : {}) },
    ...(moved ? { drift } : {}),
  };
}

/** Status and problems of the last run, unless something newer has replaced them. */
function failureLeft(
  { kind, redact }: Session,
  before: Properties,
  observed: Properties,
  { plan, view }: Found,
): Properties {
  const moved = (name: string) => textsOf(before["members"])[name] !== textsOf(observed["members"])[name];
  const wasLast = before["status"] === "failed" && NOTHING_NEWER.has(plan);
  if (kind.reportsProblems === undefined) {
    const still = wasLast && !Object.keys(textsOf(observed["members"])).some(moved);
    return still ? { status: "failed" } : {};
  }
  const problems = remainingProblems(textsOf(before["problems"]), view, moved);
  const absent = view.absent.map((member) => [member.name, redact(problemOf(member))] as const);
  return {
    ...(wasLast && Object.keys(problems).length > 0 ? { status: "failed" } : {}),
    problems: { ...problems, ...Object.fromEntries(absent) },
  };
}

/** What does not satisfy the target version, and is not being upgraded to it. */
function driftOf({ kind, args }: Session, { observation, plan }: Found): Drift | undefined {
  if (args === undefined || IN_PROGRESS.has(plan) || (plan === "newer" && args.onNewer === "accept")) return undefined;
  return kind.drifted(args, observation);
}

/** Whether the drifted members have another version, or another argument, than in the state. */
function hasMoved({ members, unseen }: Drift, before: Properties, outputs: Properties): boolean {
  if (unseen === true && wasUpToDate(before)) return true;
  const [then, now] = [textsOf(before["members"]), textsOf(outputs["members"])];
  // A truncated state, or an import, has no members.
  if (Object.keys(then).length === 0) return before["currentVersion"] !== outputs["currentVersion"];
  return members.some((name) => then[name] !== now[name]);
}

/** Whether the target version was reached when the state was written, as far as known. */
function wasUpToDate({ status }: Properties): boolean {
  return status === undefined || status === "current";
}
