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
  circumstances,
  failed,
  frozen,
  member,
  NEW,
  NOW,
  observed,
  own,
  record,
  requested,
  scheduled,
  succeeded,
  task,
  upgrading,
  verdictOn,
  window,
} from "./reconcile/facts";
import { MINUTE, SETTLE } from "./reconcile/world";

const foreign =
  "upgrade t1 (KernelUpgrade to 2.0.78.260600), which this resource did not schedule, is scheduled for its maintenance window from 2026-01-01T18:00:00.000Z; cancel it at the vendor, or set `schedule` to `maintenance-window` to use it";

describe("a unit without a request", () => {
  it.each([
    ["is up to date", member({ standing: "current" }), { kind: "done" }],
    ["is ahead of the target", member({ standing: "newer" }), { kind: "newer" }],
    ["is outdated", member(), { kind: "send" }],
    ["is outdated, after a failed upgrade", member({ completed: failed() }), { kind: "send" }],
    ["is outdated, after a succeeded upgrade", member({ completed: succeeded() }), { kind: "send" }],
    [
      "has an upgrade in progress",
      member({ activity: upgrading("t1", 40) }),
      { kind: "wait", message: "upgrading", percent: 40, accepted: true },
    ],
    [
      "has an upgrade in progress and is up to date",
      member({ standing: "current", activity: upgrading() }),
      { kind: "wait", message: "upgrading", accepted: true },
    ],
    ["is busy", member({ activity: busy() }), { kind: "wait", message: "in backup", accepted: false }],
    ["is busy and up to date", member({ standing: "current", activity: busy() }), { kind: "done" }],
    [
      "is blocked",
      member({ activity: blocked() }),
      { kind: "problem", code: "blocked", message: "It is frozen. Thaw it.", tentative: true },
    ],
    ["is blocked and up to date", member({ standing: "current", activity: blocked() }), { kind: "done" }],
    [
      "has an upgrade scheduled by another client",
      member({ activity: scheduled() }),
      { kind: "problem", code: "blocked", message: foreign },
    ],
    [
      "has an upgrade scheduled by another client and is up to date",
      member({ standing: "current", activity: scheduled() }),
      { kind: "done" },
    ],
  ])("has a verdict if it %s", (_, one, verdict) => {
    expect(verdictOn(one, circumstances())).toEqual(verdict);
  });
});

describe("a scheduled upgrade", () => {
  const waits = member({ activity: scheduled() });

  it("is not changed if the resource uses windows, even if another client scheduled it", () => {
    const verdict = { kind: "scheduled", task: task("t1"), window };
    expect(verdictOn(waits, circumstances({ schedules: true }))).toEqual(verdict);
    expect(verdictOn(waits, circumstances({ schedules: true, remembered: own }))).toEqual(verdict);
  });

  it("is canceled if it is ours and the resource does not use windows", () => {
    expect(verdictOn(waits, circumstances({ remembered: own }))).toEqual({
      kind: "cancel",
      task: task("t1"),
      window,
    });
  });

  it("is canceled if it is ours and the unit is up to date", () => {
    const one = member({ standing: "current", activity: scheduled() });
    for (const schedules of [true, false]) {
      expect(verdictOn(one, circumstances({ schedules, remembered: own }))).toMatchObject({ kind: "cancel" });
    }
  });

  it("is ours if the run that requested it did not see it", () => {
    const remembered = record("deferred", 60 * MINUTE, { tasks: { a: "unknown" } });
    expect(verdictOn(waits, circumstances({ remembered }))).toMatchObject({ kind: "cancel" });
  });

  it.each([
    ["the state records another task", record("deferred", 0, { tasks: { a: "t7" } })],
    ["the state records it for another unit", record("deferred", 0, { tasks: { b: "t1" } })],
    ["it was joined", record("deferred", 0, { tasks: { a: "t1" }, joined: true })],
  ])("is not ours if %s", (_, remembered) => {
    expect(verdictOn(waits, circumstances({ remembered }))).toEqual({
      kind: "problem",
      code: "blocked",
      message: foreign,
    });
  });

  it("is a problem if the vendor does not cancel it", () => {
    expect(verdictOn(waits, circumstances({ remembered: own, kept: new Set(["t1"]) }))).toEqual({
      kind: "problem",
      code: "refused",
      message:
        "upgrade t1, which is scheduled for its maintenance window from 2026-01-01T18:00:00.000Z, could not be canceled",
    });
  });
});

