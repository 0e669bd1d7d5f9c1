import { describe, expect, it } from "vitest";
import type { Plan } from "../../provider/core/decision/plan";
import { Refused, Unreachable } from "../../provider/core/errors";
import {
  failure,
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
  upgradeWith,
} from "./scripted-driver";

const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
const scheduledRecord = record("deferred", { window });

const scheduledPlan: Plan = { kind: "scheduled", task, from: "4.2.1.8", window };
const cancelPlan: Plan = { kind: "cancel", task, window, upgrade: upgradeWith() };

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
      `Interrupted: ${TITLE} has upgrade 11 (rolling upgrade to 4.3.5.2) scheduled for its maintenance window.`,
    );
  });
});

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

describe("an upgrade in progress that the resource no longer needs", () => {
  it.each(["running", "deferred"] as const)(
    "(%s) is waited for, then the new version is compared with the target",
    async (state) => {
      const { outcome, journal } = await play({
        reads: [lowered, newer],
        inspections: [running, running, running, succeeded],
        remembered: record(state, { window }),
      });
      expect(outcome).toMatchObject({ status: "newer", accepted: false, upgrade: { task: "11", state: "succeeded" } });
      expect(journal).not.toContain("cancel 11");
    },
  );

  it("is not reported as current with wait: false", async () => {
    const { outcome } = await play({
      reads: [lowered],
      inspections: [running],
      remembered: record("running"),
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
  });

  it("stays in the record of an interrupted run", async () => {
    const { outcome } = await play({
      reads: [lowered],
      inspections: [running],
      remembered: record("running"),
      meanwhile: ({ clock, abort }) => void clock.sleep(90_000).then(() => abort(interrupted())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { state: "running" } });
  });

  it("is logged and recorded as failed when it fails", async () => {
    const { outcome, messages } = await play({
      reads: [lowered],
      inspections: [running, { kind: "failed", ...failure }],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "failed" } });
    expect(messages).toContain("The earlier upgrade 11 to 4.3.5.2 has ended: stage 3/9 failed.");
  });

  it("is compared with the target once its version appears, even after it succeeded", async () => {
    const { outcome } = await play({
      reads: [lowered, lowered, lowered, newer],
      inspections: [running, succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "newer", upgrade: { state: "succeeded" } });
  });

  it("is recorded as failed if it had no effect", async () => {
    const { outcome, took, warnings } = await play({
      reads: [lowered],
      inspections: [succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "failed" } });
    expect(took).toBeGreaterThanOrEqual(60_000);
    expect(warnings[0]).toContain("is reported as successful, but 4.2.1.8 still runs");
  });

  it("has succeeded if the vendor's versions are too short to compare", async () => {
    const { outcome, took } = await play({
      reads: [{ kind: "satisfied", at: "4.3" }],
      inspections: [succeeded],
      remembered: record("running", { from: "4.3.1.0" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(took).toBe(0);
  });

  it("has succeeded if its target is not a version", async () => {
    const { outcome, took, warnings } = await play({
      reads: [lowered],
      inspections: [succeeded],
      remembered: record("running", { to: "a version that the vendor does not tell" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(warnings).toEqual([]);
    expect(took).toBe(0);
  });

  it("that the vendor no longer reports has succeeded only if the version has changed", async () => {
    for (const [plan, state] of [
      [lowered, "gone"],
      [satisfied, "succeeded"],
    ] as const) {
      const { outcome } = await play({
        reads: [plan],
        inspections: [{ kind: "gone" }],
        remembered: record("running"),
      });
      expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state } });
    }
  });
});

describe("a request with a lost response that the resource no longer needs", () => {
  const ago = (ms: number) =>
    record("unknown", { task: "unknown", startedAt: new Date(Date.UTC(2026, 0, 1) - ms).toISOString() });

  it("gets its time to appear, and is not recorded as succeeded without an effect", async () => {
    const { outcome, took } = await play({ reads: [lowered], remembered: ago(10_000) });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "gone" } });
    expect(took).toBeGreaterThanOrEqual(20_000);
  });

  it("is not waited for longer than its time, also if it was recorded by a clock that was ahead", async () => {
    for (const [remembered, longest] of [
      [ago(3_600_000), 0],
      [ago(-3_600_000), 40_000],
    ] as const) {
      const { outcome, took } = await play({ reads: [lowered], remembered });
      expect(outcome).toMatchObject({ status: "current", upgrade: { state: "gone" } });
      expect(took).toBeLessThanOrEqual(longest);
    }
  });

  it("is waited for until its version appears", async () => {
    const { outcome, journal } = await play({
      reads: [{ kind: "satisfied", at: "4.2.5.1" }, satisfied],
      remembered: ago(1_000),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal).toEqual(["read", "read"]);
  });

  it("is recorded as succeeded if it had an effect", async () => {
    const { outcome } = await play({ reads: [lowered, newer], remembered: ago(1_000) });
    expect(outcome).toMatchObject({ status: "newer", upgrade: { state: "succeeded" } });
  });
});
