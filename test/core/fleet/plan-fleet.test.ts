import { describe, expect, it } from "vitest";
import { describePlan } from "../../../provider/core/describe";
import type { FleetMember, FleetObservation } from "../../../provider/core/fleet/fleet";
import { planFleet, spanOf } from "../../../provider/core/fleet/plan-fleet";
import type { Plan } from "../../../provider/core/pin";
import type { Request } from "../../../provider/core/request";
import { formatVersion } from "../../../provider/core/version";
import { busy, deferred, held, member, NEW, OLD, seen, task, upgrading, window } from "./facts";
import { WORDS } from "./world";

const pin = {
  batchSize: 100,
  groupOf: ({ version }: FleetMember) => formatVersion(version),
  compose: (members: readonly FleetMember[]): Request => {
    const units = members.map(({ name, version }) => ({ unit: name, from: formatVersion(version), to: NEW }));
    return { method: "POST", path: "/upgrade", body: null, units };
  },
  defers: false,
  words: WORDS,
};
const windowed = { ...pin, defers: true };

const done = (name = "d") => member({ name, standing: "holds", at: NEW });
const ahead = (name = "n", at = "2.0.80.1") => member({ name, standing: "newer", at });
const late = (name = "a", overrides: Partial<FleetMember> = {}) => member({ name, target: NEW, ...overrides });
function lates(count: number, at = OLD, first = 1): FleetMember[] {
  return Array.from({ length: count }, (_, i) => member({ name: `i${first + i}`, at, target: NEW }));
}

