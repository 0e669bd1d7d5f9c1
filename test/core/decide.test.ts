import { describe, expect, it } from "vitest";
import { parseConstraint } from "../../provider/core/constraint";
import { decide } from "../../provider/core/decide";
import type { Activity, Member, Observation, Plan, UpgradeCall } from "../../provider/core/pin";
import { parseVersion } from "../../provider/core/version";

const call: UpgradeCall = {
  from: "4.2.1.8-7",
  route: "4.2.1.8 → 4.3.5.2",
  how: "rolling over 3 zones",
  findings: [{ code: "package-missing", message: "Nothing is uploaded.", remedy: "Upload it." }],
  requests: [],
};
const task = { id: "11", kind: "OB rolling upgrade", to: "4.3.5.2-9" };
const failure = { message: "stage 16/30 failed.", remedy: "Mend it." };

const ours: Activity = { kind: "ours", task };
const oursFailed: Activity = { kind: "ours-failed", task, failure };
const other: Activity = { kind: "other", name: "backup 3" };
const otherFailed: Activity = { kind: "other-failed", name: "scale-out 4", remedy: "Retry it." };

function members(...versions: string[]): Member[] {
  return versions.map((text, i) => {
    const version = parseVersion(text);
    if (version === undefined) throw new Error(`${text} is no version`);
    return { name: `server-${i + 1}`, version };
  });
}

function planFor(observation: Observation, pin = "4.3.5.2"): Plan {
  const constraint = parseConstraint(pin);
  if (constraint === undefined) throw new Error(`${pin} is no constraint`);
  return decide({ observation, constraint, call: () => call });
}

const OLD = "4.2.1.8-7";
const RIGHT = "4.3.5.2-9";
const NEW = "4.4.0.0-1";
const UNKNOWN = "OceanBase does not answer";

describe("the decision table", () => {
  it.each<[string, Observation, Plan]>([
    ["our upgrade runs", { members: members(OLD), activity: ours }, { kind: "join", task, from: OLD }],
    [
      "our upgrade is being rolled back",
      { members: members(OLD), activity: { kind: "ours", task, rollingBack: true } },
      { kind: "join", task, from: OLD, rollingBack: true },
    ],
    [
      "our upgrade runs, and the versions are unknown",
      { members: [], unknown: UNKNOWN, activity: ours },
      { kind: "join", task, from: "" },
    ],
    [
      "our upgrade runs, and every member is there already",
      { members: members(RIGHT), activity: ours },
      { kind: "join", task, from: RIGHT },
    ],
    [
      "our upgrade runs, and one member is newer",
      { members: members(RIGHT, NEW), activity: ours },
      { kind: "join", task, from: RIGHT },
    ],
    [
      "our upgrade failed and holds the lock",
      { members: members(OLD, RIGHT), activity: oursFailed },
      { kind: "failed", task, from: OLD, failure },
    ],
    [
      "our upgrade failed, and the versions are unknown",
      { members: [], unknown: UNKNOWN, activity: oursFailed },
      { kind: "failed", task, from: "", failure },
    ],
    ["versions are unknown", { members: [], unknown: UNKNOWN }, { kind: "unknown", reason: UNKNOWN }],
    [
      "versions are unknown, though some members were seen at the pin",
      { members: members(RIGHT), unknown: UNKNOWN },
      { kind: "unknown", reason: UNKNOWN },
    ],
    [
      "versions are unknown, and something else runs",
      { members: members(OLD), unknown: UNKNOWN, activity: other },
      { kind: "unknown", reason: UNKNOWN },
    ],
    ["there is no member", { members: [] }, { kind: "unknown", reason: "no member was reported" }],
    ["a member is newer", { members: members(RIGHT, NEW) }, { kind: "newer", at: "4.3.5.2", members: ["server-2"] }],
    [
      "one member is newer and one is behind: nothing is called",
      { members: members(NEW, OLD) },
      { kind: "newer", at: "4.2.1.8", members: ["server-1"] },
    ],
    [
      "a member is newer, and something else runs",
      { members: members(NEW), activity: other },
      { kind: "newer", at: "4.4.0.0", members: ["server-1"] },
    ],
    ["every member satisfies the pin", { members: members(RIGHT, RIGHT) }, { kind: "satisfied", at: "4.3.5.2" }],
    [
      "every member satisfies the pin, and something else runs",
      { members: members(RIGHT), activity: other },
      { kind: "satisfied", at: "4.3.5.2" },
    ],
    [
      "every member satisfies the pin, and something else failed",
      { members: members(RIGHT), activity: otherFailed },
      { kind: "satisfied", at: "4.3.5.2" },
    ],
    [
      "a member is behind, and something else runs",
      { members: members(RIGHT, OLD), activity: other },
      { kind: "wait", name: "backup 3", call },
    ],
    ["a member is behind", { members: members(RIGHT, OLD) }, { kind: "upgrade", call }],
  ])("%s", (_, observation, expected) => {
    expect(planFor(observation)).toEqual(expected);
  });

  it("takes something else that failed and holds the lock as a finding before all others", () => {
    expect(planFor({ members: members(OLD), activity: otherFailed })).toEqual({
      kind: "upgrade",
      call: {
        ...call,
        findings: [
          { code: "locked-by-failed-task", message: "scale-out 4 failed and keeps the lock.", remedy: "Retry it." },
          ...call.findings,
        ],
      },
    });
  });

  it("speaks of builds when the pin does", () => {
    expect(planFor({ members: members(RIGHT) }, "4.3.5.2-9")).toEqual({ kind: "satisfied", at: "4.3.5.2-9" });
    expect(planFor({ members: members("4.3.5.2-10") }, "4.3.5.2-9")).toMatchObject({ kind: "newer", at: "4.3.5.2-10" });
    expect(planFor({ members: members("4.3.5.2-8") }, "4.3.5.2-9")).toEqual({ kind: "upgrade", call });
  });

  it("is satisfied by different versions above a floor, and names the lowest", () => {
    expect(planFor({ members: members(NEW, RIGHT) }, ">=4.3")).toEqual({ kind: "satisfied", at: "4.3.5.2" });
  });

  it("does not work out a call that is not needed", () => {
    const constraint = parseConstraint("4.3.5.2");
    if (constraint === undefined) throw new Error("no constraint");
    const needless = () => {
      throw new Error("asked for a call");
    };
    const observation = { members: members(RIGHT) };
    expect(decide({ observation, constraint, call: needless })).toMatchObject({ kind: "satisfied" });
  });
});
