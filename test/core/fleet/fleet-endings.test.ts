import { describe, expect, it } from "vitest";
import { NEW, OLD } from "./facts";
import { HOUR, LOOK, MINUTE, many, SECOND, SETTLE, World } from "./world";

describe("members that run something newer", () => {
  const specs = [...many(2, OLD), ...many(1, "2.0.80.1", {}, 3)];
  const note =
    "Orders fleet: 1 of 3 instances runs something newer than the target version (i003 at 2.0.80.1). Nothing was sent for it.";

  it("are told of, and the others are upgraded", async () => {
    const { outcome, calls, warnings } = await new World(specs).up({ version: "2.0.78" });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, upgrade: { state: "succeeded" } });
    expect(outcome.error).toBeUndefined();
    expect(calls).toEqual([["i001", "i002"]]);
    expect(warnings).toEqual([expect.stringMatching(/^.*\. Raise the target version .*\[newer\]$/)]);
    expect(warnings.join()).toContain(note);
  });

  it("are accepted in silence", async () => {
    const { outcome, warnings } = await new World(specs).up({ version: "2.0.78", policy: { onNewer: "accept" } });
    expect(outcome).toMatchObject({ status: "newer" });
    expect(outcome.error).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it("forbid every call", async () => {
    const { outcome, requests } = await new World(specs).up({ version: "2.0.78", policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, error: { code: "newer", message: note } });
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("are an error when the upgrade itself went too far", async () => {
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

describe("a pin that can never be had", () => {
  const finding = { code: "passed-over", property: "version", message: "The newest is 2.0.80.", remedy: "Write >=." };

  it("is refused before any call, and the first member is named", async () => {
    const world = new World(many(3, OLD));
    const { outcome, requests } = await world.up({ findings: { i002: finding, i003: finding } });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(outcome.error?.message).toBe(
      "Orders fleet: the upgrade was not started. version: i002: The newest is 2.0.80. Write >=.",
    );
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("is a problem of that member alone once others were asked for", async () => {
    let first = true;
    const world = new World(many(2, OLD));
    const { outcome } = await world.up({
      told: (members) => {
        if (first) return members;
        return members.map((one) =>
          one.name === "i002" && one.activity === undefined && one.standing === "behind"
            ? { ...one, activity: { kind: "blocked" as const, finding } }
            : one,
        );
      },
      mostPerRequest: 1,
      on: (moment) => {
        if (moment === "call:end") first = false;
      },
      faults: ["fine", "busy"],
    });
    expect(outcome).toMatchObject({ status: "behind", problems: { i002: "The newest is 2.0.80. Write >=." } });
    expect(outcome.upgrade).toMatchObject({ state: "failed", kind: "kernel upgrade of 1 instance" });
  });

  it("leaves an upgrade of an earlier run to the next", async () => {
    const world = new World(many(2, OLD));
    await world.up({ policy: { wait: false } });
    const { outcome } = await world.up({ findings: { i001: finding } });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "blocked" } });
    expect(world.remembered?.state).toBe("running");
  });
});

describe("a look that is not complete", () => {
  it("is no answer: a member that is neither shown nor absent is waited for", async () => {
    let looks = 0;
    const world = new World(many(2, NEW));
    const { outcome } = await world.up({ told: (members) => (++looks < 4 ? members.slice(1) : members) });
    expect(outcome.status).toBe("current");
    expect(looks).toBe(4);
  });

  it("is given up when it stays so", async () => {
    const world = new World(many(2, NEW));
    const { outcome, took } = await world.up({ told: (members) => members.slice(1) });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain("no version was reported for i001");
    expect(took).toBeLessThan(21 * MINUTE);
  });
});

describe("silence", () => {
  it("during an upgrade is waited on", async () => {
    const world = new World(many(2, OLD));
    const { outcome, calls } = await world.up({ silence: [[MINUTE, 19 * MINUTE]] });
    expect(outcome.status).toBe("current");
    expect(calls).toHaveLength(1);
  });

  it("that lasts too long hands the upgrade over", async () => {
    const world = new World(many(2, OLD, { fates: [{ takes: HOUR }] }));
    const { outcome } = await world.up({ silence: [[MINUTE, 24 * HOUR]] });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "unreachable" } });
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([]);
  });

  it("from the beginning is given up sooner", async () => {
    const { outcome, took, calls } = await new World(many(2, OLD)).up({ silence: [[0, HOUR]] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.observation).toBeUndefined();
    expect(calls).toEqual([]);
    expect(took).toBeLessThan(MINUTE + 10 * SECOND);
  });
});

describe("the pace of looks", () => {
  it("is bounded, however long an upgrade takes and whatever percentage it tells", async () => {
    const world = new World(many(1, OLD, { fates: [{ takes: 3 * HOUR }] }));
    const { requests, took } = await world.up({
      told: (members) =>
        members.map((one) =>
          one.activity?.kind === "running" ? { ...one, activity: { ...one.activity, percent: 100 } } : one,
        ),
    });
    expect(took).toBeGreaterThan(3 * HOUR);
    expect(requests.length).toBeLessThan(1_500);
    expect(requests.length * LOOK).toBeLessThan(took);
  });
});

describe("a run in which not all get there", () => {
  const specs = [
    ...many(108, OLD),
    ...many(7, OLD, { fates: [{ ends: "fails" }, {}] }, 109),
    ...many(3, OLD, { fates: [{ ends: "never" }, {}] }, 116),
    ...many(2, OLD, { deletedAt: 3 * MINUTE }, 119),
  ];

  it("tells what became of each, and the next run asks only for what is left", async () => {
    const world = new World(specs);
    const { outcome, calls, took } = await world.up();
    expect(calls.map((names) => names.length)).toEqual([100, 20]);
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
    expect(next.calls).toEqual([many(10, OLD, {}, 109).map(({ name }) => name)]);
    expect(next.outcome).toMatchObject({
      status: "behind",
      error: { code: "vanished" },
      problems: { i119: "It is not there. Take it out.", i120: "It is not there. Take it out." },
    });

    const last = await world.up({ names: many(118, OLD).map(({ name }) => name) });
    expect(last.outcome).toMatchObject({ status: "current", accepted: false });
    expect(last.outcome.error).toBeUndefined();
    expect(last.outcome.problems).toBeUndefined();
    expect(last.calls).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("tells how it goes meanwhile", async () => {
    const { reports } = await new World(specs).up();
    expect(reports).toContain("0 of 120 done; 117 upgrading, 3 accepted, not started yet");
    expect(reports).toContain("0 of 120 done; 115 upgrading, 3 accepted, not started yet, 2 with problems");
    expect(reports).toContain("0 of 120 done; 115 upgrading, 5 with problems");
  });

  it("calls nothing where nothing can be called", async () => {
    const { outcome, calls, requests } = await new World(many(2, OLD, { broken: "It is frozen." })).up();
    expect(outcome).toMatchObject({
      status: "behind",
      accepted: false,
      problems: { i001: "It is frozen. Fix it.", i002: "It is frozen. Fix it." },
      error: { code: "blocked" },
    });
    expect(outcome.upgrade).toBeUndefined();
    expect(calls).toEqual([]);
    expect(requests.map(({ what }) => what)).toEqual(["look", "look"]);
  });

  it("upgrades what was blocked in one look only", async () => {
    const finding = { code: "restarting", message: "It restarts.", remedy: "Wait." };
    let looks = 0;
    const { outcome, calls } = await new World(many(2, OLD)).up({
      told: (units) =>
        ++looks > 1 ? units : units.map((one) => ({ ...one, activity: { kind: "blocked" as const, finding } })),
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(calls).toEqual([["i001", "i002"]]);
  });
});

describe("an upgrade of several rounds", () => {
  const rounds = [{ to: "2.0.51.240305" }, { to: "2.0.51.240311" }, {}];

  it("is asked for again after each, in one run", async () => {
    const world = new World(many(3, OLD, { fates: rounds }));
    const { outcome, calls } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded", from: OLD } });
    expect(calls).toHaveLength(3);
    expect(world.vendor.broken).toEqual([]);
  });

  it("ends when the vendor gets no further", async () => {
    const world = new World(many(1, OLD, { fates: [{ to: "2.0.51.240311" }, { ends: "stays", takes: HOUR }] }));
    const { outcome, calls, took } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", error: { code: "not-upgraded" }, upgrade: { state: "failed" } });
    expect(outcome.problems).toEqual({ i001: "upgrade t2 is reported as completed; apply it in the console" });
    expect(calls).toHaveLength(2);
    expect(took).toBeGreaterThan(HOUR + SETTLE);
  });

  it("ends after four calls", async () => {
    const fates = ["2.0.1", "2.0.2", "2.0.3", "2.0.4", "2.0.5"].map((to) => ({ to }));
    const { outcome, calls } = await new World(many(1, "2.0.0", { fates })).up();
    expect(outcome.problems).toEqual({ i001: "upgrade t4 completed in round 4; apply it in the console" });
    expect(calls).toHaveLength(4);
  });
});

describe("a version that shows late", () => {
  it("is waited for, and not asked for again", async () => {
    const world = new World(many(2, OLD, { fates: [{ lag: SETTLE - 20 * SECOND }] }));
    const { outcome, calls, reports } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(calls).toHaveLength(1);
    expect(reports).toContain("0 of 2 done; 2 completed, the new version does not show yet");
  });

  it("is waited for after an upgrade that was found running, too", async () => {
    const world = new World(many(1, OLD, { fates: [{ startsAfter: 0, lag: MINUTE }] }));
    world.vendor.elsewhere("i001");
    const { outcome, calls } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { joined: true, state: "succeeded" } });
    expect(calls).toEqual([]);
  });
});

describe("an upgrade that somebody else has started", () => {
  it("is joined, and what it leaves is asked for", async () => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 0, to: "2.0.75.28" }, {}] }));
    world.vendor.elsewhere("i001");
    world.vendor.elsewhere("i002");
    const { outcome, calls } = await world.up();
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded", from: "2.0.75.28" } });
    expect(outcome.upgrade?.joined).toBeUndefined();
    expect(calls).toEqual([["i001", "i002"]]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("is told when it fails, and is not repeated in the same run", async () => {
    const world = new World(many(1, OLD, { fates: [{ startsAfter: 0, ends: "fails" }, {}] }));
    world.vendor.elsewhere("i001");
    const { outcome, calls } = await world.up();
    expect(outcome).toMatchObject({ status: "failed", upgrade: { joined: true, state: "failed" } });
    expect(calls).toEqual([]);
    expect((await world.up()).outcome.status).toBe("current");
  });
});

describe("a run that does not wait", () => {
  const policy = { wait: false };

  it("ends once all were asked for", async () => {
    const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
    const { outcome, took, calls } = await world.up({ policy });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { state: "running" } });
    expect(outcome.error).toBeUndefined();
    expect(calls).toHaveLength(2);
    expect(took).toBeLessThan(4 * SECOND);
    expect((await world.up({ policy })).outcome).toMatchObject({ status: "upgrading", upgrade: { state: "running" } });
    const last = await world.up();
    expect(last.outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(last.calls).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("waits for those that cannot be read yet", async () => {
    const world = new World([...many(2, OLD), ...many(1, OLD, { busy: [0, 3 * MINUTE] }, 3)]);
    const { outcome, calls, took } = await world.up({ policy });
    expect(outcome.status).toBe("upgrading");
    expect(calls).toEqual([["i001", "i002"], ["i003"]]);
    expect(took).toBeGreaterThan(3 * MINUTE);
    expect(took).toBeLessThan(4 * MINUTE);
  });

  it("waits until it is known whether a call whose answer was lost was accepted", async () => {
    const world = new World(many(2, OLD));
    const { outcome, took } = await world.up({ policy, faults: ["lost-after"] });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { state: "running" } });
    expect(took).toBeGreaterThan(10 * SECOND);
    expect(took).toBeLessThan(15 * SECOND);
  });

  it("tells of those that do not get there", async () => {
    const world = new World([...many(2, OLD), ...many(1, OLD, { broken: "It is frozen." }, 3)]);
    const { outcome, warnings } = await world.up({ policy });
    expect(outcome).toMatchObject({ status: "upgrading", problems: { i003: "It is frozen. Fix it." } });
    expect(warnings).toEqual([
      "Orders fleet: 1 of 3 instances was not upgraded successfully. i003: It is frozen. Fix it.",
    ]);
  });
});
