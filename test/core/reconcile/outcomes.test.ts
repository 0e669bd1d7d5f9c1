import { describe, expect, it } from "vitest";
import type { TaskStatus } from "../../../provider/core/task";
import { NEW, OLD } from "./facts";
import { failure, joining, newer, play, running, satisfied, succeeded, TITLE, task, upgrade } from "./scripted-driver";
import { HOUR, MINUTE, many, READ, SECOND, SETTLE, World } from "./world";

const ENDED = [running, succeeded];

describe("a version ahead of the target", () => {
  it.each(["report", "accept"] as const)("is no error with onNewer %j, and nothing is sent", async (onNewer) => {
    const { outcome, starts, warnings } = await play({ reads: [newer], policy: { onNewer } });
    expect(outcome).toMatchObject({ status: "newer", accepted: false });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(0);
    const note = `${TITLE}: the current version, 4.4.0.0, is newer than the target version. Nothing was sent. Raise the target version to what is running, or set \`onNewer\` to \`accept\`. Databases are never downgraded. [newer]`;
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

describe("instances ahead of the target", () => {
  const specs = [...many(2, OLD), ...many(1, "2.0.80.1", {}, 3)];
  const note =
    "Orders fleet: 1 of 3 instances runs something newer than the target version (i003 at 2.0.80.1). Nothing was sent for it.";

  it("are a warning, and the others are upgraded", async () => {
    const { outcome, requests, warnings } = await new World(specs).up({ version: "2.0.78" });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, upgrade: { state: "succeeded" } });
    expect(outcome.error).toBeUndefined();
    expect(requests).toEqual([["i001", "i002"]]);
    expect(warnings).toEqual([expect.stringMatching(/^.*\. Raise the target version .*\[newer\]$/)]);
    expect(warnings.join()).toContain(note);
  });

  it("are not mentioned with onNewer accept", async () => {
    const { outcome, warnings } = await new World(specs).up({ version: "2.0.78", policy: { onNewer: "accept" } });
    expect(outcome).toMatchObject({ status: "newer" });
    expect(outcome.error).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it("prevent every request with onNewer fail", async () => {
    const { outcome, journal } = await new World(specs).up({ version: "2.0.78", policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, error: { code: "newer", message: note } });
    expect(journal.map(({ what }) => what)).toEqual(["read"]);
  });

  it("are an error with onNewer fail if the upgrade itself exceeded the target", async () => {
    const world = new World(many(1, OLD, { fates: [{ to: "2.0.80.1" }] }));
    const { outcome } = await world.up({ version: "2.0.78", policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({
      status: "newer",
      accepted: false,
      error: { code: "newer" },
      upgrade: { state: "succeeded" },
    });
  });
});

describe("a target version that can never be reached", () => {
  const finding = { code: "passed-over", property: "version", message: "The newest is 2.0.80.", remedy: "Write >=." };

  it("fails the run before any request, and the error names the first instance", async () => {
    const world = new World(many(3, OLD));
    const { outcome, journal } = await world.up({ findings: { i002: finding, i003: finding } });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(outcome.error?.message).toBe(
      "Orders fleet: the upgrade was not started. version: i002: The newest is 2.0.80. Write >=.",
    );
    expect(journal.map(({ what }) => what)).toEqual(["read"]);
  });

  it("is a problem of its instance only, after others were requested", async () => {
    let first = true;
    const world = new World(many(2, OLD));
    const { outcome } = await world.up({
      mapUnits: (members) => {
        if (first) return members;
        return members.map((one) =>
          one.name === "i002" && one.activity === undefined && one.standing === "behind"
            ? { ...one, activity: { kind: "blocked" as const, finding } }
            : one,
        );
      },
      mostPerRequest: 1,
      on: (moment) => {
        if (moment === "start:end") first = false;
      },
      faults: ["fine", "busy"],
    });
    expect(outcome).toMatchObject({ status: "behind", problems: { i002: "The newest is 2.0.80. Write >=." } });
    expect(outcome.upgrade).toMatchObject({ state: "failed", kind: "kernel upgrade of 1 instance" });
  });

  it("keeps the record of an earlier upgrade for the next run", async () => {
    const world = new World(many(2, OLD));
    await world.up({ policy: { wait: false } });
    const { outcome } = await world.up({ findings: { i001: finding } });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "blocked" } });
    expect(world.remembered?.state).toBe("running");
  });
});

describe("an incomplete read", () => {
  it("is repeated while an instance is neither reported nor absent", async () => {
    let reads = 0;
    const world = new World(many(2, NEW));
    const { outcome } = await world.up({ mapUnits: (members) => (++reads < 4 ? members.slice(1) : members) });
    expect(outcome.status).toBe("current");
    expect(reads).toBe(4);
  });

  it("fails the run after the unreachable budget", async () => {
    const world = new World(many(2, NEW));
    const { outcome, took } = await world.up({ mapUnits: (members) => members.slice(1) });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain("no version was reported for i001");
    expect(took).toBeLessThan(21 * MINUTE);
  });
});

describe("an unreachable vendor", () => {
  it("is waited for during an upgrade", async () => {
    const world = new World(many(2, OLD));
    const { outcome, requests } = await world.up({ unreachable: [[MINUTE, 19 * MINUTE]] });
    expect(outcome.status).toBe("current");
    expect(requests).toHaveLength(1);
  });

  it("fails the run after the budget, and the next run resumes the upgrade", async () => {
    const world = new World(many(2, OLD, { fates: [{ takes: HOUR }] }));
    const { outcome } = await world.up({ unreachable: [[MINUTE, 24 * HOUR]] });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "unreachable" } });
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.requests).toEqual([]);
  });

  it("fails the run sooner if it never responded", async () => {
    const { outcome, took, requests } = await new World(many(2, OLD)).up({ unreachable: [[0, HOUR]] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.observation).toBeUndefined();
    expect(requests).toEqual([]);
    expect(took).toBeLessThan(MINUTE + 10 * SECOND);
  });
});