describe("a unit named in an upgrade request", () => {
  const sent = (attempts: Attempts, one: Unit, schedules = false) =>
    verdictOn(one, circumstances({ attempts, schedules }));

  it("is waited for until its upgrade appears, then it is reported as never started", () => {
    const wait = { kind: "wait", message: "accepted, not started yet", accepted: true };
    expect(sent(requested(0), member())).toEqual(wait);
    expect(sent(requested(SETTLE - 1), member())).toEqual(wait);
    expect(sent(requested(SETTLE), member())).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "the request was accepted, but no upgrade has started; look at it in the console",
    });
  });

  it("is waited for longer if the response was lost, then it is unconfirmed", () => {
    const wait = { kind: "wait", message: "requested, not confirmed yet", accepted: false };
    expect(sent(requested(0, { lost: true }), member())).toEqual(wait);
    expect(sent(requested(10 * MINUTE - 1, { lost: true }), member())).toEqual(wait);
    expect(sent(requested(10 * MINUTE, { lost: true }), member())).toEqual({
      kind: "problem",
      code: "unconfirmed",
      message: "no upgrade appeared: the response to the upgrade request was lost (Connection reset.)",
    });
  });

  it("counts as scheduled only once the task appears", () => {
    expect(sent(requested(0), member(), true)).toMatchObject({ kind: "wait", accepted: false });
    expect(sent(requested(0), member({ activity: scheduled() }), true)).toMatchObject({ kind: "scheduled" });
  });

  it("has failed if the failed task is not the previous one", () => {
    const problem = {
      kind: "problem",
      code: "upgrade-failed",
      message: "upgrade t2 failed: disk full. Make room.",
      shared: "the upgrade failed: disk full. Make room.",
    };
    expect(sent(requested(MINUTE), member({ completed: failed("t2") }))).toEqual(problem);
    expect(sent(requested(MINUTE, { before: "t1" }), member({ completed: failed("t2") }))).toEqual(problem);
    expect(sent(requested(MINUTE, { before: "t1" }), member({ completed: failed("t1") }))).toMatchObject({
      kind: "wait",
    });
  });

  it("is reported as failed even if it is blocked since", () => {
    expect(sent(requested(MINUTE), member({ completed: failed("t2"), activity: blocked() }))).toMatchObject({
      code: "upgrade-failed",
    });
  });

  it("is waited for while blocked, for instance by its own restart, then reported as blocked", () => {
    const one = member({ activity: blocked() });
    expect(sent(requested(SETTLE - 1), one)).toMatchObject({ kind: "wait", accepted: true });
    expect(sent(requested(SETTLE), one)).toEqual({
      kind: "problem",
      code: "blocked",
      message: "It is frozen. Thaw it.",
    });
  });

  it("is not requested again while it is blocked", () => {
    const further = member({ at: "2.0.51.240305", completed: succeeded("t2"), activity: blocked() });
    expect(sent(requested(MINUTE), further)).toMatchObject({ kind: "problem", code: "blocked" });
  });

  it("is waited for while it is busy, also after a failure", () => {
    expect(sent(requested(MINUTE), member({ completed: failed("t2"), activity: busy() }))).toEqual({
      kind: "wait",
      message: "in backup",
      accepted: true,
    });
  });

  it("is waited for until the new version appears, then reported as not upgraded", () => {
    const done = member({ completed: succeeded("t2") });
    const wait = { kind: "wait", message: "completed, the new version does not show yet", accepted: true };
    expect(sent(observed(requested(60 * MINUTE), SETTLE - 1, done), done)).toEqual(wait);
    expect(sent(observed(requested(60 * MINUTE), SETTLE, done), done)).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 is reported as completed; apply it in the console",
    });
  });

  it("is requested again if it reached another outdated version, at most four times", () => {
    const further = member({ at: "2.0.51.240305", completed: succeeded("t2") });
    expect(sent(requested(MINUTE), further)).toEqual({ kind: "send" });
    expect(sent(requested(MINUTE, { rounds: 3 }), further)).toEqual({ kind: "send" });
    expect(sent(requested(MINUTE, { rounds: 4 }), further)).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 completed in round 4; apply it in the console",
    });
  });

  it("is not requested again when its version changes without a completed task, until the settle time has passed", () => {
    const moved = member({ at: "2.0.51.240305" });
    expect(sent(requested(SETTLE - 1), moved)).toMatchObject({ kind: "wait", accepted: true });
    expect(sent(requested(SETTLE), moved)).toEqual({ kind: "send" });
  });

  it("has vanished if its upgrade was in progress and no longer appears", () => {
    const ran = member({ activity: upgrading("t2") });
    const wait = { kind: "wait", message: "no longer shown as running", accepted: true };
    expect(sent(observed(requested(60 * MINUTE), SETTLE - 1, ran), member())).toEqual(wait);
    expect(sent(observed(requested(60 * MINUTE), SETTLE, ran), member())).toEqual({
      kind: "problem",
      code: "vanished",
      message: "upgrade t2 is no longer shown, and the version has not moved",
    });
  });

  it("is waited for after another operation on it", () => {
    const attempts = observed(requested(60 * MINUTE), SETTLE - 1, member({ activity: busy() }));
    expect(sent(attempts, member())).toMatchObject({ kind: "wait" });
  });

  it("is a problem if the next round is rejected, and is not requested again", () => {
    const attempts = requested(60 * MINUTE);
    attempts.refused([member()], new Refused("No.", { refusal: "final", remedy: "Ask them." }));
    expect(sent(attempts, member({ at: "2.0.51.240305", completed: succeeded("t2") }))).toEqual({
      kind: "problem",
      code: "refused",
      message: "No. Ask them.",
    });
  });
});

