import { describe, expect, it } from "vitest";
import { Unreachable, UpgradeError } from "../../provider/core/errors";
import {
  deadline,
  interrupted,
  joining,
  play,
  running,
  satisfied,
  succeeded,
  TITLE,
  task,
  upgrade,
  waiting,
} from "./scripted-driver";

const RUNNING = "upgrade 11 (rolling upgrade to 4.3.5.2)";

describe.each([
  ["interrupted", interrupted, "Interrupted"],
  ["deadline", deadline, "The time limit was reached ({timeLimit})"],
  ["engine-gone", () => new UpgradeError("engine-gone", "gone"), "{engine} is gone"],
] as const)("a run that is ended from outside: %s", (code, reason, how) => {
  it("before it began asks nothing and calls nothing", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade()],
      meanwhile: (stage) => stage.abort(reason()),
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.error?.message).toBe(`${how} before an upgrade of ${TITLE} was started; nothing was sent.`);
    expect(journal).toEqual([]);
    expect(starts).toBe(0);
  });

  it("between the two looks calls nothing", async () => {
    const { outcome, starts } = await play({
      looks: [
        upgrade(),
        (stage) => {
          stage.abort(reason());
          return upgrade();
        },
      ],
      starts: [new UpgradeError(code, "no call is started any more")],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBeLessThanOrEqual(1);
  });

  it("while it waits for something else calls nothing", async () => {
    const { outcome, starts, took } = await play({
      looks: [waiting()],
      meanwhile: (stage) => stage.clock.after(90_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.error?.message).toContain("nothing was sent");
    expect(starts).toBe(0);
    expect(took).toBe(90_000);
  });

  it("in the last look, when the upgrade has succeeded already, does not say that nothing was sent", async () => {
    const { outcome, starts } = await play({
      looks: [
        upgrade(),
        upgrade(),
        (stage) => {
          stage.abort(reason());
          throw reason();
        },
      ],
      starts: [task],
      inspections: [succeeded],
    });
    expect(outcome).toMatchObject({ error: { code }, upgrade: { state: "succeeded" } });
    expect(starts).toBe(1);
    expect(outcome.error?.message).toBe(
      `${how}: ${RUNNING} of ${TITLE} has ended (succeeded), but the versions could not be read afterwards.`,
    );
  });

  it("while it waits for its upgrade hands it over at once, and cancels nothing", async () => {
    const { outcome, starts, took } = await play({
      looks: [upgrade()],
      starts: [task],
      inspections: [running],
      meanwhile: (stage) => stage.clock.after(90_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { task: "11", state: "running" },
    });
    expect(outcome.upgrade).not.toHaveProperty("finishedAt");
    expect(outcome.error?.sentence).toBe(
      `${how}: ${TITLE} is still running ${RUNNING}. Nothing was undone. Run {apply} again to resume waiting.`,
    );
    expect(outcome.observation?.plan).toEqual(upgrade());
    expect(starts).toBe(1);
    expect(took).toBe(90_000);
  });

  it("while it waits for an upgrade that it joined hands that over", async () => {
    const { outcome, starts } = await play({
      looks: [joining],
      inspections: [running],
      meanwhile: (stage) => stage.clock.after(5_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code }, upgrade: { task: "11" } });
    expect(starts).toBe(0);
  });

  it("while nobody answers during its upgrade hands it over too", async () => {
    const { outcome, took } = await play({
      looks: [joining],
      inspections: [running, new Unreachable("connection refused", { sent: false, heard: false })],
      meanwhile: (stage) => stage.clock.after(60_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code } });
    expect(took).toBe(60_000);
  });

  it("while the call is under way remembers the task if the vendor still accepts", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade()],
      starts: [
        (stage) => {
          stage.abort(reason());
          return task;
        },
      ],
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { task: "11", state: "running" },
    });
    expect(outcome.error?.message).toBe(`${how}: ${TITLE} is still running ${RUNNING}.`);
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });

  it("while the call is under way remembers that it may have been accepted if the answer does not come", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade()],
      starts: [
        (stage) => {
          stage.abort(reason());
          throw new Unreachable("interrupted while waiting for the response", { sent: true, heard: false });
        },
      ],
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { state: "unknown" },
    });
    expect(outcome.error?.sentence).toBe(
      `${how}: the upgrade request was sent to ${TITLE}, but no response was received. ` +
        "Run {apply} again. It searches for the upgrade first and resumes waiting for it.",
    );
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });

  it("while the call is under way remembers nothing if it certainly was not sent", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade()],
      starts: [
        (stage) => {
          stage.abort(reason());
          throw new Unreachable("connection refused", { sent: false, heard: false });
        },
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("while it looks for an upgrade whose answer was lost keeps that in mind", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade()],
      starts: [new Unreachable("socket hang up", { sent: true, heard: false })],
      meanwhile: (stage) => stage.clock.after(10_000, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code },
      upgrade: { state: "unknown" },
    });
    expect(starts).toBe(1);
  });
});

describe("a run that ends well", () => {
  it("is not disturbed by an end from outside that comes with its last answer", async () => {
    const { outcome } = await play({
      looks: [
        (stage) => {
          stage.abort(interrupted());
          return satisfied;
        },
      ],
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(outcome.error).toBeUndefined();
  });
});
