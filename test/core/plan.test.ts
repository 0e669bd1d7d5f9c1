import { describe, expect, it } from "vitest";
import type { Hold } from "../../provider/core/control/hold";
import { describePlan, type Plan, planOf } from "../../provider/core/decision/plan";
import { spanOf } from "../../provider/core/task";
import {
  type Activity,
  type Member,
  standingOf,
  type Unit,
  type Upgrade,
  type View,
  viewOfOne,
} from "../../provider/core/unit";
import { parseConstraint, parseVersion } from "../../provider/core/version";
import { blocked, busy, member, NEW, OLD, scheduled, seen, task, upgrading, window } from "./reconcile/facts";
import { WORDS } from "./reconcile/world";

const ourTask = { id: "11", kind: "OB rolling upgrade", to: "4.3.5.2-9" };

const needed: Upgrade = {
  from: "4.2.1.8-7",
  route: "4.2.1.8 → 4.3.5.2",
  how: "rolling over 3 zones",
  findings: [{ code: "package-missing", message: "Nothing is uploaded.", remedy: "Upload it." }],
};
const failure = { message: "stage 16/30 failed.", remedy: "Fix it." };

const ours: Activity = { kind: "running", task: ourTask };
const oursFailed: Activity = { kind: "failed", task: ourTask, failure };
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
  return planOf(
    { title: "database", schedules: false, mostPerRequest: 1 },
    viewOfOne(unit, unknown),
    "accept",
    () => hold,
  );
}

const BEHIND = "4.2.1.8-7";
const RIGHT = "4.3.5.2-9";
const AHEAD = "4.4.0.0-1";
const UNKNOWN = "OceanBase does not answer";

