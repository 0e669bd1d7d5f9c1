import { formatDuration } from "../duration";
import type { Runtime } from "../runtime";
import type { ChangeControl } from "./control";
import { Held, type Hold, type HoldCode } from "./hold";

/** Nothing that happens while a run lasts ends these: they are arguments of it. */
const FIXED: ReadonlySet<HoldCode> = new Set(["freeze", "approval"]);

/** Between reads of backups, in milliseconds. */
const BACKUP_PAUSE = 5 * 60_000;
/** Between two lines that say how long it still takes, in milliseconds. */
const REPORT_PAUSE = 60_000;

/**
 * Waits until a hold may be over, where the rules ask for that and it can end while the run lasts. Nothing is read meanwhile.
 * @returns whether it may be over, so that the vendor is to be read again
 */
export async function awaitRelease(
  control: Pick<ChangeControl, "rules" | "forgetBackups">,
  hold: Hold | undefined,
  { clock, signal, report }: Pick<Runtime, "clock" | "signal" | "report">,
): Promise<boolean> {
  if (hold === undefined || control.rules.onHeld !== "wait") return false;
  const backup = hold.code === "backup" ? clock.now() + BACKUP_PAUSE : undefined;
  const until = hold.until === undefined ? backup : Date.parse(hold.until);
  if (FIXED.has(hold.code) || until === undefined) return false;
  for (;;) {
    const left = until - clock.now();
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
