import { formatDuration } from "../duration";
import type { Runtime } from "../runtime";
import type { ChangeControl, ChangeRules } from "./control";
import { Held, type Hold } from "./hold";

/** Between reads of backups, in milliseconds. */
const BACKUP_PAUSE = 5 * 60_000;
/** Between two progress lines, in milliseconds. */
const REPORT_PAUSE = 60_000;

/** Whether a run waits for the end of a hold: `onHeld` requires it, and the hold can end during the run. */
export function isAwaited({ onHeld }: Pick<ChangeRules, "onHeld">, { code, until }: Hold): boolean {
  return onHeld === "wait" && (code === "backup" || until !== undefined);
}

/**
 * Waits until the first of several holds may have ended. Does not read the vendor.
 * @returns whether one may have ended; then the vendor is read again
 */
export async function awaitRelease(
  control: Pick<ChangeControl, "rules" | "wall" | "forgetBackups">,
  holds: readonly Hold[],
  { clock, signal, report }: Pick<Runtime, "clock" | "signal" | "report">,
): Promise<boolean> {
  const awaited = holds.filter((hold) => isAwaited(control.rules, hold));
  const [hold] = awaited.sort((one, other) => (one.until ?? "").localeCompare(other.until ?? ""));
  if (hold === undefined) return false;
  const { wall } = control;
  const until = hold.until === undefined ? wall.now() + BACKUP_PAUSE : Date.parse(hold.until);
  for (;;) {
    const left = until - wall.now();
    if (left <= 0) break;
    report({ message: `held: ${hold.message}, ${formatDuration(left)} left` });
    await clock.sleep(Math.min(left, REPORT_PAUSE), signal);
  }
  control.forgetBackups();
  return true;
}

/**
 * Ends a run whose upgrade is held, with one warning and the status.
 * @throws Held if `onHeld` is "fail"
 */
export function endHeld(
  { title, rules }: Pick<ChangeControl, "title" | "rules">,
  hold: Hold,
  { warn }: Pick<Runtime, "warn">,
): "held" {
  const held = new Held(title, hold);
  if (rules.onHeld === "fail") throw held;
  warn(held.text);
  return "held";
}
