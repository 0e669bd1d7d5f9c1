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
import { blocked, busy, member, NEW, OLD, scheduled, seen, task, upgrading, window } from "./fleet/facts";
import { WORDS } from "./fleet/world";

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

describe("the decision table", () => {
  it.each<[string, Observation, Plan]>([
    ["our upgrade runs", { members: members(BEHIND), activity: ours }, { kind: "join", task: ourTask, from: BEHIND }],
    [
      "our upgrade is being rolled back",
      { members: members(BEHIND), activity: { kind: "running", task: ourTask, rollingBack: true } },
      { kind: "join", task: ourTask, from: BEHIND, rollingBack: true },
    ],
    [
      "our upgrade runs, and the versions are unknown",
      { members: [], unknown: UNKNOWN, activity: ours },
      { kind: "join", task: ourTask, from: "" },
    ],
    [
      "our upgrade runs, and every member is there already",
      { members: members(RIGHT), activity: ours },
      { kind: "join", task: ourTask, from: RIGHT },
    ],
    [
      "our upgrade runs, and one member is newer",
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
      "versions are unknown, though some members were seen at the pin",
      { members: members(RIGHT), unknown: UNKNOWN },
      { kind: "unknown", reason: UNKNOWN },
    ],
    [
      "versions are unknown, and something else runs",
      { members: members(BEHIND), unknown: UNKNOWN, activity: other },
      { kind: "unknown", reason: UNKNOWN },
    ],
    ["there is no member", { members: [] }, { kind: "unknown", reason: "no member was reported" }],
    ["a member is newer", { members: members(RIGHT, AHEAD) }, { kind: "newer", at: "4.3.5.2", members: ["server-2"] }],
    [
      "one member is newer and one is behind: nothing is called",
      { members: members(AHEAD, BEHIND) },
      { kind: "newer", at: "4.2.1.8", members: ["server-1"] },
    ],
    [
      "a member is newer, and something else runs",
      { members: members(AHEAD), activity: other },
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
      { members: members(RIGHT, BEHIND), activity: other },
      { kind: "wait", name: "backup 3", upgrade: needed },
    ],
    ["a member is behind", { members: members(RIGHT, BEHIND) }, { kind: "upgrade", upgrade: needed }],
  ])("%s", (_, observation, expected) => {
    expect(planFor(observation)).toEqual(expected);
  });

  it("takes something else that failed and holds the lock as a finding before all others", () => {
    expect(planFor({ members: members(BEHIND), activity: otherFailed })).toEqual({
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
    expect(planFor({ members: members(AHEAD, RIGHT) }, ">=4.3")).toEqual({ kind: "satisfied", at: "4.3.5.2" });
  });

  it("tells of a hold beside the cancellation of what waits for a window, which is never held", () => {
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
  requests: [],
};

describe("a plan is told in one line", () => {
  it.each<[Plan, string]>([
    [{ kind: "satisfied", at: "4.3.5.2" }, "already at 4.3.5.2"],
    [{ kind: "newer", at: "4.4.0.0", members: ["a", "b"] }, "runs 4.4.0.0, newer than the target version: a, b"],
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
  ])("%j", (plan, expected) => {
    expect(describePlan(plan)).toBe(expected);
  });
});

const driver = { title: "TaurusDB", schedules: false, mostPerRequest: 100, words: WORDS };
const windowed = { ...driver, schedules: true };

const done = (name = "d") => member({ name, standing: "current", at: NEW });
const ahead = (name = "n", at = "2.0.80.1") => member({ name, standing: "newer", at });
const late = (name = "a", overrides: Parameters<typeof member>[0] = {}) => member({ name, target: NEW, ...overrides });
function lates(count: number, at = OLD, first = 1): Unit[] {
  return Array.from({ length: count }, (_, i) => member({ name: `i${first + i}`, at, target: NEW }));
}

describe("the plan for a fleet", () => {
  it.each<[string, View, string]>([
    [
      "versions are unknown",
      { ...seen([late()]), unknown: "the list is not told" },
      "cannot plan: the list is not told",
    ],
    ["nothing is reported", seen([]), "cannot plan: no member was reported"],
    ["one can be asked for", seen([late()]), `${OLD} → ${NEW}, now`],
    ["its target is not known", seen([member()]), `${OLD} → newest, now`],
    ["one of some can be asked for", seen([late(), done()]), `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`],
    [
      "many can be asked for",
      seen([...lates(250), done()]),
      `${OLD} → ${NEW}, 250 of 251 instances in 3 requests, now`,
    ],
    [
      "several versions can be asked for",
      seen([...lates(2, OLD), ...lates(130, "2.0.51.240305", 10), ...lates(1, "2.0.75.28", 900)]),
      `2.0.51.240305 → ${NEW} (130 instances), ${OLD} → ${NEW} (2 instances), 2.0.75.28 → ${NEW} (1 instance), 133 of 133 instances in 4 requests, now`,
    ],
    [
      "more versions than can be told can be asked for",
      seen(["2.0.1", "2.0.2", "2.0.3", "2.0.4", "2.0.5"].flatMap((at, i) => lates(5 - i, at, i * 10))),
      `2.0.1 → ${NEW} (5 instances), 2.0.2 → ${NEW} (4 instances), 2.0.3 → ${NEW} (3 instances) and 2 more, 15 of 15 instances in 5 requests, now`,
    ],
    ["one is held", seen([late("a", { activity: blocked() })]), `${OLD}, no request possible`],
    [
      "one is held, another can be asked for",
      seen([late("a", { activity: blocked() }), late("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`,
    ],
    ["one is absent", seen([], "x"), "nothing, no request possible"],
    ["one is absent, the rest is done", seen([done()], "x"), `${NEW}, no request possible`],
    [
      "one upgrades",
      seen([late("a", { activity: upgrading("t1") }), done()]),
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
    ],
    [
      "many upgrade",
      seen(lates(5).map((one, i) => ({ ...one, activity: upgrading(`t${i}`) }))),
      `joins running upgrade t0, t1, t2 and 2 more (kernel upgrade of 5 instances to ${NEW})`,
    ],
    [
      "one upgrades that satisfies the pin",
      seen([{ ...done(), activity: upgrading("t1") }]),
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
    ],
    [
      "one upgrades, another can be asked for",
      seen([late("a", { activity: upgrading("t1") }), late("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`,
    ],
    [
      "one is busy",
      seen([late("a", { activity: busy() })]),
      `${OLD} → ${NEW}, now, after what keeps a busy (in backup) has ended`,
    ],
    [
      "several are busy",
      seen([late("a", { activity: busy() }), late("b", { activity: busy() }), done()]),
      `${OLD} → ${NEW}, 2 of 3 instances in 1 request, now, after what keeps a busy (in backup) and 1 more has ended`,
    ],
    ["one is busy that satisfies the pin", seen([{ ...done(), activity: busy() }]), `already at ${NEW}`],
    [
      "one waits for a window that the pin does not want",
      seen([late("a", { activity: scheduled() })]),
      `${OLD} → ${NEW}, now, after canceling 1 that is scheduled for its maintenance window (refused if this resource did not schedule it)`,
    ],
    ["one waits for a window and satisfies the pin", seen([{ ...done(), activity: scheduled() }]), `already at ${NEW}`],
    ["all satisfy the pin", seen([done("a"), done("b")]), `already at ${NEW}`],
    ["one is newer", seen([done(), ahead()]), `runs ${NEW}, newer than the target version: n`],
    ["one is newer, another behind", seen([late(), ahead()]), `${OLD} → ${NEW}, 1 of 2 instances in 1 request, now`],
  ])("when %s", (_, observation, line) => {
    expect(describePlan(planOf(driver, observation))).toBe(line);
  });

  it("has a line for every kind of thing that is done with its units", () => {
    const all = [late("a", { activity: upgrading("t1") }), late("b"), late("c", { activity: busy() }), done()];
    const plan = planOf(driver, seen(all));
    expect([plan, ...(plan.others ?? [])].map(describePlan)).toEqual([
      `${OLD} → ${NEW}, 1 of 4 instances in 1 request, now`,
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
      `${OLD} → ${NEW}, 1 of 4 instances in 1 request, now, after what keeps c busy (in backup) has ended`,
    ]);
    const some = planOf(
      windowed,
      seen([late("a", { activity: upgrading("t1") }), late("b", { activity: scheduled("t2") })]),
    );
    expect([some, ...(some.others ?? [])].map(describePlan)).toEqual([
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
      `upgrade t2 (KernelUpgrade to ${NEW}) is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z`,
    ]);
  });

  it.each<[string, View, string]>([
    ["one can be asked for", seen([late()]), `${OLD} → ${NEW}, in the maintenance window`],
    [
      "one waits already",
      seen([late("a", { activity: scheduled("t1") }), done()]),
      `upgrade t1 (KernelUpgrade to ${NEW}) is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z`,
    ],
    [
      "one waits already, another can be asked for",
      seen([late("a", { activity: scheduled() }), late("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 request, in the maintenance window`,
    ],
    [
      "two wait for different windows",
      seen([
        late("a", { activity: scheduled("t1") }),
        late("b", {
          activity: scheduled("t2", { opens: "2026-01-01T14:00:00.000Z", closes: "2026-01-01T18:00:00.000Z" }),
        }),
      ]),
      `upgrade t1, t2 (kernel upgrade of 2 instances to ${NEW}) is scheduled for its maintenance window, 2026-01-01T14:00Z to 2026-01-01T22:00Z`,
    ],
  ])("with the window, when %s", (_, observation, line) => {
    expect(describePlan(planOf(windowed, observation))).toBe(line);
  });

  it("starts from the lowest version of all", () => {
    const plan = planOf(driver, seen([member({ name: "a", at: "2.0.75.28" }), late("b"), done()]));
    expect(plan).toMatchObject({ kind: "upgrade", upgrade: { from: OLD } });
  });

  it("joins with the task of a single upgrade", () => {
    expect(planOf(driver, seen([late("a", { activity: upgrading("t1") })]))).toEqual({
      kind: "join",
      task: task("t1"),
      from: OLD,
    });
  });
});

describe("what is known against a fleet", () => {
  const findings = (plan: Plan) => ("upgrade" in plan ? plan.upgrade.findings : []);

  it("is told once where many have the same, the absent first", () => {
    const all = [
      ...lates(5).map((one) => ({ ...one, activity: blocked("version") })),
      late("z", { activity: blocked() }),
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

  it("leaves out what does not matter to a member that satisfies the pin", () => {
    expect(planOf(driver, seen([{ ...done(), activity: blocked() }]))).toMatchObject({ kind: "satisfied" });
  });
});

describe("members that run something newer", () => {
  const mixed = seen([late(), ahead("n"), ahead("m", "2.0.81.0"), done()]);

  it("forbid every call where the pin says so", () => {
    expect(planOf(driver, mixed, "fail")).toEqual({ kind: "newer", at: OLD, members: ["n", "m"] });
  });

  it("are told beside the call", () => {
    const plan = planOf(driver, mixed, "report");
    expect(plan).toMatchObject({
      kind: "upgrade",
      upgrade: {
        findings: [
          {
            code: "newer",
            message: "Newer than the target version: n at 2.0.80.1, m at 2.0.81.0; nothing is sent for them.",
            remedy: "Raise the target version, or set `onNewer` to `accept`.",
          },
        ],
      },
    });
  });

  it("are not told where they are accepted", () => {
    expect(planOf(driver, mixed, "accept")).toMatchObject({ kind: "upgrade", upgrade: { findings: [] } });
    expect(planOf(driver, mixed)).toEqual(planOf(driver, mixed, "accept"));
  });
});

describe("upgrades that are held", () => {
  const hold = { code: "freeze", message: "changes are frozen: incident" } as const;
  const heldAll = () => hold;

  it("are the plan where nothing else is to be done, counted among all", () => {
    expect(planOf(driver, seen([late("a"), late("b"), done()]), "accept", heldAll)).toMatchObject({
      kind: "held",
      hold: { message: "2 of 3 held: changes are frozen: incident" },
    });
  });

  it("leave out those that are free", () => {
    const plan = planOf(driver, seen([late("a"), late("b")]), "accept", ({ name }) =>
      name === "a" ? hold : undefined,
    );
    expect(plan).toMatchObject({
      kind: "upgrade",
      upgrade: { notes: ["Held: 1 of 2 held: changes are frozen: incident."] },
    });
  });

  it("do not hide one that runs", () => {
    const mixed = seen([late("a", { activity: upgrading("t1") }), late("b")]);
    expect(planOf(driver, mixed, "accept", heldAll)).toMatchObject({ kind: "join", task: { id: "t1" } });
  });

  it("are not waited for while something else runs", () => {
    const all = seen([late("a", { activity: busy() }), late("b", { activity: busy() }), done()]);
    expect(planOf(driver, all, "accept", heldAll)).toMatchObject({
      kind: "held",
      hold: { message: "2 of 3 held: changes are frozen: incident" },
    });
  });

  it("do not hide one that nothing holds and that waits for something else", () => {
    const mixed = seen([late("a"), late("b", { activity: busy() })]);
    const plan = planOf(driver, mixed, "accept", ({ name }) => (name === "a" ? hold : undefined));
    expect(plan).toMatchObject({ kind: "wait" });
  });

  it("are told after what has to be put right", () => {
    const mixed = seen([late("a", { activity: blocked() }), late("b")]);
    expect(planOf(driver, mixed, "accept", heldAll)).toMatchObject({ kind: "upgrade", upgrade: { findings: [{}] } });
  });
});

describe("the span of windows", () => {
  it("is from the first opening to the last closing", () => {
    const early = { opens: "2026-01-01T01:00:00.000Z", closes: "2026-01-01T05:00:00.000Z" };
    expect(spanOf([window, early])).toEqual({ opens: early.opens, closes: window.closes });
    expect(spanOf([window])).toEqual(window);
  });
});
