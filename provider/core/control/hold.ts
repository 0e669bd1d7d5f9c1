import { UpgradeError } from "../errors";

/** Why an upgrade request must not be sent now. In order of precedence. */
export type HoldCode = "freeze" | "blackout" | "window" | "approval" | "backup";

/** Why nothing is sent although an upgrade is needed and possible. Plain data, also an output. */
export interface Hold {
  readonly code: HoldCode;
  /** A clause without a full stop: `window opens Sat 2026-12-05 02:00 (Asia/Shanghai)`. */
  readonly message: string;
  /** When it ends, if known: ISO 8601, UTC. */
  readonly until?: string;
}

/** Ends a run whose upgrade is held with `onHeld: "fail"`, and prevents callers from sending a request anyway. */
export class Held extends UpgradeError {
  override readonly name = "Held";
  readonly hold: Hold;

  constructor(title: string, hold: Hold) {
    super("held", heldNote(title, hold), { remedy: remedyFor(hold) });
    this.hold = hold;
  }
}

/** The hold of an error. @throws every other error */
export function heldBy(error: unknown): Hold {
  if (!(error instanceof Held)) throw error;
  return error.hold;
}

/** @param title the managed database */
function heldNote(title: string, { message }: Hold): string {
  return `${title}: the upgrade is held: ${message}. It was not requested.`;
}

/** The remedy for the user. */
function remedyFor({ code, until }: Hold): string {
  switch (code) {
    case "freeze":
      return "Run {apply} again once `freeze` is removed.";
    case "approval":
      return "Have the planned upgrade approved with `pulumi-dbversion approve`, then run {apply} again.";
    case "backup":
      return "Take a backup, then run {apply} again; or waive the rule with `backup.waive` and a reason.";
    default:
      return until === undefined ? "Run {apply} again later." : "Run {apply} again then.";
  }
}

/** The same for RETRY and ROLLBACK: a failed upgrade has no plan that could be approved. */
export function reopeningRemedyFor(hold: Hold): string {
  if (hold.code !== "approval") return remedyFor(hold);
  return "Restore the approval of the failed upgrade in `approval`, or remove `approval`; then run {apply} again.";
}
