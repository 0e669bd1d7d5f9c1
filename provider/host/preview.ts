import type { Clock } from "../core/clock";
import { describePlan } from "../core/describe";
import { formatDuration } from "../core/duration";
import { PinError } from "../core/errors";
import type { Plan } from "../core/pin";
import { see } from "../core/run";
import { newerNote } from "../core/sentences";
import { type Session, withPin } from "./session";
import type { CheckFailure } from "./validation";

/** How long a preview may look at a live system, in milliseconds: an unreachable one must not hold it up. */
const PIN_BUDGET = 10_000;
/** The same for all looks of a run that nobody answered: the engine checks one resource after the other. */
const RUN_BUDGET = 60_000;

/** What the looks of a run have waited for systems that did not answer. */
export class Silence {
  #spent = 0;

  /** How long the next look may take; 0 when no more is to be waited. */
  get left(): number {
    return Math.max(Math.min(PIN_BUDGET, RUN_BUDGET - this.#spent), 0);
  }

  waited(milliseconds: number): void {
    this.#spent += milliseconds;
  }
}

/**
 * Looks at the live system and tells what an `up` would do, as one line at the resource. Never fails because of the
 * system's state.
 * @returns what can never succeed, by property
 */
export async function tellPlan(session: Session, clock: Clock, silence: Silence): Promise<CheckFailure[]> {
  const { left } = silence;
  if (left === 0) {
    session.news.warn(
      `cannot plan: skipped, this run has waited ${formatDuration(RUN_BUDGET)} for systems that do not answer`,
    );
    return [];
  }
  const began = clock.elapsed();
  try {
    return await withPin(session, clock, left, async (driver) => tell(session, driver.title, (await see(driver)).plan));
  } catch (error) {
    if (isSilence(error)) silence.waited(clock.elapsed() - began);
    session.news.warn(`cannot plan: ${reasonOf(error)}`);
    return [];
  }
}

function isSilence(error: unknown): boolean {
  return error instanceof PinError && (error.code === "deadline" || error.code === "unreachable");
}

function reasonOf(error: unknown): string {
  if (!(error instanceof PinError)) return error instanceof Error ? error.message : String(error);
  if (error.code === "deadline") return "unreachable, no answer in time";
  return error.code === "unreachable" ? `unreachable, ${error.message}` : error.sentence;
}

function tell(session: Session, title: string, plan: Plan): CheckFailure[] {
  const { news, args } = session;
  if (plan.kind === "newer") return tellNewer(session, title, plan);
  if (plan.kind === "failed" || plan.kind === "unknown") {
    news.warn(describePlan(plan));
    return [];
  }
  news.inform(args?.wait === false ? `${describePlan(plan)} (not waited for)` : describePlan(plan));
  const { findings = [], notes = [] } = "call" in plan ? plan.call : {};
  for (const { message, remedy, property } of findings) {
    if (property === undefined) news.warn(`${message} ${remedy}`);
  }
  for (const note of notes) news.warn(note);
  return findings.flatMap(({ property, message, remedy }) =>
    property === undefined ? [] : [{ property, reason: session.redact(`${message} ${remedy}`) }],
  );
}

function tellNewer(
  { kind, news, args, redact }: Session,
  title: string,
  plan: Extract<Plan, { kind: "newer" }>,
): CheckFailure[] {
  const note = newerNote(title, plan);
  if (args?.onNewer === "fail") return [{ property: kind.pinned, reason: redact(note) }];
  if (args?.onNewer === "accept") news.inform(describePlan(plan));
  else news.warn(note);
  return [];
}
