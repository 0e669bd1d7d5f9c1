import { describe, expect, it } from "vitest";
import type { Unit } from "../../../provider/core/unit";
import type { Fate } from "./vendor";
import { closes, evening, fleet, NEW, night, OLD, opens, windowed } from "./windows";
import { HOUR, MINUTE, many, SECOND, type Up, World } from "./world";

describe("scheduled upgrades", () => {
  it("end the run that requested them, with tasks and windows in the record", async () => {
    const world = fleet();
    const { outcome, requests, messages, took } = await world.up(windowed);
    expect(outcome).toMatchObject({ status: "deferred", accepted: true });
    expect(outcome.error).toBeUndefined();
    expect(outcome.upgrade).toEqual({
      task: "batch",
      kind: "kernel upgrade of 3 instances",
      from: OLD,
      to: NEW,
      startedAt: expect.any(String),
      tasks: { i001: "t1", i002: "t2", i003: "t3" },
      window: { opens, closes },
      state: "deferred",
    });
    expect(requests).toEqual([["i001", "i002", "i003"]]);
    expect(messages.at(-1)).toBe(
      "the kernel upgrade of 3 instances is scheduled for their maintenance windows, 2026-01-01T06:00Z to 2026-01-01T16:00Z",
    );
    expect(took).toBeLessThan(10 * SECOND);
  });

  it("are not changed by the next run", async () => {
    const world = fleet();
    const { outcome } = await world.up(windowed);
    const next = await world.up(windowed);
    expect(next.journal.map(({ what }) => what)).toEqual(["read"]);
    expect(next.outcome).toMatchObject({ status: "deferred", upgrade: outcome.upgrade });
  });

  it("are waited for while in progress, then the others stay scheduled", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR + MINUTE);
    const { outcome, requests } = await world.up(windowed);
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { state: "deferred", tasks: { i003: "t3" } } });
    expect(requests).toEqual([]);
    await world.clock.sleep(11 * HOUR);
    const last = await world.up(windowed);
    expect(last.outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(last.outcome.upgrade).not.toHaveProperty("tasks");
    expect(last.outcome.upgrade).not.toHaveProperty("window");
    expect(last.journal.map(({ what }) => what)).toEqual(["read"]);
  });

  it("are also waited for if one has just started and does not appear yet", async () => {
    const world = fleet({ fates: [{ startsAfter: 4 * MINUTE }] });
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR - 5 * SECOND);
    const { outcome, requests } = await world.up(windowed);
    expect(outcome.status).toBe("deferred");
    expect(requests).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are waited for if the vendor was unreachable for the next run until one had started", async () => {
    const world = fleet({ fates: [{ startsAfter: 4 * MINUTE }] });
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR - 10 * MINUTE);
    const { requests } = await world.up({ unreachable: [[0, 10 * MINUTE]] });
    expect(requests.flat()).not.toContain("i001");
    expect(world.vendor.broken).toEqual([]);
  });

  it("are waited for if the vendor became unreachable for a run that had seen them, until one had started", async () => {
    const begins = [0, 5 * HOUR] as const;
    const world = new World([
      ...many(1, OLD, { window: [20 * MINUTE, 5 * HOUR], fates: [{ startsAfter: 4 * MINUTE }] }),
      ...many(1, OLD, { window: begins, fates: [{ startsAfter: 0, takes: 20 * MINUTE }] }, 2),
    ]);
    const { outcome, requests } = await world.up({ ...windowed, unreachable: [[MINUTE, 20 * MINUTE + 2 * SECOND]] });
    expect(outcome.error).toBeUndefined();
    expect(requests).toHaveLength(1);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are waited for if the vendor was unreachable for the run that requested them until one had started", async () => {
    const world = fleet({ window: [10 * MINUTE, 5 * HOUR], fates: [{ startsAfter: 4 * MINUTE }] });
    const { outcome, requests } = await world.up({ ...windowed, unreachable: [[1_000, 10 * MINUTE + SECOND]] });
    expect(outcome.error).toBeUndefined();
    expect(requests).toHaveLength(1);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are reported and requested again after they failed in their windows", async () => {
    const world = fleet({ fates: [{ ends: "fails" }, {}] });
    await world.up(windowed);
    await world.clock.sleep(17 * HOUR);
    const { outcome, requests, warnings } = await world.up({ schedules: false });
    expect(outcome.status).toBe("current");
    expect(requests).toEqual([["i001", "i002", "i003"]]);
    expect(warnings).toEqual([
      "Upgrades failed since the last run, and are requested again: i001 (t1: disk full.), i002 (t2: disk full.), i003 (t3: disk full.)",
    ]);
  });

  it("belong to this resource even if the run that requested them was interrupted before they appeared", async () => {
    const world = fleet();
    const first = await world.up({ ...windowed, on: (moment, _, stage) => moment === "start:end" && stage.abort() });
    expect(first.outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "interrupted" } });
    expect(first.outcome.upgrade).toMatchObject({ state: "deferred", tasks: { i001: "unknown" } });
    expect(first.outcome.upgrade).not.toHaveProperty("window");
    const next = await world.up(windowed);
    expect(next.requests).toEqual([]);
    expect(next.outcome).toMatchObject({
      status: "deferred",
      upgrade: { state: "deferred", tasks: { i001: "t1", i002: "t2", i003: "t3" }, window: { opens, closes } },
    });
    expect(next.outcome.upgrade?.joined).toBeUndefined();
  });

  it("are recorded by a run with wait: false", async () => {
    const { outcome } = await fleet().up({ ...windowed, policy: { wait: false } });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { tasks: { i001: "t1" } } });
  });

  it("are requested again if the vendor accepted one without scheduling it, also with wait: false", async () => {
    const forgotten = { window: evening, fates: [{ ends: "never" }, {}] } as const;
    const world = new World([...many(1, OLD, { window: evening }), ...many(1, OLD, forgotten, 2)]);
    const up: Up = { ...windowed, policy: { wait: false } };
    await world.up(up);
    const { requests, took } = await world.up(up);
    expect(requests).toEqual([["i002"]]);
    expect(took).toBeLessThan(6 * MINUTE);
    await world.clock.sleep(11 * HOUR);
    expect((await world.up(up)).outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
  });

  it("are found after a lost response", async () => {
    const world = fleet();
    const { outcome, requests } = await world.up({ ...windowed, faults: ["lost-after"] });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { state: "deferred", tasks: { i003: "t3" } } });
    expect(requests).toHaveLength(1);
  });

  it("are recorded, and blocked instances are reported", async () => {
    const world = new World([...many(2, OLD, { window: night }), ...many(1, OLD, { broken: "It is frozen." }, 3)]);
    const { outcome } = await world.up(windowed);
    expect(outcome).toMatchObject({
      status: "behind",
      accepted: true,
      error: { code: "blocked" },
      problems: { i003: "It is frozen. Fix it." },
      upgrade: { state: "deferred", tasks: { i001: "t1", i002: "t2" } },
    });
  });
});

