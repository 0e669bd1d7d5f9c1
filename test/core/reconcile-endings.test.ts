import { describe, expect, it } from "vitest";
import type { TaskStatus } from "../../provider/core/task";
import { failure, joining, play, running, satisfied, succeeded, TITLE, task, upgrade } from "./scripted-driver";

const MINUTE = 60_000;

/** A run that starts an upgrade; what happens then is up to the test. */
function started(inspections: readonly TaskStatus[], after: Parameters<typeof play>[0]["looks"]) {
  return play({ looks: [upgrade(), upgrade(), ...after], starts: [task], inspections });
}

describe("a task that succeeded", () => {
  it("is not believed before the versions show it", async () => {
    const { outcome, starts, took } = await started([succeeded], [upgrade(), upgrade(), upgrade(), satisfied]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(3 * 450);
  });

  it("is told as not upgraded when the versions never show it, and is not started again", async () => {
    const { outcome, starts, took } = await started([succeeded], [upgrade()]);
    expect(outcome).toMatchObject({
      accepted: false,
      error: { code: "not-upgraded" },
      upgrade: { task: "11", state: "succeeded" },
    });
    expect(outcome.status).not.toBe("current");
    expect(outcome.error?.message).toBe(
      `${TITLE}: upgrade 11 (rolling upgrade to 4.3.5.2) is reported as successful, but 4.2.1.8 still runs.`,
    );
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(MINUTE);
    expect(took).toBeLessThan(1.2 * MINUTE);
  });

  it("may be followed by silence longer than the settling time", async () => {
    const unknown = { kind: "unknown", reason: "restarting" } as const;
    const { outcome, starts } = await started([succeeded], [...Array(60).fill(unknown), satisfied]);
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("tasks that succeed and lead elsewhere", () => {
  it("are followed by at most four requests in one run", async () => {
    const elsewhere = { ...task, to: "4.2.5.1" };
    const looks = [upgrade()];
    const { outcome, starts } = await play({ looks, starts: [elsewhere], inspections: [succeeded] });
    expect(starts).toBe(4);
    expect(outcome.error?.code).toBe("not-upgraded");
  });
});

describe("a task that failed", () => {
  it("ends the run with what the vendor said and what to do", async () => {
    const { outcome, starts } = await started([running, { kind: "failed", ...failure }], [upgrade()]);
    expect(outcome).toMatchObject({
      status: "failed",
      accepted: false,
      error: {
        code: "upgrade-failed",
        message: `${TITLE}: upgrade 11 (rolling upgrade to 4.3.5.2) failed: stage 3/9 failed.`,
        remedy: "Fix it.",
      },
      upgrade: { task: "11", state: "failed" },
    });
    expect(outcome.upgrade?.finishedAt).toBeDefined();
    expect(starts).toBe(1);
  });

  it("leaves the versions of one last look in the outcome", async () => {
    const half = { kind: "newer", at: "4.3.0.0", members: [] } as const;
    const { outcome, journal } = await started([{ kind: "failed", ...failure }], [half]);
    expect(journal.at(-1)).toBe("look");
    expect(outcome.observation?.plan).toEqual(half);
  });

  it("is told all the same when the last look fails", async () => {
    const { outcome } = await started([{ kind: "failed", ...failure }], [new Error("gone")]);
    expect(outcome.error?.code).toBe("upgrade-failed");
    expect(outcome.observation?.plan).toEqual(upgrade());
  });

  it("and holds the lock is told at the first look, without a call", async () => {
    const { outcome, starts, journal } = await play({
      looks: [{ kind: "failed", task, from: "4.2.1.8", failure }],
    });
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: "upgrade-failed", remedy: "Fix it." },
      upgrade: { task: "11", from: "4.2.1.8", state: "failed" },
    });
    expect(starts).toBe(0);
    expect(journal.every((entry) => entry === "look")).toBe(true);
  });
});

describe("a task that was rolled back", () => {
  it("ends the run, and is not started again by it", async () => {
    const { outcome, starts } = await started([{ kind: "rolled-back", ...failure }], [upgrade()]);
    expect(outcome).toMatchObject({
      status: "failed",
      accepted: false,
      error: { code: "rolled-back", remedy: "Fix it." },
      upgrade: { task: "11", state: "rolled-back" },
    });
    expect(outcome.error?.message).toBe(
      `${TITLE}: upgrade 11 (rolling upgrade to 4.3.5.2) was rolled back: stage 3/9 failed.`,
    );
    expect(starts).toBe(1);
  });
});

describe("a task that the vendor no longer knows", () => {
  it("is no matter when the versions are there", async () => {
    const { outcome, starts } = await started([running, { kind: "gone" }], [satisfied]);
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { task: "11", state: "gone" } });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("ends the run when they are not, and nothing is started again", async () => {
    const { outcome, starts } = await started([running, { kind: "gone" }], [upgrade()]);
    expect(outcome).toMatchObject({ accepted: false, error: { code: "vanished" }, upgrade: { state: "gone" } });
    expect(outcome.error?.message).toBe(
      `${TITLE}: the vendor no longer reports upgrade 11 (rolling upgrade to 4.3.5.2), and the target version has not been reached.`,
    );
    expect(outcome.status).not.toBe("current");
    expect(starts).toBe(1);
  });
});

describe("a joined task", () => {
  it.each([
    ["failed", { kind: "failed", ...failure }, "upgrade-failed"],
    ["rolled back", { kind: "rolled-back", ...failure }, "rolled-back"],
  ] as const)("that is %s ends the run like one of its own", async (_, status, code) => {
    const { outcome, starts } = await play({ looks: [joining], inspections: [running, status] });
    expect(outcome).toMatchObject({ status: "failed", error: { code } });
    expect(starts).toBe(0);
  });
});
