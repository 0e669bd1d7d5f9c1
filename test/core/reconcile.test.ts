import { describe, expect, it } from "vitest";
import { Unreachable, UpgradeError } from "../../provider/core/errors";
import { summaryOf } from "../../provider/core/run";
import type { TaskStatus } from "../../provider/core/task";
import {
  failure,
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

describe("a look", () => {
  it("that ends in an error of another kind ends the run, typed", async () => {
    const cause = new TypeError("cannot read properties of undefined");
    const { outcome, starts } = await play({ looks: [cause] });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "unexpected", cause } });
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
  });

  it("that cannot tell the versions is repeated within the budget, and nothing follows from it", async () => {
    const unknown = { kind: "unknown", reason: "the database does not respond to its agents" } as const;
    const { outcome, starts, reports } = await play({ looks: [...Array(40).fill(unknown), satisfied] });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
    expect(reports.at(-1)).toBe("no response");
  });

  it("that never can tell the versions ends as unreachable, without an observation", async () => {
    const { outcome, starts, took } = await play({ looks: [{ kind: "unknown", reason: "no members" }] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain(`${TITLE} could not be read for 20 min`);
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
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
    const silence = new Unreachable("connection refused", { sent: false, responded: false });
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

  it("that a later read no longer has do not, after two reads without any", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade({ code: "a", message: "Not yet.", remedy: "Wait." }), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

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
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { task: "11", state: "succeeded" } });
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

describe("the summary of a run", () => {
  const finishedAt = "2026-01-01T00:01:28.000Z";
  const startedAt = "2026-01-01T00:00:00.000Z";
  const done = record("succeeded", { startedAt, finishedAt });

  describe("an upgrade that has ended well", () => {
    it.each([
      ["with its stages, where the vendor counts them", done, undefined, { stages: 30 }, " in 1 min 28 s, 30 stages"],
      ["without them elsewhere", done, undefined, {}, " in 1 min 28 s"],
      ["over the runs that waited", done, record("running", { startedAt }), {}, " in 1 min 28 s"],
      ["without a time that nobody took", done, record("running", { startedAt }), undefined, ""],
      [
        "as seen, when somebody else began it",
        { ...done, joined: true as const },
        undefined,
        {},
        ", seen running for 1 min 28 s",
      ],
      [
        "in no time, when the clock was put back",
        { ...done, finishedAt: "2025-12-31T23:00:00.000Z" },
        undefined,
        {},
        " in 0 ms",
      ],
    ])("is summed up %s", (_, upgrade, remembered, heard, rest) => {
      expect(summaryOf({ upgrade }, remembered, heard)).toBe(`upgraded 4.2.1.8 → 4.3.5.2${rest}`);
    });

    it("names what it has moved, where versions have names", () => {
      const modules = { ...done, from: "ReJSON 2.8.4, search 2.10.17, bf 2.8.7", to: "ReJSON 2.8.10, bf 2.8.9" };
      const line = summaryOf({ upgrade: modules }, undefined, undefined);
      expect(line).toBe("upgraded ReJSON 2.8.4, bf 2.8.7 → ReJSON 2.8.10, bf 2.8.9");
    });

    it("names the version that came of a release that was requested", () => {
      const release = { ...done, from: "7.2.7", to: "7.4" };
      const seen = (parts: bigint[]) => ({ members: [{ name: "bdb:1", version: { parts } }] });
      expect(summaryOf({ upgrade: release, observation: seen([7n, 4n, 2n]) }, undefined, undefined)).toBe(
        "upgraded 7.2.7 → 7.4.2",
      );
      expect(summaryOf({ upgrade: release, observation: seen([7n, 40n]) }, undefined, undefined)).toBe(
        "upgraded 7.2.7 → 7.4",
      );
    });

    it("is summed up once", () => {
      expect(summaryOf({ upgrade: done }, done, {})).toBeUndefined();
    });

    it("and left an old version running is told by the error", () => {
      expect(
        summaryOf({ upgrade: done, error: new UpgradeError("not-upgraded", "Still old.") }, undefined, {}),
      ).toBeUndefined();
    });
  });

  it.each(["running", "deferred", "failed", "rolled-back", "withdrawn", "unknown", "gone"] as const)(
    "an upgrade that is %s has no summary",
    (state) => {
      expect(summaryOf({ upgrade: record(state, { finishedAt }) }, undefined, {})).toBeUndefined();
    },
  );

  it("no upgrade has none", () => {
    expect(summaryOf({}, undefined, undefined)).toBeUndefined();
  });
});