describe("an upgrade scheduled by another client", () => {
  it("is not changed", async () => {
    const world = new World(many(1, OLD, { window: night }));
    world.vendor.elsewhere("i001", true);
    await world.clock.sleep(MINUTE);
    const { outcome, requests } = await world.up(windowed);
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { task: "t1", joined: true, state: "deferred" } });
    expect(outcome.upgrade).not.toHaveProperty("tasks");
    expect(requests).toEqual([]);
    const next = await world.up();
    expect(next.outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
    expect(next.journal.some(({ what }) => what === "cancel")).toBe(false);
    expect(world.vendor.waiting).toEqual(["t1"]);
  });

  it("is never treated as ours because an older record has a request", async () => {
    const world = new World(many(2, OLD, { window: night }));
    await world.up({ ...windowed, names: ["i001"] });
    world.vendor.elsewhere("i002", true);
    await world.clock.sleep(MINUTE);
    const { outcome, journal } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
    expect(Object.keys(outcome.problems ?? {})).toEqual(["i002"]);
    expect(journal.filter(({ what }) => what === "cancel").flatMap(({ names }) => names)).toEqual(["t1"]);
    expect(world.vendor.versionOf("i001")).toBe(NEW);
    expect(world.vendor.waiting).toEqual(["t2"]);
  });
});

