import { describe, expect, it } from "vitest";
import { Unreachable, UpgradeError } from "../../provider/core/errors";
import { OLD } from "./fleet/facts";
import { HOUR, LOOK, MINUTE, type Moment, many, SECOND, type Stage, World } from "./fleet/world";
import {
  deadline,
  interrupted,
  joining,
  play,
  running,
  satisfied,
  succeeded,
  TITLE,
  task,
  upgrade,
  waiting,
} from "./scripted-driver";

const RUNNING = "upgrade 11 (rolling upgrade to 4.3.5.2)";

describe.each([
  ["interrupted", interrupted, "Interrupted"],
  ["deadline", deadline, "The time limit was reached ({timeLimit})"],
  ["engine-gone", () => new UpgradeError("engine-gone", "gone"), "{engine} is gone"],
] as const)("a run that is ended from outside: %s", (code, reason, how) => {
  it("before it began asks nothing and calls nothing", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade()],
      meanwhile: (stage) => stage.abort(reason()),
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.error?.message).toBe(`${how} before an upgrade of ${TITLE} was started; nothing was sent.`);
    expect(journal).toEqual([]);
    expect(starts).toBe(0);
  });

  it("between the two looks calls nothing", async () => {
    const { outcome, starts } = await play({
      looks: [
        upgrade(),
        (stage) => {
          stage.abort(reason());
          return upgrade();
        },
      ],
      starts: [new UpgradeError(code, "no call is started any more")],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBeLessThanOrEqual(1);
  });

  it("while it waits for something else calls nothing", async () => {
    const { outcome, starts, took } = await play({
      looks: [waiting()],
      meanwhile: (stage) => stage.clock.after(90_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.error?.message).toBe(
      `${how} before an upgrade of ${TITLE} was started (waiting for backup 3); nothing was sent.`,
    );
    expect(starts).toBe(0);
    expect(took).toBe(90_000);
  });

  it("in the last look, when the upgrade has succeeded already, does not say that nothing was sent", async () => {
    const { outcome, starts } = await play({
      looks: [
        upgrade(),
        upgrade(),
        (stage) => {
          stage.abort(reason());
          throw reason();
        },
      ],
      starts: [task],
      inspections: [succeeded],
    });
    expect(outcome).toMatchObject({ error: { code }, upgrade: { state: "succeeded" } });
    expect(starts).toBe(1);
    expect(outcome.error?.message).toBe(
      `${how}: ${RUNNING} of ${TITLE} has ended (succeeded), but the versions could not be read afterwards.`,
    );
  });

  it("while it waits for its upgrade hands it over at once, and cancels nothing", async () => {
    const { outcome, starts, took } = await play({
      looks: [upgrade()],
      starts: [task],
      inspections: [running],
      meanwhile: (stage) => stage.clock.after(90_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { task: "11", state: "running" },
    });
    expect(outcome.upgrade).not.toHaveProperty("finishedAt");
    expect(outcome.error?.sentence).toBe(
      `${how}: ${TITLE} is still running ${RUNNING}. Nothing was undone. Run {apply} again to resume waiting.`,
    );
    expect(outcome.observation?.plan).toEqual(upgrade());
    expect(starts).toBe(1);
    expect(took).toBe(90_000);
  });

  it("while it waits for an upgrade that it joined hands that over", async () => {
    const { outcome, starts } = await play({
      looks: [joining],
      inspections: [running],
      meanwhile: (stage) => stage.clock.after(5_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code }, upgrade: { task: "11" } });
    expect(starts).toBe(0);
  });

  it("while nobody answers during its upgrade hands it over too", async () => {
    const { outcome, took } = await play({
      looks: [joining],
      inspections: [running, new Unreachable("connection refused", { sent: false, responded: false })],
      meanwhile: (stage) => stage.clock.after(60_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code } });
    expect(took).toBe(60_000);
  });

  it("while the call is under way remembers the task if the vendor still accepts", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade()],
      starts: [
        (stage) => {
          stage.abort(reason());
          return task;
        },
      ],
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { task: "11", state: "running" },
    });
    expect(outcome.error?.message).toBe(`${how}: ${TITLE} is still running ${RUNNING}.`);
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });

  it("while the call is under way remembers that it may have been accepted if the answer does not come", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade()],
      starts: [
        (stage) => {
          stage.abort(reason());
          throw new Unreachable("interrupted while waiting for the response", { sent: true, responded: false });
        },
      ],
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { state: "unknown" },
    });
    expect(outcome.error?.sentence).toBe(
      `${how}: the upgrade request was sent to ${TITLE}, but no response was received. ` +
        "Run {apply} again. It searches for the upgrade first and resumes waiting for it.",
    );
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });

  it("while the call is under way remembers nothing if it certainly was not sent", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade()],
      starts: [
        (stage) => {
          stage.abort(reason());
          throw new Unreachable("connection refused", { sent: false, responded: false });
        },
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("while it looks for an upgrade whose answer was lost keeps that in mind", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade()],
      starts: [new Unreachable("socket hang up", { sent: true, responded: false })],
      meanwhile: (stage) => stage.clock.after(10_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { state: "unknown" },
    });
    expect(starts).toBe(1);
  });
});

