import { describe, expect, it } from "vitest";
import { describePlan } from "../../provider/core/decision/describe";
import type { Plan } from "../../provider/core/decision/plan";

const upgrade = {
  from: "4.2.1.8-7",
  route: "4.2.1.8 → 4.3.5.2",
  how: "rolling over 3 zones",
  findings: [],
  requests: [],
};
const task = { id: "11", kind: "OB rolling upgrade", to: "4.3.5.2-9" };

describe("a plan is told in one line", () => {
  it.each<[Plan, string]>([
    [{ kind: "satisfied", at: "4.3.5.2" }, "already at 4.3.5.2"],
    [{ kind: "newer", at: "4.4.0.0", members: ["a", "b"] }, "runs 4.4.0.0, newer than the target version: a, b"],
    [{ kind: "join", task, from: "4.2.1.8" }, "joins running upgrade 11 (OB rolling upgrade to 4.3.5.2-9)"],
    [
      { kind: "join", task, from: "4.2.1.8", rollingBack: true },
      "waits for upgrade 11 (OB rolling upgrade to 4.3.5.2-9), which is being rolled back; the run will then fail",
    ],
    [
      { kind: "failed", task, from: "4.2.1.8", failure: { message: "stage 16/30 failed.", remedy: "Fix it." } },
      "upgrade 11 (OB rolling upgrade to 4.3.5.2-9) failed: stage 16/30 failed.",
    ],
    [{ kind: "wait", name: "backup 3", upgrade }, "4.2.1.8 → 4.3.5.2, rolling over 3 zones, after backup 3 has ended"],
    [{ kind: "upgrade", upgrade }, "4.2.1.8 → 4.3.5.2, rolling over 3 zones"],
    [{ kind: "unknown", reason: "nobody answers" }, "cannot plan: nobody answers"],
  ])("%j", (plan, expected) => {
    expect(describePlan(plan)).toBe(expected);
  });
});
