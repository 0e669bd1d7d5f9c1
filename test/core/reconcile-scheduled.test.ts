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
const waitingRecord = record("deferred", { window });

const scheduledPlan: Plan = { kind: "scheduled", task, from: "4.2.1.8", window };
const withdrawing: Plan = { kind: "cancel", task, window, upgrade: upgradeWith() };

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
    const { outcome, journal, news } = await play({ looks: [scheduledPlan], remembered: waitingRecord });
    expect(outcome).toMatchObject({ status: "deferred", upgrade: { task: "11", state: "deferred", window } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(journal).toEqual(["look"]);
    expect(news).toHaveLength(1);
  });

  it("is joined when somebody else has scheduled it", async () => {
    const { outcome, journal } = await play({ looks: [scheduledPlan] });
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

  it("is read by the next run when this one is stopped before it has read it", async () => {
    const { outcome } = await play({
      looks: [
        (stage) => {
          stage.abort(interrupted());
          throw new Unreachable("Nobody answers.", { sent: true, responded: false });
        },
      ],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "interrupted" } });
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
    ["lost", new Unreachable("Connection reset.", { sent: true, responded: false })],
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

const scheduledStatus = { kind: "scheduled", window } as const;
const canceled = { kind: "failed", ...failure, message: "it was canceled." } as const;
/** The pin was lowered to what runs. */
const lowered: Plan = { kind: "satisfied", at: "4.2.1.8" };
describe("a canceled upgrade that the vendor still lists", () => {
  const listed: Plan = { kind: "cancel", task, window, upgrade: upgradeWith() };

  it("is not canceled again, and the run goes on once it is gone", async () => {
    const { outcome, journal } = await play({
      looks: [listed, listed, upgrade(), upgrade(), satisfied],
      starts: [{ ...task, id: "12" }],
      inspections: [succeeded],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(journal.filter((entry) => entry.startsWith("cancel"))).toEqual(["cancel 11"]);
  });

  it("ends the run if it stays", async () => {
    const { outcome, journal, took } = await play({ looks: [listed], remembered: waitingRecord });
    expect(outcome).toMatchObject({ error: { code: "refused" } });
    expect(journal.filter((entry) => entry.startsWith("cancel"))).toEqual(["cancel 11"]);
    expect(took).toBeGreaterThan(5_000);
  });
});

it("an upgrade that is scheduled although the resource uses no windows is canceled, also where only its id shows it", async () => {
  const { outcome, journal } = await play({
    looks: [upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
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
    ["refused", refused],
    ["lost", lost],
  ])("is asked for again when the answer to taking it back was %s", async (_, error) => {
    const { outcome, journal } = await play({
      looks: [lowered],
      inspections: [scheduledStatus],
      cancellations: [error, error, () => undefined],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "withdrawn" } });
    expect(count(journal, "cancel 11")).toBe(3);
  });

  it.each([lowered, newer])("is an error and stays in the record when it is not canceled: %o", async (plan) => {
    const { outcome, journal, starts } = await play({
      looks: [plan],
      inspections: [scheduledStatus],
      cancellations: [refused],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: true, upgrade: waitingRecord });
    expect(outcome.error).toMatchObject({ code: "refused", remedy: expect.stringContaining("Cancel it") });
    expect(outcome.error?.message).toBe(
      `${TITLE}: upgrade 11 (rolling upgrade to 4.3.5.2) could not be canceled. It is no longer needed, but is still scheduled for its maintenance window, 2026-01-01T18:00Z to 2026-01-01T22:00Z.`,
    );
    expect(count(journal, "cancel 11")).toBe(6);
    expect(starts).toBe(0);
  });

  it("is no success when the vendor says that it was canceled", async () => {
    const { outcome } = await play({
      looks: [lowered],
      inspections: [scheduledStatus, canceled],
      cancellations: [lost],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "failed" } });
  });

  it("is waited for until it is known to wait, then canceled", async () => {
    const { outcome, journal } = await play({
      looks: [lowered],
      inspections: [running, running, scheduledStatus],
      remembered: waitingRecord,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "withdrawn" } });
    expect(count(journal, "cancel 11")).toBe(1);
  });

  it("of somebody else is left alone, told of, and not counted on", async () => {
    const { outcome, journal, warnings } = await play({
      looks: [lowered],
      inspections: [scheduledStatus],
      remembered: record("deferred", { window, joined: true }),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.upgrade).toBeUndefined();
    expect(journal).toEqual(["look", "inspect 11"]);
    expect(warnings[0]).toMatch(
      /is scheduled for its maintenance window, .*This resource did not schedule it and does not need it/,
    );
  });
});

describe("an upgrade that runs, and that the pin does not want any more", () => {
  it.each(["running", "deferred"] as const)("(%s) is followed to its end, then what runs is judged", async (state) => {
    const { outcome, journal } = await play({
      looks: [lowered, newer],
      inspections: [running, running, running, succeeded],
      remembered: record(state, { window }),
    });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, upgrade: { task: "11", state: "succeeded" } });
    expect(journal).not.toContain("cancel 11");
  });

  it("is not called current by a run that does not wait", async () => {
    const { outcome } = await play({
      looks: [lowered],
      inspections: [running],
      remembered: record("running"),
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
  });

  it("stays in the record when the run is stopped", async () => {
    const { outcome } = await play({
      looks: [lowered],
      inspections: [running],
      remembered: record("running"),
      meanwhile: ({ clock, abort }) => void clock.sleep(90_000).then(() => abort(interrupted())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { state: "running" } });
  });

  it("and has failed is told of, and no success", async () => {
    const { outcome, news } = await play({
      looks: [lowered],
      inspections: [running, { kind: "failed", ...failure }],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "failed" } });
    expect(news).toContain("The earlier upgrade 11 to 4.3.5.2 has ended: stage 3/9 failed.");
  });

  it("is judged when its version shows, which may be later than its success", async () => {
    const { outcome } = await play({
      looks: [lowered, lowered, lowered, newer],
      inspections: [running, succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "newer", upgrade: { state: "succeeded" } });
  });

  it("without an effect is no success", async () => {
    const { outcome, took, warnings } = await play({
      looks: [lowered],
      inspections: [succeeded],
      remembered: record("running"),
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "failed" } });
    expect(took).toBeGreaterThanOrEqual(60_000);
    expect(warnings[0]).toContain("is reported as successful, but 4.2.1.8 still runs");
  });

  it("has succeeded where a vendor shows too little of the versions to tell them apart", async () => {
    const { outcome, took } = await play({
      looks: [{ kind: "satisfied", at: "4.3" }],
      inspections: [succeeded],
      remembered: record("running", { from: "4.3.1.0" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(took).toBe(0);
  });

  it("has succeeded where its target is not told as a version", async () => {
    const { outcome, took, warnings } = await play({
      looks: [lowered],
      inspections: [succeeded],
      remembered: record("running", { to: "a version that the vendor does not tell" }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(warnings).toEqual([]);
    expect(took).toBe(0);
  });

  it("and that the vendor no longer knows is a success only where something else runs", async () => {
    for (const [plan, state] of [
      [lowered, "gone"],
      [satisfied, "succeeded"],
    ] as const) {
      const { outcome } = await play({
        looks: [plan],
        inspections: [{ kind: "gone" }],
        remembered: record("running"),
      });
      expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state } });
    }
  });
});

describe("a call whose answer was lost, and that the pin does not want any more", () => {
  const ago = (ms: number) =>
    record("unknown", { task: "unknown", startedAt: new Date(Date.UTC(2026, 0, 1) - ms).toISOString() });

  it("gets its time to show, and is no success without an effect", async () => {
    const { outcome, took } = await play({ looks: [lowered], remembered: ago(10_000) });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "gone" } });
    expect(took).toBeGreaterThanOrEqual(20_000);
  });

  it("that has had its time is not waited for, and one from a clock that was ahead once", async () => {
    for (const [remembered, longest] of [
      [ago(3_600_000), 0],
      [ago(-3_600_000), 40_000],
    ] as const) {
      const { outcome, took } = await play({ looks: [lowered], remembered });
      expect(outcome).toMatchObject({ status: "current", upgrade: { state: "gone" } });
      expect(took).toBeLessThanOrEqual(longest);
    }
  });

  it("is waited for on its way, until what it leads to shows", async () => {
    const { outcome, journal } = await play({
      looks: [{ kind: "satisfied", at: "4.2.5.1" }, satisfied],
      remembered: ago(1_000),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(journal).toEqual(["look", "look"]);
  });

  it("may have had an effect", async () => {
    const { outcome } = await play({ looks: [lowered, newer], remembered: ago(1_000) });
    expect(outcome).toMatchObject({ status: "newer", upgrade: { state: "succeeded" } });
  });
});
