import { describe, expect, it } from "vitest";
import type { Plan } from "../../../provider/core/decision/plan";
import { Unreachable } from "../../../provider/core/errors";
import {
  failure,
  interrupted,
  joining,
  newer,
  play,
  record,
  running,
  satisfied,
  succeeded,
  task,
  upgrade,
} from "./scripted-driver";

const again = { ...task, id: "12" };

describe("an upgrade in progress according to the state", () => {
  it("is joined if a read shows it", async () => {
    const { outcome, starts } = await play({
      reads: [joining, satisfied],
      inspections: [running, succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { ...record("succeeded") } });
    expect(starts).toBe(0);
  });

  it("with a lost response is not linked to an upgrade that fails hours later: no operator is sent", async () => {
    const { journal, outcome } = await play({
      reads: [joining],
      inspections: [running, { kind: "failed", ...failure, operators: ["retry", "rollback"] }],
      remembered: record("unknown", { task: "unknown", startedAt: "2025-12-31T14:00:00.000Z" }),
      reopens: true,
      policy: { onFailure: "rollback" },
    });
    expect(journal.some((entry) => entry.startsWith("rollback"))).toBe(false);
    expect(outcome).toMatchObject({ status: "failed", upgrade: { joined: true } });
  });

  it("has succeeded if the resource is up to date", async () => {
    const { outcome, starts } = await play({
      reads: [satisfied],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.upgrade?.finishedAt).toBeDefined();
    expect(starts).toBe(0);
  });

  it("is not waited for with wait: false if the vendor reports it in progress", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
      remembered: record("running"),
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { task: "11", state: "running" } });
    expect(starts).toBe(0);
  });

  it("is waited for if the vendor reports it in progress, although the first read did not show it", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("gets its settle time after it succeeded, not a second request", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [succeeded],
      starts: [again],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("does not prevent a request if its version no longer satisfies the target", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [succeeded],
      starts: [again],
      remembered: record("running", { to: "4.2.5.0" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
  });

  it.each([
    ["was rolled back", { kind: "rolled-back", ...failure }],
    ["failed and was released", { kind: "failed", ...failure }],
  ] as const)("that %s is logged, and the upgrade is requested again", async (_, status) => {
    const { outcome, starts, messages } = await play({
      reads: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [status, running, succeeded],
      starts: [again],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
    expect(messages[0]).toBe("The earlier upgrade 11 to 4.3.5.2 has ended: stage 3/9 failed.");
  });

  it("is requested again if the vendor no longer reports its task", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [{ kind: "gone" }, running, succeeded],
      starts: [again],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
  });

  it("is retried for the full unreachable budget if the vendor is unreachable at first", async () => {
    const noResponse = new Unreachable("connection refused", { sent: false, responded: false });
    const { outcome, took } = await play({ reads: [noResponse], remembered: record("running") });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "unreachable" },
      upgrade: record("running"),
    });
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});

describe("an upgrade whose response was lost in an earlier run", () => {
  it.each([
    [
      "is linked to an upgrade found soon after the request, with the time of the request",
      "2025-12-31T23:50:00.000Z",
      false,
    ],
    [
      "is not linked to an upgrade found an hour after the request, which is only joined",
      "2025-12-31T23:00:00.000Z",
      true,
    ],
  ])("%s", async (_, startedAt, joined) => {
    const { outcome, starts } = await play({
      reads: [joining, satisfied],
      inspections: [running, succeeded],
      remembered: record("unknown", { task: "unknown", startedAt }),
    });
    expect(outcome.upgrade).toMatchObject({ task: "11", state: "succeeded" });
    expect(outcome.upgrade?.joined === true).toBe(joined);
    expect(outcome.upgrade?.startedAt === startedAt).toBe(!joined);
    expect(starts).toBe(0);
  });

  it("has succeeded if the resource is up to date", async () => {
    const { outcome, starts } = await play({ reads: [satisfied], remembered: record("unknown") });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(starts).toBe(0);
  });

  it("is requested again by a later run only after two reads without it", async () => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade(), upgrade(), satisfied],
      inspections: [running, succeeded],
      starts: [again],
      remembered: record("unknown", { task: "unknown" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
    expect(journal.slice(0, 3)).toEqual(["read", "read", "start"]);
  });
});

describe("an upgrade that has ended according to the state", () => {
  it.each(["succeeded", "failed", "rolled-back"] as const)("(%s) is not read at the vendor", async (state) => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade(), upgrade(), satisfied],
      inspections: [running, succeeded],
      starts: [again],
      remembered: record(state),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
    expect(journal).not.toContain("inspect 11");
  });

  it("stays in the outcome of a no-op run", async () => {
    const { outcome } = await play({ reads: [satisfied], remembered: record("failed") });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: record("failed") });
  });
});

