import { describe, expect, it } from "vitest";
import { proposalOf, usedBy } from "../../../provider/core/control/approval";
import type { ChangeRules } from "../../../provider/core/control/control";
import type { TaskStatus } from "../../../provider/core/task";
import { NEW, OLD } from "../reconcile/facts";
import {
  deadline,
  failure,
  interrupted,
  joining,
  play as playScript,
  record,
  running,
  type Script,
  satisfied,
  step,
  succeeded,
  task,
  upgrade,
  upgradeWith,
  waiting,
} from "../reconcile/scripted-driver";
import { MINUTE, many, World } from "../reconcile/world";
import { approved, HELD, HOUR, rules, WINDOW } from "./holds";

const play = (script: Script) => playScript({ schedules: false, ...script });

describe.each(HELD)("an upgrade held by %s", (_, policy, reason) => {
  it("is not requested: the run succeeds with one warning", async () => {
    const { outcome, starts, warnings } = await play({ reads: [upgrade()], policy });
    expect(outcome).toMatchObject({
      status: "held",
      accepted: false,
      hold: { message: expect.stringContaining(reason) },
    });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(0);
    expect(warnings).toEqual([expect.stringContaining(reason)]);
  });

  it("is an error with onHeld fail", async () => {
    const changes = { ...policy?.changes, onHeld: "fail" } as ChangeRules;
    const { outcome, starts } = await play({ reads: [upgrade()], policy: { changes } });
    expect(outcome).toMatchObject({ status: "held", error: { code: "held" }, hold: { message: expect.any(String) } });
    expect(starts).toBe(0);
  });

  it("is joined and waited for if it is already in progress", async () => {
    const reads = [joining, satisfied];
    const { outcome, starts } = await play({ reads, inspections: [running, succeeded], policy });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("is waited for first if an earlier run requested it", async () => {
    const inspections = [running, succeeded];
    const remembered = record("running");
    const { outcome } = await play({ reads: [upgrade(), satisfied], inspections, remembered, policy });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
  });

  it("is reported as blocked if there are findings, because a person has to act before the hold ends", async () => {
    const finding = { code: "too-few-zones", message: "Too few.", remedy: "Add one." };
    const { outcome } = await play({ reads: [upgrade(finding)], policy });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
  });
});

describe("an upgrade that may begin", () => {
  it.each<[string, Script["policy"]]>([
    ["is approved", approved()],
    ["is approved, not expired", approved({ expiresAt: "2026-01-01T01:00:00Z" })],
    ["is approved again after its first approval was used", approved({}, { orders: "2025-12-01T12:00:00Z" })],
    ["is in its window", rules({ windows: [{ ...WINDOW, from: "00:00" }] })],
    ["has its backup rule waived", rules({ backup: { maxAge: HOUR, waive: "restored by hand" } })],
  ])("is requested once if it %s", async (_, policy) => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(starts).toBe(1);
  });
});

describe("onHeld wait", () => {
  const policy = rules({ windows: [WINDOW], onHeld: "wait" });

  it("waits without reads until the window opens, then upgrades", async () => {
    const script = {
      reads: [upgrade(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    };
    const { outcome, journal, took, reports } = await play(script);
    expect(outcome.status).toBe("current");
    expect(outcome.hold).toBeUndefined();
    expect(journal).toEqual(["read", "read", "read", "start", "inspect 11", "read"]);
    expect(took).toBeGreaterThanOrEqual(2 * HOUR);
    expect(reports).toContain("held: window opens Thu 2026-01-01 02:00 (UTC), 2 h left");
  });

  it.each([
    ["deadline", deadline],
    ["interrupted", interrupted],
  ] as const)("stops waiting when the run is aborted: %s", async (code, reason) => {
    const { outcome, starts } = await play({
      reads: [upgrade()],
      policy,
      meanwhile: (stage) => stage.clock.after(HOUR, () => stage.abort(reason())),
    });
    expect(outcome).toMatchObject({
      status: "held",
      error: { code, message: expect.stringContaining("window opens") },
    });
    expect(starts).toBe(0);
  });

  it.each(HELD.filter(([name]) => /freeze|approval/.test(name)))("does not wait for the end of %s", async (_, held) => {
    const changes = { ...held?.changes, onHeld: "wait" } as ChangeRules;
    const { outcome, took } = await play({ reads: [upgrade()], policy: { changes } });
    expect(outcome.status).toBe("held");
    expect(took).toBe(0);
  });
});

describe("control immediately before the request", () => {
  it("holds the request if the window closes between the reads and the request", async () => {
    const policy = { ...rules({ windows: [{ from: "00:00", to: "00:01", timeZone: "UTC" }] }), spacing: 61_000 };
    const { outcome, starts } = await play({ reads: [upgrade()], policy });
    expect(outcome.status).toBe("held");
    expect(starts).toBe(0);
  });

  it("holds the request if the plan changes between the reads: another plan was approved", async () => {
    const other = { ...upgradeWith(), step: { ...step, item: { version: "4.3.5.3" } } };
    const reads = [upgrade(), { kind: "upgrade", upgrade: other } as const];
    const { outcome, starts } = await play({ reads, policy: approved() });
    expect(outcome).toMatchObject({ status: "held", hold: { code: "approval" } });
    expect(starts).toBe(0);
  });

  it("does not apply while the run waits for another operation", async () => {
    const policy = rules({ windows: [{ from: "00:00", to: "00:30", timeZone: "UTC" }] });
    const { outcome, starts } = await play({
      reads: [waiting(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("a window that closes while a write is prepared", () => {
  const policy = rules({ windows: [{ from: "00:00", to: "00:30", timeZone: "UTC" }] });
  const leaving: Script["leaving"] = ({ clock }) => clock.sleep(HOUR);

  it("holds the upgrade request", async () => {
    const { outcome, starts } = await play({ reads: [upgrade()], policy, leaving });
    expect(outcome).toMatchObject({ status: "held", hold: { code: "window", until: "2026-01-02T00:00:00.000Z" } });
    expect(starts).toBe(0);
  });

  it.each(["retry", "rollback"] as const)("holds %s, and the run fails with the reason", async (operator) => {
    const { outcome, journal } = await play({
      reads: [{ kind: "failed", task, from: "4.2.1.8", failure: { ...failure, operators: [operator] } }],
      policy: { onFailure: operator, ...policy },
      remembered: record("failed"),
      reopens: true,
      leaving,
    });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(outcome.error?.sentence).toContain(
      `${operator.toUpperCase()}, which \`onFailure\` requests, is held: window opens`,
    );
    expect(journal).not.toContain(`${operator} 11`);
  });
});

describe("a request whose response was lost", () => {
  it("is waited for before a hold applies", async () => {
    const remembered = record("unknown", { task: "unknown", startedAt: "2026-01-01T00:00:00.000Z" });
    const { outcome, starts, took } = await play({ reads: [upgrade()], policy: rules({ freezes: ["x"] }), remembered });
    expect(outcome).toMatchObject({ status: "held" });
    expect(took).toBeGreaterThanOrEqual(30_000);
    expect(starts).toBe(0);
  });
});

describe("ROLLBACK of an upgrade that fails in this run", () => {
  it("is held, and the run fails with the reason", async () => {
    const operators = ["rollback"] as const;
    const { outcome, journal } = await play({
      reads: [upgrade(), upgrade(), joining],
      starts: [task],
      // The window closes while the upgrade is in progress.
      inspections: [
        ({ clock }) => clock.sleep(2 * HOUR).then(() => ({ kind: "failed", ...failure, operators: operators })),
      ],
      policy: { onFailure: "rollback", ...rules({ windows: [{ from: "00:00", to: "01:00", timeZone: "UTC" }] }) },
      reopens: true,
    });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(outcome.error?.sentence).toMatch(/ROLLBACK, .* is held: window opens/);
    expect(journal).not.toContain("rollback 11");
  });
});

describe("RETRY", () => {
  const reads = [{ kind: "failed", task, from: "4.2.1.8", failure: { ...failure, operators: ["retry"] } } as const];

  it("is held like an upgrade, and the failure is reported with the hold", async () => {
    const remembered = record("failed");
    const policy = { onFailure: "retry", ...rules({ freezes: ["incident"] }) } as const;
    const { outcome, journal } = await play({ reads, policy, remembered, reopens: true });
    expect(outcome).toMatchObject({
      status: "failed",
      upgrade: { state: "failed" },
      error: { code: "upgrade-failed" },
    });
    expect(outcome.error?.sentence).toMatch(
      /stage 3\/9 failed\. Fix it\. RETRY, .* is held: changes are frozen: incident\. Run \{apply\} again once `freeze` is removed\.$/,
    );
    expect(journal.filter((entry) => entry !== "read")).toEqual([]);
  });

  it("is covered by the approval of its upgrade, and by no other", async () => {
    const remembered = record("failed");
    const retryApproved = async (to: string) => {
      const policy = { onFailure: "retry", ...approved({ to }) } as const;
      const inspections = [succeeded];
      return play({ reads: [...reads, satisfied], inspections, policy, remembered, reopens: true });
    };
    expect((await retryApproved(task.to)).journal).toContain("retry 11");
    expect((await retryApproved("4.4.0.0")).outcome.error?.remedy).toContain(
      `held: no upgrade to ${task.to} was approved`,
    );
  });

  it("waits for the window with onHeld wait, and is sent once", async () => {
    const policy = { onFailure: "retry", ...rules({ windows: [WINDOW], onHeld: "wait" }) } as const;
    const inspections = [succeeded];
    const script = { reads: [...reads, ...reads, satisfied], inspections, policy, remembered: record("failed") };
    const { outcome, journal, took } = await play({ ...script, reopens: true });
    expect(outcome.status).toBe("current");
    expect(outcome.hold).toBeUndefined();
    expect(journal).toEqual(["read", "read", "retry 11", "inspect 11", "read"]);
    expect(took).toBeGreaterThanOrEqual(2 * HOUR);
  });

  it("is reported as held if the run is aborted while it waits for the window", async () => {
    const policy = { onFailure: "retry", ...rules({ windows: [WINDOW], onHeld: "wait" }) } as const;
    const { outcome, journal } = await play({
      reads,
      policy,
      remembered: record("failed"),
      reopens: true,
      meanwhile: (stage) => stage.clock.after(HOUR, () => stage.abort(interrupted())),
    });
    expect(outcome).toMatchObject({
      status: "held",
      hold: { code: "window" },
      upgrade: { state: "failed" },
      error: { code: "interrupted", message: expect.stringContaining("was held: window opens") },
    });
    expect(journal).toEqual(["read"]);
  });

  it.each([
    ["Fix it", "Fix it. RETRY, "],
    ["", "failed. RETRY, "],
  ])("is reported as held in a separate sentence after the remedy %j", async (remedy, expected) => {
    const policy = { onFailure: "retry", ...rules({ freezes: ["incident"] }) } as const;
    const failedTask = { ...failure, remedy, operators: ["retry"] } as const;
    const failedPlan = { kind: "failed", task, from: "4.2.1.8", failure: failedTask } as const;
    const { outcome } = await play({ reads: [failedPlan], policy, remembered: record("failed"), reopens: true });
    expect(outcome.error?.sentence).toContain(expected);
  });
});

describe("an upgrade that waits for another operation", () => {
  // Backups are read after that operation has ended, because it may be a backup.
  const held = HELD.filter(([name]) => name !== "no backup");

  it.each(held)("is held immediately by %s", async (_, policy, reason) => {
    const { outcome, journal, took, reports } = await play({ reads: [waiting(), satisfied], policy });
    expect(outcome).toMatchObject({ status: "held", hold: { message: expect.stringContaining(reason) } });
    expect(outcome.error).toBeUndefined();
    expect([journal, reports, took]).toEqual([["read"], [], 0]);
  });

  it("waits for its window without reads with onHeld wait", async () => {
    const policy = rules({ windows: [WINDOW], onHeld: "wait" });
    const reads = [waiting(), upgrade(), upgrade(), satisfied];
    const { outcome, journal, took } = await play({ reads, starts: [task], inspections: [succeeded], policy });
    expect(outcome.status).toBe("current");
    expect(journal).toEqual(["read", "read", "read", "start", "inspect 11", "read"]);
    expect(took).toBeGreaterThanOrEqual(2 * HOUR);
  });

  it("is reported as blocked if there are findings, because a person has to act before the hold ends", async () => {
    const finding = { code: "mode", property: "mode", message: "Not rolling.", remedy: "Set it." };
    const { outcome } = await play({ reads: [waiting(finding)], policy: rules({ freezes: ["x"] }) });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
  });

  it("is waited for despite a hold while an upgrade of an earlier run may be in progress", async () => {
    const policy = rules({ freezes: ["x"] });
    const { outcome } = await play({ reads: [waiting(), satisfied], policy, remembered: record("running") });
    expect(outcome.status).toBe("current");
  });

  it.each<[string, TaskStatus]>([
    ["has succeeded", succeeded],
    ["no longer exists", { kind: "gone" }],
  ])("is not held after its request if its task %s and the new version does not show yet", async (_, status) => {
    const reads = [upgrade(), upgrade(), waiting(), satisfied];
    // The window closes while the upgrade is in progress.
    const policy = rules({ windows: [{ from: "00:00", to: "01:00", timeZone: "UTC" }] });
    const inspections: Script["inspections"] = [({ clock }) => clock.sleep(2 * HOUR).then(() => status)];
    const { outcome, starts } = await play({ reads, starts: [task], inspections, policy });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

function approvalOf(name: string, change: { digest?: string } = {}, schedules = false) {
  const item = { name, schedules };
  const step = { unit: name, from: OLD, to: NEW, method: "POST", path: "/upgrade", item, group: OLD } as const;
  const proposal = proposalOf({ from: OLD, route: `${OLD} → ${NEW}`, how: "now", findings: [], step });
  if (proposal === undefined) throw new Error("nothing is proposed");
  return { ...proposal, approvedAt: "2025-12-30T12:00:00Z", approvedBy: "Anna", ...change };
}

describe("a fleet with held upgrades", () => {
  it("sends nothing, and succeeds with one warning", async () => {
    const { outcome, requests, warnings } = await new World(many(3, OLD)).up({
      policy: rules({ freezes: ["incident"] }),
    });
    expect(outcome).toMatchObject({
      status: "held",
      accepted: false,
      hold: { code: "freeze", message: "3 of 3 instances: changes are frozen: incident" },
    });
    expect(outcome.error).toBeUndefined();
    expect(requests).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  it("still waits for upgrades in progress", async () => {
    const world = new World(many(3, OLD));
    await world.up({ abortAfter: MINUTE });
    const { outcome, requests } = await world.up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(requests).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("does not wait for other operations", async () => {
    const world = new World(many(3, OLD, { busy: [0, 10 * HOUR] }));
    const { outcome, journal } = await world.up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({ status: "held", hold: { message: expect.stringMatching(/^3 of 3 instances: /) } });
    expect(journal.map(({ what }) => what)).toEqual(["read"]);
  });

  it("waits for other operations only on instances that are not held", async () => {
    const approved = many(1, OLD, { busy: [0, HOUR] });
    const world = new World([...approved, ...many(2, OLD, { busy: [0, 10 * HOUR] }, 2)]);
    const approvals = { units: { i001: approvalOf("i001") }, used: {} };
    const { outcome, requests, took } = await world.up({ policy: rules({ approvals }) });
    expect(requests).toEqual([["i001"]]);
    expect(outcome).toMatchObject({ status: "held", hold: { code: "approval" }, upgrade: { state: "succeeded" } });
    expect(took).toBeLessThan(2 * HOUR);
  });

  it("waits for the window with onHeld wait, and requests each once", async () => {
    const world = new World(many(3, OLD));
    const { outcome, requests, took, journal } = await world.up({
      policy: rules({ windows: [WINDOW], onHeld: "wait" }),
    });
    expect(outcome).toMatchObject({ status: "current" });
    expect(outcome.hold).toBeUndefined();
    expect(requests).toEqual([["i001", "i002", "i003"]]);
    expect(took).toBeGreaterThan(2 * HOUR);
    expect(journal.filter(({ at }) => at < world.clock.now() - took + 2 * HOUR - MINUTE)).toHaveLength(1);
  });

  it("fails with onHeld fail", async () => {
    const { outcome, requests } = await new World(many(3, OLD)).up({
      policy: rules({ windows: [WINDOW], onHeld: "fail" }),
    });
    expect(outcome).toMatchObject({ status: "held", error: { code: "held" } });
    expect(requests).toEqual([]);
  });

  it("reports problems before holds", async () => {
    const world = new World([...many(1, OLD), { name: "broken", version: OLD, offered: NEW, broken: "It is frozen." }]);
    const { outcome } = await world.up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({ error: { code: "blocked" }, hold: { code: "freeze" } });
  });
});

describe("a window that closes while batches are sent", () => {
  it("holds the remaining batches for the next run", async () => {
    const world = new World(many(6, OLD));
    // Each request takes a second, and the window is open for two and a half.
    const policy = rules({ windows: [{ from: "00:00", to: "00:01", timeZone: "UTC" }] });
    await world.clock.sleep(58_000);
    const { outcome, requests } = await world.up({ policy, mostPerRequest: 2 });
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.length).toBeLessThan(3);
    expect(outcome).toMatchObject({ status: "held", hold: { code: "window" }, upgrade: { state: "succeeded" } });
    const next = await world.up({ mostPerRequest: 2 });
    expect(next.outcome.status).toBe("current");
    expect([...requests, ...next.requests].flat().sort()).toEqual(["i001", "i002", "i003", "i004", "i005", "i006"]);
    expect(world.vendor.broken).toEqual([]);
  });
});

describe("a window that closes before a request is sent", () => {
  const windows = [{ from: "00:00", to: "00:30", timeZone: "UTC" }];

  it("holds the whole request", async () => {
    const world = new World(many(3, OLD));
    const { outcome, requests } = await world.up({ policy: rules({ windows }), faults: ["login"] });
    expect(outcome).toMatchObject({ status: "held", hold: { code: "window" } });
    expect(requests).toEqual([]);
  });

  it("is waited for again with onHeld wait", async () => {
    const world = new World(many(3, OLD));
    const policy = rules({ windows, onHeld: "wait" });
    const { outcome, requests, took } = await world.up({ policy, faults: ["login"] });
    expect(outcome).toMatchObject({ status: "current" });
    expect(requests).toEqual([["i001", "i002", "i003"]]);
    expect(took).toBeGreaterThan(24 * HOUR);
  });
});

describe("a fleet with some held upgrades and wait: false", () => {
  const approvals = { units: { i001: approvalOf("i001") }, used: {} };
  const message = "2 of 3 instances (i002, i003): not approved";

  it("succeeds with one warning while the others are upgraded", async () => {
    const world = new World(many(3, OLD));
    const { outcome, requests, warnings } = await world.up({ policy: { wait: false, ...rules({ approvals }) } });
    expect(requests).toEqual([["i001"]]);
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, hold: { code: "approval", message } });
    expect(outcome.error).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(`the upgrade is held: ${message}. It was not requested.`)]);
    // Once those have ended, only the others remain.
    await world.clock.sleep(HOUR);
    const next = await world.up({ policy: { wait: false, ...rules({ approvals }) } });
    expect(next.outcome).toMatchObject({ status: "held", accepted: false, hold: { message } });
    expect(next.requests).toEqual([]);
  });

  it("fails with onHeld fail, and records the upgrades in progress", async () => {
    const world = new World(many(3, OLD));
    const policy = { wait: false, ...rules({ approvals, onHeld: "fail" }) };
    const { outcome, requests, warnings } = await world.up({ policy });
    expect(requests).toEqual([["i001"]]);
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "held", message: expect.stringContaining(message) },
      hold: { message },
      upgrade: { state: "running" },
    });
    expect(warnings).toEqual([]);
    await world.clock.sleep(HOUR);
    const next = await world.up({ policy });
    expect(next.outcome).toMatchObject({ status: "held", accepted: false, error: { code: "held" } });
    expect(next.outcome.upgrade).toMatchObject({ state: "succeeded" });
  });
});

describe("backups of a fleet", () => {
  const policy = rules({ backup: { maxAge: 24 * HOUR } });

  it("that take more than a minute to read are followed by new reads of the instances", async () => {
    const world = new World(many(3, OLD));
    const finished = { kind: "finished", at: world.clock.now() } as const;
    const backups = async () => {
      await world.clock.sleep(61_000);
      return finished;
    };
    const { outcome, journal } = await world.up({ policy, backups });
    expect(outcome.status).toBe("current");
    const steps = journal.map(({ what }) => what);
    expect(steps.slice(0, 6)).toEqual(["read", "read", "backups", "read", "read", "start"]);
  });
});

describe("approvals of a fleet", () => {
  it("apply to each instance: the approved ones are upgraded, the others held", async () => {
    const world = new World(many(3, OLD));
    const units = { i001: approvalOf("i001"), i002: approvalOf("i002", { digest: "0" }) };
    const { outcome, requests } = await world.up({ policy: rules({ approvals: { units, used: {} } }) });
    expect(requests).toEqual([["i001"]]);
    expect(outcome).toMatchObject({ status: "held", hold: { code: "approval" }, upgrade: { state: "succeeded" } });
  });

  it.each([
    ["report", "held"],
    ["fail", "deferred"],
  ] as const)("keep the others held while one is scheduled: onHeld %s", async (onHeld, status) => {
    const specs = many(2, OLD).map((spec) => ({ ...spec, window: [6 * HOUR, 10 * HOUR] as const }));
    const approvals = { units: { i001: approvalOf("i001", {}, true) }, used: {} };
    const { outcome } = await new World(specs).up({ schedules: true, policy: rules({ approvals, onHeld }) });
    expect(outcome).toMatchObject({ status, hold: { code: "approval" }, upgrade: { state: "deferred" } });
    expect(outcome.error?.code).toBe(onHeld === "fail" ? "held" : undefined);
  });

  it("are recorded as used for each instance, for any number of instances", async () => {
    const specs = many(320, OLD);
    const approvals = { units: Object.fromEntries(specs.map(({ name }) => [name, approvalOf(name)])), used: {} };
    const { outcome } = await new World(specs).up({ policy: rules({ approvals }) });
    expect(outcome.status).toBe("current");
    const used = usedBy(approvals, outcome.units ?? [], outcome.upgrade);
    expect(Object.keys(used)).toHaveLength(specs.length);
    // All instances are restored to the old version, with the same file of approvals.
    const again = await new World(specs).up({ policy: rules({ approvals: { ...approvals, used } }) });
    expect(again.requests).toEqual([]);
    expect(again.outcome).toMatchObject({
      status: "held",
      hold: { code: "approval", message: expect.stringMatching(/^320 of 320 instances: the approval has been used/) },
    });
  });
});