describe("upgrades that are no longer to be scheduled", () => {
  it("are canceled, then requested", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, journal, messages } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal.slice(0, 5).map(({ what }) => what)).toEqual(["read", "cancel", "read", "read", "start"]);
    expect(messages.slice(0, 3)).toEqual([
      "canceled kernel upgrade t1, which was scheduled for its maintenance window",
      "canceled kernel upgrade t2, which was scheduled for its maintenance window",
      "canceled kernel upgrade t3, which was scheduled for its maintenance window",
    ]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are only canceled if the fleet is up to date", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests } = await world.up({ ...windowed, version: ">=2.0.48" });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "withdrawn" } });
    expect(requests).toEqual([]);
    expect(world.vendor.waiting).toEqual([]);
  });

  it("are not recorded as succeeded if the response to the cancellation was lost", async () => {
    const world = fleet();
    await world.up(windowed);
    const lowered = { ...windowed, version: ">=2.0.48", cancelFaults: ["lost-after"] as const };
    const { outcome } = await world.up(lowered);
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "gone" } });
    expect(world.vendor.waiting).toEqual([]);
  });

  it.each(["lost-before", "lost-after", "refused", "ignored"] as const)(
    "are read again after a cancellation that was %s, and never run twice",
    async (fault) => {
      const world = fleet();
      await world.up(windowed);
      const { outcome, journal } = await world.up({ cancelFaults: [fault] });
      expect(outcome.status).toBe("current");
      expect(journal.filter(({ what }) => what === "cancel").length).toBeLessThanOrEqual(2);
      expect(journal.filter(({ what }) => what === "start")).toHaveLength(1);
      expect(world.vendor.broken).toEqual([]);
    },
  );

  it("are a problem and stay in the record if the vendor does not cancel them", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, journal } = await world.up({ cancelFaults: Array(50).fill("refused") });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "refused" } });
    expect(outcome.problems?.["i001"]).toBe(
      "upgrade t1, which is scheduled for its maintenance window from 2026-01-01T06:00:00.000Z, could not be canceled",
    );
    expect(journal.filter(({ what }) => what === "cancel")).toHaveLength(6);
    expect(outcome).toMatchObject({
      accepted: true,
      upgrade: { state: "deferred", tasks: { i001: "t1", i003: "t3" } },
    });
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(world.vendor.broken).toEqual([]);
  });

  it("are not attributed to other clients while the list still shows canceled tasks", async () => {
    const world = fleet();
    await world.up(windowed);
    let canceled = false;
    let stale: readonly Unit[] | undefined;
    const { outcome } = await world.up({
      on: (moment) => {
        canceled ||= moment === "cancel:end";
      },
      mapUnits: (units) => {
        const observed = canceled ? (stale ?? units) : units;
        stale = canceled ? undefined : units;
        return observed;
      },
    });
    expect(outcome.error).toBeUndefined();
    expect(world.vendor.broken).toEqual([]);
  });

  it.each<[string, Up, Fate[]]>([
    ["was lost", { faults: ["lost-before"] }, []],
    ["was accepted without effect", {}, [{ ends: "never" }, {}]],
  ])("of another client are not linked to a request that %s hours ago", async (_, up, fates) => {
    const world = new World(many(1, OLD, { window: evening, fates }));
    await world.up({ ...windowed, ...up, on: (moment, _nth, stage) => moment === "start:end" && stage.abort() });
    await world.clock.sleep(3 * HOUR);
    world.vendor.elsewhere("i001", true);
    await world.clock.sleep(MINUTE);
    const foreign = world.vendor.waiting;
    expect(foreign).toHaveLength(1);
    await world.up({ version: ">=2.0.40" });
    expect(world.vendor.waiting).toEqual(foreign);
  });

  it("are not canceled by an aborted run", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, journal, late } = await world.up({
      on: (moment, nth, stage) => moment === "read:end" && nth === 1 && stage.abort(),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { tasks: { i001: "t1" } } });
    expect(journal.map(({ what }) => what)).toEqual(["read"]);
    expect(late).toEqual([]);
  });
});

describe("an instance removed from the resource", () => {
  const left = { names: ["i002", "i003", "i004"] };

  it("has its scheduled upgrade canceled", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, journal } = await world.up({ ...windowed, ...left });
    expect(journal.map(({ what }) => what)).toEqual(["cancel", "read"]);
    expect(world.vendor.waiting).toEqual(["t2", "t3"]);
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { tasks: { i002: "t2", i003: "t3" } } });
    expect(outcome.upgrade?.tasks).not.toHaveProperty("i001");
  });

  it("has it canceled although responses are lost at first", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.up({ ...windowed, ...left, cancelFaults: ["lost-before", "lost-before"] });
    expect(world.vendor.waiting).toEqual(["t2", "t3"]);
  });

  it("fails the run and stays in the record if the vendor does not cancel it", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, journal } = await world.up({ ...windowed, ...left, cancelFaults: Array(50).fill("refused") });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "refused" } });
    expect(journal).toHaveLength(5);
    expect(outcome.upgrade?.tasks).toHaveProperty("i001", "t1");
  });

  it("is a warning if its upgrade has started meanwhile", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.clock.sleep(7 * HOUR);
    const { outcome, warnings } = await world.up({ ...windowed, ...left });
    expect(warnings).toEqual(["not canceled, may have started: t1"]);
    expect(outcome.status).toBe("deferred");
  });

  it("is a warning if its upgrade was never seen", async () => {
    const world = fleet();
    await world.up({ ...windowed, on: (moment, _, stage) => moment === "start:end" && stage.abort() });
    const { outcome, warnings } = await world.up({ ...windowed, ...left });
    expect(warnings).toEqual([
      "A kernel upgrade may be scheduled at i001: it was requested and has not appeared. Check this at the vendor.",
    ]);
    expect(outcome.upgrade?.tasks).toEqual({ i002: "t2", i003: "t3" });
  });

  it("leaves a record in state withdrawn if no other upgrade is scheduled", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome } = await world.up({ ...windowed, names: ["i004"] });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "withdrawn" } });
    expect(world.vendor.waiting).toEqual([]);
  });

  it("does not have it canceled by an aborted run", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, journal } = await world.up({
      ...windowed,
      ...left,
      on: (moment, _, stage) => moment === "cancel:begin" && stage.abort(),
    });
    expect(journal).toEqual([]);
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "interrupted" } });
    expect(outcome.upgrade?.tasks).toHaveProperty("i001", "t1");
  });
});

