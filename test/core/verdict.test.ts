import { describe, expect, it } from "vitest";
import type { Evidence } from "../../provider/core/decision/evidence";
import { type Circumstances, verdictOn as decide, type Verdict } from "../../provider/core/decision/verdict";
import { Refused, Unreachable } from "../../provider/core/errors";
import { textsOf } from "../../provider/core/texts/texts";
import type { Unit } from "../../provider/core/unit";
import { Attempts } from "../../provider/core/upgrades/attempts";
import { ScheduledTasks } from "../../provider/core/upgrades/scheduled-tasks";
import {
  blocked,
  busy,
  called,
  circumstances,
  failed,
  frozen,
  member,
  NEW,
  NOW,
  own,
  record,
  scheduled,
  shown,
  succeeded,
  task,
  upgrading,
  verdictOn,
  window,
} from "./fleet/facts";
import { MINUTE, SETTLE } from "./fleet/world";

const foreign =
  "upgrade t1 (KernelUpgrade to 2.0.78.260600), which this resource did not schedule, is scheduled for its maintenance window from 2026-01-01T18:00:00.000Z; cancel it at the vendor, or set `schedule` to `maintenance-window` to use it";

describe("a member that nothing was done about", () => {
  it.each([
    ["satisfies the pin", member({ standing: "current" }), { kind: "done" }],
    ["runs something newer", member({ standing: "newer" }), { kind: "newer" }],
    ["is behind", member(), { kind: "send" }],
    ["is behind, after an upgrade that failed", member({ completed: failed() }), { kind: "send" }],
    ["is behind, after an upgrade that succeeded", member({ completed: succeeded() }), { kind: "send" }],
    [
      "upgrades",
      member({ activity: upgrading("t1", 40) }),
      { kind: "wait", message: "upgrading", percent: 40, accepted: true },
    ],
    [
      "upgrades although it satisfies the pin",
      member({ standing: "current", activity: upgrading() }),
      { kind: "wait", message: "upgrading", accepted: true },
    ],
    ["is busy", member({ activity: busy() }), { kind: "wait", message: "in backup", accepted: false }],
    ["is busy, and satisfies the pin", member({ standing: "current", activity: busy() }), { kind: "done" }],
    [
      "is held",
      member({ activity: blocked() }),
      { kind: "problem", code: "blocked", message: "It is frozen. Thaw it.", tentative: true },
    ],
    ["is held, and satisfies the pin", member({ standing: "current", activity: blocked() }), { kind: "done" }],
    [
      "has an upgrade of somebody else waiting",
      member({ activity: scheduled() }),
      { kind: "problem", code: "blocked", message: foreign },
    ],
    [
      "has an upgrade of somebody else waiting, and satisfies the pin",
      member({ standing: "current", activity: scheduled() }),
      { kind: "done" },
    ],
  ])("that %s", (_, one, verdict) => {
    expect(verdictOn(one, circumstances())).toEqual(verdict);
  });
});

describe("an upgrade that waits for its window", () => {
  const waits = member({ activity: scheduled() });

  it("is left to it when the pin wants that, scheduled here or elsewhere", () => {
    const verdict = { kind: "scheduled", task: task("t1"), window };
    expect(verdictOn(waits, circumstances({ schedules: true }))).toEqual(verdict);
    expect(verdictOn(waits, circumstances({ schedules: true, remembered: own }))).toEqual(verdict);
  });

  it("is canceled when it is ours and the pin wants no window", () => {
    expect(verdictOn(waits, circumstances({ remembered: own }))).toEqual({
      kind: "cancel",
      task: task("t1"),
      window,
    });
  });

  it("is canceled when it is ours and the pin holds already", () => {
    const one = member({ standing: "current", activity: scheduled() });
    for (const schedules of [true, false]) {
      expect(verdictOn(one, circumstances({ schedules, remembered: own }))).toMatchObject({ kind: "cancel" });
    }
  });

  it("is ours when it was asked for and not seen by the run that did", () => {
    const remembered = record("deferred", 60 * MINUTE, { tasks: { a: "unknown" } });
    expect(verdictOn(waits, circumstances({ remembered }))).toMatchObject({ kind: "cancel" });
  });

  it.each([
    ["the state knows another task", record("deferred", 0, { tasks: { a: "t7" } })],
    ["the state knows it of another member", record("deferred", 0, { tasks: { b: "t1" } })],
    ["it was joined", record("deferred", 0, { tasks: { a: "t1" }, joined: true })],
  ])("is not ours when %s", (_, remembered) => {
    expect(verdictOn(waits, circumstances({ remembered }))).toEqual({
      kind: "problem",
      code: "blocked",
      message: foreign,
    });
  });

  it("is a problem when the vendor keeps it", () => {
    expect(verdictOn(waits, circumstances({ remembered: own, kept: new Set(["t1"]) }))).toEqual({
      kind: "problem",
      code: "refused",
      message:
        "upgrade t1, which is scheduled for its maintenance window from 2026-01-01T18:00:00.000Z, could not be canceled",
    });
  });
});