describe("the plan for a fleet", () => {
  it.each<[string, FleetObservation, string]>([
    [
      "versions are unknown",
      { ...seen([late()]), unknown: "the list is not told" },
      "cannot plan: the list is not told",
    ],
    ["nothing is reported", seen([]), "cannot plan: no member was reported"],
    ["one can be asked for", seen([late()]), `${OLD} → ${NEW}, now`],
    ["its target is not known", seen([member()]), `${OLD} → newest, now`],
    ["one of some can be asked for", seen([late(), done()]), `${OLD} → ${NEW}, 1 of 2 instances in 1 call, now`],
    ["many can be asked for", seen([...lates(250), done()]), `${OLD} → ${NEW}, 250 of 251 instances in 3 calls, now`],
    [
      "several versions can be asked for",
      seen([...lates(2, OLD), ...lates(130, "2.0.51.240305", 10), ...lates(1, "2.0.75.28", 900)]),
      `2.0.51.240305 → ${NEW} (130 instances), ${OLD} → ${NEW} (2 instances), 2.0.75.28 → ${NEW} (1 instance), 133 of 133 instances in 4 calls, now`,
    ],
    [
      "more versions than can be told can be asked for",
      seen(["2.0.1", "2.0.2", "2.0.3", "2.0.4", "2.0.5"].flatMap((at, i) => lates(5 - i, at, i * 10))),
      `2.0.1 → ${NEW} (5 instances), 2.0.2 → ${NEW} (4 instances), 2.0.3 → ${NEW} (3 instances) and 2 more, 15 of 15 instances in 5 calls, now`,
    ],
    ["one is held", seen([late("a", { condition: held() })]), `${OLD}, no call possible`],
    [
      "one is held, another can be asked for",
      seen([late("a", { condition: held() }), late("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 call, now`,
    ],
    ["one is absent", seen([], "x"), "nothing, no call possible"],
    ["one is absent, the rest is done", seen([done()], "x"), `${NEW}, no call possible`],
    [
      "one upgrades",
      seen([late("a", { condition: upgrading("t1") }), done()]),
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
    ],
    [
      "many upgrade",
      seen(lates(5).map((one, i) => ({ ...one, condition: upgrading(`t${i}`) }))),
      `joins running upgrade t0, t1, t2 and 2 more (kernel upgrade of 5 instances to ${NEW})`,
    ],
    [
      "one upgrades that satisfies the pin",
      seen([{ ...done(), condition: upgrading("t1") }]),
      `joins running upgrade t1 (KernelUpgrade to ${NEW})`,
    ],
    [
      "one upgrades, another can be asked for",
      seen([late("a", { condition: upgrading("t1") }), late("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 call, now`,
    ],
    [
      "one is busy",
      seen([late("a", { condition: busy() })]),
      `${OLD} → ${NEW}, now, after what keeps a busy (in backup) has ended`,
    ],
    [
      "several are busy",
      seen([late("a", { condition: busy() }), late("b", { condition: busy() }), done()]),
      `${OLD} → ${NEW}, 2 of 3 instances in 1 call, now, after what keeps a busy (in backup) and 1 more has ended`,
    ],
    ["one is busy that satisfies the pin", seen([{ ...done(), condition: busy() }]), `already at ${NEW}`],
    [
      "one waits for a window that the pin does not want",
      seen([late("a", { condition: deferred() })]),
      `${OLD} → ${NEW}, now, after taking back 1 that waits for a window (refused if this pin did not schedule it)`,
    ],
    ["one waits for a window and satisfies the pin", seen([{ ...done(), condition: deferred() }]), `already at ${NEW}`],
    ["all satisfy the pin", seen([done("a"), done("b")]), `already at ${NEW}`],
    ["one is newer", seen([done(), ahead()]), `runs ${NEW}, newer than the pin: n`],
    ["one is newer, another behind", seen([late(), ahead()]), `${OLD} → ${NEW}, 1 of 2 instances in 1 call, now`],
  ])("when %s", (_, observation, line) => {
    expect(describePlan(planFleet(pin, observation))).toBe(line);
  });

  it.each<[string, FleetObservation, string]>([
    ["one can be asked for", seen([late()]), `${OLD} → ${NEW}, in the maintenance window`],
    [
      "one waits already",
      seen([late("a", { condition: deferred("t1") }), done()]),
      `upgrade t1 (KernelUpgrade to ${NEW}) waits for its window, 2026-01-01T18:00Z to 2026-01-01T22:00Z`,
    ],
    [
      "one waits already, another can be asked for",
      seen([late("a", { condition: deferred() }), late("b")]),
      `${OLD} → ${NEW}, 1 of 2 instances in 1 call, in the maintenance window`,
    ],
    [
      "two wait for different windows",
      seen([
        late("a", { condition: deferred("t1") }),
        late("b", {
          condition: deferred("t2", { opens: "2026-01-01T14:00:00.000Z", closes: "2026-01-01T18:00:00.000Z" }),
        }),
      ]),
      `upgrade t1, t2 (kernel upgrade of 2 instances to ${NEW}) waits for its window, 2026-01-01T14:00Z to 2026-01-01T22:00Z`,
    ],
  ])("with the window, when %s", (_, observation, line) => {
    expect(describePlan(planFleet(windowed, observation))).toBe(line);
  });

  it("starts from the lowest version of all", () => {
    const plan = planFleet(pin, seen([member({ name: "a", at: "2.0.75.28" }), late("b"), done()]));
    expect(plan).toMatchObject({ kind: "upgrade", call: { from: OLD } });
  });

  it("joins with the task of a single upgrade", () => {
    expect(planFleet(pin, seen([late("a", { condition: upgrading("t1") })]))).toEqual({
      kind: "join",
      task: task("t1"),
      from: OLD,
    });
  });
});

describe("what is known against a fleet", () => {
  const findings = (plan: Plan) => ("call" in plan ? plan.call.findings : []);

  it("is told once where many have the same, the absent first", () => {
    const all = [...lates(5).map((one) => ({ ...one, condition: held("version") })), late("z", { condition: held() })];
    expect(findings(planFleet(pin, seen(all, "x", "y")))).toEqual([
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
    expect(planFleet(pin, seen([{ ...done(), condition: held() }]))).toMatchObject({ kind: "satisfied" });
  });
});

describe("members that run something newer", () => {
  const mixed = seen([late(), ahead("n"), ahead("m", "2.0.81.0"), done()]);

  it("forbid every call where the pin says so", () => {
    expect(planFleet(pin, mixed, "fail")).toEqual({ kind: "newer", at: OLD, members: ["n", "m"] });
  });

  it("are told beside the call", () => {
    const plan = planFleet(pin, mixed, "report");
    expect(plan).toMatchObject({
      kind: "upgrade",
      call: {
        findings: [
          {
            code: "newer",
            message: "Newer than the pin: n at 2.0.80.1, m at 2.0.81.0; nothing is called for that.",
            remedy: 'Raise the pin, or set `onNewer: "accept"`.',
          },
        ],
      },
    });
  });

  it("are not told where they are accepted", () => {
    expect(planFleet(pin, mixed, "accept")).toMatchObject({ kind: "upgrade", call: { findings: [] } });
    expect(planFleet(pin, mixed)).toEqual(planFleet(pin, mixed, "accept"));
  });
});

describe("the span of windows", () => {
  it("is from the first opening to the last closing", () => {
    const early = { opens: "2026-01-01T01:00:00.000Z", closes: "2026-01-01T05:00:00.000Z" };
    expect(spanOf([window, early])).toEqual({ opens: early.opens, closes: window.closes });
    expect(spanOf([window])).toEqual(window);
  });
});
