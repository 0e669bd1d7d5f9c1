import { isTable } from "../../base/json";
import { formatDuration, sentences } from "../../base/sentences";
import { proposalsOf } from "../../core/control/approval";
import { type ChangeRules, holdByClock, isAwaited } from "../../core/control/control";
import type { Hold } from "../../core/control/hold";
import type { Driver } from "../../core/driver";
import { UpgradeError } from "../../core/errors";
import { taskOf, type UpgradeRecord } from "../../core/outcome";
import type { Policy } from "../../core/policy";
import { announceWrites, isCanceled, type Seen, see } from "../../core/run";
import type { Clock, Runtime } from "../../core/runtime";
import { nameOf } from "../../core/task";
import { isOpen } from "../../core/upgrades/record";
import type { CheckFailure } from "./arguments";
import { type PlanStatement, planStatements } from "./plan-statements";
import { argumentsOf, DRIFTED, hasUnknown, PLAN, type Properties, sameValue } from "./properties";
import { Failure, policyOf, type Session, withDriver } from "./session";
import { rememberedUpgrade, storedText } from "./state";

/** Maximum time to read one live system in a preview, in milliseconds: an unreachable system must not delay it. */
const READ_BUDGET = 10_000;
/** Maximum total time for unreachable systems in a run, because the engine checks one resource after the other. */
const RUN_BUDGET = 60_000;

/** Time that the reads of a run have spent on unreachable systems. */
export class UnreachableTime {
  #spent = 0;

