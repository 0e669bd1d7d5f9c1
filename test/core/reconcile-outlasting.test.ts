import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import { failure, joining, newer, play, record, running, satisfied, succeeded, task, upgrade } from "./scripted-driver";

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
  const lost = new Unreachable("reset", { sent: true, heard: false, task: { ...task, id: "7" } });
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