describe("an upgrade found in progress", () => {
  const ran = member({ activity: upgrading("t2") });

  it.each([
    ["failed", member({ completed: failed("t2") }), { kind: "problem", code: "upgrade-failed" }],
    ["succeeded, the new version does not show yet", member({ completed: succeeded("t2") }), { kind: "wait" }],
    ["is no longer shown", member(), { kind: "wait" }],
    ["reached another outdated version", member({ at: "2.0.51.1", completed: succeeded("t2") }), { kind: "send" }],
  ])("has a verdict once it %s", (_, now, verdict) => {
    const attempts = observed(new Attempts(), MINUTE, ran, now);
    expect(verdictOn(now, circumstances({ attempts }))).toMatchObject(verdict);
  });
});

describe("a rejection", () => {
  it("that is final, of a request for one unit, is a problem", () => {
    const attempts = new Attempts();
    attempts.refused([member()], new Refused("No.", { refusal: "final" }));
    expect(verdictOn(member(), circumstances({ attempts }))).toEqual({
      kind: "problem",
      code: "refused",
      message: "No.",
    });
  });

  it("of a request for several units is no problem", () => {
    const attempts = new Attempts();
    attempts.refused([member(), member({ name: "b" })], new Refused("No.", { refusal: "final" }));
    expect(verdictOn(member(), circumstances({ attempts }))).toEqual({ kind: "send" });
  });

  it("is ignored once the unit is up to date", () => {
    const attempts = new Attempts();
    attempts.refused([member()], new Refused("The newest already.", { refusal: "final" }));
    expect(verdictOn(member({ standing: "current", at: NEW }), circumstances({ attempts }))).toEqual({ kind: "done" });
  });

  it("is cleared by the next accepted request", () => {
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

describe("a held unit that is busy", () => {
  it("is not waited for", () => {
    expect(verdictOn(one, circumstances({ holdOf }))).toEqual({ kind: "held", hold });
    const remembered = record("succeeded", 60 * MINUTE);
    expect(verdictOn(one, circumstances({ holdOf, remembered }))).toEqual({ kind: "held", hold });
  });

  it.each([
    ["this run requested its upgrade", { attempts: requested(MINUTE) }, true],
    ["an earlier run requested it", { remembered: record("running", MINUTE) }, false],
    ["an earlier run requested it, and the response was lost", { remembered: record("unknown", MINUTE) }, false],
  ])("is waited for if that may be its own upgrade: %s", (_, about, accepted) => {
    const verdict = { kind: "wait", message: "in backup", accepted };
    expect(verdictOn(one, circumstances({ holdOf, ...about }))).toEqual(verdict);
  });

  it("is done if it is up to date", () => {
    const there = member({ standing: "current", activity: busy() });
    expect(verdictOn(there, circumstances({ holdOf }))).toEqual({ kind: "done" });
  });
});

describe("an upgrade of an earlier run", () => {
  const waitForEarlier = {
    kind: "wait",
    message: "may have been requested by an earlier run, not started yet",
    accepted: true,
  };

  it.each(["running", "unknown"] as const)("in state %s, is waited for as long as it may take to appear", (state) => {
    const limit = state === "unknown" ? 10 * MINUTE : SETTLE;
    expect(verdictOn(member(), circumstances({ remembered: record(state, limit - 1) }))).toEqual(waitForEarlier);
    expect(verdictOn(member(), circumstances({ remembered: record(state, limit) }))).toEqual({ kind: "send" });
  });

  describe("for a unit that is up to date", () => {
    const upToDate = member({ standing: "current" });
    const done = { kind: "done" };

    it("may lead past the target, and is waited for as long as it may take to appear", () => {
      expect(verdictOn(upToDate, circumstances({ remembered: record("running", SETTLE - 1) }))).toEqual(waitForEarlier);
      expect(verdictOn(upToDate, circumstances({ remembered: record("running", SETTLE) }))).toEqual(done);
      expect(verdictOn(upToDate, circumstances({ remembered: record("unknown", 10 * MINUTE - 1) }))).toEqual(
        waitForEarlier,
      );
    });

    it("is not waited for if the unit has reached its version, or its upgrade has ended", () => {
      const remembered = record("running", 1);
      expect(verdictOn(member({ standing: "current", at: NEW }), circumstances({ remembered }))).toEqual(done);
      const ended = { standing: "current" as const, completed: failed("t2", NOW) };
      expect(verdictOn(member(ended), circumstances({ remembered }))).toEqual(done);
    });

    it("is waited for after it succeeded until the new version appears, then it had no effect", () => {
      const remembered = record("running", MINUTE);
      const one = member({ standing: "current", completed: succeeded("t2", NOW) });
      const early = observed(new Attempts(), SETTLE - 1, one);
      expect(verdictOn(one, circumstances({ remembered, attempts: early }))).toEqual({
        kind: "wait",
        message: "completed, the new version does not show yet",
        accepted: false,
      });
      const late = observed(new Attempts(), SETTLE, one);
      expect(verdictOn(one, circumstances({ remembered, attempts: late }))).toEqual(done);
      const moved = member({ standing: "current", at: "2.0.51.1", completed: succeeded("t2", NOW) });
      expect(verdictOn(moved, circumstances({ remembered }))).toEqual(done);
    });

    it("is not waited for if that run saw its end, or recorded the scheduled tasks", () => {
      for (const remembered of [record("succeeded", 1), own]) {
        expect(verdictOn({ ...upToDate, name: "b" }, circumstances({ remembered }))).toEqual(done);
      }
    });

    it("is a problem while it requires action by a person, and none if it is not ours", () => {
      const waits = member({ standing: "current", activity: { kind: "blocked", finding: frozen, task: task("t1") } });
      const remembered = record("running", 60 * MINUTE);
      expect(verdictOn(waits, circumstances({ remembered }))).toMatchObject({ kind: "problem", code: "blocked" });
      expect(verdictOn(waits, circumstances())).toEqual(done);
    });
  });

  it.each(["withdrawn", "gone", "rolled-back"] as const)("in state %s, does not prevent a request", (state) => {
    expect(verdictOn(member(), circumstances({ remembered: record(state, 1) }))).toEqual({ kind: "send" });
  });

  it.each(["succeeded", "failed"] as const)(
    "in state %s, may still appear for a unit that was added again",
    (state) => {
      expect(verdictOn(member(), circumstances({ remembered: record(state, SETTLE - 1) }))).toEqual({
        ...waitForEarlier,
        accepted: false,
      });
      expect(verdictOn(member(), circumstances({ remembered: record(state, SETTLE) }))).toEqual({ kind: "send" });
    },
  );

  it("does not delay a later run because the clock of the earlier one was ahead", () => {
    const remembered = record("running", -24 * 60 * MINUTE);
    expect(verdictOn(member(), circumstances({ remembered }))).toEqual(waitForEarlier);
    const later = circumstances({ remembered });
    expect(verdictOn(member(), { ...later, now: NOW + SETTLE })).toEqual({ kind: "send" });
  });

  it("is requested again if it has failed since, not if an earlier task failed", () => {
    const remembered = record("running", MINUTE);
    expect(verdictOn(member({ completed: failed("t2", NOW - MINUTE) }), circumstances({ remembered }))).toEqual({
      kind: "send",
    });
    // Vendors report whole seconds.
    expect(verdictOn(member({ completed: failed("t2", NOW - MINUTE - 999) }), circumstances({ remembered }))).toEqual({
      kind: "send",
    });
    expect(verdictOn(member({ completed: failed("t2", NOW - MINUTE - 1_001) }), circumstances({ remembered }))).toEqual(
      waitForEarlier,
    );
  });

  it("is waited for after it succeeded until the new version appears, for the settle time of this run", () => {
    const done = member({ completed: succeeded("t2", NOW - 59 * MINUTE) });
    const remembered = record("running", 60 * MINUTE);
    const wait = { kind: "wait", message: "completed, the new version does not show yet", accepted: false };
    const early = observed(new Attempts(), SETTLE - 1, done);
    expect(verdictOn(done, circumstances({ remembered, attempts: early }))).toEqual(wait);
    const late = observed(new Attempts(), SETTLE, done);
    expect(verdictOn(done, circumstances({ remembered, attempts: late }))).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 is reported as completed; apply it in the console",
    });
  });

  it("is requested again after that time if another task may have succeeded, or it had an effect", () => {
    const remembered = record("running", 60 * MINUTE);
    for (const done of [
      member({ completed: succeeded("t2", NOW - 61 * MINUTE) }),
      member({ at: "2.0.51.1", completed: succeeded("t2", NOW - 59 * MINUTE) }),
    ]) {
      const late = observed(new Attempts(), SETTLE, done);
      expect(verdictOn(done, circumstances({ remembered, attempts: late }))).toEqual({ kind: "send" });
    }
  });

  it("is requested again if it succeeded in its own run: an outdated unit was downgraded since", () => {
    const done = member({ completed: succeeded("t2", NOW - MINUTE) });
    for (const state of ["succeeded", "failed"] as const)
      expect(verdictOn(done, circumstances({ remembered: record(state, MINUTE) }))).toEqual({ kind: "send" });
  });

  it("is ignored for a unit that this run has requested", () => {
    const remembered = record("unknown", MINUTE);
    expect(verdictOn(member(), circumstances({ remembered, attempts: requested(SETTLE) }))).toMatchObject({
      kind: "problem",
      code: "not-upgraded",
    });
  });

  it("is waited for after another operation on the unit", () => {
    const remembered = record("running", 60 * MINUTE);
    const attempts = observed(new Attempts(), SETTLE - 1, member({ activity: busy() }));
    expect(verdictOn(member(), circumstances({ remembered, attempts }))).toEqual(waitForEarlier);
  });

  it("may still start if its scheduled task does not appear around its window", () => {
    const shut = Date.parse(window.closes);
    const attempts = new Attempts();
    attempts.seen([member()], NOW);
    const about = circumstances({ remembered: own, attempts, schedules: true });
    expect(verdictOn(member(), about)).toEqual({ ...waitForEarlier, accepted: false });
    expect(verdictOn(member(), { ...about, now: NOW + SETTLE })).toEqual({ kind: "send" });
    expect(verdictOn(member(), { ...about, now: shut + SETTLE })).toEqual({ kind: "send" });
    expect(verdictOn(member({ name: "b" }), about)).toEqual({ kind: "send" });
    const dropped = new ScheduledTasks(own);
    dropped.drop(["t1"]);
    expect(verdictOn(member(), { ...about, schedule: dropped })).toEqual({ kind: "send" });
  });
});

/** The verdict on one unit whose task is read by its id. */
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

const upToDate = member({ standing: "current" });
const failure = { message: "disk full.", remedy: "Make room." };
const failedTask = { kind: "failed", task: task("t1"), failure } as const;
const succeededTask = { kind: "succeeded", task: task("t1"), since: NOW - 1 } as const;
const invisible = { kind: "invisible", expired: false, lost: false, accepted: true, moved: false } as const;

describe("the state of a task that is read by its id", () => {
  it("takes precedence over the read if it failed, even if the unit is up to date", () => {
    for (const one of [upToDate, member(), member({ activity: upgrading("t2") }), member({ activity: busy() })]) {
      expect(verdict(one, { by: "run", ...failedTask, final: true })).toMatchObject({
        kind: "failed",
        when: "just now",
      });
    }
  });

  it("does not prevent another request if it failed in an earlier run", () => {
    expect(verdict(member(), { by: "earlier", ...failedTask, final: false })).toEqual({ kind: "send" });
    expect(verdict(upToDate, { by: "earlier", ...failedTask, final: false })).toEqual({ kind: "done" });
  });

  it("is waited for while in progress, even if the unit is up to date", () => {
    for (const one of [upToDate, member(), member({ activity: upgrading("t2") })]) {
      const known = { by: "earlier", kind: "running", task: task("t1") } as const;
      expect(verdict(one, known)).toMatchObject({ kind: "wait", accepted: true });
    }
  });

  it("is not changed while scheduled, and canceled only if it is ours and not needed", () => {
    const known = { by: "earlier", kind: "scheduled", task: task("t1"), window } as const;
    expect(verdict(member(), known)).toEqual({ kind: "scheduled", task: task("t1"), window });
    expect(verdict(upToDate, known)).toEqual({ kind: "done" });
    expect(verdict(upToDate, known, { owns: () => true })).toEqual({ kind: "cancel", task: task("t1"), window });
  });

  it.each(["run", "earlier"] as const)("prevents a second request while its version does not show (%s)", (by) => {
    expect(verdict(member(), { by, ...succeededTask, pending: true })).toMatchObject({ kind: "wait" });
    expect(verdict(member(), { by, ...succeededTask, since: NOW - MINUTE, pending: true })).toMatchObject({
      kind: "problem",
      code: "not-upgraded",
    });
  });

  it("leads to another request if it reached another version, at most four times", () => {
    const known = { by: "run", ...succeededTask, pending: false } as const;
    expect(verdict(member(), known, { rounds: 3 })).toEqual({ kind: "send" });
    expect(verdict(member(), known, { rounds: 4 })).toMatchObject({ kind: "problem", code: "not-upgraded" });
  });

  it("is a problem immediately if the task is gone, and none if the unit is up to date", () => {
    const gone = { by: "run", ...invisible, expired: true, task: task("t1") } as const;
    expect(verdict(member(), gone)).toMatchObject({ kind: "problem", code: "vanished" });
    expect(verdict(upToDate, gone)).toEqual({ kind: "done" });
  });
});

describe("a request whose response was lost", () => {
  const cause = new Unreachable("reset", { sent: true, responded: false });
  const lost = { by: "run", ...invisible, lost: true, accepted: false, cause, waited: MINUTE } as const;

  it("is searched for, then a problem, and never sent again", () => {
    expect(verdict(member(), lost)).toMatchObject({ kind: "wait", accepted: false });
    expect(verdict(member(), { ...lost, expired: true })).toMatchObject({ kind: "problem", code: "unconfirmed" });
  });

  it("of an earlier run is sent again only once its time is over", () => {
    expect(verdict(member(), { ...lost, by: "earlier" })).toMatchObject({ kind: "wait" });
    expect(verdict(member(), { ...lost, by: "earlier", expired: true })).toEqual({ kind: "send" });
  });

  it("may lead past the target version", () => {
    expect(verdict(upToDate, { ...lost, by: "earlier" })).toMatchObject({ kind: "wait" });
    expect(verdict(upToDate, { ...lost, by: "earlier", expired: true })).toEqual({ kind: "done" });
  });
});

describe("a unit that an upgrade of this run has brought up to date", () => {
  const after = member({ standing: "current", activity: busy() });
  const succeeded = { by: "run", kind: "succeeded", task: task("t1"), pending: false } as const;
  const unhealthy = member({ standing: "current", activity: { kind: "blocked", finding: frozen, unhealthy: true } });

  it("is waited for while another operation is in progress, for a limited time", () => {
    const wait = { kind: "wait", message: "waiting for in backup", accepted: true };
    expect(verdict(after, { ...succeeded, since: NOW - MINUTE + 1 })).toEqual(wait);
    expect(verdict(after, { ...succeeded, since: NOW - MINUTE })).toEqual({ kind: "done" });
    expect(verdict(after, { by: "run", ...invisible, moved: true })).toEqual(wait);
  });

  it("is a problem while it does not work", () => {
    expect(verdict(unhealthy, { ...succeeded, since: NOW })).toMatchObject({
      kind: "problem",
      code: "upgrade-failed",
      message: expect.stringMatching(/ runs .*, but does not work\. It is frozen\./),
    });
  });

  it("is done if an earlier run upgraded it", () => {
    for (const one of [after, unhealthy]) {
      expect(verdict(one, { ...succeeded, by: "earlier", since: NOW })).toEqual({ kind: "done" });
      expect(verdict(one, undefined)).toEqual({ kind: "done" });
    }
  });
});

describe("an upgrade scheduled by another client", () => {
  it("is not waited for if the upgrade can never succeed as written", () => {
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

  it("is reported after blocked units, and never prevents joining an upgrade in progress", () => {
    expect(verdict(member(), undefined, held)).toMatchObject({ kind: "held" });
    expect(verdict(member({ activity: blocked() }), undefined, held)).toMatchObject({ kind: "problem" });
    expect(verdict(member({ activity: upgrading() }), undefined, held)).toMatchObject({ kind: "wait" });
    expect(verdict(member({ activity: busy() }), undefined, held)).toMatchObject({ kind: "held" });
    expect(verdict(member({ activity: busy() }), { by: "earlier", ...invisible }, held)).toMatchObject({
      kind: "wait",
    });
  });
});
