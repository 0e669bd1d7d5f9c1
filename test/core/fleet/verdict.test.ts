import { describe, expect, it } from "vitest";
import { Refused } from "../../../provider/core/errors";
import type { Unit } from "../../../provider/core/unit";
import { Attempts } from "../../../provider/core/upgrades/attempts";
import {
  blocked,
  busy,
  called,
  circumstances,
  failed,
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
} from "./facts";
import { MINUTE, SETTLE } from "./world";

const foreign =
  "upgrade t1 (KernelUpgrade to 2.0.78.260600), which this resource did not schedule, is scheduled for its maintenance window from 2026-01-01T18:00:00.000Z; cancel it at the vendor, or set `schedule` to `maintenance-window` to use it";

describe("a member that nothing was done about", () => {
  it.each([
    ["satisfies the pin", member({ standing: "holds" }), { kind: "done" }],
    ["runs something newer", member({ standing: "newer" }), { kind: "newer" }],
    ["is behind", member(), { kind: "send" }],
    ["is behind, after an upgrade that failed", member({ ended: failed() }), { kind: "send" }],
    ["is behind, after an upgrade that succeeded", member({ ended: succeeded() }), { kind: "send" }],
    [
      "upgrades",
      member({ activity: upgrading("t1", 40) }),
      { kind: "wait", message: "upgrading", percent: 40, accepted: true },
    ],
    [
      "upgrades although it satisfies the pin",
      member({ standing: "holds", activity: upgrading() }),
      { kind: "wait", message: "upgrading", accepted: true },
    ],
    ["is busy", member({ activity: busy() }), { kind: "wait", message: "in backup", accepted: false }],
    ["is busy, and satisfies the pin", member({ standing: "holds", activity: busy() }), { kind: "done" }],
    [
      "is held",
      member({ activity: blocked() }),
      { kind: "problem", code: "blocked", message: "It is frozen. Thaw it.", tentative: true },
    ],
    ["is held, and satisfies the pin", member({ standing: "holds", activity: blocked() }), { kind: "done" }],
    [
      "has an upgrade of somebody else waiting",
      member({ activity: scheduled() }),
      { kind: "problem", code: "blocked", message: foreign },
    ],
    [
      "has an upgrade of somebody else waiting, and satisfies the pin",
      member({ standing: "holds", activity: scheduled() }),
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
    const one = member({ standing: "holds", activity: scheduled() });
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
    const wait = { kind: "wait", message: "requested, the response was lost", accepted: false };
    expect(sent(called(0, { lost: true }), member())).toEqual(wait);
    expect(sent(called(10 * MINUTE - 1, { lost: true }), member())).toEqual(wait);
    expect(sent(called(10 * MINUTE, { lost: true }), member())).toEqual({
      kind: "problem",
      code: "unconfirmed",
      message: "the response to the upgrade request was lost, and no upgrade appeared",
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
    expect(sent(called(MINUTE), member({ ended: failed("t2") }))).toEqual(problem);
    expect(sent(called(MINUTE, { before: "t1" }), member({ ended: failed("t2") }))).toEqual(problem);
    expect(sent(called(MINUTE, { before: "t1" }), member({ ended: failed("t1") }))).toMatchObject({ kind: "wait" });
  });

  it("has failed first, whatever holds it since", () => {
    expect(sent(called(MINUTE), member({ ended: failed("t2"), activity: blocked() }))).toMatchObject({
      code: "upgrade-failed",
    });
  });

  it("is waited for although something holds it, such as its own restart, then that is told", () => {
    const one = member({ activity: blocked() });
    expect(sent(called(SETTLE - 1), one)).toMatchObject({ kind: "wait", accepted: true });
    expect(sent(called(SETTLE), one)).toEqual({ kind: "problem", code: "blocked", message: "It is frozen. Thaw it." });
  });

  it("is not sent another round while something holds it", () => {
    const further = member({ at: "2.0.51.240305", ended: succeeded("t2"), activity: blocked() });
    expect(sent(called(MINUTE), further)).toMatchObject({ kind: "problem", code: "blocked" });
  });

  it("is waited for while something is done to it, also after a failure", () => {
    expect(sent(called(MINUTE), member({ ended: failed("t2"), activity: busy() }))).toEqual({
      kind: "wait",
      message: "in backup",
      accepted: true,
    });
  });

  it("is waited for until its success shows, then it is not upgraded", () => {
    const done = member({ ended: succeeded("t2") });
    const wait = { kind: "wait", message: "completed, the new version does not show yet", accepted: true };
    expect(sent(shown(called(60 * MINUTE), SETTLE - 1, done), done)).toEqual(wait);
    expect(sent(shown(called(60 * MINUTE), SETTLE, done), done)).toEqual({
      kind: "problem",
      code: "not-upgraded",
      message: "upgrade t2 is reported as completed; apply it in the console",
    });
  });

  it("is asked for again when another version runs that is behind, four times at most", () => {
    const further = member({ at: "2.0.51.240305", ended: succeeded("t2") });
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
    expect(sent(attempts, member({ at: "2.0.51.240305", ended: succeeded("t2") }))).toEqual({
      kind: "problem",
      code: "refused",
      message: "No. Ask them.",
    });
  });
});

describe("an upgrade that was found running", () => {
  const ran = member({ activity: upgrading("t2") });

  it.each([
    ["failed", member({ ended: failed("t2") }), { kind: "problem", code: "upgrade-failed" }],
    ["succeeded, its version does not show yet", member({ ended: succeeded("t2") }), { kind: "wait" }],
    ["is no longer shown", member(), { kind: "wait" }],
    ["went to another version that is behind", member({ at: "2.0.51.1", ended: succeeded("t2") }), { kind: "send" }],
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
    expect(verdictOn(member({ standing: "holds", at: NEW }), circumstances({ attempts }))).toEqual({ kind: "done" });
  });

  it("is forgotten with the next accepted call", () => {
    const attempts = new Attempts();
    attempts.refused([member()], new Refused("No.", { refusal: "final" }));
    attempts.sent([member()], NOW, NOW, false);
    expect(attempts.refusal("a")).toBeUndefined();
    expect(attempts.entry("a")).toMatchObject({ rounds: 1, from: "2.0.48.231200" });
  });
});
