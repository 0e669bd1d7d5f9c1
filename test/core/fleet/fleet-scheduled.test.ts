import { describe, expect, it } from "vitest";
import type { Unit } from "../../../provider/core/unit";
import type { Fate } from "./vendor";
import { closes, evening, fleet, NEW, night, OLD, opens, windowed } from "./windows";
import { HOUR, MINUTE, many, SECOND, type Up, World } from "./world";

describe("upgrades that wait for their windows", () => {
  it("end the run that asked for them, with tasks and windows in the record", async () => {
    const world = fleet();
    const { outcome, calls, news, took } = await world.up(windowed);
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
    expect(calls).toEqual([["i001", "i002", "i003"]]);
    expect(news.at(-1)).toBe(
      "the kernel upgrade of 3 instances is scheduled for their maintenance windows, 2026-01-01T06:00Z to 2026-01-01T16:00Z",
    );
    expect(took).toBeLessThan(10 * SECOND);
  });

  it("are left to them by the next run", async () => {
    const world = fleet();
    const { outcome } = await world.up(windowed);
    const next = await world.up(windowed);
    expect(next.requests.map(({ what }) => what)).toEqual(["look"]);
    expect(next.outcome).toMatchObject({ status: "deferred", upgrade: outcome.upgrade });
  });

  it("are waited for while they run, then the rest is left to its window", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR + MINUTE);
    const { outcome, calls } = await world.up(windowed);
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { state: "deferred", tasks: { i003: "t3" } } });
    expect(calls).toEqual([]);
    await world.clock.sleep(11 * HOUR);
    const last = await world.up(windowed);
    expect(last.outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(last.outcome.upgrade).not.toHaveProperty("tasks");
    expect(last.outcome.upgrade).not.toHaveProperty("window");
    expect(last.requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("are waited for also when one has just begun and does not show yet", async () => {
    const world = fleet({ fates: [{ startsAfter: 4 * MINUTE }] });
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR - 5 * SECOND);
    const { outcome, calls } = await world.up(windowed);
    expect(outcome.status).toBe("deferred");
    expect(calls).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are waited for when the next run could read nothing until one had begun", async () => {
    const world = fleet({ fates: [{ startsAfter: 4 * MINUTE }] });
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR - 10 * MINUTE);
    const { calls } = await world.up({ silence: [[0, 10 * MINUTE]] });
    expect(calls.flat()).not.toContain("i001");
    expect(world.vendor.broken).toEqual([]);
  });

  it("are waited for when a run that has seen them could then read nothing until one had begun", async () => {
    const begins = [0, 5 * HOUR] as const;
    const world = new World([
      ...many(1, OLD, { window: [20 * MINUTE, 5 * HOUR], fates: [{ startsAfter: 4 * MINUTE }] }),
      ...many(1, OLD, { window: begins, fates: [{ startsAfter: 0, takes: 20 * MINUTE }] }, 2),
    ]);
    const { outcome, calls } = await world.up({ ...windowed, silence: [[MINUTE, 20 * MINUTE + 2 * SECOND]] });
    expect(outcome.error).toBeUndefined();
    expect(calls).toHaveLength(1);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are waited for when the run that asked for them could read nothing until one had begun", async () => {
    const world = fleet({ window: [10 * MINUTE, 5 * HOUR], fates: [{ startsAfter: 4 * MINUTE }] });
    const { outcome, calls } = await world.up({ ...windowed, silence: [[1_000, 10 * MINUTE + SECOND]] });
    expect(outcome.error).toBeUndefined();
    expect(calls).toHaveLength(1);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are told and asked for again when they failed in their windows", async () => {
    const world = fleet({ fates: [{ ends: "fails" }, {}] });
    await world.up(windowed);
    await world.clock.sleep(17 * HOUR);
    const { outcome, calls, warnings } = await world.up({ schedules: false });
    expect(outcome.status).toBe("current");
    expect(calls).toEqual([["i001", "i002", "i003"]]);
    expect(warnings).toEqual([
      "Upgrades failed since the last run, and are requested again: i001 (t1: disk full.), i002 (t2: disk full.), i003 (t3: disk full.)",
    ]);
  });

  it("belong to this pin also when the run that asked for them was stopped before they showed", async () => {
    const world = fleet();
    const first = await world.up({ ...windowed, on: (moment, _, stage) => moment === "call:end" && stage.abort() });
    expect(first.outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "interrupted" } });
    expect(first.outcome.upgrade).toMatchObject({ state: "deferred", tasks: { i001: "unknown" } });
    expect(first.outcome.upgrade).not.toHaveProperty("window");
    const next = await world.up(windowed);
    expect(next.calls).toEqual([]);
    expect(next.outcome).toMatchObject({
      status: "deferred",
      upgrade: { state: "deferred", tasks: { i001: "t1", i002: "t2", i003: "t3" }, window: { opens, closes } },
    });
    expect(next.outcome.upgrade?.joined).toBeUndefined();
  });

  it("are known before a run that does not wait ends", async () => {
    const { outcome } = await fleet().up({ ...windowed, policy: { wait: false } });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { tasks: { i001: "t1" } } });
  });

  it("of which the vendor took one silently not are asked for again, by runs that do not wait as well", async () => {
    const forgotten = { window: evening, fates: [{ ends: "never" }, {}] } as const;
    const world = new World([...many(1, OLD, { window: evening }), ...many(1, OLD, forgotten, 2)]);
    const up: Up = { ...windowed, policy: { wait: false } };
    await world.up(up);
    const { calls, took } = await world.up(up);
    expect(calls).toEqual([["i002"]]);
    expect(took).toBeLessThan(6 * MINUTE);
    await world.clock.sleep(11 * HOUR);
    expect((await world.up(up)).outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
  });

  it("are found after a lost answer", async () => {
    const world = fleet();
    const { outcome, calls } = await world.up({ ...windowed, faults: ["lost-after"] });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { state: "deferred", tasks: { i003: "t3" } } });
    expect(calls).toHaveLength(1);
  });

  it("of which some were refused are kept, and the others told", async () => {
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

describe("an upgrade that somebody else has scheduled", () => {
  it("is left to its window", async () => {
    const world = new World(many(1, OLD, { window: night }));
    world.vendor.elsewhere("i001", true);
    await world.clock.sleep(MINUTE);
    const { outcome, calls } = await world.up(windowed);
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { task: "t1", joined: true, state: "deferred" } });
    expect(outcome.upgrade).not.toHaveProperty("tasks");
    expect(calls).toEqual([]);
    const next = await world.up();
    expect(next.outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
    expect(next.requests.some(({ what }) => what === "withdraw")).toBe(false);
    expect(world.vendor.waiting).toEqual(["t1"]);
  });

  it("is never taken for ours because an older record has a request", async () => {
    const world = new World(many(2, OLD, { window: night }));
    await world.up({ ...windowed, names: ["i001"] });
    world.vendor.elsewhere("i002", true);
    await world.clock.sleep(MINUTE);
    const { outcome, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
    expect(Object.keys(outcome.problems ?? {})).toEqual(["i002"]);
    expect(requests.filter(({ what }) => what === "withdraw").flatMap(({ names }) => names)).toEqual(["t1"]);
    expect(world.vendor.versionOf("i001")).toBe(NEW);
    expect(world.vendor.waiting).toEqual(["t2"]);
  });
});

describe("upgrades that are not wanted in a window any more", () => {
  it("are canceled, then asked for", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests, news } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(requests.slice(0, 5).map(({ what }) => what)).toEqual(["look", "withdraw", "look", "look", "call"]);
    expect(news.slice(0, 3)).toEqual([
      "canceled kernel upgrade t1, which was scheduled for its maintenance window",
      "canceled kernel upgrade t2, which was scheduled for its maintenance window",
      "canceled kernel upgrade t3, which was scheduled for its maintenance window",
    ]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are canceled, and nothing more, when the pin holds already", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, calls } = await world.up({ ...windowed, version: ">=2.0.48" });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "withdrawn" } });
    expect(calls).toEqual([]);
    expect(world.vendor.waiting).toEqual([]);
  });

  it("are no success when the answer to taking them back was lost", async () => {
    const world = fleet();
    await world.up(windowed);
    const lowered = { ...windowed, version: ">=2.0.48", withdrawals: ["lost-after"] as const };
    const { outcome } = await world.up(lowered);
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "gone" } });
    expect(world.vendor.waiting).toEqual([]);
  });

  it.each(["lost-before", "lost-after", "refused", "ignored"] as const)(
    "are looked at again when that is %s, and never run twice",
    async (fault) => {
      const world = fleet();
      await world.up(windowed);
      const { outcome, requests } = await world.up({ withdrawals: [fault] });
      expect(outcome.status).toBe("current");
      expect(requests.filter(({ what }) => what === "withdraw").length).toBeLessThanOrEqual(2);
      expect(requests.filter(({ what }) => what === "call")).toHaveLength(1);
      expect(world.vendor.broken).toEqual([]);
    },
  );

  it("are a problem when the vendor keeps them, and are still known", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests } = await world.up({ withdrawals: Array(50).fill("refused") });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "refused" } });
    expect(outcome.problems?.["i001"]).toBe(
      "upgrade t1, which is scheduled for its maintenance window from 2026-01-01T06:00:00.000Z, could not be canceled",
    );
    expect(requests.filter(({ what }) => what === "withdraw")).toHaveLength(6);
    expect(outcome).toMatchObject({
      accepted: true,
      upgrade: { state: "deferred", tasks: { i001: "t1", i003: "t3" } },
    });
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(world.vendor.broken).toEqual([]);
  });

  it("are not blamed on others while the list still shows what was canceled", async () => {
    const world = fleet();
    await world.up(windowed);
    let canceled = false;
    let stale: readonly Unit[] | undefined;
    const { outcome } = await world.up({
      on: (moment) => {
        canceled ||= moment === "withdraw:end";
      },
      told: (units) => {
        const shown = canceled ? (stale ?? units) : units;
        stale = canceled ? undefined : units;
        return shown;
      },
    });
    expect(outcome.error).toBeUndefined();
    expect(world.vendor.broken).toEqual([]);
  });

  it.each<[string, Up, Fate[]]>([
    ["was lost", { faults: ["lost-before"] }, []],
    ["was accepted, and nothing came of it", {}, [{ ends: "never" }, {}]],
  ])("of somebody else are not claimed by a request that %s hours ago", async (_, up, fates) => {
    const world = new World(many(1, OLD, { window: evening, fates }));
    await world.up({ ...windowed, ...up, on: (moment, _nth, stage) => moment === "call:end" && stage.abort() });
    await world.clock.sleep(3 * HOUR);
    world.vendor.elsewhere("i001", true);
    await world.clock.sleep(MINUTE);
    const foreign = world.vendor.waiting;
    expect(foreign).toHaveLength(1);
    await world.up({ version: ">=2.0.40" });
    expect(world.vendor.waiting).toEqual(foreign);
  });

  it("are not canceled when the run was ended", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests, late } = await world.up({
      on: (moment, nth, stage) => moment === "look:end" && nth === 1 && stage.abort(),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { tasks: { i001: "t1" } } });
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
    expect(late).toEqual([]);
  });
});

