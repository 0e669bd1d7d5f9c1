import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import { failure, joining, newer, play, record, running, satisfied, succeeded, task, upgrade } from "./scripted-driver";

const again = { ...task, id: "12" };

describe("an upgrade that the state remembers as running", () => {
  it("and that the look shows is joined without being told again", async () => {
    const { outcome, starts } = await play({
      looks: [joining, satisfied],
      inspections: [running, succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { ...record("succeeded") } });
    expect(starts).toBe(0);
  });

  it("does not claim an upgrade that fails hours later: no operator is sent", async () => {
    const { journal, outcome } = await play({
      looks: [joining],
      inspections: [running, { kind: "failed", ...failure, operators: ["retry", "rollback"] }],
      remembered: record("unknown", { task: "unknown", startedAt: "2025-12-31T14:00:00.000Z" }),
      reopens: true,
      policy: { onFailure: "rollback" },
    });
    expect(journal.some((entry) => entry.startsWith("rollback"))).toBe(false);
    expect(outcome).toMatchObject({ status: "failed", upgrade: { joined: true } });
  });

  it("is over when the pin is satisfied", async () => {
    const { outcome, starts } = await play({
      looks: [satisfied],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.upgrade?.finishedAt).toBeDefined();
    expect(starts).toBe(0);
  });

  it("and that still runs at the vendor is not waited for with wait: false", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
      remembered: record("running"),
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { task: "11", state: "running" } });
    expect(starts).toBe(0);
  });

  it("and that still runs at the vendor is waited for, though the list did not show it", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("and that has succeeded gets its time to settle, not a second call", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [succeeded],
      starts: [again],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("and that went to a version which no longer satisfies the pin does not stand in the way", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), upgrade(), satisfied],
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
  ] as const)("and that %s is told, and the upgrade started again", async (_, status) => {
    const { outcome, starts, news } = await play({
      looks: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [status, running, succeeded],
      starts: [again],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
    expect(news[0]).toBe("The earlier upgrade 11 to 4.3.5.2 has ended: stage 3/9 failed.");
  });

  it("and that the vendor no longer knows is started again", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), upgrade(), satisfied],
      inspections: [{ kind: "gone" }, running, succeeded],
      starts: [again],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
  });

  it("is waited for with the long budget even when nobody answers at first", async () => {
    const silence = new Unreachable("connection refused", { sent: false, responded: false });
    const { outcome, took } = await play({ looks: [silence], remembered: record("running") });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "unreachable" },
      upgrade: record("running"),
    });
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});

describe("an upgrade whose answer an earlier run lost", () => {
  it.each([
    ["soon after it was requested is that upgrade, with the time of its request", "2025-12-31T23:50:00.000Z", false],
    ["an hour later may be of somebody else, and is only joined", "2025-12-31T23:00:00.000Z", true],
  ])("that runs %s", async (_, startedAt, joined) => {
    const { outcome, starts } = await play({
      looks: [joining, satisfied],
      inspections: [running, succeeded],
      remembered: record("unknown", { task: "unknown", startedAt }),
    });
    expect(outcome.upgrade).toMatchObject({ task: "11", state: "succeeded" });
    expect(outcome.upgrade?.joined === true).toBe(joined);
    expect(outcome.upgrade?.startedAt === startedAt).toBe(!joined);
    expect(starts).toBe(0);
  });

  it("is over when the pin is satisfied", async () => {
    const { outcome, starts } = await play({ looks: [satisfied], remembered: record("unknown") });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(starts).toBe(0);
  });

  it("is sent again by a later run only when two looks show nothing of it", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade(), upgrade(), satisfied],
      inspections: [running, succeeded],
      starts: [again],
      remembered: record("unknown", { task: "unknown" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
    expect(journal.slice(0, 3)).toEqual(["look", "look", "start"]);
  });
});

describe("an upgrade that the state remembers as ended", () => {
  it.each(["succeeded", "failed", "rolled-back"] as const)("(%s) is not asked for", async (state) => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade(), upgrade(), satisfied],
      inspections: [running, succeeded],
      starts: [again],
      remembered: record(state),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(starts).toBe(1);
    expect(journal).not.toContain("inspect 11");
  });

  it("stays in the outcome of a run that has nothing to do", async () => {
    const { outcome } = await play({ looks: [satisfied], remembered: record("failed") });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: record("failed") });
  });
});