describe("the plan for one unit", () => {
  it.each<[string, Observation, Plan]>([
    [
      "our upgrade is in progress",
      { members: members(BEHIND), activity: ours },
      { kind: "join", task: ourTask, from: BEHIND },
    ],
    [
      "our upgrade is being rolled back",
      { members: members(BEHIND), activity: { kind: "running", task: ourTask, rollingBack: true } },
      { kind: "join", task: ourTask, from: BEHIND, rollingBack: true },
    ],
    [
      "our upgrade is in progress, and the versions are unknown",
      { members: [], unknown: UNKNOWN, activity: ours },
      { kind: "join", task: ourTask, from: "" },
    ],
    [
      "our upgrade is in progress, and every member is up to date",
      { members: members(RIGHT), activity: ours },
      { kind: "join", task: ourTask, from: RIGHT },
    ],
    [
      "our upgrade is in progress, and one member is ahead of the target",
      { members: members(RIGHT, AHEAD), activity: ours },
      { kind: "join", task: ourTask, from: RIGHT },
    ],
    [
      "our upgrade failed and holds the lock",
      { members: members(BEHIND, RIGHT), activity: oursFailed },
      { kind: "failed", task: ourTask, from: BEHIND, failure },
    ],
    [
      "our upgrade failed, and the versions are unknown",
      { members: [], unknown: UNKNOWN, activity: oursFailed },
      { kind: "failed", task: ourTask, from: "", failure },
    ],
    ["versions are unknown", { members: [], unknown: UNKNOWN }, { kind: "unknown", reason: UNKNOWN }],
    [
      "versions are unknown, although some members are up to date",
      { members: members(RIGHT), unknown: UNKNOWN },
      { kind: "unknown", reason: UNKNOWN },
    ],
    [
      "versions are unknown, and another operation is in progress",
      { members: members(BEHIND), unknown: UNKNOWN, activity: other },
      { kind: "unknown", reason: UNKNOWN },
    ],
    ["there is no member", { members: [] }, { kind: "unknown", reason: "no member was reported" }],
    [
      "a member is ahead of the target",
      { members: members(RIGHT, AHEAD) },
      { kind: "newer", at: "4.3.5.2", members: ["server-2"] },
    ],
    [
      "one member is ahead of the target and one is outdated: no upgrade",
      { members: members(AHEAD, BEHIND) },
      { kind: "newer", at: "4.2.1.8", members: ["server-1"] },
    ],
    [
      "a member is ahead of the target, and another operation is in progress",
      { members: members(AHEAD), activity: other },
      { kind: "newer", at: "4.4.0.0", members: [] },
    ],
    ["every member is up to date", { members: members(RIGHT, RIGHT) }, { kind: "satisfied", at: "4.3.5.2" }],
    [
      "every member is up to date, and another operation is in progress",
      { members: members(RIGHT), activity: other },
      { kind: "satisfied", at: "4.3.5.2" },
    ],
    [
      "every member is up to date, and another operation has failed",
      { members: members(RIGHT), activity: otherFailed },
      { kind: "satisfied", at: "4.3.5.2" },
    ],
    [
      "a member is outdated, and another operation is in progress",
      { members: members(RIGHT, BEHIND), activity: other },
      { kind: "wait", name: "backup 3", upgrade: needed },
    ],
    ["a member is outdated", { members: members(RIGHT, BEHIND) }, { kind: "upgrade", upgrade: needed }],
  ])("when %s", (_, observation, expected) => {
    expect(planFor(observation)).toEqual(expected);
  });

  it("lists another failed operation that holds the lock as the first finding", () => {
    expect(planFor({ members: members(BEHIND), activity: otherFailed })).toEqual({
      kind: "upgrade",
      upgrade: { ...needed, findings: [lock, ...needed.findings] },
    });
  });

  it("shows builds if the target version has one", () => {
    expect(planFor({ members: members(RIGHT) }, "4.3.5.2-9")).toEqual({ kind: "satisfied", at: "4.3.5.2-9" });
    expect(planFor({ members: members("4.3.5.2-10") }, "4.3.5.2-9")).toMatchObject({ kind: "newer", at: "4.3.5.2-10" });
    expect(planFor({ members: members("4.3.5.2-8") }, "4.3.5.2-9")).toEqual({ kind: "upgrade", upgrade: needed });
  });

  it("is satisfied by different versions above a minimum, and shows the lowest", () => {
    expect(planFor({ members: members(AHEAD, RIGHT) }, ">=4.3")).toEqual({ kind: "satisfied", at: "4.3.5.2" });
  });

  it("notes a hold together with the cancellation of a scheduled upgrade, which is never held", () => {
    const hold: Hold = { code: "freeze", message: "changes are frozen: incident" };
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const waits: Observation = { members: members(BEHIND), activity: { kind: "scheduled", task: ourTask, window } };
    const upgrade = { ...needed, notes: ["Held: changes are frozen: incident."] };
    expect(planFor(waits, "4.3.5.2", hold)).toEqual({ kind: "cancel", task: ourTask, window, upgrade });
    expect(planFor(waits)).toEqual({ kind: "cancel", task: ourTask, window, upgrade: needed });
  });
});

const upgrade = {
  from: "4.2.1.8-7",
  route: "4.2.1.8 → 4.3.5.2",
  how: "rolling over 3 zones",
  findings: [],
  journal: [],
};

describe("describePlan", () => {
  it.each<[Plan, string]>([
    [{ kind: "satisfied", at: "4.3.5.2" }, "already at 4.3.5.2"],
    [{ kind: "newer", at: "4.4.0.0", members: ["a", "b"] }, "runs 4.4.0.0, newer than the target version: a, b"],
    [{ kind: "newer", at: "4.4.0.0", members: [] }, "runs 4.4.0.0, newer than the target version"],
    [{ kind: "join", task: ourTask, from: "4.2.1.8" }, "joins running upgrade 11 (OB rolling upgrade to 4.3.5.2-9)"],
    [
      { kind: "join", task: ourTask, from: "4.2.1.8", rollingBack: true },
      "waits for upgrade 11 (OB rolling upgrade to 4.3.5.2-9), which is being rolled back; the run will then fail",
    ],
    [
      {
        kind: "failed",
        task: ourTask,
        from: "4.2.1.8",
        failure: { message: "stage 16/30 failed.", remedy: "Fix it." },
      },
      "upgrade 11 (OB rolling upgrade to 4.3.5.2-9) failed: stage 16/30 failed.",
    ],
    [{ kind: "wait", name: "backup 3", upgrade }, "4.2.1.8 → 4.3.5.2, rolling over 3 zones, after backup 3 has ended"],
    [{ kind: "upgrade", upgrade }, "4.2.1.8 → 4.3.5.2, rolling over 3 zones"],
    [{ kind: "unknown", reason: "nobody answers" }, "cannot plan: nobody answers"],
  ])("formats %j", (plan, expected) => {
    expect(describePlan(plan)).toBe(expected);
  });
});

