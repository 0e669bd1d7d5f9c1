import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import {
  joining,
  newer,
  play,
  record,
  running,
  satisfied,
  succeeded,
  TITLE,
  task,
  upgrade,
  waiting,
} from "./scripted-driver";

const ENDED = [running, succeeded];

describe("a run that finds nothing to do", () => {
  it("adopts with one look and no call", async () => {
    const { outcome, starts, journal } = await play({ looks: [satisfied] });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.error).toBeUndefined();
    expect(outcome.upgrade).toBeUndefined();
    expect(outcome.observation?.plan).toEqual(satisfied);
    expect(starts).toBe(0);
    expect(journal).toEqual(["look"]);
  });
});

describe("a run that upgrades", () => {
  it("looks twice, calls once, waits, and looks again", async () => {
    const { outcome, starts, journal, news } = await play({
      looks: [upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome).toMatchObject({
      status: "current",
      accepted: false,
      upgrade: { task: "11", kind: "rolling upgrade", from: "4.2.1.8", to: "4.3.5.2", state: "succeeded" },
    });
    expect(outcome.error).toBeUndefined();
    expect(outcome.observation?.plan).toEqual(satisfied);
    expect(starts).toBe(1);
    expect(journal).toEqual(["look", "look", "start", "inspect 11", "inspect 11", "look"]);
    expect(news).toContain("upgrade 11 started");
  });

  it("records when it sent the call and when it saw the end, on its clock", async () => {
    const { outcome, took } = await play({
      looks: [upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [running, running, running, succeeded],
    });
    const { startedAt, finishedAt } = outcome.upgrade ?? {};
    expect(startedAt).toBe("2026-01-01T00:00:00.000Z");
    expect(Date.parse(finishedAt ?? "") - Date.parse(startedAt ?? "")).toBe(took);
    expect(took).toBeGreaterThan(0);
  });

  it.each([
    ["is satisfied", satisfied, "current"],
    ["shows something newer", newer, "newer"],
  ] as const)("makes no call when the second look %s", async (_, second, status) => {
    const { outcome, starts } = await play({ looks: [upgrade(), second] });
    expect(outcome.status).toBe(status);
    expect(starts).toBe(0);
  });

  it("joins instead of calling when the second look shows our upgrade", async () => {
    const { outcome, starts } = await play({ looks: [upgrade(), joining, satisfied], inspections: ENDED });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("needs two looks in a row: one before a wait does not count", async () => {
    const { starts, journal } = await play({
      looks: [upgrade(), waiting(), upgrade(), satisfied],
      starts: [task],
    });
    expect(starts).toBe(0);
    expect(journal).toEqual(["look", "look", "look", "look"]);
  });

  it("returns once the vendor has accepted when it need not wait, and there is no window", async () => {
    const { outcome, starts, journal } = await play({
      schedules: false,
      looks: [upgrade()],
      starts: [task],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(outcome.error).toBeUndefined();
    expect(outcome.upgrade).not.toHaveProperty("finishedAt");
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });
});

describe("a run that finds our upgrade under way", () => {
  it("joins it and makes no call", async () => {
    const { outcome, starts, news } = await play({ looks: [joining, satisfied], inspections: ENDED });
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "11", from: "4.2.1.8", to: "4.3.5.2", state: "succeeded" },
    });
    expect(starts).toBe(0);
    expect(news).toEqual(["joins running upgrade 11 (rolling upgrade to 4.3.5.2)"]);
  });

  it("tells its progress while it waits", async () => {
    const { reports } = await play({ looks: [joining, satisfied], inspections: ENDED });
    expect(reports).toContain("stage 2/9");
  });

  it("only notes it when it need not wait", async () => {
    const { outcome, starts, journal } = await play({ looks: [joining], policy: { wait: false } });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(starts).toBe(0);
    expect(journal).toEqual(["look"]);
  });

  it("goes on through the silence of its restarts", async () => {
    const silence = new Unreachable("connection refused", { sent: false, heard: false });
    const { outcome, starts } = await play({
      looks: [joining, satisfied],
      inspections: [running, ...Array<Unreachable>(30).fill(silence), running, succeeded],
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
  });

  it("keeps the start and origin that the state remembers", async () => {
    const { outcome } = await play({
      looks: [joining, satisfied],
      inspections: ENDED,
      remembered: record("running", { from: "4.2.1.7" }),
    });
    expect(outcome.upgrade).toMatchObject({ from: "4.2.1.7", startedAt: "2025-12-31T23:00:00.000Z" });
  });
});

describe("a run that finds something else under way", () => {
  it("waits for its end, then upgrades", async () => {
    const { outcome, starts, reports } = await play({
      looks: [waiting(), waiting(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
    expect(reports).toContain("waiting for backup 3");
  });

  it("does not wait for what can never be called afterwards", async () => {
    const { outcome, starts, took } = await play({
      looks: [
        waiting({ code: "x", property: "mode", message: "Rolling needs 3 zones.", remedy: 'Set mode: "stopService".' }),
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(starts).toBe(0);
    expect(took).toBe(0);
  });

  it("waits although the system has yet to be put right: that may happen meanwhile", async () => {
    const finding = { code: "agent-not-running", message: "An agent does not run.", remedy: "Start it." };
    const { outcome, starts } = await play({
      looks: [waiting(finding), waiting(finding), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("something newer than the target version", () => {
  it.each(["report", "accept"] as const)("is no error with onNewer %j, and nothing is called", async (onNewer) => {
    const { outcome, starts, warnings } = await play({ looks: [newer], policy: { onNewer } });
    expect(outcome).toMatchObject({ status: "newer", accepted: false });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(0);
    const note = `${TITLE} runs 4.4.0.0; newer than the target version: server-1. Nothing was sent. Raise the target version to what is running, or set \`onNewer\` to \`accept\`. Databases are never downgraded. [newer]`;
    expect(warnings).toEqual(onNewer === "report" ? [note] : []);
  });

  it('is an error with onNewer "fail", and nothing is called', async () => {
    const { outcome, starts } = await play({ looks: [newer], policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({ status: "newer", error: { code: "newer" } });
    expect(outcome.error?.remedy).toMatch(/Databases are never downgraded/);
    expect(outcome.observation?.plan).toEqual(newer);
    expect(starts).toBe(0);
  });
});

describe("findings", () => {
  it("keep the call from being sent, all of them named with what to do", async () => {
    const { outcome, starts, journal } = await play({
      looks: [
        upgrade(
          { code: "a", message: "An agent does not run.", remedy: "Start it." },
          { code: "b", message: "Two versions run.", remedy: "Wait." },
        ),
      ],
      starts: [task],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(outcome.error?.message).toBe(
      `${TITLE}: the upgrade was not started. An agent does not run. Start it. Two versions run. Wait.`,
    );
    expect(starts).toBe(0);
    expect(journal).toEqual(["look", "look"]);
  });

  it("that can never change end the run at the first look, and only those are named", async () => {
    const { outcome, journal } = await play({
      looks: [
        upgrade(
          { code: "a", message: "An agent does not run.", remedy: "Start it." },
          { code: "b", property: "mode", message: "Rolling needs 3 zones.", remedy: "Add one." },
        ),
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(outcome.error?.message).toBe(`${TITLE}: the upgrade was not started. mode: Rolling needs 3 zones. Add one.`);
    expect(journal).toEqual(["look"]);
  });

  it("that the second look no longer has do not", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade({ code: "a", message: "Not yet.", remedy: "Wait." }), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});
