import type { Approval } from "./approval";
import type { Blackout, ChangeWindow } from "./calendar";

/** The names of `ChangeArguments`, separate from their schemas, which are slow to load. */
export const CHANGE_ARGUMENTS = ["windows", "blackouts", "freeze", "expect", "approval", "backup", "onHeld"] as const;

/** When an upgrade request may be sent, after validation. */
export interface ChangeArguments {
  readonly windows?: readonly ChangeWindow[] | undefined;
  readonly blackouts?: readonly Blackout[] | undefined;
  readonly freeze?: string | undefined;
  readonly expect?: string | undefined;
  readonly approval?: ApprovedUpgrades | undefined;
  readonly backup?: { readonly maxAge: string; readonly waive?: string | undefined } | undefined;
  readonly onHeld?: "report" | "wait" | "fail" | undefined;
}

/** The content of `approved.json`: approvals by URN of the resource and by unit. */
export interface ApprovedUpgrades {
  readonly formatVersion: number;
  readonly approvals: Readonly<Record<string, Readonly<Record<string, Approval>>>>;
}