describe("a member that a call has named", () => {
  const sent = (attempts: Attempts, one: Unit, schedules = false) =>
    verdictOn(one, circumstances({ attempts, schedules }));

  it("is waited for until it shows, then it never started", () => {
    const wait = { kind: "wait", message: "accepted, not started yet", accepted: true };
    expect(sent(called(0), member())).toEqual(wait);
    expect(sent(called(SETTLE - 1), member())).toEqual(wait);
    expect(sent(called(SETTLE), member())).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "the request was accepted, but no upgrade has started; look at it in the console",
    });
  });

  it("is waited for longer when the answer was lost, then nobody knows", () => {
    const wait = { kind: "wait", message: "requested, not confirmed yet", accepted: false };
    expect(sent(called(0, { lost: true }), member())).toEqual(wait);
    expect(sent(called(10 * MINUTE - 1, { lost: true }), member())).toEqual(wait);
    expect(sent(called(10 * MINUTE, { lost: true }), member())).toEqual({
      kind: "problem",
      code: "unconfirmed",
      message: "no upgrade appeared: the response to the upgrade request was lost (Connection reset.)",
    });
  });

  it("counts as accepted in a window only when the task shows", () => {
    expect(sent(called(0), member(), true)).toMatchObject({ kind: "wait", accepted: false });
    expect(sent(called(0), member({ activity: scheduled() }), true)).toMatchObject({ kind: "scheduled" });
  });

  it("has failed when the task that ended is not the one of before", () => {
    const problem = {
      kind: "problem",
      code: "upgrade-failed",
      message: "upgrade t2 failed: disk full. Make room.",
      shared: "the upgrade failed: disk full. Make room.",
    };
    expect(sent(called(MINUTE), member({ completed: failed("t2") }))).toEqual(problem);
    expect(sent(called(MINUTE, { before: "t1" }), member({ completed: failed("t2") }))).toEqual(problem);
    expect(sent(called(MINUTE, { before: "t1" }), member({ completed: failed("t1") }))).toMatchObject({ kind: "wait" });
  });

  it("has failed first, whatever holds it since", () => {
    expect(sent(called(MINUTE), member({ completed: failed("t2"), activity: blocked() }))).toMatchObject({
      code: "upgrade-failed",
    });
  });

  it("is waited for although something holds it, such as its own restart, then that is told", () => {
    const one = member({ activity: blocked() });
    expect(sent(called(SETTLE - 1), one)).toMatchObject({ kind: "wait", accepted: true });
    expect(sent(called(SETTLE), one)).toEqual({ kind: "problem", code: "blocked", message: "It is frozen. Thaw it." });
  });

  it("is not sent another round while something holds it", () => {
    const further = member({ at: "2.0.51.240305", completed: succeeded("t2"), activity: blocked() });
    expect(sent(called(MINUTE), further)).toMatchObject({ kind: "problem", code: "blocked" });
  });

  it("is waited for while something is done to it, also after a failure", () => {
    expect(sent(called(MINUTE), member({ completed: failed("t2"), activity: busy() }))).toEqual({
      kind: "wait",
      message: "in backup",
      accepted: true,
    });
  });

  it("is waited for until its success shows, then it is not upgraded", () => {
    const done = member({ completed: succeeded("t2") });
    const wait = { kind: "wait", message: "completed, the new version does not show yet", accepted: true };
    expect(sent(shown(called(60 * MINUTE), SETTLE - 1, done), done)).toEqual(wait);
    expect(sent(shown(called(60 * MINUTE), SETTLE, done), done)).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 is reported as completed; apply it in the console",
    });
  });

  it("is asked for again when another version runs that is behind, four times at most", () => {
    const further = member({ at: "2.0.51.240305", completed: succeeded("t2") });
    expect(sent(called(MINUTE), further)).toEqual({ kind: "send" });
    expect(sent(called(MINUTE, { rounds: 3 }), further)).toEqual({ kind: "send" });
    expect(sent(called(MINUTE, { rounds: 4 }), further)).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 completed in round 4; apply it in the console",
    });
  });

  it("is not asked for again when its version moves and no task has ended, until it is quiet", () => {
    const moved = member({ at: "2.0.51.240305" });
    expect(sent(called(SETTLE - 1), moved)).toMatchObject({ kind: "wait", accepted: true });
    expect(sent(called(SETTLE), moved)).toEqual({ kind: "send" });
  });

  it("has vanished when it was seen running, and nothing shows any more", () => {
    const ran = member({ activity: upgrading("t2") });
    const wait = { kind: "wait", message: "no longer shown as running", accepted: true };
    expect(sent(shown(called(60 * MINUTE), SETTLE - 1, ran), member())).toEqual(wait);
    expect(sent(shown(called(60 * MINUTE), SETTLE, ran), member())).toEqual({
      kind: "problem",
      code: "vanished",
      message: "upgrade t2 is no longer shown, and the version has not moved",
    });
  });

  it("is not given up while something else has been done to it", () => {
    const attempts = shown(called(60 * MINUTE), SETTLE - 1, member({ activity: busy() }));
    expect(sent(attempts, member())).toMatchObject({ kind: "wait" });
  });

  it("is a problem when the next round is refused, and is not asked for again", () => {
    const attempts = called(60 * MINUTE);
    attempts.refused([member()], new Refused("No.", { refusal: "final", remedy: "Ask them." }));
    expect(sent(attempts, member({ at: "2.0.51.240305", completed: succeeded("t2") }))).toEqual({
      kind: "problem",
      code: "refused",
      message: "No. Ask them.",
    });
  });
});