const driver = { title: "TaurusDB", schedules: false, mostPerRequest: 100, words: WORDS };
const windowed = { ...driver, schedules: true };

const upToDate = (name = "d") => member({ name, standing: "current", at: NEW });
const ahead = (name = "n", at = "2.0.80.1") => member({ name, standing: "newer", at });
const outdated = (name = "a", overrides: Parameters<typeof member>[0] = {}) =>
  member({ name, target: NEW, ...overrides });
function manyOutdated(count: number, at = OLD, first = 1): Unit[] {
  return Array.from({ length: count }, (_, i) => member({ name: `i${first + i}`, at, target: NEW }));
}

describe("the plan for a fleet", () => {
  it.each<[string, View, string]>([
    [
      "versions are unknown",
      { ...seen([outdated()]), unknown: "the list is not told" },
      "cannot plan: the list is not told",
    ],
    ["nothing is reported", seen([]), "cannot plan: no member was reported"],
    ["one is outdated", seen([outdated()]), `${OLD} → ${NEW}, now`],
    ["one is outdated, its target version unknown", seen([member()]), `${OLD} → newest, now`],
    ["one of two is outdated", seen([outdated(), upToDate()]), `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`],
    [
      "many are outdated",
      seen([...manyOutdated(250), upToDate()]),
      `${OLD} → ${NEW}, 250 of 251 instances in 3 requests, now`,
    ],
    [
      "outdated ones have different versions",
      seen([...manyOutdated(2, OLD), ...manyOutdated(130, "2.0.51.240305", 10), ...manyOutdated(1, "2.0.75.28", 900)]),
      `2.0.51.240305 → ${NEW} (130 instances), ${OLD} → ${NEW} (2 instances), 2.0.75.28 → ${NEW} (1 instance), 133 of 133 instances in 4 requests, now`,
    ],
    [
      "outdated ones have more versions than the line lists",
      seen(["2.0.1", "2.0.2", "2.0.3", "2.0.4", "2.0.5"].flatMap((at, i) => manyOutdated(5 - i, at, i * 10))),
      `2.0.1 → ${NEW} (5 instances), 2.0.2 → ${NEW} (4 instances), 2.0.3 → ${NEW} (3 instances) and 2 more, 15 of 15 instances in 5 requests, now`,
    ],
    ["one is blocked", seen([outdated("a", { activity: blocked() })]), `${OLD}, no request possible`],
    [
      "one is blocked, another is outdated",
      seen([outdated("a", { activity: blocked() }), outdated("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`,
    ],
    ["one is absent", seen([], "x"), "nothing, no request possible"],
    ["one is absent, the others are up to date", seen([upToDate()], "x"), `${NEW}, no request possible`],
    [
      "one upgrade is in progress",
      seen([outdated("a", { activity: upgrading("t1") }), upToDate()]),
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
    ],
    [
      "many upgrades are in progress",
      seen(manyOutdated(5).map((one, i) => ({ ...one, activity: upgrading(`t${i}`) }))),
      `joins running upgrade t0, t1, t2 and 2 more (kernel upgrade of 5 instances to ${NEW})`,
    ],
    [
      "an upgrade is in progress for one that is up to date",
      seen([{ ...upToDate(), activity: upgrading("t1") }]),
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
    ],
    [
      "one upgrade is in progress, another is outdated",
      seen([outdated("a", { activity: upgrading("t1") }), outdated("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`,
    ],
    [
      "one is busy",
      seen([outdated("a", { activity: busy() })]),
      `${OLD} → ${NEW}, now, after what keeps a busy (in backup) has ended`,
    ],
    [
      "several are busy",
      seen([outdated("a", { activity: busy() }), outdated("b", { activity: busy() }), upToDate()]),
      `${OLD} → ${NEW}, 2 of 3 instances in 1 request, now, after what keeps a busy (in backup) and 1 more has ended`,
    ],
    ["one is busy and up to date", seen([{ ...upToDate(), activity: busy() }]), `already at ${NEW}`],
    [
      "one is scheduled although the resource does not use windows",
      seen([outdated("a", { activity: scheduled() })]),
      `${OLD} → ${NEW}, now, after canceling 1 that is scheduled for its maintenance window (refused if this resource did not schedule it)`,
    ],
    ["one is scheduled and up to date", seen([{ ...upToDate(), activity: scheduled() }]), `already at ${NEW}`],
    ["all are up to date", seen([upToDate("a"), upToDate("b")]), `already at ${NEW}`],
    ["one is ahead of the target", seen([upToDate(), ahead()]), `runs ${NEW}, newer than the target version: n`],
    [
      "one is ahead of the target, another is outdated",
      seen([outdated(), ahead()]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`,
    ],
  ])("when %s", (_, observation, line) => {
    expect(describePlan(planOf(driver, observation))).toBe(line);
  });

  it("has a line for every kind of thing that is done with its units", () => {
    const all = [
      outdated("a", { activity: upgrading("t1") }),
      outdated("b"),
      outdated("c", { activity: busy() }),
      upToDate(),
    ];
    const plan = planOf(driver, seen(all));
    expect([plan, ...(plan.others ?? [])].map(describePlan)).toEqual([
      `${OLD} → ${NEW}, 1 of 4 instances in 1 request, now`,
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
      `${OLD} → ${NEW}, 1 of 4 instances in 1 request, now, after what keeps c busy (in backup) has ended`,
    ]);
    const some = planOf(
      windowed,
      seen([outdated("a", { activity: upgrading("t1") }), outdated("b", { activity: scheduled("t2") })]),
    );
    expect([some, ...(some.others ?? [])].map(describePlan)).toEqual([
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
      `upgrade t2 (KernelUpgrade to ${NEW}) is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z`,
    ]);
  });

  it("has one line for units that are scheduled although the resource does not use windows", () => {
    const plan = planOf(driver, seen([outdated("a", { activity: scheduled("t1") }), outdated("b"), upToDate()]));
    expect([plan, ...(plan.others ?? [])].map(describePlan)).toEqual([
      `${OLD} → ${NEW}, 2 of 3 instances in 1 request, now, after canceling 1 that is scheduled for its maintenance window (refused if this resource did not schedule it)`,
    ]);
  });

  it.each<[string, View, string]>([
    ["one is outdated", seen([outdated()]), `${OLD} → ${NEW}, in the maintenance window`],
    [
      "one is already scheduled",
      seen([outdated("a", { activity: scheduled("t1") }), upToDate()]),
      `upgrade t1 (KernelUpgrade to ${NEW}) is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z`,
    ],
    [
      "one is already scheduled, another is outdated",
      seen([outdated("a", { activity: scheduled() }), outdated("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, in the maintenance window`,
    ],
    [
      "two are scheduled in different windows",
      seen([
        outdated("a", { activity: scheduled("t1") }),
        outdated("b", {
          activity: scheduled("t2", { opens: "2026-01-01T14:00:00.000Z", closes: "2026-01-01T18:00:00.000Z" }),
        }),
      ]),
      `upgrade t1, t2 (kernel upgrade of 2 instances to ${NEW}) is scheduled for its maintenance window, 2026-01-01T14:00Z to 2026-01-01T22:00Z`,
    ],
  ])("with maintenance windows, when %s", (_, observation, line) => {
    expect(describePlan(planOf(windowed, observation))).toBe(line);
  });

  it("starts from the lowest current version", () => {
    const plan = planOf(driver, seen([member({ name: "a", at: "2.0.75.28" }), outdated("b"), upToDate()]));
    expect(plan).toMatchObject({ kind: "upgrade", upgrade: { from: OLD } });
  });

  it("joins the task of a single upgrade", () => {
    expect(planOf(driver, seen([outdated("a", { activity: upgrading("t1") })]))).toEqual({
      kind: "join",
      task: task("t1"),
      from: OLD,
    });
  });
});

describe("findings of a fleet", () => {
  const findings = (plan: Plan) => ("upgrade" in plan ? plan.upgrade.findings : []);

  it("lists a finding that units share once, absent units first", () => {
    const all = [
      ...manyOutdated(5).map((one) => ({ ...one, activity: blocked("version") })),
      outdated("z", { activity: blocked() }),
    ];
    expect(findings(planOf(driver, seen(all, "x", "y")))).toEqual([
      { code: "gone", message: "x, y: It is not there.", remedy: "Take it out." },
      {
        code: "frozen",
        message: "i1, i2, i3 and 3 more: It is frozen.",
        remedy: "Thaw it.",
        property: "version",
      },
    ]);
  });

  it("leaves out the finding of a unit that is up to date", () => {
    expect(planOf(driver, seen([{ ...upToDate(), activity: blocked() }]))).toMatchObject({ kind: "satisfied" });
  });
});

const NEWER =
  "Newer than the target version: n at 2.0.80.1, m at 2.0.81.0; nothing is sent for them. Raise the target version, or set `onNewer` to `accept`.";

describe("units ahead of the target", () => {
  const mixed = seen([outdated(), ahead("n"), ahead("m", "2.0.81.0"), upToDate()]);

  it("prevent every request with onNewer fail", () => {
    expect(planOf(driver, mixed, "fail")).toEqual({ kind: "newer", at: OLD, members: ["n", "m"] });
  });

  it("are a note next to the request with onNewer report", () => {
    expect(planOf(driver, mixed, "report")).toMatchObject({
      kind: "upgrade",
      upgrade: { findings: [], notes: [NEWER] },
    });
  });

  it("do not hide that all other upgrades are held", () => {
    const frozen = () => ({ code: "freeze", message: "changes are frozen: incident" }) as const;
    expect(planOf(driver, mixed, "report", frozen)).toMatchObject({ kind: "held", upgrade: { notes: [NEWER] } });
  });

  it("are not mentioned with onNewer accept", () => {
    expect(planOf(driver, mixed, "accept")).toMatchObject({ kind: "upgrade", upgrade: { findings: [] } });
    expect(planOf(driver, mixed)).toEqual(planOf(driver, mixed, "accept"));
  });
});

describe("held upgrades", () => {
  const hold = { code: "freeze", message: "changes are frozen: incident" } as const;
  const heldAll = () => hold;

  it("are the plan if no other upgrade is needed, with their count", () => {
    expect(planOf(driver, seen([outdated("a"), outdated("b"), upToDate()]), "accept", heldAll)).toMatchObject({
      kind: "held",
      hold: { message: "2 of 3 instances (a, b): changes are frozen: incident" },
    });
  });

  it("are noted next to the upgrades that are not held", () => {
    const plan = planOf(driver, seen([outdated("a"), outdated("b")]), "accept", ({ name }) =>
      name === "a" ? hold : undefined,
    );
    expect(plan).toMatchObject({
      kind: "upgrade",
      upgrade: { notes: ["Held: 1 of 2 instances (a): changes are frozen: incident."] },
    });
  });

  it("do not hide an upgrade in progress", () => {
    const mixed = seen([outdated("a", { activity: upgrading("t1") }), outdated("b")]);
    expect(planOf(driver, mixed, "accept", heldAll)).toMatchObject({ kind: "join", task: { id: "t1" } });
  });

  it("do not wait for another operation to end", () => {
    const all = seen([outdated("a", { activity: busy() }), outdated("b", { activity: busy() }), upToDate()]);
    expect(planOf(driver, all, "accept", heldAll)).toMatchObject({
      kind: "held",
      hold: { message: "2 of 3 instances (a, b): changes are frozen: incident" },
    });
  });

  it("do not hide a unit without a hold that waits for another operation", () => {
    const mixed = seen([outdated("a"), outdated("b", { activity: busy() })]);
    const plan = planOf(driver, mixed, "accept", ({ name }) => (name === "a" ? hold : undefined));
    expect(plan).toMatchObject({ kind: "wait" });
  });

  it("are reported after blocked units", () => {
    const mixed = seen([outdated("a", { activity: blocked() }), outdated("b")]);
    expect(planOf(driver, mixed, "accept", heldAll)).toMatchObject({ kind: "upgrade", upgrade: { findings: [{}] } });
  });
});

describe("spanOf", () => {
  it("lasts from the first opening to the last closing", () => {
    const early = { opens: "2026-01-01T01:00:00.000Z", closes: "2026-01-01T05:00:00.000Z" };
    expect(spanOf([window, early])).toEqual({ opens: early.opens, closes: window.closes });
    expect(spanOf([window])).toEqual(window);
  });
});
