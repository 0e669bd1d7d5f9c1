import { describe, expect, it } from "vitest";
import type { ChangeRules } from "../../../provider/core/control/control";
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
} from "../scripted-driver";
import { approved, HELD, HOUR, rules, WINDOW } from "./holds";

const play = (script: Script) => playScript({ schedules: false, ...script });
describe.each(HELD)("an upgrade that %s holds", (_, policy, reason) => {
  it("is not requested: the run ends well, with one warning", async () => {
    const { outcome, starts, warnings } = await play({ looks: [upgrade()], policy });
    expect(outcome).toMatchObject({
      status: "held",
      accepted: false,
      hold: { message: expect.stringContaining(reason) },
    });
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(0);
    expect(warnings).toEqual([expect.stringContaining(reason)]);
  });

  it("is an error where that is asked for", async () => {
    const changes = { ...policy?.changes, onHeld: "fail" } as ChangeRules;
    const { outcome, starts } = await play({ looks: [upgrade()], policy: { changes } });
    expect(outcome).toMatchObject({ status: "held", error: { code: "held" }, hold: { message: expect.any(String) } });
    expect(starts).toBe(0);
  });

  it("is joined where it runs already, and waited for", async () => {
    const looks = [joining, satisfied];
    const { outcome, starts } = await play({ looks, inspections: [running, succeeded], policy });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("that an earlier run has sent is found first", async () => {
    const inspections = [running, succeeded];
    const remembered = record("running");
    const { outcome } = await play({ looks: [upgrade(), satisfied], inspections, remembered, policy });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
  });

  it("that is blocked is told as that: a person has to act before the hold ends", async () => {
    const finding = { code: "too-few-zones", message: "Too few.", remedy: "Add one." };
    const { outcome } = await play({ looks: [upgrade(finding)], policy });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
  });
});

describe("an upgrade that may begin", () => {
  it.each<[string, Script["policy"]]>([
    ["is approved", approved()],
    ["is approved, not expired", approved({ expiresAt: "2026-01-01T01:00:00Z" })],
    ["is approved again after its approval was used", approved({}, { orders: "2025-12-01T12:00:00Z" })],
    ["is in its window", rules({ windows: [{ ...WINDOW, from: "00:00" }] })],
    ["waived its backup", rules({ backup: { maxAge: HOUR, waive: "restored by hand" } })],
  ])("is requested once, when it %s", async (_, policy) => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), satisfied],
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

  it("waits until the window opens, without a read, and then upgrades", async () => {
    const script = {
      looks: [upgrade(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    };
    const { outcome, journal, took, reports } = await play(script);
    expect(outcome.status).toBe("current");
    expect(outcome.hold).toBeUndefined();
    expect(journal).toEqual(["look", "look", "look", "start", "inspect 11", "look"]);
    expect(took).toBeGreaterThanOrEqual(2 * HOUR);
    expect(reports).toContain("held: window opens Thu 2026-01-01 02:00 (UTC), 2 h left");
  });

  it.each([
    ["deadline", deadline],
    ["interrupted", interrupted],
  ] as const)("ends with the run: %s", async (code, reason) => {
    const { outcome, starts } = await play({
      looks: [upgrade()],
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
    const { outcome, took } = await play({ looks: [upgrade()], policy: { changes } });
    expect(outcome.status).toBe("held");
    expect(took).toBe(0);
  });
});

describe("the last moment", () => {
  it("counts: a window that closes between the reads and the request keeps it back", async () => {
    const policy = { ...rules({ windows: [{ from: "00:00", to: "00:01", timeZone: "UTC" }] }), spacing: 61_000 };
    const { outcome, starts } = await play({ looks: [upgrade()], policy });
    expect(outcome.status).toBe("held");
    expect(starts).toBe(0);
  });

  it("counts for a plan that changes between the reads: what was approved is another one", async () => {
    const other = { ...upgradeWith(), step: { ...step, item: { version: "4.3.5.3" } } };
    const looks = [upgrade(), { kind: "upgrade", upgrade: other } as const];
    const { outcome, starts } = await play({ looks, policy: approved() });
    expect(outcome).toMatchObject({ status: "held", hold: { code: "approval" } });
    expect(starts).toBe(0);
  });

  it("does not end a run that waits for something else first", async () => {
    const policy = rules({ windows: [{ from: "00:00", to: "00:30", timeZone: "UTC" }] });
    const { outcome, starts } = await play({
      looks: [waiting(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("a window that closes while a write gets ready to leave", () => {
  const policy = rules({ windows: [{ from: "00:00", to: "00:30", timeZone: "UTC" }] });
  const leaving: Script["leaving"] = ({ clock }) => clock.sleep(HOUR);

  it("holds the upgrade request", async () => {
    const { outcome, starts } = await play({ looks: [upgrade()], policy, leaving });
    expect(outcome).toMatchObject({ status: "held", hold: { code: "window", until: "2026-01-02T00:00:00.000Z" } });
    expect(starts).toBe(0);
  });

  it.each(["retry", "rollback"] as const)("holds %s, and the run fails with the reason", async (way) => {
    const { outcome, journal } = await play({
      looks: [{ kind: "failed", task, from: "4.2.1.8", failure: { ...failure, ways: [way] } }],
      policy: { onFailure: way, ...policy },
      remembered: record("failed"),
      reopens: true,
      leaving,
    });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(outcome.error?.sentence).toContain(
      `${way.toUpperCase()}, which \`onFailure\` requests, is held: window opens`,
    );
    expect(journal).not.toContain(`${way} 11`);
  });
});

describe("a request whose response was lost", () => {
  it("is waited for before anything is held", async () => {
    const remembered = record("unknown", { task: "unknown", startedAt: "2026-01-01T00:00:00.000Z" });
    const { outcome, starts, took } = await play({ looks: [upgrade()], policy: rules({ freezes: ["x"] }), remembered });
    expect(outcome).toMatchObject({ status: "held" });
    expect(took).toBeGreaterThanOrEqual(30_000);
    expect(starts).toBe(0);
  });
});

describe("ROLLBACK of an upgrade that fails in this run", () => {
  it("is held, and the run fails with the reason all the same", async () => {
    const ways = ["rollback"] as const;
    const { outcome, journal } = await play({
      looks: [upgrade(), upgrade(), joining],
      starts: [task],
      // The window closes while the upgrade runs.
      inspections: [({ clock }) => clock.sleep(2 * HOUR).then(() => ({ kind: "failed", ...failure, ways }))],
      policy: { onFailure: "rollback", ...rules({ windows: [{ from: "00:00", to: "01:00", timeZone: "UTC" }] }) },
      reopens: true,
    });
    expect(outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(outcome.error?.sentence).toMatch(/ROLLBACK, .* is held: window opens/);
    expect(journal).not.toContain("rollback 11");
  });
});

describe("RETRY", () => {
  const looks = [{ kind: "failed", task, from: "4.2.1.8", failure: { ...failure, ways: ["retry"] } } as const];

  it("is held like an upgrade, and the failure is reported with that", async () => {
    const remembered = record("failed");
    const policy = { onFailure: "retry", ...rules({ freezes: ["incident"] }) } as const;
    const { outcome, journal } = await play({ looks, policy, remembered, reopens: true });
    expect(outcome).toMatchObject({
      status: "failed",
      upgrade: { state: "failed" },
      error: { code: "upgrade-failed" },
    });
    expect(outcome.error?.sentence).toMatch(
      /stage 3\/9 failed\. Fix it\. RETRY, .* is held: changes are frozen: incident\. Run \{apply\} again once `freeze` is removed\.$/,
    );
    expect(journal.filter((entry) => entry !== "look")).toEqual([]);
  });

  it("is covered by the approval of its upgrade, and by no other", async () => {
    const remembered = record("failed");
    const told = async (to: string) => {
      const policy = { onFailure: "retry", ...approved({ to }) } as const;
      const inspections = [succeeded];
      return play({ looks: [...looks, satisfied], inspections, policy, remembered, reopens: true });
    };
    expect((await told(task.to)).journal).toContain("retry 11");
    expect((await told("4.4.0.0")).outcome.error?.remedy).toContain(`held: no upgrade to ${task.to} was approved`);
  });

  it("waits for the window where that is asked for, and is sent once", async () => {
    const policy = { onFailure: "retry", ...rules({ windows: [WINDOW], onHeld: "wait" }) } as const;
    const inspections = [succeeded];
    const script = { looks: [...looks, ...looks, satisfied], inspections, policy, remembered: record("failed") };
    const { outcome, journal, took } = await play({ ...script, reopens: true });
    expect(outcome.status).toBe("current");
    expect(outcome.hold).toBeUndefined();
    expect(journal).toEqual(["look", "look", "retry 11", "inspect 11", "look"]);
    expect(took).toBeGreaterThanOrEqual(2 * HOUR);
  });

  it("that waits for the window when the run ends is told as held", async () => {
    const policy = { onFailure: "retry", ...rules({ windows: [WINDOW], onHeld: "wait" }) } as const;
    const { outcome, journal } = await play({
      looks,
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
    expect(journal).toEqual(["look"]);
  });

  it.each([
    ["Fix it", "Fix it. RETRY, "],
    ["", "failed. RETRY, "],
  ])("that is held is told after the remedy %j in a sentence of its own", async (remedy, told) => {
    const policy = { onFailure: "retry", ...rules({ freezes: ["incident"] }) } as const;
    const failed = { ...failure, remedy, ways: ["retry"] } as const;
    const late = { kind: "failed", task, from: "4.2.1.8", failure: failed } as const;
    const { outcome } = await play({ looks: [late], policy, remembered: record("failed"), reopens: true });
    expect(outcome.error?.sentence).toContain(told);
  });
});