  /** Maximum duration of the next read; 0 if the budget is used up. */
  get left(): number {
    return Math.max(Math.min(READ_BUDGET, RUN_BUDGET - this.#spent), 0);
  }

  waited(milliseconds: number): void {
    this.#spent += milliseconds;
  }
}

/** The result of a preview of one resource: failures by property, and the read. */
export interface PreviewResult {
  readonly failures: readonly CheckFailure[];
  /** Missing if the system could not be read. */
  readonly seen?: Seen;
  /** The upgrade is still held as before: nothing was shown. */
  readonly held?: true;
}

/** What is known about an existing resource. Empty for a new one. */
export interface Memory {
  /** The last upgrade in the state, which shows who owns a task. */
  readonly upgrade?: UpgradeRecord | undefined;
  readonly outputs?: Properties;
  /** Whether its upgrade was held when the outputs were written. */
  readonly held?: boolean;
  readonly keepScheduled?: Runtime["keepScheduled"];
}

/**
 * Reads the live system and shows what `pulumi up` would do, as one line on the resource; further writes have their own
 * lines. Never fails because of the system's state.
 * @param memory missing if the state is not known yet: then `showWrites` shows the further writes
 */
export async function showPlan(
  session: Session,
  clock: Clock,
  unreachableTime: UnreachableTime,
  memory?: Memory,
): Promise<PreviewResult> {
  const use = async (driver: Driver, runtime: Runtime): Promise<PreviewResult> => {
    const policy = policyOf(session, memory?.outputs);
    if (memory?.held === true && isHeldByClock(driver, policy, clock, memory)) return { failures: [], held: true };
    const seen = await see(driver, policy, clock);
    if (memory?.held === true && isHeldAsBefore(session, policy, seen, clock.now(), memory)) {
      return { failures: [], held: true };
    }
    const many = driver.words !== undefined;
    const failures = show(session, planStatements(session, driver.title, seen.plan, many));
    if (memory !== undefined) {
      await showAnnouncements(session, driver, runtime, seen, memory).catch((error: unknown) =>
        session.reporter.warn(
          `cannot show the requests that are sent besides the upgrade request: ${reasonOf(error, session)}`,
        ),
      );
    }
    return { failures, seen };
  };
  try {
    return (await readLive({ session, clock, unreachableTime, purpose: CANNOT_PLAN, use })) ?? { failures: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // Without a property; otherwise Pulumi would print its value.
    return { failures: [{ property: "", reason: error.message }] };
  }
}

/** Skips the read while calendar or freeze hold the upgrade, unless one in the state may be in progress. */
function isHeldByClock(driver: Driver, { changes }: Policy, clock: Clock, { upgrade, outputs = {} }: Memory): boolean {
  if (upgrade !== undefined && isOpen(upgrade)) return false;
  // Approvals refer to this plan.
  if (changes.approvals !== undefined && outputs[PLAN] === undefined) return false;
  const hold = holdByClock(changes, driver.schedules, clock.now());
  return hold !== undefined && isLeft(changes, hold);
}

/** Whether a run would only report the hold. */
function isLeft(rules: ChangeRules, hold: Hold): boolean {
  return rules.onHeld !== "fail" && !isAwaited(rules, hold);
}

/** Whether the state has the same hold. A changed plan is stored, because approvals refer to it. */
function isHeldAsBefore(
  session: Session,
  { changes }: Policy,
  { plan, view }: Seen,
  now: number,
  { upgrade, outputs = {} }: Memory,
): boolean {
  if (plan.kind !== "held" || !isLeft(changes, plan.hold)) return false;
  const waits = upgrade?.state === "deferred" && Date.parse(upgrade.window?.closes ?? "") > now;
  if (upgrade !== undefined && isOpen(upgrade) && !waits) return false;
  const { code, message } = plan.hold;
  const before = outputs["heldBy"];
  if (!isTable(before) || before["code"] !== code) return false;
  if (code === "approval" && before["message"] !== storedText(session, message)) return false;
  return changes.approvals === undefined || sameValue(outputs[PLAN], proposalsOf(view.units));
}

/**
 * Shows the operators and cancellations that `pulumi up` would send besides the upgrade request, from an earlier read.
 */
export async function showWrites(
  session: Session,
  clock: Clock,
  unreachableTime: UnreachableTime,
  seen: Seen,
  memory: Memory,
): Promise<void> {
  const use = (driver: Driver, runtime: Runtime) => showAnnouncements(session, driver, runtime, seen, memory);
  await readLive({ session, clock, unreachableTime, purpose: CANNOT_PLAN, use });
}

async function showAnnouncements(
  session: Session,
  driver: Driver,
  runtime: Runtime,
  seen: Seen,
  { upgrade, keepScheduled, outputs }: Memory,
): Promise<void> {
  const policy = policyOf(session, outputs);
  const writes = await announceWrites(driver, seen, policy, { ...runtime, keepScheduled }, upgrade);
  for (const { message, warning } of writes) (warning ? session.reporter.warn : session.reporter.inform)(message);
}

const CANNOT_PLAN = "cannot plan";

/** Whether a scheduled upgrade that the resource needs was canceled; false if that is unknown. */
export async function wasCanceled(
  session: Session,
  clock: Clock,
  unreachableTime: UnreachableTime,
  upgrade: UpgradeRecord,
): Promise<boolean> {
  const purpose = "cannot verify that its upgrade is still scheduled";
  const use = (driver: Driver) => isCanceled(driver, upgrade);
  return (await readLive({ session, clock, unreachableTime, purpose, use })) ?? false;
}

interface ReadOptions<T> {
  readonly session: Session;
  readonly clock: Clock;
  readonly unreachableTime: UnreachableTime;
  /** What is not possible if the read fails, for the warning. */
  readonly purpose: string;
  readonly use: (driver: Driver, runtime: Runtime) => Promise<T>;
}

/**
 * Undefined if the system cannot be read within the budget, which is logged.
 * @throws Failure if it rejects the credentials, or cannot be read for any reason and `onUnreachable` is "fail"
 */
async function readLive<T>({ session, clock, unreachableTime, purpose, use }: ReadOptions<T>): Promise<T | undefined> {
  const { left } = unreachableTime;
  if (left === 0) {
    const waited = `skipped, this run has waited ${formatDuration(RUN_BUDGET)} for systems that do not respond`;
    if (session.strict) throw new Failure(`${purpose}: ${waited}`);
    session.reporter.warn(`${purpose}: ${waited}`);
    return undefined;
  }
  const began = clock.elapsed();
  try {
    return await withDriver(session, clock, left, use);
  } catch (error) {
    if (isUnreachable(error)) unreachableTime.waited(clock.elapsed() - began);
    const reason = `${purpose}: ${reasonOf(error, session)}`;
    if (session.strict || isRejected(error)) throw new Failure(session.redact(reason));
    session.reporter.warn(reason);
    return undefined;
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof UpgradeError && (error.code === "deadline" || error.code === "unreachable");
}

function isRejected(error: unknown): boolean {
  return error instanceof UpgradeError && error.code === "unauthorized";
}

function reasonOf(error: unknown, { attribute }: Session): string {
  if (!(error instanceof UpgradeError)) return error instanceof Error ? error.message : String(error);
  if (error.code === "deadline") return "unreachable, no response in time";
  return error.code === "unreachable" ? `unreachable, ${error.message}` : attribute(error).text;
}

/** Shows a plan. @returns the failures of the preview */
function show({ reporter, redact }: Session, statements: readonly PlanStatement[]): CheckFailure[] {
  return statements.flatMap(({ kind, message, remedy, property = "" }) => {
    // The failed run has already shown its remedy.
    const text = sentences(message, kind === "failed" ? undefined : remedy);
    if (kind === "failure") return [{ property, reason: redact(text) }];
    if (kind === "plan") reporter.inform(text);
    else reporter.warn(text);
    return [];
  });
}

/**
 * Reports that there is no plan because of arguments that are not known yet.
 * @returns whether there are any
 */
export function showUnknown({ reporter }: Session, properties: Properties): boolean {
  const unknown = Object.entries(argumentsOf(properties)).filter(([, value]) => hasUnknown(value));
  if (unknown.length === 0) return false;
  const names = unknown.map(([name]) => `\`${name}\``);
  reporter.inform(`cannot plan yet: ${names.join(", ")} ${names.length === 1 ? "is" : "are"} known after apply`);
  return true;
}

/** Reports the cancellation with which the old resource is deleted after a replacement. @param olds its outputs */
export function showReplaced({ reporter }: Session, olds: Properties): void {
  const upgrade = rememberedUpgrade(olds);
  if (upgrade?.state !== "deferred" || upgrade.joined === true) return;
  reporter.inform(
    `will cancel scheduled ${nameOf(taskOf(upgrade))} of the replaced resource, if it is still scheduled and no other resource relies on it`,
  );
}

/**
 * Reports that the version observed by a refresh has become the target: through the program, or because `ignoreChanges`
 * keeps the state's value.
 */
export function showTakenOver({ kind: { pinned }, reporter }: Session, olds: Properties, properties: Properties): void {
  const version = properties[pinned];
  if (olds[DRIFTED] !== true || version !== olds["currentVersion"] || version === olds[pinned]) return;
  reporter.inform(
    `no upgrade: \`${pinned}\` is now ${version}, as observed by the last refresh, and no longer ${olds[pinned]}. If the program still has ${olds[pinned]}, \`ignoreChanges\` prevents it from being applied.`,
  );
}