describe("an upgrade that was found running", () => {
  const ran = member({ activity: upgrading("t2") });

  it.each([
    ["failed", member({ completed: failed("t2") }), { kind: "problem", code: "upgrade-failed" }],
    ["succeeded, its version does not show yet", member({ completed: succeeded("t2") }), { kind: "wait" }],
    ["is no longer shown", member(), { kind: "wait" }],
    [
      "went to another version that is behind",
      member({ at: "2.0.51.1", completed: succeeded("t2") }),
      { kind: "send" },
    ],
  ])("and then %s", (_, now, verdict) => {
    const attempts = shown(new Attempts(), MINUTE, ran, now);
    expect(verdictOn(now, circumstances({ attempts }))).toMatchObject(verdict);
  });
});

describe("a refusal", () => {
  it("for good, of a call that names it alone, is a problem", () => {
    const attempts = new Attempts();
    attempts.refused([member()], new Refused("No.", { refusal: "final" }));
    expect(verdictOn(member(), circumstances({ attempts }))).toEqual({
      kind: "problem",
      code: "refused",
      message: "No.",
    });
  });

  it("of a call that names others too is none", () => {
    const attempts = new Attempts();
    attempts.refused([member(), member({ name: "b" })], new Refused("No.", { refusal: "final" }));
    expect(verdictOn(member(), circumstances({ attempts }))).toEqual({ kind: "send" });
  });

  it("is no matter once the member satisfies the pin", () => {
    const attempts = new Attempts();
    attempts.refused([member()], new Refused("The newest already.", { refusal: "final" }));
    expect(verdictOn(member({ standing: "current", at: NEW }), circumstances({ attempts }))).toEqual({ kind: "done" });
  });

  it("is forgotten with the next accepted call", () => {
    const attempts = new Attempts();
    attempts.refused([member()], new Refused("No.", { refusal: "final" }));
    attempts.sent([member()], NOW, NOW, undefined);
    expect(attempts.refusal("a")).toBeUndefined();
    expect(attempts.entry("a")).toMatchObject({ rounds: 1, from: "2.0.48.231200" });
  });
});

const hold = { code: "freeze", message: "changes are frozen: incident" } as const;
const holdOf = () => hold;
const one = member({ activity: busy() });

