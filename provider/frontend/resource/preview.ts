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
import { Failure, failureNote, policyOf, type Session, withDriver } from "./session";
import { rememberedUpgrade, storedText } from "./state";

/** Maximum time to read one live system in a preview, in milliseconds: an unreachable system must not delay it. */
const READ_BUDGET = 10_000;
/** Maximum total time for unreachable systems in a run, because the engine checks one resource after the other. */
const RUN_BUDGET = 60_000;

/** The result of a preview of one resource: failures by property, and the read. */
export interface PreviewResult {
  readonly failures: readonly CheckFailure[];
  /** Missing if the system could not be read. */
  readonly seen?: Seen;
  /** The upgrade is still held as before: nothing was shown. */
  readonly held?: true;
}

/** What is known about a resource. */
export interface Memory {
  /** Its outputs; empty for a new one. */
  readonly outputs: Properties;
  readonly keepScheduled?: Runtime["keepScheduled"];
}

type Use<T> = (driver: Driver, runtime: Runtime) => Promise<T>;

/** The previews of all resources of a process. Each reads a live system; none fails because of the system's state. */
export class Previews {
  /** Resources whose plan has already been shown, because both `check` and `diff` may show it. */
  readonly #shown = new Set<string>();
  /** The read of an existing resource in `check`, for the `diff` that follows. */
  readonly #seen = new Map<string, Seen>();
  /** Milliseconds that reads have spent on unreachable systems. */
  #unreachable = 0;