describe("deleting a fleet", () => {
  it("cancels what this resource scheduled, and nothing else", async () => {
    const world = fleet();
    await world.up({ ...windowed, names: ["i001", "i002"] });
    world.vendor.elsewhere("i003", true);
    await world.clock.sleep(MINUTE);
    await world.giveUp();
    expect(world.vendor.waiting).toEqual(["t3"]);
  });

  it("also cancels what the run that requested it did not see", async () => {
    const world = fleet();
    await world.up({ ...windowed, on: (moment, _, stage) => moment === "start:end" && stage.abort() });
    await world.clock.sleep(MINUTE);
    await world.giveUp();
    expect(world.vendor.waiting).toEqual([]);
  });

  it("also cancels the upgrades of instances that a failed update removed", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.giveUp({ names: ["i001", "i002"] });
    expect(world.vendor.waiting).toEqual([]);
  });

  it("does not change upgrades in progress", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR + MINUTE);
    const { journal } = await world.giveUp();
    expect(journal.filter(({ what }) => what === "cancel").flatMap(({ names }) => names)).toEqual(["t3"]);
  });

  it.each(["refused", "ignored", "lost-before", "lost-after"] as const)(
    "retries a cancellation that was %s",
    async (fault) => {
      const world = fleet();
      await world.up(windowed);
      await world.giveUp({ cancelFaults: [fault] });
      expect(world.vendor.waiting).toEqual([]);
    },
  );

  it("fails after a few attempts if the vendor does not cancel them", async () => {
    const world = fleet();
    await world.up(windowed);
    await expect(world.giveUp({ cancelFaults: Array(50).fill("refused") })).rejects.toMatchObject({
      code: "refused",
      message:
        "Orders fleet: the kernel upgrade of 3 instances could not be canceled and is still scheduled for its maintenance window.",
    });
    await world.giveUp();
    expect(world.vendor.waiting).toEqual([]);
  });

  it("retries while the vendor is unreachable, and succeeds if nothing is scheduled any more", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.giveUp();
    const { journal, messages } = await world.giveUp({ unreachable: [[0, 10_000]] });
    expect(journal.filter(({ what }) => what === "cancel")).toEqual([]);
    expect(messages).toEqual(["the kernel upgrade of 3 instances is no longer scheduled; there is nothing to cancel"]);
  });

  it("fails if the vendor stays unreachable", async () => {
    const world = fleet();
    await world.up(windowed);
    await expect(world.giveUp({ unreachable: [[0, HOUR]] })).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("a scheduled upgrade that another resource relies on", () => {
  const kept = { i001: "another resource relies on it." };
  const warning = "kernel upgrade t1 of i001 stays scheduled: another resource relies on it.";

  it("is kept when its fleet is deleted, and the others are canceled", async () => {
    const world = fleet();
    await world.up(windowed);
    const { warnings } = await world.giveUp({ kept });
    expect(world.vendor.waiting).toEqual(["t1"]);
    expect(warnings).toEqual([warning]);
  });

  it("is kept when its instance is removed from the resource", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, warnings } = await world.up({ ...windowed, kept, names: ["i002", "i003", "i004"] });
    expect(world.vendor.waiting).toEqual(["t1", "t2", "t3"]);
    expect(warnings).toEqual([warning]);
    expect(outcome.upgrade?.tasks).toEqual({ i002: "t2", i003: "t3" });
  });

  it("is kept when the resource no longer needs it", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, warnings } = await world.up({ ...windowed, kept, version: ">=2.0.48" });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(world.vendor.waiting).toEqual(["t1"]);
    expect(warnings).toEqual([warning]);
  });
});
