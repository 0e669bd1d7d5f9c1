import { describe, expect, it } from "vitest";
import type { Evidence } from "../../provider/core/decision/evidence";
import { type Circumstances, type Verdict, verdictOn } from "../../provider/core/decision/verdict";
import { Unreachable } from "../../provider/core/errors";
import { textsOf } from "../../provider/core/texts/texts";
import type { Unit } from "../../provider/core/unit";
import { blocked, busy, member, NOW, scheduled, task, upgrading, window } from "./fleet/facts";
import { MINUTE } from "./fleet/world";

/** Verdicts on one unit whose vendor is asked for a task by its id. */
function verdict(one: Unit, known?: Evidence, rest: Partial<Circumstances> = {}): Verdict {
  return verdictOn(one, {
    now: NOW,
    known,
    rounds: 0,
    refusal: undefined,
    settleTime: MINUTE,
    schedules: false,
    owns: () => false,
    isKept: () => false,
    holdOf: () => undefined,
    say: textsOf({ title: "Orders database" }),
    ...rest,
  });
}

const holding = member({ standing: "holds" });
const failure = { message: "disk full.", remedy: "Make room." };
const failed = { kind: "failed", task: task("t1"), failure } as const;
const succeeded = { kind: "succeeded", task: task("t1"), since: NOW - 1 } as const;
const silent = { kind: "silent", over: false, lost: false, accepted: true, moved: false } as const;

describe("what the vendor says of a task that it is asked for", () => {
  it("counts before what a read shows when it failed: whatever runs, and whether the unit is up to date", () => {
    for (const one of [holding, member(), member({ activity: upgrading("t2") }), member({ activity: busy() })]) {
      expect(verdict(one, { by: "run", ...failed, final: true })).toMatchObject({ kind: "failed", when: "just now" });
    }
  });

  it("of an earlier run's failure does not keep the upgrade from being requested again", () => {
    expect(verdict(member(), { by: "earlier", ...failed, final: false })).toEqual({ kind: "send" });
    expect(verdict(holding, { by: "earlier", ...failed, final: false })).toEqual({ kind: "done" });
  });

  it("is waited for while it runs, also where the unit is up to date", () => {
    for (const one of [holding, member(), member({ activity: upgrading("t2") })]) {
      const known = { by: "earlier", kind: "running", task: task("t1") } as const;
      expect(verdict(one, known)).toMatchObject({ kind: "wait", accepted: true });
    }
  });

  it("is left to its window, and canceled only where it is ours and nobody needs it", () => {
    const known = { by: "earlier", kind: "scheduled", task: task("t1"), window } as const;
    expect(verdict(member(), known)).toEqual({ kind: "scheduled", task: task("t1"), window });
    expect(verdict(holding, known)).toEqual({ kind: "done" });
    expect(verdict(holding, known, { owns: () => true })).toEqual({ kind: "cancel", task: task("t1"), window });
  });

  it.each(["run", "earlier"] as const)("is no second request while its version does not show (%s)", (by) => {
    expect(verdict(member(), { by, ...succeeded, pending: true })).toMatchObject({ kind: "wait" });
    expect(verdict(member(), { by, ...succeeded, since: NOW - MINUTE, pending: true })).toMatchObject({
      kind: "problem",
      code: "not-upgraded",
    });
  });

  it("is followed by another request when it led elsewhere, four times at most", () => {
    const known = { by: "run", ...succeeded, pending: false } as const;
    expect(verdict(member(), known, { rounds: 3 })).toEqual({ kind: "send" });
    expect(verdict(member(), known, { rounds: 4 })).toMatchObject({ kind: "problem", code: "not-upgraded" });
  });

  it("is a problem at once when it is gone, and none when its version is there", () => {
    const gone = { by: "run", ...silent, over: true, task: task("t1") } as const;
    expect(verdict(member(), gone)).toMatchObject({ kind: "problem", code: "vanished" });
    expect(verdict(holding, gone)).toEqual({ kind: "done" });
  });
});

describe("a request whose response was lost", () => {
  const cause = new Unreachable("reset", { sent: true, heard: false });
  const lost = { by: "run", ...silent, lost: true, accepted: false, cause, waited: MINUTE } as const;

  it("is looked for, then a problem, never sent again", () => {
    expect(verdict(member(), lost)).toMatchObject({ kind: "wait", accepted: false });
    expect(verdict(member(), { ...lost, over: true })).toMatchObject({ kind: "problem", code: "unconfirmed" });
  });

  it("of an earlier run is sent again only once it is over", () => {
    expect(verdict(member(), { ...lost, by: "earlier" })).toMatchObject({ kind: "wait" });
    expect(verdict(member(), { ...lost, by: "earlier", over: true })).toEqual({ kind: "send" });
  });

  it("may lead past a target version that is reached", () => {
    expect(verdict(holding, { ...lost, by: "earlier" })).toMatchObject({ kind: "wait" });
    expect(verdict(holding, { ...lost, by: "earlier", over: true })).toEqual({ kind: "done" });
  });
});

describe("somebody else's scheduled upgrade", () => {
  it("that can never succeed as written is not waited for", () => {
    const finding = { code: "no", property: "version", message: "No such version.", remedy: "Choose another." };
    const one = member({ activity: scheduled() });
    if (one.upgrade === undefined) throw new Error("it is behind");
    const hopeless = { ...one, upgrade: { ...one.upgrade, findings: [finding] } };
    expect(verdict(one, undefined, { schedules: true })).toMatchObject({ kind: "scheduled" });
    expect(verdict(hopeless, undefined, { schedules: true })).toMatchObject({ kind: "problem", code: "blocked" });
  });
});

describe("a hold", () => {
  const held = { holdOf: () => ({ code: "freeze", message: "frozen" }) as const };

  it("comes after what a person has to put right, and never keeps what runs from being joined", () => {
    expect(verdict(member(), undefined, held)).toMatchObject({ kind: "held" });
    expect(verdict(member({ activity: blocked() }), undefined, held)).toMatchObject({ kind: "problem" });
    expect(verdict(member({ activity: upgrading() }), undefined, held)).toMatchObject({ kind: "wait" });
    expect(verdict(member({ activity: busy() }), undefined, held)).toMatchObject({ kind: "held" });
    expect(verdict(member({ activity: busy() }), { by: "earlier", ...silent }, held)).toMatchObject({ kind: "wait" });
  });
});
