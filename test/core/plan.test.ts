import { describe, expect, it } from "vitest";
import type { Hold } from "../../provider/core/control/hold";
import { type Plan, planOf } from "../../provider/core/decision/plan";
import { type Activity, type Member, standingOf, type Unit, type Upgrade, viewOfOne } from "../../provider/core/unit";
import { parseConstraint, parseVersion } from "../../provider/core/version";

const needed: Upgrade = {
  from: "4.2.1.8-7",
  route: "4.2.1.8 → 4.3.5.2",
  how: "rolling over 3 zones",
  findings: [{ code: "package-missing", message: "Nothing is uploaded.", remedy: "Upload it." }],
};
const task = { id: "11", kind: "OB rolling upgrade", to: "4.3.5.2-9" };
const failure = { message: "stage 16/30 failed.", remedy: "Fix it." };

const ours: Activity = { kind: "running", task };
const oursFailed: Activity = { kind: "failed", task, failure };
const other: Activity = { kind: "busy", name: "backup 3" };
const lock = { code: "locked-by-failed-task", message: "scale-out 4 failed and keeps the lock.", remedy: "Retry it." };
const otherFailed: Activity = { kind: "blocked", finding: lock };

interface Observation {
  readonly members: readonly Member[];
  readonly unknown?: string;
  readonly activity?: Activity;
}

function members(...versions: string[]): Member[] {
  return versions.map((text, i) => {
    const version = parseVersion(text);
    if (version === undefined) throw new Error(`${text} is no version`);
    return { name: `server-${i + 1}`, version };
  });
}

function planFor({ members, unknown, activity }: Observation, target = "4.3.5.2", hold?: Hold): Plan {
  const constraint = parseConstraint(target);
  if (constraint === undefined) throw new Error(`${target} is no constraint`);
  const stands = standingOf(members, constraint);
  const unit: Unit = {
    name: "orders",
    ...stands,
    ...(activity === undefined ? {} : { activity }),
    ...(stands.standing === "behind" ? { upgrade: needed } : {}),
  };
  return planOf({ schedules: false, mostPerRequest: 1 }, viewOfOne(unit, unknown), "accept", () => hold);
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
      { members: members(OLD), activity: { kind: "running", task, rollingBack: true } },
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
      { kind: "wait", name: "backup 3", upgrade: needed },
    ],
    ["a member is behind", { members: members(RIGHT, OLD) }, { kind: "upgrade", upgrade: needed }],
  ])("%s", (_, observation, expected) => {
    expect(planFor(observation)).toEqual(expected);
  });

  it("takes something else that failed and holds the lock as a finding before all others", () => {
    expect(planFor({ members: members(OLD), activity: otherFailed })).toEqual({
      kind: "upgrade",
      upgrade: { ...needed, findings: [lock, ...needed.findings] },
    });
  });

  it("shows builds when the pin has them", () => {
    expect(planFor({ members: members(RIGHT) }, "4.3.5.2-9")).toEqual({ kind: "satisfied", at: "4.3.5.2-9" });
    expect(planFor({ members: members("4.3.5.2-10") }, "4.3.5.2-9")).toMatchObject({ kind: "newer", at: "4.3.5.2-10" });
    expect(planFor({ members: members("4.3.5.2-8") }, "4.3.5.2-9")).toEqual({ kind: "upgrade", upgrade: needed });
  });

  it("is satisfied by different versions above a floor, and names the lowest", () => {
    expect(planFor({ members: members(NEW, RIGHT) }, ">=4.3")).toEqual({ kind: "satisfied", at: "4.3.5.2" });
  });

  it("tells of a hold beside the cancellation of what waits for a window, which is never held", () => {
    const hold: Hold = { code: "freeze", message: "changes are frozen: incident" };
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const waits: Observation = { members: members(OLD), activity: { kind: "scheduled", task, window } };
    const upgrade = { ...needed, notes: ["Held: changes are frozen: incident."] };
    expect(planFor(waits, "4.3.5.2", hold)).toEqual({ kind: "cancel", task, window, upgrade });
    expect(planFor(waits)).toEqual({ kind: "cancel", task, window, upgrade: needed });
  });
});