describe("a member that is held while something else is done to it", () => {
  it("is not waited for", () => {
    expect(verdictOn(one, circumstances({ holdOf }))).toEqual({ kind: "held", hold });
    const remembered = record("succeeded", 60 * MINUTE);
    expect(verdictOn(one, circumstances({ holdOf, remembered }))).toEqual({ kind: "held", hold });
  });

  it.each([
    ["this run asked for its upgrade", { attempts: called(MINUTE) }, true],
    ["an earlier run did", { remembered: record("running", MINUTE) }, false],
    ["an earlier run did, and the response was lost", { remembered: record("unknown", MINUTE) }, false],
  ])("is waited for where that may be its own upgrade: %s", (_, about, accepted) => {
    const verdict = { kind: "wait", message: "in backup", accepted };
    expect(verdictOn(one, circumstances({ holdOf, ...about }))).toEqual(verdict);
  });

  it("is done where it satisfies the target version", () => {
    const there = member({ standing: "current", activity: busy() });
    expect(verdictOn(there, circumstances({ holdOf }))).toEqual({ kind: "done" });
  });
});

describe("what an earlier run has left", () => {
  const asked = { kind: "wait", message: "requested by an earlier run, not started yet", accepted: true };

  it.each(["running", "unknown"] as const)("in state %s, is waited for until it must have shown", (state) => {
    const limit = state === "unknown" ? 10 * MINUTE : SETTLE;
    expect(verdictOn(member(), circumstances({ remembered: record(state, limit - 1) }))).toEqual(asked);
    expect(verdictOn(member(), circumstances({ remembered: record(state, limit) }))).toEqual({ kind: "send" });
  });

  describe("in a pin that holds now", () => {
    const holding = member({ standing: "current" });
    const done = { kind: "done" };

    it("may lead past it, and is waited for until it must have shown", () => {
      expect(verdictOn(holding, circumstances({ remembered: record("running", SETTLE - 1) }))).toEqual(asked);
      expect(verdictOn(holding, circumstances({ remembered: record("running", SETTLE) }))).toEqual(done);
      expect(verdictOn(holding, circumstances({ remembered: record("unknown", 10 * MINUTE - 1) }))).toEqual(asked);
    });

    it("is nothing to a member that runs what it leads to, or whose upgrade has ended", () => {
      const remembered = record("running", 1);
      expect(verdictOn(member({ standing: "current", at: NEW }), circumstances({ remembered }))).toEqual(done);
      const ended = { standing: "current" as const, completed: failed("t2", NOW) };
      expect(verdictOn(member(ended), circumstances({ remembered }))).toEqual(done);
    });

    it("is waited for when it has succeeded and the version does not show yet, then it had no effect", () => {
      const remembered = record("running", MINUTE);
      const one = member({ standing: "current", completed: succeeded("t2", NOW) });
      const early = shown(new Attempts(), SETTLE - 1, one);
      expect(verdictOn(one, circumstances({ remembered, attempts: early }))).toEqual({
        kind: "wait",
        message: "completed, the new version does not show yet",
        accepted: false,
      });
      const late = shown(new Attempts(), SETTLE, one);
      expect(verdictOn(one, circumstances({ remembered, attempts: late }))).toEqual(done);
      const moved = member({ standing: "current", at: "2.0.51.1", completed: succeeded("t2", NOW) });
      expect(verdictOn(moved, circumstances({ remembered }))).toEqual(done);
    });

    it("is nothing when that run saw its end, or knew which it had scheduled", () => {
      for (const remembered of [record("succeeded", 1), own]) {
        expect(verdictOn({ ...holding, name: "b" }, circumstances({ remembered }))).toEqual(done);
      }
    });

    it("is a problem while it waits for somebody, and none when it is not ours", () => {
      const waits = member({ standing: "current", activity: { kind: "blocked", finding: frozen, task: task("t1") } });
      const remembered = record("running", 60 * MINUTE);
      expect(verdictOn(waits, circumstances({ remembered }))).toMatchObject({ kind: "problem", code: "blocked" });
      expect(verdictOn(waits, circumstances())).toEqual(done);
    });
  });

  it.each(["withdrawn", "gone", "rolled-back"] as const)("in state %s, is over", (state) => {
    expect(verdictOn(member(), circumstances({ remembered: record(state, 1) }))).toEqual({ kind: "send" });
  });

  it.each(["succeeded", "failed"] as const)(
    "in state %s, is over for the members of then: one that has come back may not have shown",
    (state) => {
      expect(verdictOn(member(), circumstances({ remembered: record(state, SETTLE - 1) }))).toEqual({
        ...asked,
        accepted: false,
      });
      expect(verdictOn(member(), circumstances({ remembered: record(state, SETTLE) }))).toEqual({ kind: "send" });
    },
  );

  it("does not keep a later run waiting because its clock was ahead", () => {
    const remembered = record("running", -24 * 60 * MINUTE);
    expect(verdictOn(member(), circumstances({ remembered }))).toEqual(asked);
    const later = circumstances({ remembered });
    expect(verdictOn(member(), { ...later, now: NOW + SETTLE })).toEqual({ kind: "send" });
  });

  it("is asked for again when it has failed since, not when something failed before", () => {
    const remembered = record("running", MINUTE);
    expect(verdictOn(member({ completed: failed("t2", NOW - MINUTE) }), circumstances({ remembered }))).toEqual({
      kind: "send",
    });
    // Vendors tell whole seconds.
    expect(verdictOn(member({ completed: failed("t2", NOW - MINUTE - 999) }), circumstances({ remembered }))).toEqual({
      kind: "send",
    });
    expect(verdictOn(member({ completed: failed("t2", NOW - MINUTE - 1_001) }), circumstances({ remembered }))).toEqual(
      asked,
    );
  });

  it("is waited for when it has succeeded and the version does not show yet, as long as this run sees that", () => {
    const done = member({ completed: succeeded("t2", NOW - 59 * MINUTE) });
    const remembered = record("running", 60 * MINUTE);
    const wait = { kind: "wait", message: "completed, the new version does not show yet", accepted: false };
    const early = shown(new Attempts(), SETTLE - 1, done);
    expect(verdictOn(done, circumstances({ remembered, attempts: early }))).toEqual(wait);
    const late = shown(new Attempts(), SETTLE, done);
    expect(verdictOn(done, circumstances({ remembered, attempts: late }))).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 is reported as completed; apply it in the console",
    });
  });

  it("is asked for again after that time when the success may be another one, or had an effect", () => {
    const remembered = record("running", 60 * MINUTE);
    for (const done of [
      member({ completed: succeeded("t2", NOW - 61 * MINUTE) }),
      member({ at: "2.0.51.1", completed: succeeded("t2", NOW - 59 * MINUTE) }),
    ]) {
      const late = shown(new Attempts(), SETTLE, done);
      expect(verdictOn(done, circumstances({ remembered, attempts: late }))).toEqual({ kind: "send" });
    }
  });

  it("is over when it has succeeded in the run that asked for it: what is behind was put back since", () => {
    const done = member({ completed: succeeded("t2", NOW - MINUTE) });
    for (const state of ["succeeded", "failed"] as const)
      expect(verdictOn(done, circumstances({ remembered: record(state, MINUTE) }))).toEqual({ kind: "send" });
  });

  it("is forgotten for a member that this run has asked for", () => {
    const remembered = record("unknown", MINUTE);
    expect(verdictOn(member(), circumstances({ remembered, attempts: called(SETTLE) }))).toMatchObject({
      kind: "problem",
      code: "not-upgraded",
    });
  });

  it("is waited for while something was done to the member meanwhile", () => {
    const remembered = record("running", 60 * MINUTE);
    const attempts = shown(new Attempts(), SETTLE - 1, member({ activity: busy() }));
    expect(verdictOn(member(), circumstances({ remembered, attempts }))).toEqual(asked);
  });

  it("is a scheduled task that may be about to start, when it does not show around its window", () => {
    const shut = Date.parse(window.closes);
    const attempts = new Attempts();
    attempts.seen([member()], NOW);
    const about = circumstances({ remembered: own, attempts, schedules: true });
    expect(verdictOn(member(), about)).toEqual({ ...asked, accepted: false });
    expect(verdictOn(member(), { ...about, now: NOW + SETTLE })).toEqual({ kind: "send" });
    expect(verdictOn(member(), { ...about, now: shut + SETTLE })).toEqual({ kind: "send" });
    expect(verdictOn(member({ name: "b" }), about)).toEqual({ kind: "send" });
    const dropped = new ScheduledTasks(own);
    dropped.drop(["t1"]);
    expect(verdictOn(member(), { ...about, schedule: dropped })).toEqual({ kind: "send" });
  });
});

