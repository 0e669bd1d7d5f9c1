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

describe("a run without changes", () => {
  it("adopts the database with one read and no request", async () => {
    const { outcome, starts, journal } = await play({ reads: [satisfied] });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.error).toBeUndefined();
    expect(outcome.upgrade).toBeUndefined();
    expect(outcome.observation?.plan).toEqual(satisfied);
    expect(starts).toBe(0);
    expect(journal).toEqual(["read"]);
  });
});

describe("a run that upgrades", () => {
  it("reads twice, sends one request, waits, and reads again", async () => {
    const { outcome, starts, journal, messages } = await play({
      reads: [upgrade(), upgrade(), satisfied],
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
    expect(journal).toEqual(["read", "read", "start", "inspect 11", "inspect 11", "read"]);
    expect(messages).toContain("upgrade 11 started");
  });

  it("records the times of the request and of the observed end, by its own clock", async () => {
    const { outcome, took } = await play({
      reads: [upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [running, running, running, succeeded],
    });
    const { startedAt, finishedAt } = outcome.upgrade ?? {};
    expect(startedAt).toBe("2026-01-01T00:00:00.000Z");
    expect(Date.parse(finishedAt ?? "") - Date.parse(startedAt ?? "")).toBe(took);
    expect(took).toBeGreaterThan(0);
  });

  it.each([
    ["is up to date", satisfied, "current"],
    ["is ahead of the target", newer, "newer"],
  ] as const)("sends no request if the second read %s", async (_, second, status) => {
    const { outcome, starts } = await play({ reads: [upgrade(), second] });
    expect(outcome.status).toBe(status);
    expect(starts).toBe(0);
  });

  it("joins instead of sending a request if the second read shows our upgrade", async () => {
    const { outcome, starts } = await play({ reads: [upgrade(), joining, satisfied], inspections: ENDED });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("needs two consecutive reads: one before a wait does not count", async () => {
    const { starts, journal } = await play({
      reads: [upgrade(), waiting(), upgrade(), satisfied],
      starts: [task],
    });
    expect(starts).toBe(0);
    expect(journal).toEqual(["read", "read", "read", "read"]);
  });

  it("with wait: false ends once the vendor has accepted, if there is no maintenance window", async () => {
    const { outcome, starts, journal } = await play({
      schedules: false,
      reads: [upgrade()],
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

describe("a read", () => {
  it("that throws an unexpected error fails the run with the code unexpected", async () => {
    const cause = new TypeError("cannot read properties of undefined");
    const { outcome, starts } = await play({ reads: [cause] });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "unexpected", cause } });
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
  });

  it("without versions is retried within the budget, and is not a basis for a decision", async () => {
    const unknown = { kind: "unknown", reason: "the database does not respond to its agents" } as const;
    const { outcome, starts, reports } = await play({ reads: [...Array(40).fill(unknown), satisfied] });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
    expect(reports.at(-1)).toBe("no response");
  });

  it("that never shows versions fails as unreachable, without an observation", async () => {
    const { outcome, starts, took } = await play({ reads: [{ kind: "unknown", reason: "no members" }] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain(`${TITLE} could not be read for 20 min`);
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});

describe("a run that finds our upgrade in progress", () => {
  it("joins it and sends no request", async () => {
    const { outcome, starts, messages } = await play({ reads: [joining, satisfied], inspections: ENDED });
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "11", from: "4.2.1.8", to: "4.3.5.2", state: "succeeded" },
    });
    expect(starts).toBe(0);
    expect(messages).toEqual(["joins running upgrade 11 (rolling upgrade to 4.3.5.2)"]);
  });

  it("reports its progress while waiting", async () => {
    const { reports } = await play({ reads: [joining, satisfied], inspections: ENDED });
    expect(reports).toContain("stage 2/9");
  });

  it("only records it with wait: false", async () => {
    const { outcome, starts, journal } = await play({ reads: [joining], policy: { wait: false } });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(starts).toBe(0);
    expect(journal).toEqual(["read"]);
  });

  it("keeps waiting while the vendor is unreachable during restarts", async () => {
    const noResponse = new Unreachable("connection refused", { sent: false, responded: false });
    const { outcome, starts } = await play({
      reads: [joining, satisfied],
      inspections: [running, ...Array<Unreachable>(30).fill(noResponse), running, succeeded],
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
  });

  it("keeps the start time and original version from the state", async () => {
    const { outcome } = await play({
      reads: [joining, satisfied],
      inspections: ENDED,
      remembered: record("running", { from: "4.2.1.7" }),
    });
    expect(outcome.upgrade).toMatchObject({ from: "4.2.1.7", startedAt: "2025-12-31T23:00:00.000Z" });
  });
});

describe("a run that finds another operation in progress", () => {
  it("waits until it has ended, then upgrades", async () => {
    const { outcome, starts, reports } = await play({
      reads: [waiting(), waiting(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
    expect(reports).toContain("waiting for backup 3");
  });

  it("does not wait if the request could never succeed afterwards", async () => {
    const { outcome, starts, took } = await play({
      reads: [
        waiting({ code: "x", property: "mode", message: "Rolling needs 3 zones.", remedy: 'Set mode: "stopService".' }),
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(starts).toBe(0);
    expect(took).toBe(0);
  });

  it("waits although there are findings, which may be resolved meanwhile", async () => {
    const finding = { code: "agent-not-running", message: "An agent does not run.", remedy: "Start it." };
    const { outcome, starts } = await play({
      reads: [waiting(finding), waiting(finding), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("a version ahead of the target", () => {
  it.each(["report", "accept"] as const)("is no error with onNewer %j, and nothing is sent", async (onNewer) => {
    const { outcome, starts, warnings } = await play({ reads: [newer], policy: { onNewer } });
    expect(outcome).toMatchObject({ status: "newer", accepted: false });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(0);
    const note = `${TITLE} runs 4.4.0.0; newer than the target version: server-1. Nothing was sent. Raise the target version to what is running, or set \`onNewer\` to \`accept\`. Databases are never downgraded. [newer]`;
    expect(warnings).toEqual(onNewer === "report" ? [note] : []);
  });

  it('is an error with onNewer "fail", and nothing is sent', async () => {
    const { outcome, starts } = await play({ reads: [newer], policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({ status: "newer", error: { code: "newer" } });
    expect(outcome.error?.remedy).toMatch(/Databases are never downgraded/);
    expect(outcome.observation?.plan).toEqual(newer);
    expect(starts).toBe(0);
  });
});

describe("findings", () => {
  it("prevent the request, and the error lists all of them with their remedies", async () => {
    const { outcome, starts, journal } = await play({
      reads: [
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
    expect(journal).toEqual(["read", "read"]);
  });

  it("about arguments fail the run at the first read, and only those are listed", async () => {
    const { outcome, journal } = await play({
      reads: [
        upgrade(
          { code: "a", message: "An agent does not run.", remedy: "Start it." },
          { code: "b", property: "mode", message: "Rolling needs 3 zones.", remedy: "Add one." },
        ),
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(outcome.error?.message).toBe(`${TITLE}: the upgrade was not started. mode: Rolling needs 3 zones. Add one.`);
    expect(journal).toEqual(["read"]);
  });

  it("that later reads no longer show do not prevent the request, after two reads without findings", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade({ code: "a", message: "Not yet.", remedy: "Wait." }), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

const MINUTE = 60_000;

/** A run that requests an upgrade; the test determines what happens then. */
function started(inspections: readonly TaskStatus[], after: Parameters<typeof play>[0]["reads"]) {
  return play({ reads: [upgrade(), upgrade(), ...after], starts: [task], inspections });
}

describe("a succeeded task", () => {
  it("counts only after the new version has been observed", async () => {
    const { outcome, starts, took } = await started([succeeded], [upgrade(), upgrade(), upgrade(), satisfied]);
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(3 * 450);
  });

  it("fails with not-upgraded if the new version never appears, and is not requested again", async () => {
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

  it("may be followed by unreadable versions for longer than the settle time", async () => {
    const unknown = { kind: "unknown", reason: "restarting" } as const;
    const { outcome, starts } = await started([succeeded], [...Array(60).fill(unknown), satisfied]);
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("tasks that succeed without reaching the target version", () => {
  it("are followed by at most four requests in one run", async () => {
    const elsewhere = { ...task, to: "4.2.5.1" };
    const reads = [upgrade()];
    const { outcome, starts } = await play({ reads, starts: [elsewhere], inspections: [succeeded] });
    expect(starts).toBe(4);
    expect(outcome.error?.code).toBe("not-upgraded");
  });
});

describe("a failed task", () => {
  it("fails the run with the vendor's message and the remedy", async () => {
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

  it("leaves the versions of one last read in the outcome", async () => {
    const half = { kind: "newer", at: "4.3.0.0", members: [] } as const;
    const { outcome, journal } = await started([{ kind: "failed", ...failure }], [half]);
    expect(journal.at(-1)).toBe("read");
    expect(outcome.observation?.plan).toEqual(half);
  });

  it("is reported even if the last read fails", async () => {
    const { outcome } = await started([{ kind: "failed", ...failure }], [new Error("gone")]);
    expect(outcome.error?.code).toBe("upgrade-failed");
    expect(outcome.observation?.plan).toEqual(upgrade());
  });

  it("that holds the lock is reported at the first read, without a request", async () => {
    const { outcome, starts, journal } = await play({
      reads: [{ kind: "failed", task, from: "4.2.1.8", failure }],
    });
    expect(outcome).toMatchObject({
      status: "failed",
      error: { code: "upgrade-failed", remedy: "Fix it." },
      upgrade: { task: "11", from: "4.2.1.8", state: "failed" },
    });
    expect(starts).toBe(0);
    expect(journal.every((entry) => entry === "read")).toBe(true);
  });
});

describe("a rolled-back task", () => {
  it("fails the run, which does not request it again", async () => {
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

describe("a task that the vendor no longer reports", () => {
  it("is no error if the target version is reached", async () => {
    const { outcome, starts } = await started([running, { kind: "gone" }], [satisfied]);
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("fails the run if the target version is not reached, and nothing is requested again", async () => {
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
    ["was rolled back", { kind: "rolled-back", ...failure }, "rolled-back"],
  ] as const)("that %s fails the run like one that it started", async (_, status, code) => {
    const { outcome, starts } = await play({ reads: [joining], inspections: [running, status] });
    expect(outcome).toMatchObject({ status: "failed", error: { code } });
    expect(starts).toBe(0);
  });
});

describe("the summary of a run", () => {
  const finishedAt = "2026-01-01T00:01:28.000Z";
  const startedAt = "2026-01-01T00:00:00.000Z";
  const done = record("succeeded", { startedAt, finishedAt });

  describe("a succeeded upgrade", () => {
    it.each([
      [
        "with the number of stages if the vendor reports it",
        done,
        undefined,
        { stages: 30 },
        " in 1 min 28 s, 30 stages",
      ],
      ["without stages otherwise", done, undefined, {}, " in 1 min 28 s"],
      ["with the time over all runs that waited", done, record("running", { startedAt }), {}, " in 1 min 28 s"],
      ["without a time if no run waited", done, record("running", { startedAt }), undefined, ""],
      [
        "with the time that it was observed, if it was joined",
        { ...done, joined: true as const },
        undefined,
        {},
        ", seen running for 1 min 28 s",
      ],
      [
        "with 0 ms if the clock was set back",
        { ...done, finishedAt: "2025-12-31T23:00:00.000Z" },
        undefined,
        {},
        " in 0 ms",
      ],
    ])("is summarized %s", (_, upgrade, remembered, noted, rest) => {
      expect(summaryOf({ upgrade }, remembered, noted)).toBe(`upgraded 4.2.1.8 → 4.3.5.2${rest}`);
    });

    it("lists only the upgraded modules if versions have names", () => {
      const modules = { ...done, from: "ReJSON 2.8.4, search 2.10.17, bf 2.8.7", to: "ReJSON 2.8.10, bf 2.8.9" };
      const line = summaryOf({ upgrade: modules }, undefined, undefined);
      expect(line).toBe("upgraded ReJSON 2.8.4, bf 2.8.7 → ReJSON 2.8.10, bf 2.8.9");
    });

    it("shows the exact version if only a release was requested", () => {
      const release = { ...done, from: "7.2.7", to: "7.4" };
      const seen = (parts: bigint[]) => ({ members: [{ name: "bdb:1", version: { parts } }] });
      expect(summaryOf({ upgrade: release, observation: seen([7n, 4n, 2n]) }, undefined, undefined)).toBe(
        "upgraded 7.2.7 → 7.4.2",
      );
      expect(summaryOf({ upgrade: release, observation: seen([7n, 40n]) }, undefined, undefined)).toBe(
        "upgraded 7.2.7 → 7.4",
      );
    });

    it("is summarized only once", () => {
      expect(summaryOf({ upgrade: done }, done, {})).toBeUndefined();
    });

    it("without the new version has no summary, because the run fails", () => {
      expect(
        summaryOf({ upgrade: done, error: new UpgradeError("not-upgraded", "Still old.") }, undefined, {}),
      ).toBeUndefined();
    });
  });

  it.each(["running", "deferred", "failed", "rolled-back", "withdrawn", "unknown", "gone"] as const)(
    "is missing for an upgrade in state %s",
    (state) => {
      expect(summaryOf({ upgrade: record(state, { finishedAt }) }, undefined, {})).toBeUndefined();
    },
  );

  it("is missing without an upgrade", () => {
    expect(summaryOf({}, undefined, undefined)).toBeUndefined();
  });
});
