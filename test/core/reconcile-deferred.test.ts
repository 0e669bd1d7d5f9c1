import { describe, expect, it } from "vitest";
import type { Plan } from "../../provider/core/decision/plan";
import { Refused, Unreachable } from "../../provider/core/errors";
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
  upgradeWith,
} from "./scripted-driver";

const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
const deferred: Plan = { kind: "scheduled", task, from: "4.2.1.8", window };
const withdrawing: Plan = { kind: "cancel", task, window, upgrade: upgradeWith() };
const waitingRecord = record("deferred", { window });

describe("an upgrade that waits for its window", () => {
  it("ends the run that started it, with the task and its window in the record", async () => {
    const { outcome, starts, news } = await play({
      looks: [upgrade()],
      starts: [task],
      inspections: [running, { kind: "scheduled", window }],
    });
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, upgrade: { state: "deferred", window } });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
    expect(news).toContain(
      "upgrade 11 (rolling upgrade to 4.3.5.2) is scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z",
    );
  });

  it("is known before a run that does not wait ends", async () => {
    const { outcome, journal } = await play({
      looks: [upgrade()],
      starts: [task],
      inspections: [{ kind: "scheduled", window }],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, upgrade: { state: "deferred", window } });
    expect(journal).toEqual(["look", "look", "start", "look", "inspect 11"]);
  });

  it("that begins at once is not waited for by a run that does not wait", async () => {
    const { outcome, journal } = await play({
      looks: [upgrade()],
      starts: [task],
      inspections: [running],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(journal).toEqual(["look", "look", "start", "look", "inspect 11"]);
  });

  it("is left to its window by the next run", async () => {
    const { outcome, journal, news } = await play({ looks: [deferred], remembered: waitingRecord });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { task: "11", state: "deferred", window } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(journal).toEqual(["look"]);
    expect(news).toHaveLength(1);
  });

  it("is joined when somebody else has scheduled it", async () => {
    const { outcome, journal } = await play({ looks: [deferred] });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { joined: true, state: "deferred" } });
    expect(journal).toEqual(["look"]);
  });

  it("has succeeded when the versions are there after its window", async () => {
    const { outcome, starts } = await play({
      looks: [satisfied],
      inspections: [succeeded],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("is canceled when the pin holds without it", async () => {
    for (const plan of [satisfied, newer]) {
      const { outcome, journal } = await play({
        looks: [plan],
        inspections: [{ kind: "scheduled", window }],
        remembered: waitingRecord,
      });
      expect(outcome).toMatchObject({ accepted: false, upgrade: { state: "withdrawn" } });
      expect(journal).toEqual(["look", "inspect 11", "cancel 11"]);
    }
  });

  it("is asked for before anything is called, when a look does not show it", async () => {
    const { outcome, journal } = await play({
      looks: [upgrade()],
      inspections: [{ kind: "scheduled", window }],
      remembered: waitingRecord,
    });
    expect(outcome.status).toBe("deferred");
    expect(journal).toEqual(["look", "inspect 11"]);
  });

  it("is waited for once it runs", async () => {
    const { outcome, journal } = await play({
      looks: [upgrade(), satisfied],
      inspections: [running, running, succeeded],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal).not.toContain("start");
  });

  it("stays deferred when the run is stopped while it looks", async () => {
    const { outcome } = await play({
      looks: [
        (stage) => {
          stage.abort(interrupted());
          throw new Unreachable("Nobody answers.", { sent: true, heard: false });
        },
      ],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "deferred", accepted: true, error: { code: "interrupted" } });
    expect(outcome.error?.message).toBe(
      `Interrupted: ${TITLE} has upgrade 11 (rolling upgrade to 4.3.5.2) scheduled for its maintenance window.`,
    );
  });
});

describe("an upgrade that the pin no longer wants to wait for", () => {
  it("is canceled, then the call is made", async () => {
    const { outcome, journal, news } = await play({
      looks: [withdrawing, upgrade(), upgrade(), satisfied],
      starts: [{ ...task, id: "12" }],
      inspections: [succeeded],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "12", state: "succeeded" } });
    expect(journal).toEqual(["look", "cancel 11", "look", "look", "start", "inspect 12", "look"]);
    expect(news).toContain(
      "canceled upgrade 11 (rolling upgrade to 4.3.5.2), which was scheduled for its maintenance window",
    );
  });

  it("is an error when the vendor does not cancel it, however often it is asked", async () => {
    const { outcome, starts, journal } = await play({
      looks: [withdrawing],
      cancellations: [new Refused("not now", { refusal: "soon" })],
      remembered: record("deferred", { window }),
    });
    expect(outcome.error?.code).toBe("refused");
    expect(outcome.error?.message).toContain("could not be canceled");
    expect(journal.filter((entry) => entry === "cancel 11")).toHaveLength(6);
    expect(starts).toBe(0);
  });

  it("is never canceled when this pin did not schedule it", async () => {
    for (const remembered of [
      undefined,
      record("deferred", { window, joined: true }),
      record("deferred", { task: "7" }),
    ]) {
      const { outcome, journal } = await play({ looks: [withdrawing], ...(remembered && { remembered }) });
      expect(outcome.error).toMatchObject({ code: "blocked", remedy: expect.stringContaining("maintenance-window") });
      expect(journal).toEqual(["look"]);
    }
  });

  it("is not canceled when the call could never succeed", async () => {
    const finding = { code: "no", property: "version", message: "No such version.", remedy: "Choose another." };
    const { outcome, journal } = await play({
      looks: [{ ...withdrawing, upgrade: upgradeWith(finding) }],
      remembered: waitingRecord,
    });
    expect(outcome.error?.code).toBe("blocked");
    expect(journal).toEqual(["look"]);
  });

  it.each([
    ["refused", new Refused("Not now.", { refusal: "busy" })],
    ["lost", new Unreachable("Connection reset.", { sent: true, heard: false })],
  ])("is looked at again when the answer is %s", async (_, error) => {
    const { outcome, journal, warnings } = await play({
      looks: [withdrawing, satisfied],
      cancellations: [error],
      inspections: [succeeded],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal).toEqual(["look", "cancel 11", "look", "inspect 11"]);
    expect(warnings).toHaveLength(1);
  });
});
