import { describe, expect, it } from "vitest";
import type { Plan } from "../../../provider/core/decision/plan";
import { Refused, Unreachable } from "../../../provider/core/errors";
import type { Unit } from "../../../provider/core/unit";
import { NEW, OLD } from "./facts";
import {
  failure,
  newer,
  play,
  record,
  running,
  satisfied,
  succeeded,
  TITLE,
  task,
  upgrade,
  upgradeWith,
} from "./scripted-driver";
import type { Fate } from "./vendor";
import { evening, fleet, windowed } from "./windows";
import { HOUR, MINUTE, many, type Up, World } from "./world";

const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
const scheduledRecord = record("deferred", { window });
const cancelPlan: Plan = { kind: "cancel", task, window, upgrade: upgradeWith() };

describe("a scheduled upgrade that must start now", () => {
  it("is canceled before the upgrade is requested", async () => {
    const { outcome, journal, messages } = await play({
      reads: [cancelPlan, upgrade(), upgrade(), satisfied],
      starts: [{ ...task, id: "12" }],
      inspections: [succeeded],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(journal).toEqual(["read", "cancel 11", "read", "read", "start", "inspect 12", "read"]);
    expect(messages).toContain(
      "canceled upgrade 11 (rolling upgrade to 4.3.5.2), which was scheduled for its maintenance window",
    );
  });

  it("fails the run if the vendor rejects every cancellation", async () => {
    const { outcome, starts, journal } = await play({
      reads: [cancelPlan],
      cancellations: [new Refused("not now", { refusal: "soon" })],
      remembered: record("deferred", { window }),
    });
    expect(outcome.error?.code).toBe("refused");
    expect(outcome.error?.message).toContain("could not be canceled");
    expect(journal.filter((entry) => entry === "cancel 11")).toHaveLength(6);
    expect(starts).toBe(0);
  });

  it("is never canceled if this resource did not schedule it", async () => {
    for (const remembered of [
      undefined,
      record("deferred", { window, joined: true }),
      record("deferred", { task: "7" }),
    ]) {
      const { outcome, journal } = await play({ reads: [cancelPlan], ...(remembered && { remembered }) });
      expect(outcome.error).toMatchObject({ code: "blocked", remedy: expect.stringContaining("maintenance-window") });
      expect(journal).toEqual(["read"]);
    }
  });

  it("is not canceled if the upgrade request could never succeed", async () => {
    const finding = { code: "no", property: "version", message: "No such version.", remedy: "Choose another." };
    const { outcome, journal } = await play({
      reads: [{ ...cancelPlan, upgrade: upgradeWith(finding) }],
      remembered: scheduledRecord,
    });
    expect(outcome.error?.code).toBe("blocked");
    expect(journal).toEqual(["read"]);
  });

  it.each([
    ["rejected", new Refused("Not now.", { refusal: "busy" })],
    ["lost", new Unreachable("Connection reset.", { sent: true, responded: false })],
  ])("is read again after a cancellation that was %s", async (_, error) => {
    const { outcome, journal, warnings } = await play({
      reads: [cancelPlan, satisfied],
      cancellations: [error],
      inspections: [succeeded],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal).toEqual(["read", "cancel 11", "read", "inspect 11"]);
    expect(warnings).toHaveLength(1);
  });
});

const scheduledStatus = { kind: "scheduled", window } as const;
const canceled = { kind: "failed", ...failure, message: "it was canceled." } as const;
/** The target version was lowered to the current version. */
const lowered: Plan = { kind: "satisfied", at: "4.2.1.8" };
describe("a canceled upgrade that the vendor still lists", () => {
  const listed: Plan = { kind: "cancel", task, window, upgrade: upgradeWith() };

  it("is not canceled again, and the run continues once it is no longer listed", async () => {
    const { outcome, journal } = await play({
      reads: [listed, listed, upgrade(), upgrade(), satisfied],
      starts: [{ ...task, id: "12" }],
      inspections: [succeeded],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(journal.filter((entry) => entry.startsWith("cancel"))).toEqual(["cancel 11"]);
  });

  it("fails the run if it stays listed", async () => {
    const { outcome, journal, took } = await play({ reads: [listed], remembered: scheduledRecord });
    expect(outcome).toMatchObject({ error: { code: "refused" } });
    expect(journal.filter((entry) => entry.startsWith("cancel"))).toEqual(["cancel 11"]);
    expect(took).toBeGreaterThan(5_000);
  });
});

it("an upgrade that is scheduled although the resource does not use windows is canceled, also if only a read by id shows it", async () => {
  const { outcome, journal } = await play({
    reads: [upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
    inspections: [{ kind: "scheduled", window }, succeeded],
    starts: [{ ...task, id: "12" }],
    remembered: record("deferred", { window }),
    schedules: false,
  });
  expect(journal).toContain("cancel 11");
  expect(outcome.status).toBe("current");
});

const refused = new Refused("Not now.", { refusal: "busy" });
const lost = new Unreachable("Connection reset.", { sent: true, responded: false });

function count(journal: readonly string[], entry: string): number {
  return journal.filter((one) => one === entry).length;
}

describe("a scheduled upgrade that the resource no longer needs", () => {
  it.each([
    ["rejected", refused],
    ["lost", lost],
  ])("is canceled again after a cancellation that was %s", async (_, error) => {
    const { outcome, journal } = await play({
      reads: [lowered],
      inspections: [scheduledStatus],
      cancellations: [error, error, () => undefined],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "withdrawn" } });
    expect(count(journal, "cancel 11")).toBe(3);
  });

  it.each([lowered, newer])(
    "fails the run and stays in the record if the vendor does not cancel it: %o",
    async (plan) => {
      const { outcome, journal, starts } = await play({
        reads: [plan],
        inspections: [scheduledStatus],
        cancellations: [refused],
        remembered: scheduledRecord,
      });
      expect(outcome).toMatchObject({ status: "behind", accepted: true, upgrade: scheduledRecord });
      expect(outcome.error).toMatchObject({ code: "refused", remedy: expect.stringContaining("Cancel it") });
      expect(outcome.error?.message).toBe(
        `${TITLE}: upgrade 11 (rolling upgrade to 4.3.5.2) could not be canceled. It is no longer needed, but is still scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z.`,
      );
      expect(count(journal, "cancel 11")).toBe(6);
      expect(starts).toBe(0);
    },
  );

  it("is not recorded as succeeded if the vendor reports it as canceled", async () => {
    const { outcome } = await play({
      reads: [lowered],
      inspections: [scheduledStatus, canceled],
      cancellations: [lost],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "failed" } });
  });

  it("is polled until it is reported as scheduled, then canceled", async () => {
    const { outcome, journal } = await play({
      reads: [lowered],
      inspections: [running, running, scheduledStatus],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "withdrawn" } });
    expect(count(journal, "cancel 11")).toBe(1);
  });

  it("scheduled by another client is not changed, but logged, and not recorded", async () => {
    const { outcome, journal, warnings } = await play({
      reads: [lowered],
      inspections: [scheduledStatus],
      remembered: record("deferred", { window, joined: true }),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.upgrade).toBeUndefined();
    expect(journal).toEqual(["read", "inspect 11"]);
    expect(warnings[0]).toMatch(
      /is scheduled for its maintenance window, .*This resource did not schedule it and does not need it/,
    );
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
      "canceled kernel upgrade t1 of i001, which was scheduled for its maintenance window",
      "canceled kernel upgrade t2 of i002, which was scheduled for its maintenance window",
      "canceled kernel upgrade t3 of i003, which was scheduled for its maintenance window",
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

  it("are recorded as canceled if a run is stopped after that", async () => {
    const world = fleet();
    await world.up(windowed);
    const { outcome } = await world.up({
      on: (moment, nth, stage) => moment === "cancel:end" && nth === 1 && stage.abort(),
    });
    expect(world.vendor.waiting).toEqual([]);
    expect(outcome).toMatchObject({ status: "behind", accepted: false, upgrade: { state: "withdrawn" } });
    expect(outcome.upgrade).not.toHaveProperty("window");
    expect(outcome.error?.message).toBe(
      `Interrupted: Orders fleet: the kernel upgrade of 3 instances to ${NEW} was canceled before its maintenance window; nothing else was requested.`,
    );
    expect((await world.up({})).outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
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