describe("a member that the pin does not have any more", () => {
  const left = { names: ["i002", "i003", "i004"] };

  it("has its scheduled upgrade canceled", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests } = await world.up({ ...windowed, ...left });
    expect(requests.map(({ what }) => what)).toEqual(["withdraw", "look"]);
    expect(world.vendor.waiting).toEqual(["t2", "t3"]);
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { tasks: { i002: "t2", i003: "t3" } } });
    expect(outcome.upgrade?.tasks).not.toHaveProperty("i001");
  });

  it("has it canceled although the answer is lost at first", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.up({ ...windowed, ...left, withdrawals: ["lost-before", "lost-before"] });
    expect(world.vendor.waiting).toEqual(["t2", "t3"]);
  });

  it("ends the run when the vendor keeps it, and is still known", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests } = await world.up({ ...windowed, ...left, withdrawals: Array(50).fill("refused") });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "refused" } });
    expect(requests).toHaveLength(5);
    expect(outcome.upgrade?.tasks).toHaveProperty("i001", "t1");
  });

  it("is told of when its upgrade has begun meanwhile", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.clock.sleep(7 * HOUR);
    const { outcome, warnings } = await world.up({ ...windowed, ...left });
    expect(warnings).toEqual(["not canceled, may have started: t1"]);
    expect(outcome.status).toBe("deferred");
  });

  it("is told of when its upgrade was never seen", async () => {
    const world = fleet();
    await world.up({ ...windowed, on: (moment, _, stage) => moment === "call:end" && stage.abort() });
    const { outcome, warnings } = await world.up({ ...windowed, ...left });
    expect(warnings).toEqual([
      "A kernel upgrade may be scheduled at i001: it was requested and has not appeared. Check this at the vendor.",
    ]);
    expect(outcome.upgrade?.tasks).toEqual({ i002: "t2", i003: "t3" });
  });

  it("leaves a record that says so when nothing else waits", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome } = await world.up({ ...windowed, names: ["i004"] });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "withdrawn" } });
    expect(world.vendor.waiting).toEqual([]);
  });

  it("is not asked to be canceled when the run was ended before", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests } = await world.up({
      ...windowed,
      ...left,
      on: (moment, _, stage) => moment === "withdraw:begin" && stage.abort(),
    });
    expect(requests).toEqual([]);
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "interrupted" } });
    expect(outcome.upgrade?.tasks).toHaveProperty("i001", "t1");
  });
});