describe("the number of reads", () => {
  it("is limited for any duration of an upgrade and any reported percentage", async () => {
    const world = new World(many(1, OLD, { fates: [{ takes: 3 * HOUR }] }));
    const { journal, took } = await world.up({
      mapUnits: (members) =>
        members.map((one) =>
          one.activity?.kind === "running" ? { ...one, activity: { ...one.activity, percent: 100 } } : one,
        ),
    });
    expect(took).toBeGreaterThan(3 * HOUR);
    expect(journal.length).toBeLessThan(1_500);
    expect(journal.length * READ).toBeLessThan(took);
  });
});

describe("a run in which some instances are not upgraded", () => {
  const specs = [
    ...many(108, OLD),
    ...many(7, OLD, { fates: [{ ends: "fails" }, {}] }, 109),
    ...many(3, OLD, { fates: [{ ends: "never" }, {}] }, 116),
    ...many(2, OLD, { deletedAt: 3 * MINUTE }, 119),
  ];

  it("reports the problem of each, and the next run requests only the remaining ones", async () => {
    const world = new World(specs);
    const { outcome, requests, took } = await world.up();
    expect(requests.map((names) => names.length)).toEqual([100, 20]);
    expect(took).toBeLessThan(11 * MINUTE);
    expect(outcome).toMatchObject({
      status: "failed",
      accepted: false,
      error: { code: "upgrade-failed" },
      upgrade: { state: "failed", kind: "kernel upgrade of 120 instances" },
    });
    const failed = many(7, OLD, {}, 109).map(({ name }, i) => [
      name,
      `upgrade t${109 + i} failed: disk full. Make room.`,
    ]);
    const stuck = "the request was accepted, but no upgrade has started; look at it in the console";
    expect(outcome.problems).toEqual({
      ...Object.fromEntries(failed),
      ...Object.fromEntries(many(3, OLD, {}, 116).map(({ name }) => [name, stuck])),
      i119: "It is not there. Take it out.",
      i120: "It is not there. Take it out.",
    });
    expect(outcome.error?.message).toBe(
      "Orders fleet: 12 of 120 instances were not upgraded successfully. " +
        "i109, i110, i111 and 4 more: the upgrade failed: disk full. Make room. " +
        `i116, i117, i118: ${stuck}. i119, i120: It is not there. Take it out.`,
    );
    expect(outcome.observation?.units.filter(({ standing }) => standing === "current")).toHaveLength(108);

    const next = await world.up();
    expect(next.requests).toEqual([many(10, OLD, {}, 109).map(({ name }) => name)]);
    expect(next.outcome).toMatchObject({
      status: "behind",
      error: { code: "vanished" },
      problems: { i119: "It is not there. Take it out.", i120: "It is not there. Take it out." },
    });

    const last = await world.up({ names: many(118, OLD).map(({ name }) => name) });
    expect(last.outcome).toMatchObject({ status: "current", accepted: false });
    expect(last.outcome.error).toBeUndefined();
    expect(last.outcome.problems).toBeUndefined();
    expect(last.requests).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("reports its progress", async () => {
    const { reports } = await new World(specs).up();
    expect(reports).toContain("0 of 120 done; 117 upgrading, 3 accepted, not started yet");
    expect(reports).toContain("0 of 120 done; 115 upgrading, 3 accepted, not started yet, 2 with problems");
    expect(reports).toContain("0 of 120 done; 115 upgrading, 5 with problems");
  });

  it("sends nothing if every instance is blocked", async () => {
    const { outcome, requests, journal } = await new World(many(2, OLD, { broken: "It is frozen." })).up();
    expect(outcome).toMatchObject({
      status: "behind",
      accepted: false,
      problems: { i001: "It is frozen. Fix it.", i002: "It is frozen. Fix it." },
      error: { code: "blocked" },
    });
    expect(outcome.upgrade).toBeUndefined();
    expect(requests).toEqual([]);
    expect(journal.map(({ what }) => what)).toEqual(["read", "read"]);
  });

  it("upgrades an instance that was blocked in one read only", async () => {
    const finding = { code: "restarting", message: "It restarts.", remedy: "Wait." };
    let reads = 0;
    const { outcome, requests } = await new World(many(2, OLD)).up({
      mapUnits: (units) =>
        ++reads > 1 ? units : units.map((one) => ({ ...one, activity: { kind: "blocked" as const, finding } })),
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(requests).toEqual([["i001", "i002"]]);
  });
});

describe("an upgrade of several rounds", () => {
  const rounds = [{ to: "2.0.51.240305" }, { to: "2.0.51.240311" }, {}];

  it("is requested again after each round, in one run", async () => {
    const world = new World(many(3, OLD, { fates: rounds }));
    const { outcome, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded", from: OLD } });
    expect(requests).toHaveLength(3);
    expect(world.vendor.broken).toEqual([]);
  });

  it("fails if the vendor makes no further progress", async () => {
    const world = new World(many(1, OLD, { fates: [{ to: "2.0.51.240311" }, { ends: "stays", takes: HOUR }] }));
    const { outcome, requests, took } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", error: { code: "not-upgraded" }, upgrade: { state: "failed" } });
    expect(outcome.problems).toEqual({ i001: "upgrade t2 is reported as completed; apply it in the console" });
    expect(requests).toHaveLength(2);
    expect(took).toBeGreaterThan(HOUR + SETTLE);
  });

  it("fails after four requests", async () => {
    const fates = ["2.0.1", "2.0.2", "2.0.3", "2.0.4", "2.0.5"].map((to) => ({ to }));
    const { outcome, requests } = await new World(many(1, "2.0.0", { fates })).up();
    expect(outcome.problems).toEqual({ i001: "upgrade t4 completed in round 4; apply it in the console" });
    expect(requests).toHaveLength(4);
  });
});

describe("a version that appears late", () => {
  it("is waited for, and not requested again", async () => {
    const world = new World(many(2, OLD, { fates: [{ lag: SETTLE - 20 * SECOND }] }));
    const { outcome, requests, reports } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(requests).toHaveLength(1);
    expect(reports).toContain("0 of 2 done; 2 completed, the new version does not show yet");
  });

  it("is also waited for after a joined upgrade", async () => {
    const world = new World(many(1, OLD, { fates: [{ startsAfter: 0, lag: MINUTE }] }));
    world.vendor.elsewhere("i001");
    const { outcome, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { joined: true, state: "succeeded" } });
    expect(requests).toEqual([]);
  });
});

describe("an upgrade started by another client", () => {
  it("is joined, and the remaining upgrade is requested", async () => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 0, to: "2.0.75.28" }, {}] }));
    world.vendor.elsewhere("i001");
    world.vendor.elsewhere("i002");
    const { outcome, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded", from: "2.0.75.28" } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(requests).toEqual([["i001", "i002"]]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("is reported if it fails, and not requested again in the same run", async () => {
    const world = new World(many(1, OLD, { fates: [{ startsAfter: 0, ends: "fails" }, {}] }));
    world.vendor.elsewhere("i001");
    const { outcome, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "failed", upgrade: { joined: true, state: "failed" } });
    expect(requests).toEqual([]);
    expect((await world.up()).outcome.status).toBe("current");
  });
});