/** Verdicts on one unit whose vendor is asked for a task by its id. */
function verdict(one: Unit, known?: Evidence, rest: Partial<Circumstances> = {}): Verdict {
  return decide(one, {
    now: NOW,
    known,
    rounds: 0,
    refusal: undefined,
    settleTime: MINUTE,
    schedules: false,
    owns: () => false,
    isKept: () => false,
    holdOf: () => undefined,
    texts: textsOf({ title: "Orders database" }),
    ...rest,
  });
}

const holding = member({ standing: "current" });
const failure = { message: "disk full.", remedy: "Make room." };
const failedTask = { kind: "failed", task: task("t1"), failure } as const;
const succeededTask = { kind: "succeeded", task: task("t1"), since: NOW - 1 } as const;
const silent = { kind: "invisible", expired: false, lost: false, accepted: true, moved: false } as const;

describe("what the vendor says of a task that it is asked for", () => {
  it("counts before what a read shows when it failed: whatever runs, and whether the unit is up to date", () => {
    for (const one of [holding, member(), member({ activity: upgrading("t2") }), member({ activity: busy() })]) {
      expect(verdict(one, { by: "run", ...failedTask, final: true })).toMatchObject({
        kind: "failed",
        when: "just now",
      });
    }
  });

  it("of an earlier run's failure does not keep the upgrade from being requested again", () => {
    expect(verdict(member(), { by: "earlier", ...failedTask, final: false })).toEqual({ kind: "send" });
    expect(verdict(holding, { by: "earlier", ...failedTask, final: false })).toEqual({ kind: "done" });
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
    expect(verdict(member(), { by, ...succeededTask, pending: true })).toMatchObject({ kind: "wait" });
    expect(verdict(member(), { by, ...succeededTask, since: NOW - MINUTE, pending: true })).toMatchObject({
      kind: "problem",
      code: "not-upgraded",
    });
  });

  it("is followed by another request when it led elsewhere, four times at most", () => {
    const known = { by: "run", ...succeededTask, pending: false } as const;
    expect(verdict(member(), known, { rounds: 3 })).toEqual({ kind: "send" });
    expect(verdict(member(), known, { rounds: 4 })).toMatchObject({ kind: "problem", code: "not-upgraded" });
  });

  it("is a problem at once when it is gone, and none when its version is there", () => {
    const gone = { by: "run", ...silent, expired: true, task: task("t1") } as const;
    expect(verdict(member(), gone)).toMatchObject({ kind: "problem", code: "vanished" });
    expect(verdict(holding, gone)).toEqual({ kind: "done" });
  });
});