describe("a call whose answer an earlier run lost", () => {
  const ago = (ms: number) => record("unknown", { startedAt: new Date(Date.UTC(2026, 0, 1) - ms).toISOString() });

  it("may still show: it is looked for, and joined", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), joining, satisfied],
      inspections: [succeeded],
      remembered: ago(1_000),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("is made again only when it has had its time, counted from when it was sent", async () => {
    const { outcome, starts, journal, took } = await play({
      looks: [(stage) => (stage.journal.includes("start") ? satisfied : upgrade())],
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

  it("is no matter when that was long ago, or cannot have been", async () => {
    for (const remembered of [ago(3_600_000), record("unknown", { startedAt: "yesterday" })]) {
      const { starts } = await play({
        looks: [(stage) => (stage.journal.includes("start") ? satisfied : upgrade())],
        starts: [task],
        inspections: [succeeded],
        remembered,
      });
      expect(starts).toBe(1);
    }
  });
});

/** What the look shows beside our own task 7, which goes on elsewhere. */
const own = record("running", { task: "7" });
const outlasting = { outlasts: true, remembered: own } as const;

describe("an upgrade that goes on where no look reaches", () => {
  it.each([
    ["the pin is satisfied", satisfied],
    ["something newer runs", newer],
    ["another upgrade runs", joining],
    ["an upgrade is asked for", upgrade()],
  ])("is followed first, though %s", async (_, plan) => {
    const { outcome, journal, starts } = await play({
      ...outlasting,
      looks: [plan, satisfied],
      inspections: [running, running, succeeded],
    });
    expect(journal.slice(0, 4)).toEqual(["look", "inspect 7", "inspect 7", "inspect 7"]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "succeeded" } });
    expect(outcome.upgrade).not.toHaveProperty("joined");
    expect(starts).toBe(0);
  });

  it.each([
    ["while it was followed", [running, { kind: "failed", ...failure }] as const],
    ["before anybody asked", [{ kind: "failed", ...failure }] as const],
  ])("and that failed %s ends the run, whatever runs here", async (_, inspections) => {
    const { outcome } = await play({ ...outlasting, looks: [satisfied], inspections });
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: "upgrade-failed" },
      upgrade: { task: "7", state: "failed" },
    });
  });

  it("and that has ended is not asked for again", async () => {
    const { outcome, journal } = await play({
      outlasts: true,
      remembered: record("failed", { task: "7", finishedAt: "2026-01-01T00:00:00Z" }),
      looks: [satisfied],
    });
    expect(journal).toEqual(["look"]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "failed" } });
  });

  it("and that is not known any more is told as that, then the looks decide", async () => {
    const { outcome, warnings } = await play({ ...outlasting, looks: [satisfied], inspections: [{ kind: "gone" }] });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "gone" } });
    expect(warnings).toEqual([
      "Orders database: the vendor no longer reports upgrade 7 (rolling upgrade to 4.3.5.2). Its result on the other participating clusters is unknown.",
    ]);
  });

  it("is not waited for with wait: false", async () => {
    const { outcome } = await play({
      ...outlasting,
      looks: [satisfied],
      inspections: [running],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { task: "7", state: "running" } });
  });

  it("does not matter to a vendor without such tasks", async () => {
    const { journal } = await play({
      outlasts: false,
      remembered: own,
      looks: [joining, satisfied],
      inspections: [succeeded],
    });
    expect(journal).not.toContain("inspect 7");
  });
});

describe("a lost reply to a call whose task has an id of ours", () => {
  const lost = new Unreachable("reset", { sent: true, responded: false, task: { ...task, id: "7" } });
  const gone = { kind: "gone" } as const;

  it("is made good by the task, before it shows in any look", async () => {
    const { outcome, starts } = await play({
      outlasts: true,
      looks: [upgrade(), upgrade(), upgrade(), satisfied],
      starts: [lost],
      inspections: [gone, running, running, succeeded],
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", to: task.to, state: "succeeded" } });
    expect(outcome.upgrade).not.toHaveProperty("joined");
    expect(starts).toBe(1);
  });

  it("is unconfirmed when the task never shows", async () => {
    const { outcome, starts } = await play({
      outlasts: true,
      looks: [upgrade()],
      starts: [lost],
      inspections: [gone],
    });
    expect(outcome).toMatchObject({ error: { code: "unconfirmed" } });
    expect(starts).toBe(1);
  });

  it("is made good by an upgrade that runs under another id", async () => {
    const { outcome } = await play({
      outlasts: true,
      looks: [upgrade(), upgrade(), joining, satisfied],
      starts: [lost],
      inspections: [gone, running, succeeded],
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
  });

  it("is remembered with its id by a run that was stopped, and asked for by the next", async () => {
    const remembered = record("unknown", { task: "7", startedAt: "2026-01-01T00:00:00.000Z" });
    const { outcome, journal, starts } = await play({
      outlasts: true,
      remembered,
      looks: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
    });
    expect(journal.slice(0, 2)).toEqual(["look", "inspect 7"]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "7", state: "succeeded" } });
    expect(starts).toBe(0);
  });
});