describe("a run that ends well", () => {
  it("is not disturbed by an end from outside that comes with its last answer", async () => {
    const { outcome } = await play({
      looks: [
        (stage) => {
          stage.abort(interrupted());
          return satisfied;
        },
      ],
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(outcome.error).toBeUndefined();
  });
});

describe("a fleet", () => {
  /** Ends the run at a moment of its nth request of that sort. */
  function at(moment: Moment, nth: number, reason: () => UpgradeError = interrupted) {
    return (now: Moment, which: number, stage: Stage) => {
      if (now === moment && which === nth) stage.abort(reason());
    };
  }

  describe.each([
    ["interrupted", interrupted, "Interrupted"],
    ["deadline", () => new UpgradeError("deadline", "Over."), "The time limit was reached ({timeLimit})"],
    ["engine-gone", () => new UpgradeError("engine-gone", "Gone."), "{engine} is gone"],
  ] as const)("a run that is ended from outside: %s", (code, reason, how) => {
    it.each([
      ["before its first look", "look:begin", 1],
      ["in its first look", "look:end", 1],
      ["before the look that confirms", "look:begin", 2],
      ["in the look that confirms", "look:end", 2],
      ["just before the call", "call:begin", 1],
    ] as const)("%s calls nothing", async (_, moment, nth) => {
      const world = new World(many(3, OLD));
      const { outcome, calls, late } = await world.up({ on: at(moment, nth, reason) });
      expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
      expect(outcome.error?.message).toBe(`${how} before an upgrade of Orders fleet was started; nothing was sent.`);
      expect(outcome.upgrade).toBeUndefined();
      expect(calls).toEqual([]);
      expect(late).toEqual([]);
      expect(world.vendor.accepted.size).toBe(0);
    });

    it("while a call is under way remembers it when the answer still comes, and sends no other", async () => {
      const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
      const { outcome, calls, late } = await world.up({ on: at("call:effect", 1, reason) });
      expect(outcome).toMatchObject({
        status: "upgrading",
        accepted: true,
        error: { code },
        upgrade: { state: "running", kind: "kernel upgrade of 2 instances" },
      });
      expect(outcome.error?.sentence).toBe(
        `${how}: Orders fleet is still running upgrade batch (kernel upgrade of 2 instances to 2.0.78.260600). ` +
          "Nothing was undone. Run {apply} again to resume waiting.",
      );
      expect(calls).toEqual([["i001", "i002"]]);
      expect(late).toEqual([]);
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.calls).toEqual([["i003", "i004"]]);
      expect(world.vendor.broken).toEqual([]);
    });

    it("while a call is under way remembers that it may have been accepted when no answer comes", async () => {
      const world = new World(many(2, OLD));
      const { outcome, late } = await world.up({ on: at("call:effect", 1, reason), grace: false });
      expect(outcome).toMatchObject({
        status: "upgrading",
        accepted: true,
        error: { code },
        upgrade: { state: "unknown" },
      });
      expect(late).toEqual([]);
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.calls).toEqual([]);
    });

    it("between two calls sends no other", async () => {
      const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
      const { calls, late, outcome } = await world.up({ on: at("call:end", 1, reason) });
      expect(calls).toEqual([["i001", "i002"]]);
      expect(late).toEqual([]);
      expect(outcome.upgrade).toMatchObject({ state: "running", kind: "kernel upgrade of 2 instances" });
    });

    it("while it waits hands everything over at once", async () => {
      const world = new World(many(2, OLD, { fates: [{ takes: HOUR }] }));
      const { outcome, took, late } = await world.up({
        abortAfter: 5 * MINUTE,
        reason,
      });
      expect(outcome).toMatchObject({
        status: "upgrading",
        accepted: true,
        error: { code },
        upgrade: { state: "running" },
      });
      expect(outcome.observation?.members).toHaveLength(2);
      expect(took).toBeLessThanOrEqual(5 * MINUTE + LOOK);
      expect(late).toEqual([]);
      const next = await world.up();
      expect(next.outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
      expect(next.outcome.upgrade?.startedAt).toBe(outcome.upgrade?.startedAt);
      expect(next.calls).toEqual([]);
    });
  });

  describe("a run that was stopped", () => {
    it("after members had failed tells of them, and the next asks for them again", async () => {
      const world = new World([
        ...many(2, OLD, { fates: [{ takes: HOUR }] }),
        ...many(1, OLD, { fates: [{ ends: "fails" }, {}] }, 3),
      ]);
      const { outcome } = await world.up({ abortAfter: 30 * MINUTE });
      expect(outcome).toMatchObject({
        status: "upgrading",
        error: { code: "interrupted" },
        problems: { i003: "upgrade t3 failed: disk full. Make room." },
      });
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.calls).toEqual([["i003"]]);
    });

    it("is not resumed from a record that says nothing", async () => {
      const world = new World(many(1, OLD));
      const remembered = {
        task: "batch",
        kind: "?",
        from: "",
        to: "",
        startedAt: "yesterday",
        state: "running" as const,
      };
      const { outcome, took } = await world.up({ remembered });
      expect(outcome.status).toBe("current");
      expect(took).toBeLessThan(17 * MINUTE);
    });

    it("and had joined somebody else's upgrade keeps that as such", async () => {
      const world = new World(many(1, OLD, { fates: [{ startsAfter: 0, takes: HOUR }] }));
      world.vendor.elsewhere("i001");
      const { outcome } = await world.up({ abortAfter: MINUTE });
      expect(outcome).toMatchObject({
        status: "upgrading",
        accepted: true,
        upgrade: { joined: true, state: "running" },
      });
      const next = await world.up();
      expect(next.outcome).toMatchObject({ status: "current", upgrade: { joined: true, state: "succeeded" } });
      expect(next.calls).toEqual([]);
    });

    it("in the pause after a refusal calls nothing more", async () => {
      const { outcome, calls, late } = await new World(many(1, OLD, { refuses: { kind: "busy" } })).up({
        abortAfter: 10 * SECOND,
      });
      expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "interrupted" } });
      expect(calls.length).toBeGreaterThan(1);
      expect(late).toEqual([]);
    });
  });
});
