import { describe, expect, it } from "vitest";
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

  it("are told and asked for again when they failed in their windows", async () => {
    const world = fleet({ fates: [{ ends: "fails" }, {}] });
    await world.up(windowed);
    await world.clock.sleep(17 * HOUR);
    const { outcome, calls, warnings } = await world.up({ schedules: false });
    expect(outcome.status).toBe("current");
    expect(calls).toEqual([["i001", "i002", "i003"]]);
    expect(warnings).toEqual([
      "Upgrades failed since the last run, and are asked for again: i001 (t1: disk full.), i002 (t2: disk full.), i003 (t3: disk full.)",
    ]);
  });

  it("belong to this pin also when the run that asked for them was stopped before they showed", async () => {
    const world = fleet();
    const first = await world.up({ ...windowed, on: (moment, _, stage) => moment === "call:end" && stage.abort() });
    expect(first.outcome).toMatchObject({ status: "deferred", accepted: true, error: { code: "interrupted" } });
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
