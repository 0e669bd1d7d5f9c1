import { describe, expect, it } from "vitest";
import { Unreachable, UpgradeError } from "../../../provider/core/errors";
import { OLD } from "./facts";
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
import { HOUR, MINUTE, type Moment, many, READ, SECOND, type Stage, World } from "./world";

const RUNNING = "upgrade 11 (rolling upgrade to 4.3.5.2)";

describe.each([
  ["interrupted", interrupted, "Interrupted"],
  ["deadline", deadline, "The time limit was reached ({timeLimit})"],
  ["engine-gone", () => new UpgradeError("engine-gone", "gone"), "{engine} is gone"],
] as const)("an aborted run: %s", (code, reason, how) => {
  it("reads and sends nothing if aborted before it began", async () => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade()],
      meanwhile: (stage) => stage.abort(reason()),
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.error?.message).toBe(`${how} before an upgrade of ${TITLE} was started; nothing was sent.`);
    expect(journal).toEqual([]);
    expect(starts).toBe(0);
  });

  it("sends nothing if aborted between the two reads", async () => {
    const { outcome, starts } = await play({
      reads: [
        upgrade(),
        (stage) => {
          stage.abort(reason());
          return upgrade();
        },
      ],
      starts: [new UpgradeError(code, "no request is started any more")],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBeLessThanOrEqual(1);
  });

  it("sends nothing if aborted while waiting for another operation", async () => {
    const { outcome, starts, took } = await play({
      reads: [waiting()],
      meanwhile: (stage) => stage.clock.after(90_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.error?.message).toBe(
      `${how} before an upgrade of ${TITLE} was started (waiting for backup 3); nothing was sent.`,
    );
    expect(starts).toBe(0);
    expect(took).toBe(90_000);
  });

  it("does not report that nothing was sent if aborted in the last read, after the upgrade succeeded", async () => {
    const { outcome, starts } = await play({
      reads: [
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
      `${how}: ${TITLE}: ${RUNNING} has ended (succeeded), but the versions could not be read afterwards.`,
    );
  });

  it("stores its upgrade immediately if aborted while waiting for it, and cancels nothing", async () => {
    const { outcome, starts, took } = await play({
      reads: [upgrade()],
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
      `${how}: ${TITLE}: ${RUNNING} is still running. Nothing was undone. Run {apply} again to resume waiting.`,
    );
    expect(outcome.observation?.plan).toEqual(upgrade());
    expect(starts).toBe(1);
    expect(took).toBe(90_000);
  });

  it("stores a joined upgrade if aborted while waiting for it", async () => {
    const { outcome, starts } = await play({
      reads: [joining],
      inspections: [running],
      meanwhile: (stage) => stage.clock.after(5_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code }, upgrade: { task: "11" } });
    expect(starts).toBe(0);
  });

  it("stores its upgrade if aborted while the vendor is unreachable", async () => {
    const { outcome, took } = await play({
      reads: [joining],
      inspections: [running, new Unreachable("connection refused", { sent: false, responded: false })],
      meanwhile: (stage) => stage.clock.after(60_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code } });
    expect(outcome.error?.message).toMatch(
      new RegExp(`: ${TITLE}: upgrade 11 .* was running when the vendor last responded, (1 min|5\\d s) ago\\.$`),
    );
    expect(took).toBe(60_000);
  });

  it("stores the task if aborted during an upgrade request that the vendor still accepts", async () => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade()],
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
    expect(outcome.error?.message).toBe(`${how}: ${TITLE}: ${RUNNING} is still running.`);
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });

  it("stores that the upgrade may have been accepted if aborted during a request whose response is lost", async () => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade()],
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

  it("stores nothing if aborted during a request that was certainly not sent", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade()],
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

  it("stores the lost response if aborted while searching for the upgrade", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade()],
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

describe("a run that succeeds", () => {
  it("is not failed by an abort that comes with its last response", async () => {
    const { outcome } = await play({
      reads: [
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
  /** Aborts the run at a moment of its nth request of this type. */
  function at(moment: Moment, nth: number, reason: () => UpgradeError = interrupted) {
    return (now: Moment, which: number, stage: Stage) => {
      if (now === moment && which === nth) stage.abort(reason());
    };
  }

  describe.each([
    ["interrupted", interrupted, "Interrupted"],
    ["deadline", () => new UpgradeError("deadline", "Over."), "The time limit was reached ({timeLimit})"],
    ["engine-gone", () => new UpgradeError("engine-gone", "Gone."), "{engine} is gone"],
  ] as const)("an aborted run: %s", (code, reason, how) => {
    it.each([
      ["before its first read", "read:begin", 1],
      ["in its first read", "read:end", 1],
      ["before the confirming read", "read:begin", 2],
      ["in the confirming read", "read:end", 2],
      ["just before the upgrade request", "start:begin", 1],
    ] as const)("sends nothing if aborted %s", async (_, moment, nth) => {
      const world = new World(many(3, OLD));
      const { outcome, requests, late } = await world.up({ on: at(moment, nth, reason) });
      expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
      expect(outcome.error?.message).toBe(`${how} before an upgrade of Orders fleet was started; nothing was sent.`);
      expect(outcome.upgrade).toBeUndefined();
      expect(requests).toEqual([]);
      expect(late).toEqual([]);
      expect(world.vendor.accepted.size).toBe(0);
    });

    it("stores the request if aborted during one whose response still arrives, and sends no other", async () => {
      const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
      const { outcome, requests, late } = await world.up({ on: at("start:effect", 1, reason) });
      expect(outcome).toMatchObject({
        status: "upgrading",
        accepted: true,
        error: { code },
        upgrade: { state: "running", kind: "kernel upgrade of 2 instances" },
      });
      expect(outcome.error?.sentence).toBe(
        `${how}: Orders fleet: the kernel upgrade of 2 instances to 2.0.78.260600 is still running. ` +
          "Nothing was undone. Run {apply} again to resume waiting.",
      );
      expect(requests).toEqual([["i001", "i002"]]);
      expect(late).toEqual([]);
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.requests).toEqual([["i003", "i004"]]);
      expect(world.vendor.broken).toEqual([]);
    });

    it("stores that upgrades may have been accepted if aborted during a request whose response is lost", async () => {
      const world = new World(many(2, OLD));
      const { outcome, late } = await world.up({ on: at("start:effect", 1, reason), grace: false });
      expect(outcome).toMatchObject({
        status: "upgrading",
        accepted: true,
        error: { code },
        upgrade: { state: "unknown" },
      });
      expect(late).toEqual([]);
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.requests).toEqual([]);
    });

    it("sends no other request if aborted between two", async () => {
      const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
      const { requests, late, outcome } = await world.up({ on: at("start:end", 1, reason) });
      expect(requests).toEqual([["i001", "i002"]]);
      expect(late).toEqual([]);
      expect(outcome.upgrade).toMatchObject({ state: "running", kind: "kernel upgrade of 2 instances" });
    });

    it("stores all upgrades immediately if aborted while waiting", async () => {
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
      expect(took).toBeLessThanOrEqual(5 * MINUTE + READ);
      expect(late).toEqual([]);
      const next = await world.up();
      expect(next.outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
      expect(next.outcome.upgrade?.startedAt).toBe(outcome.upgrade?.startedAt);
      expect(next.requests).toEqual([]);
    });
  });

  describe("an interrupted run", () => {
    it("reports the units that failed before, and the next run requests them again", async () => {
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
      expect(next.requests).toEqual([["i003"]]);
    });

    it("is not resumed from an invalid record", async () => {
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

    it("stores a joined upgrade as joined", async () => {
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
      expect(next.requests).toEqual([]);
    });

    it("sends nothing more if interrupted in the pause after a rejection", async () => {
      const { outcome, requests, late } = await new World(many(1, OLD, { refuses: { kind: "busy" } })).up({
        abortAfter: 10 * SECOND,
      });
      expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "interrupted" } });
      expect(requests.length).toBeGreaterThan(1);
      expect(late).toEqual([]);
    });
  });
});