describe("a run with wait: false", () => {
  const policy = { wait: false };

  it("ends once all instances were requested", async () => {
    const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
    const { outcome, took, requests } = await world.up({ policy });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { state: "running" } });
    expect(outcome.error).toBeUndefined();
    expect(requests).toHaveLength(2);
    expect(took).toBeLessThan(4 * SECOND);
    expect((await world.up({ policy })).outcome).toMatchObject({ status: "upgrading", upgrade: { state: "running" } });
    const last = await world.up();
    expect(last.outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(last.requests).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("waits for instances that are busy", async () => {
    const world = new World([...many(2, OLD), ...many(1, OLD, { busy: [0, 3 * MINUTE] }, 3)]);
    const { outcome, requests, took } = await world.up({ policy });
    expect(outcome.status).toBe("upgrading");
    expect(requests).toEqual([["i001", "i002"], ["i003"]]);
    expect(took).toBeGreaterThan(3 * MINUTE);
    expect(took).toBeLessThan(4 * MINUTE);
  });

  it("waits until it is known whether a request with a lost response was accepted", async () => {
    const world = new World(many(2, OLD));
    const { outcome, took } = await world.up({ policy, faults: ["lost-after"] });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { state: "running" } });
    expect(took).toBeGreaterThan(10 * SECOND);
    expect(took).toBeLessThan(15 * SECOND);
  });

  it("reports the instances that cannot be upgraded", async () => {
    const world = new World([...many(2, OLD), ...many(1, OLD, { broken: "It is frozen." }, 3)]);
    const { outcome, warnings } = await world.up({ policy });
    expect(outcome).toMatchObject({ status: "upgrading", problems: { i003: "It is frozen. Fix it." } });
    expect(warnings).toEqual([
      "Orders fleet: 1 of 3 instances was not upgraded successfully. i003: It is frozen. Fix it.",
    ]);
  });
});