describe("giving a fleet up", () => {
  it("takes back what this pin scheduled, and nothing else", async () => {
    const world = fleet();
    await world.up({ ...windowed, names: ["i001", "i002"] });
    world.vendor.elsewhere("i003", true);
    await world.clock.sleep(MINUTE);
    await world.giveUp();
    expect(world.vendor.waiting).toEqual(["t3"]);
  });

  it("takes back also what was not seen by the run that asked for it", async () => {
    const world = fleet();
    await world.up({ ...windowed, on: (moment, _, stage) => moment === "call:end" && stage.abort() });
    await world.clock.sleep(MINUTE);
    await world.giveUp();
    expect(world.vendor.waiting).toEqual([]);
  });

  it("takes back also what waits for members that a failed update has left out", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.giveUp({ names: ["i001", "i002"] });
    expect(world.vendor.waiting).toEqual([]);
  });

  it("leaves alone what runs", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.clock.sleep(6 * HOUR + MINUTE);
    const { requests } = await world.giveUp();
    expect(requests.filter(({ what }) => what === "withdraw").flatMap(({ names }) => names)).toEqual(["t3"]);
  });

  it.each(["refused", "ignored", "lost-before", "lost-after"] as const)(
    "tries again when that is %s",
    async (fault) => {
      const world = fleet();
      await world.up(windowed);
      await world.giveUp({ withdrawals: [fault] });
      expect(world.vendor.waiting).toEqual([]);
    },
  );

  it("fails after a few tries when the vendor keeps them", async () => {
    const world = fleet();
    await world.up(windowed);
    await expect(world.giveUp({ withdrawals: Array(50).fill("refused") })).rejects.toMatchObject({
      code: "refused",
      message:
        "Orders fleet: the kernel upgrade of 3 instances could not be canceled and is still scheduled for its maintenance window.",
    });
    await world.giveUp();
    expect(world.vendor.waiting).toEqual([]);
  });

  it("asks again while nobody answers, and ends with nothing to cancel when they are gone", async () => {
    const world = fleet();
    await world.up(windowed);
    await world.giveUp();
    const { requests, news } = await world.giveUp({ silence: [[0, 10_000]] });
    expect(requests.filter(({ what }) => what === "withdraw")).toEqual([]);
    expect(news).toEqual(["the kernel upgrade of 3 instances is no longer scheduled; there is nothing to cancel"]);
  });

  it("ends with an error when nobody answers for long", async () => {
    const world = fleet();
    await world.up(windowed);
    await expect(world.giveUp({ silence: [[0, HOUR]] })).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("a scheduled upgrade that another resource relies on", () => {
  const kept = { i001: "another resource relies on it." };
  const said = "kernel upgrade t1 of i001 stays scheduled: another resource relies on it.";

  it("is kept when its fleet is given up, and the others are canceled", async () => {
    const world = fleet();
    await world.up(windowed);
    const { warnings } = await world.giveUp({ kept });
    expect(world.vendor.waiting).toEqual(["t1"]);
    expect(warnings).toEqual([said]);
  });

  it("is kept when its member leaves the resource", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, warnings } = await world.up({ ...windowed, kept, names: ["i002", "i003", "i004"] });
    expect(world.vendor.waiting).toEqual(["t1", "t2", "t3"]);
    expect(warnings).toEqual([said]);
    expect(outcome.upgrade?.tasks).toEqual({ i002: "t2", i003: "t3" });
  });

  it("is kept when the resource does not want it any more", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, warnings } = await world.up({ ...windowed, kept, version: ">=2.0.48" });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(world.vendor.waiting).toEqual(["t1"]);
    expect(warnings).toEqual([said]);
  });
});
