import { describe, expect, it } from "vitest";
import { fleet, windowed } from "./windows";
import { HOUR, MINUTE } from "./world";

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

  it("are not canceled when the run was ended", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome, requests, late } = await world.up({
      on: (moment, nth, stage) => moment === "look:end" && nth === 1 && stage.abort(),
    });
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, upgrade: { tasks: { i001: "t1" } } });
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
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, error: { code: "refused" } });
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
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, error: { code: "interrupted" } });
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
