import { describe, expect, it } from "vitest";
import type { Plan } from "../../../provider/core/decision/plan";
import { Unreachable } from "../../../provider/core/errors";
import { NEW, OLD } from "./facts";
import {
  interrupted,
  newer,
  play,
  record,
  running,
  satisfied,
  succeeded,
  TITLE,
  task,
  upgrade,
} from "./scripted-driver";
import { closes, evening, fleet, night, opens, windowed } from "./windows";
import { HOUR, MINUTE, many, SECOND, type Up, World } from "./world";

const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
const scheduledRecord = record("deferred", { window });

const scheduledPlan: Plan = { kind: "scheduled", task, from: "4.2.1.8", window };

describe("a scheduled upgrade", () => {
  it("ends the run that requested it, with the task and its window in the record", async () => {
    const { outcome, starts, messages } = await play({
      reads: [upgrade()],
      starts: [task],
      inspections: [running, { kind: "scheduled", window }],
    });
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, upgrade: { state: "deferred", window } });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
    expect(messages).toContain(
      "upgrade 11 (rolling upgrade to 4.3.5.2) is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z",
    );
  });

  it("is recorded by a run with wait: false", async () => {
    const { outcome, journal } = await play({
      reads: [upgrade()],
      starts: [task],
      inspections: [{ kind: "scheduled", window }],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, upgrade: { state: "deferred", window } });
    expect(journal).toEqual(["read", "read", "start", "read", "inspect 11"]);
  });

  it("that starts immediately is not waited for with wait: false", async () => {
    const { outcome, journal } = await play({
      reads: [upgrade()],
      starts: [task],
      inspections: [running],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(journal).toEqual(["read", "read", "start", "read", "inspect 11"]);
  });

  it("is not changed by the next run", async () => {
    const { outcome, journal, messages } = await play({ reads: [scheduledPlan], remembered: scheduledRecord });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { task: "11", state: "deferred", window } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(journal).toEqual(["read"]);
    expect(messages).toHaveLength(1);
  });

  it("is joined if another client has scheduled it", async () => {
    const { outcome, journal } = await play({ reads: [scheduledPlan] });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { joined: true, state: "deferred" } });
    expect(journal).toEqual(["read"]);
  });

  it("has succeeded if the resource is up to date after its window", async () => {
    const { outcome, starts } = await play({
      reads: [satisfied],
      inspections: [succeeded],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("is canceled if the resource is up to date without it", async () => {
    for (const plan of [satisfied, newer]) {
      const { outcome, journal } = await play({
        reads: [plan],
        inspections: [{ kind: "scheduled", window }],
        remembered: scheduledRecord,
      });
      expect(outcome).toMatchObject({ accepted: false, upgrade: { state: "withdrawn" } });
      expect(journal).toEqual(["read", "inspect 11", "cancel 11"]);
    }
  });

  it("is read by its id before a request is sent, if the reads do not show it", async () => {
    const { outcome, journal } = await play({
      reads: [upgrade()],
      inspections: [{ kind: "scheduled", window }],
      remembered: scheduledRecord,
    });
    expect(outcome.status).toBe("deferred");
    expect(journal).toEqual(["read", "inspect 11"]);
  });

  it("is waited for once it has started", async () => {
    const { outcome, journal } = await play({
      reads: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal).not.toContain("start");
  });

  it("stays in the record of a run that is interrupted before reading it", async () => {
    const { outcome } = await play({
      reads: [
        (stage) => {
          stage.abort(interrupted());
          throw new Unreachable("No response.", { sent: true, responded: false });
        },
      ],
      remembered: scheduledRecord,
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "interrupted" } });
    expect(outcome.error?.message).toBe(
      `Interrupted: ${TITLE}: upgrade 11 (rolling upgrade to 4.3.5.2) is scheduled for its maintenance window.`,
    );
  });
});

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
  it("is recorded with those of other units as one", async () => {
    const world = new World(many(2, OLD, { window: night }));
    for (const unit of ["i001", "i002"]) world.vendor.elsewhere(unit, true);
    await world.clock.sleep(MINUTE);
    const { outcome } = await world.up(windowed);
    const kind = "kernel upgrade of 2 instances";
    expect(outcome.upgrade).toMatchObject({ task: "batch", kind, to: NEW, joined: true, state: "deferred" });
  });

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