describe("an upgrade request whose response was lost in an earlier run", () => {
  const ago = (ms: number) => record("unknown", { startedAt: new Date(Date.UTC(2026, 0, 1) - ms).toISOString() });

  it("is searched for and joined if its upgrade appears", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), joining, satisfied],
      inspections: [succeeded],
      remembered: ago(1_000),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("is sent again only after the time for a lost response, counted from the first request", async () => {
    const { outcome, starts, journal, took } = await play({
      reads: [(stage) => (stage.journal.includes("start") ? satisfied : upgrade())],
      starts: [task],
      inspections: [succeeded],
      remembered: ago(10_000),
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(20_000);
    expect(took).toBeLessThan(30_000);
    expect(journal.indexOf("start")).toBeGreaterThan(2);
  });

  it("does not delay a new request if it was long ago or its time is invalid", async () => {
    for (const remembered of [ago(3_600_000), record("unknown", { startedAt: "yesterday" })]) {
      const { starts } = await play({
        reads: [(stage) => (stage.journal.includes("start") ? satisfied : upgrade())],
        starts: [task],
        inspections: [succeeded],
        remembered,
      });
      expect(starts).toBe(1);
    }
  });
});

/** Our task 7, which may continue where reads do not reach. */
const own = record("running", { task: "7" });
const outlasting = { outlasts: true, remembered: own } as const;

describe("an upgrade that may continue where reads do not reach", () => {
  it.each([
    ["the resource is up to date", satisfied],
    ["the current version is ahead of the target", newer],
    ["another upgrade is in progress", joining],
    ["an upgrade is needed", upgrade()],
  ])("is polled first although %s", async (_, plan) => {
    const { outcome, journal, starts } = await play({
      ...outlasting,
      reads: [plan, satisfied],
      inspections: [running, running, succeeded],
    });
    expect(journal.slice(0, 4)).toEqual(["read", "inspect 7", "inspect 7", "inspect 7"]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "succeeded" } });
    expect(outcome.upgrade).not.toHaveProperty("joined");
    expect(starts).toBe(0);
  });

  it.each([
    ["while it was followed", [running, { kind: "failed", ...failure }] as const],
    ["before the first poll", [{ kind: "failed", ...failure }] as const],
  ])("that failed %s fails the run although the resource is up to date", async (_, inspections) => {
    const { outcome } = await play({ ...outlasting, reads: [satisfied], inspections });
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: "upgrade-failed" },
      upgrade: { task: "7", state: "failed" },
    });
  });

  it("that has ended is not polled", async () => {
    const { outcome, journal } = await play({
      outlasts: true,
      remembered: record("failed", { task: "7", finishedAt: "2026-01-01T00:00:00Z" }),
      reads: [satisfied],
    });
    expect(journal).toEqual(["read"]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "failed" } });
  });

  it("that the vendor no longer reports is logged as a warning, then the reads decide", async () => {
    const { outcome, warnings } = await play({ ...outlasting, reads: [satisfied], inspections: [{ kind: "gone" }] });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "gone" } });
    expect(warnings).toEqual([
      "Orders database: the vendor no longer reports upgrade 7 (rolling upgrade to 4.3.5.2). Its result on the other participating clusters is unknown.",
    ]);
  });

  it("is not waited for with wait: false", async () => {
    const { outcome } = await play({
      ...outlasting,
      reads: [satisfied],
      inspections: [running],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { task: "7", state: "running" } });
  });

  it("is not polled first at a vendor without such tasks", async () => {
    const { journal } = await play({
      outlasts: false,
      remembered: own,
      reads: [joining, satisfied],
      inspections: [succeeded],
    });
    expect(journal).not.toContain("inspect 7");
  });
});

describe("a lost response to a request that chose the id of its task", () => {
  const lost = new Unreachable("reset", { sent: true, responded: false, task: { ...task, id: "7" } });
  const gone = { kind: "gone" } as const;

  it("is resolved by reading the task, before any read shows it", async () => {
    const { outcome, starts } = await play({
      outlasts: true,
      reads: [upgrade(), upgrade(), upgrade(), satisfied],
      starts: [lost],
      inspections: [gone, running, running, succeeded],
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", to: task.to, state: "succeeded" } });
    expect(outcome.upgrade).not.toHaveProperty("joined");
    expect(starts).toBe(1);
  });

  it("is unconfirmed if the task never appears", async () => {
    const { outcome, starts } = await play({
      outlasts: true,
      reads: [upgrade()],
      starts: [lost],
      inspections: [gone],
    });
    expect(outcome).toMatchObject({ error: { code: "unconfirmed" } });
    expect(starts).toBe(1);
  });

  it("is resolved by an upgrade in progress with another id", async () => {
    const { outcome } = await play({
      outlasts: true,
      reads: [upgrade(), upgrade(), joining, satisfied],
      starts: [lost],
      inspections: [gone, running, succeeded],
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
  });

  it("is stored with its id by an interrupted run, and polled by the next", async () => {
    const remembered = record("unknown", { task: "7", startedAt: "2026-01-01T00:00:00.000Z" });
    const { outcome, journal, starts } = await play({
      outlasts: true,
      remembered,
      reads: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
    });
    expect(journal.slice(0, 2)).toEqual(["read", "inspect 7"]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "succeeded" } });
    expect(starts).toBe(0);
  });
});

const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
/** The target version was lowered to the current version. */
const lowered: Plan = { kind: "satisfied", at: "4.2.1.8" };

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
