import { type Approval, proposalOf } from "../../../provider/core/control/approval";
import type { ChangeRules } from "../../../provider/core/control/control";
import { NO_RULES, type Script, upgradeWith } from "../reconcile/scripted-driver";

export const HOUR = 3_600_000;
/** The clock of the scripts begins on Thursday, 2026-01-01 00:00 UTC. */
export const WINDOW = { from: "02:00", to: "06:00", timeZone: "UTC" };

export const rules = (change: Partial<ChangeRules>): NonNullable<Script["policy"]> => ({
  changes: { ...NO_RULES, ...change },
});
const proposal = proposalOf(upgradeWith());
if (proposal === undefined) throw new Error("nothing is proposed");
const approval: Approval = { ...proposal, approvedAt: "2025-12-30T12:00:00Z", approvedBy: "Anna" };
export const approved = (change: Partial<Approval> = {}, used: Record<string, string> = {}) =>
  rules({ approvals: { units: { orders: { ...approval, ...change } }, used } });

/** Every kind of hold: its name, its rules, and its message. */
export const HELD: [string, Script["policy"], string][] = [
  ["a freeze", rules({ freezes: ["incident 4711"] }), "changes are frozen: incident 4711"],
  [
    "a blackout",
    rules({ blackouts: [{ from: "2025-12-20", to: "2026-01-05", reason: "year-end freeze" }] }),
    "blackout until Tue 2026-01-06 00:00 (UTC): year-end freeze",
  ],
  ["a window", rules({ windows: [WINDOW] }), "window opens Thu 2026-01-01 02:00 (UTC)"],
  ["no approval", rules({ approvals: { units: {}, used: {} } }), "not approved"],
  ["another approval", approved({ digest: "0", how: "4.2.1.7 → 4.3.5.2" }), "a different plan was approved"],
  ["an expired approval", approved({ expiresAt: "2025-12-31T00:00:00Z" }), "the approval expired"],
  ["a used approval", approved({}, { orders: approval.approvedAt }), "the approval has been used"],
  ["no backup", rules({ backup: { maxAge: HOUR } }), "cannot verify that there is a backup"],
];
