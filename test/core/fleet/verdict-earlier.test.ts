import { describe, expect, it } from "vitest";
import { Attempts } from "../../../provider/core/upgrades/attempts";
import { ScheduledTasks } from "../../../provider/core/upgrades/scheduled-tasks";
import {
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
  shown,
  succeeded,
  task,
  verdictOn,
  window,
} from "./facts";
import { MINUTE, SETTLE } from "./world";

describe("what an earlier run has left", () => {
  const asked = { kind: "wait", message: "requested by an earlier run, not started yet", accepted: true };

  it.each(["running", "unknown"] as const)("in state %s, is waited for until it must have shown", (state) => {
    const limit = state === "unknown" ? 10 * MINUTE : SETTLE;
    expect(verdictOn(member(), circumstances({ remembered: record(state, limit - 1) }))).toEqual(asked);
    expect(verdictOn(member(), circumstances({ remembered: record(state, limit) }))).toEqual({ kind: "send" });
  });

  describe("in a pin that holds now", () => {
    const holding = member({ standing: "holds" });
    const done = { kind: "done" };

    it("may lead past it, and is waited for until it must have shown", () => {
      expect(verdictOn(holding, circumstances({ remembered: record("running", SETTLE - 1) }))).toEqual(asked);
      expect(verdictOn(holding, circumstances({ remembered: record("running", SETTLE) }))).toEqual(done);
      expect(verdictOn(holding, circumstances({ remembered: record("unknown", 10 * MINUTE - 1) }))).toEqual(asked);
    });

    it("is nothing to a member that runs what it leads to, or whose upgrade has ended", () => {
      const remembered = record("running", 1);
      expect(verdictOn(member({ standing: "holds", at: NEW }), circumstances({ remembered }))).toEqual(done);
      const ended = { standing: "holds" as const, ended: failed("t2", NOW) };
      expect(verdictOn(member(ended), circumstances({ remembered }))).toEqual(done);
    });

    it("is waited for when it has succeeded and the version does not show yet, then it had no effect", () => {
      const remembered = record("running", MINUTE);
      const one = member({ standing: "holds", ended: succeeded("t2", NOW) });
      const early = shown(new Attempts(), SETTLE - 1, one);
      expect(verdictOn(one, circumstances({ remembered, attempts: early }))).toEqual({
        kind: "wait",
        message: "completed, the new version does not show yet",
        accepted: false,
      });
      const late = shown(new Attempts(), SETTLE, one);
      expect(verdictOn(one, circumstances({ remembered, attempts: late }))).toEqual(done);
      const moved = member({ standing: "holds", at: "2.0.51.1", ended: succeeded("t2", NOW) });
      expect(verdictOn(moved, circumstances({ remembered }))).toEqual(done);
    });

    it("is nothing when that run saw its end, or knew which it had scheduled", () => {
      for (const remembered of [record("succeeded", 1), own]) {
        expect(verdictOn({ ...holding, name: "b" }, circumstances({ remembered }))).toEqual(done);
      }
    });

    it("is a problem while it waits for somebody, and none when it is not ours", () => {
      const waits = member({ standing: "holds", activity: { kind: "blocked", finding: frozen, task: task("t1") } });
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
    expect(verdictOn(member({ ended: failed("t2", NOW - MINUTE) }), circumstances({ remembered }))).toEqual({
      kind: "send",
    });
    // Vendors tell whole seconds.
    expect(verdictOn(member({ ended: failed("t2", NOW - MINUTE - 999) }), circumstances({ remembered }))).toEqual({
      kind: "send",
    });
    expect(verdictOn(member({ ended: failed("t2", NOW - MINUTE - 1_001) }), circumstances({ remembered }))).toEqual(
      asked,
    );
  });

  it("is waited for when it has succeeded and the version does not show yet, as long as this run sees that", () => {
    const done = member({ ended: succeeded("t2", NOW - 59 * MINUTE) });
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
      member({ ended: succeeded("t2", NOW - 61 * MINUTE) }),
      member({ at: "2.0.51.1", ended: succeeded("t2", NOW - 59 * MINUTE) }),
    ]) {
      const late = shown(new Attempts(), SETTLE, done);
      expect(verdictOn(done, circumstances({ remembered, attempts: late }))).toEqual({ kind: "send" });
    }
  });

  it("is over when it has succeeded in the run that asked for it: what is behind was put back since", () => {
    const done = member({ ended: succeeded("t2", NOW - MINUTE) });
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
    const about = circumstances({ remembered: own, schedules: true });
    expect(verdictOn(member(), about)).toEqual({ ...asked, accepted: false });
    expect(verdictOn(member(), { ...about, now: NOW + SETTLE })).toEqual({ kind: "send" });
    expect(verdictOn(member(), { ...about, now: shut + SETTLE })).toEqual({ kind: "send" });
    expect(verdictOn(member({ name: "b" }), about)).toEqual({ kind: "send" });
    const dropped = new ScheduledTasks(own);
    dropped.drop(["t1"]);
    expect(verdictOn(member(), { ...about, schedule: dropped })).toEqual({ kind: "send" });
  });
});