  /**
   * Shows what `pulumi up` would do, as one line on the resource; further writes have their own lines.
   * @param memory missing if the state is not known yet: then `showWrites` shows the further writes
   */
  async showPlan(session: Session, memory?: Memory): Promise<PreviewResult> {
    const { urn } = session.call;
    if (this.#shown.has(urn) && memory?.outputs["status"] !== "held") return { failures: [] };
    try {
      const use: Use<PreviewResult> = (driver, runtime) => showLive(session, driver, runtime, memory);
      const result = (await this.#readLive(session, CANNOT_PLAN, use)) ?? { failures: [] };
      if (result.held !== true) this.#shown.add(urn);
      if (memory === undefined && result.seen !== undefined) this.#seen.set(urn, result.seen);
      return result;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#shown.add(urn);
      // Without a property; otherwise Pulumi would print its value.
      return { failures: [{ property: "", reason: error.message }] };
    }
  }

  /**
   * After a `showPlan` without the state: shows the operators and cancellations that `pulumi up` would send besides the
   * upgrade request.
   */
  async showWrites(session: Session, memory: Memory): Promise<void> {
    const { urn } = session.call;
    const seen = this.#seen.get(urn);
    if (seen === undefined) return;
    this.#seen.delete(urn);
    const use: Use<void> = (driver, runtime) => announce(session, driver, runtime, seen, memory);
    await this.#readLive(session, CANNOT_PLAN, use);
  }

  /** Reports, once, that there is no plan because of arguments that are not known yet. */
  showUnknown({ call: { urn }, reporter }: Session, properties: Properties): void {
    const unknown = Object.entries(argumentsOf(properties)).filter(([, value]) => hasUnknown(value));
    if (unknown.length === 0 || this.#shown.has(urn)) return;
    this.#shown.add(urn);
    const names = unknown.map(([name]) => `\`${name}\``);
    reporter.inform(`cannot plan yet: ${names.join(", ")} ${names.length === 1 ? "is" : "are"} known after apply`);
  }

  /** Whether a scheduled upgrade that the resource needs was canceled; false if that is unknown. */
  async wasCanceled(session: Session, upgrade: UpgradeRecord): Promise<boolean> {
    const purpose = "cannot verify that its upgrade is still scheduled";
    return (await this.#readLive(session, purpose, (driver) => isCanceled(driver, upgrade))) ?? false;
  }

  /**
   * Undefined if the system cannot be read within the budget, which is logged.
   * @param purpose what is not possible if the read fails, for the warning
   * @throws Failure if it rejects the credentials, or cannot be read for any reason and `onUnreachable` is "fail"
   */
  async #readLive<T>(session: Session, purpose: string, use: Use<T>): Promise<T | undefined> {
    const { clock, strict, reporter } = session;
    const left = Math.min(READ_BUDGET, RUN_BUDGET - this.#unreachable);
    if (left <= 0) {
      const waited = `skipped, this run has waited ${formatDuration(RUN_BUDGET)} for systems that do not respond`;
      if (strict) throw new Failure(`${purpose}: ${waited}`);
      reporter.warn(`${purpose}: ${waited}`);
      return undefined;
    }
    const began = clock.elapsed();
    try {
      return await withDriver(session, left, use);
    } catch (error) {
      const code = error instanceof UpgradeError ? error.code : undefined;
      if (code === "deadline" || code === "unreachable") this.#unreachable += clock.elapsed() - began;
      const reason = `${purpose}: ${reasonOf(error, session)}`;
      if (strict || code === "unauthorized") throw new Failure(session.redact(reason));
      reporter.warn(reason);
      return undefined;
    }
  }
}

const CANNOT_PLAN = "cannot plan";

async function showLive(session: Session, driver: Driver, runtime: Runtime, memory?: Memory): Promise<PreviewResult> {
  const { clock, reporter } = session;
  const policy = policyOf(session, memory?.outputs);
  const held = memory?.outputs["status"] === "held";
  if (held && isHeldByClock(driver, policy, clock, memory.outputs)) return { failures: [], held };
  const seen = await see(driver, policy, clock);
  if (held && isHeldAsBefore(session, policy, seen, memory.outputs)) return { failures: [], held };
  const failures = shownFailures(session, planStatements(session, driver.title, seen.plan, driver.words !== undefined));
  if (memory !== undefined) {
    await announce(session, driver, runtime, seen, memory).catch((error: unknown) =>
      reporter.warn(`cannot show the requests that are sent besides the upgrade request: ${reasonOf(error, session)}`),
    );
  }
  return { failures, seen };
}

/** Skips the read while calendar or freeze hold the upgrade, unless one in the state may be in progress. */
function isHeldByClock(driver: Driver, { changes }: Policy, clock: Clock, outputs: Properties): boolean {
  const upgrade = rememberedUpgrade(outputs);
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
function isHeldAsBefore(session: Session, { changes }: Policy, { plan, view }: Seen, outputs: Properties): boolean {
  if (plan.kind !== "held" || !isLeft(changes, plan.hold)) return false;
  const upgrade = rememberedUpgrade(outputs);
  const waits = upgrade?.state === "deferred" && Date.parse(upgrade.window?.closes ?? "") > session.clock.now();
  if (upgrade !== undefined && isOpen(upgrade) && !waits) return false;
  const { code, message } = plan.hold;
  const before = outputs["heldBy"];
  if (!isTable(before) || before["code"] !== code) return false;
  if (code === "approval" && before["message"] !== storedText(session, message)) return false;
  return changes.approvals === undefined || sameValue(outputs[PLAN], proposalsOf(view.units));
}

/** Shows the operators and cancellations. @param seen of this read or an earlier one */
async function announce(
  session: Session,
  driver: Driver,
  runtime: Runtime,
  seen: Seen,
  { outputs, keepScheduled }: Memory,
): Promise<void> {
  const policy = policyOf(session, outputs);
  const upgrade = rememberedUpgrade(outputs);
  const writes = await announceWrites(driver, seen, policy, { ...runtime, keepScheduled }, upgrade);
  for (const { message, warning } of writes) (warning ? session.reporter.warn : session.reporter.inform)(message);
}

function reasonOf(error: unknown, { attribute }: Session): string {
  if (!(error instanceof UpgradeError)) return error instanceof Error ? error.message : String(error);
  if (error.code === "deadline") return "unreachable, no response in time";
  return error.code === "unreachable" ? `unreachable, ${error.message}` : attribute(error).text;
}

/** Shows a plan. @returns the failures of the preview */
function shownFailures(session: Session, statements: readonly PlanStatement[]): CheckFailure[] {
  const { reporter, redact } = session;
  return statements.flatMap(({ kind, message, remedy, property = "" }) => {
    if (kind === "failed") {
      reporter.warn(failureNote(session, message, remedy));
      return [];
    }
    const text = sentences(message, remedy);
    if (kind === "failure") return [{ property, reason: redact(text) }];
    if (kind === "plan") reporter.inform(text);
    else reporter.warn(text);
    return [];
  });
}

/** Reports the cancellation with which the old resource is deleted after a replacement. @param olds its outputs */
export function showReplaced({ reporter }: Session, olds: Properties): void {
  const upgrade = rememberedUpgrade(olds);
  if (upgrade?.state !== "deferred" || upgrade.joined === true) return;
  reporter.inform(
    `will cancel ${nameOf(taskOf(upgrade))} of the replaced resource, if it is still scheduled and no other resource relies on it`,
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
