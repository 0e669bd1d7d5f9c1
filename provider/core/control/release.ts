import { formatDuration } from "../duration";
import type { Runtime } from "../runtime";
import type { ChangeControl, ChangeRules } from "./control";
import { Held, type Hold } from "./hold";

/** Between reads of backups, in milliseconds. */
const BACKUP_PAUSE = 5 * 60_000;
/** Between two lines that say how long it still takes, in milliseconds. */
const REPORT_PAUSE = 60_000;

/** Whether a run waits for the end of a hold: where the rules ask for that, and it can come while the run lasts. */
export function isAwaited({ onHeld }: Pick<ChangeRules, "onHeld">, { code, until }: Hold): boolean {
  return onHeld === "wait" && (code === "backup" || until !== undefined);
}

/**
 * Waits until the first of some holds may be over. Nothing is read meanwhile.
 * @returns whether one may be over, so that the vendor is to be read again
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
 * The end of a run whose upgrade is held: one warning, and the status.
 * @throws Held where it is to fail
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