describe("a request whose response was lost", () => {
  const cause = new Unreachable("reset", { sent: true, responded: false });
  const lost = { by: "run", ...silent, lost: true, accepted: false, cause, waited: MINUTE } as const;

  it("is looked for, then a problem, never sent again", () => {
    expect(verdict(member(), lost)).toMatchObject({ kind: "wait", accepted: false });
    expect(verdict(member(), { ...lost, expired: true })).toMatchObject({ kind: "problem", code: "unconfirmed" });
  });

  it("of an earlier run is sent again only once it is over", () => {
    expect(verdict(member(), { ...lost, by: "earlier" })).toMatchObject({ kind: "wait" });
    expect(verdict(member(), { ...lost, by: "earlier", expired: true })).toEqual({ kind: "send" });
  });

  it("may lead past a target version that is reached", () => {
    expect(verdict(holding, { ...lost, by: "earlier" })).toMatchObject({ kind: "wait" });
    expect(verdict(holding, { ...lost, by: "earlier", expired: true })).toEqual({ kind: "done" });
  });
});

describe("a unit that an upgrade of this run has brought to its target version", () => {
  const after = member({ standing: "current", activity: busy() });
  const succeeded = { by: "run", kind: "succeeded", task: task("t1"), pending: false } as const;
  const unhealthy = member({ standing: "current", activity: { kind: "blocked", finding: frozen, unhealthy: true } });

  it("is waited for while another operation is in progress, for a limited time", () => {
    const wait = { kind: "wait", message: "waiting for in backup", accepted: true };
    expect(verdict(after, { ...succeeded, since: NOW - MINUTE + 1 })).toEqual(wait);
    expect(verdict(after, { ...succeeded, since: NOW - MINUTE })).toEqual({ kind: "done" });
    expect(verdict(after, { by: "run", ...silent, moved: true })).toEqual(wait);
  });

  it("is a problem while it does not work", () => {
    expect(verdict(unhealthy, { ...succeeded, since: NOW })).toMatchObject({
      kind: "problem",
      code: "upgrade-failed",
      message: expect.stringMatching(/ runs .*, but does not work\. It is frozen\./),
    });
  });

  it("is left alone when an earlier run has upgraded it", () => {
    for (const one of [after, unhealthy]) {
      expect(verdict(one, { ...succeeded, by: "earlier", since: NOW })).toEqual({ kind: "done" });
      expect(verdict(one, undefined)).toEqual({ kind: "done" });
    }
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
