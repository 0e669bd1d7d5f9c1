import { describe, expect, it } from "vitest";
import { type BackupRecord, backupHold, backupOfAll } from "../../../provider/core/control/backup";
import { ChangeControl } from "../../../provider/core/control/control";
import { Unreachable, UpgradeError } from "../../../provider/core/errors";
import { VirtualClock } from "../../support/virtual-clock";
import {
  failure,
  NO_RULES,
  type Played,
  play,
  record,
  type Script,
  type Stage,
  satisfied,
  succeeded,
  task,
  upgrade,
} from "../reconcile/scripted-driver";
import { approved, HOUR, rules } from "./holds";

const NOW = Date.UTC(2026, 0, 1);
const RULE = { maxAge: 24 * HOUR };
const WAIVED = { ...RULE, waive: "restored by hand" };

const finished = (hours: number, what?: string): BackupRecord => ({
  kind: "finished",
  at: NOW - hours * HOUR,
  ...(what === undefined ? {} : { what }),
});
const running: BackupRecord = { kind: "running", what: "tenant orders" };
const none: BackupRecord = { kind: "none" };
const unknown: BackupRecord = { kind: "unknown", reason: "the server is too old" };

describe("backupHold", () => {
  it.each<[BackupRecord, string | undefined, string | undefined]>([
    [finished(0), undefined, undefined],
    [finished(24), undefined, undefined],
    // The clocks of two machines may differ.
    [finished(-0.2), undefined, undefined],
    [finished(24.01), "the last backup is 24 h old, more than 24 h", undefined],
    [finished(49, "tenant orders"), "the last backup of tenant orders is 49 h old, more than 24 h", undefined],
    [
      finished(-8, "tenant orders"),
      "cannot verify that there is a backup: the last one of tenant orders ended 8 h in the future, so clocks or time zones differ",
      undefined,
    ],
    [running, "a backup of tenant orders is running", "a backup of tenant orders is running"],
    [none, "there is no backup", undefined],
    [unknown, "cannot verify that there is a backup: the server is too old", undefined],
  ])("for %o returns %s, and %s if the rule is waived", (record, held, waived) => {
    expect(backupHold(RULE, record, NOW)?.message).toBe(held);
    expect(backupHold(WAIVED, record, NOW)?.message).toBe(waived);
  });
});

describe("backupOfAll", () => {
  it.each<[string, BackupRecord[], BackupRecord]>([
    ["returns the oldest backup", [finished(1), finished(3), finished(2)], finished(3)],
    ["returns a running backup first", [none, unknown, finished(1), running], running],
    ["returns none if one part has none", [finished(1), unknown, none], none],
    ["returns unknown if one part is unknown", [finished(1), unknown], unknown],
    ["returns none without parts", [], none],
  ])("%s", (_, records, expected) => {
    expect(backupOfAll(records)).toEqual(expected);
  });
});

describe("a request whose backups were not read because of another hold", () => {
  const unit = { name: "orders", members: [], standing: "behind", at: "", from: "", ahead: [] } as const;
  const window = { from: "02:00", to: "03:00", timeZone: "UTC" };
  const driver = { title: "Orders", schedules: false, backups: async () => new Map([["orders", finished(0)]]) };

  it("is not sent when that hold ends until the backups are read", async () => {
    const clock = new VirtualClock(NOW);
    const control = new ChangeControl(driver, { ...NO_RULES, windows: [window], backup: RULE }, clock);
    await control.readBackups([unit]);
    await clock.sleep(2.5 * HOUR);
    expect(() => control.require([unit])).toThrow("the backups were not read yet");
    await control.readBackups([unit]);
    expect(() => control.require([unit])).not.toThrow();
  });
});

const noResponse = new Unreachable("No answer.", { sent: true, responded: true });

describe("reading backups", () => {
  const policy = rules({ backup: { maxAge: 24 * HOUR } });
  const finished = { kind: "finished", at: Date.UTC(2025, 11, 31, 20) } as const;
  const slowly = async ({ clock }: Stage) => {
    await clock.sleep(61_000);
    return finished;
  };
  it.each<[string, NonNullable<Script["backups"]>]>([
    ["more than a minute", [slowly]],
    ["many attempts", [...Array(60).fill(noResponse), slowly]],
  ])("that takes %s is followed by new reads of the system, but not of the backups", async (_, backups) => {
    const { outcome, journal } = await play({
      schedules: false,
      reads: [upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
      backups,
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(outcome.status).toBe("current");
    const steps = journal.filter((step, i) => step !== "backups" || journal[i - 1] !== "backups");
    expect(steps).toEqual(["read", "read", "backups", "read", "read", "start", "inspect 11", "read"]);
  });
});

describe.each(["retry", "rollback"] as const)("%s of a failed upgrade that was requested at 23:00", (operator) => {
  const at = (hour: number, minute = 0): BackupRecord => ({
    kind: "finished",
    at: Date.UTC(2025, 11, 31, hour, minute),
  });
  const failedPlan = { kind: "failed", task, from: "4.2.1.8", failure: { ...failure, operators: [operator] } } as const;
  const policy = { onFailure: operator, ...rules({ backup: { maxAge: HOUR } }) } as const;
  const script = { policy, remembered: record("failed"), reopens: true };
  const sent = ({ journal }: Played) => journal.filter((step) => step !== "read" && !step.startsWith("inspect"));

  it.each<[string, BackupRecord]>([
    ["an hour before it", at(22)],
    ["after it", at(23, 30)],
  ])("is sent with a backup that ended %s, regardless of its age now", async (_, backup) => {
    const inspections = [operator === "retry" ? succeeded : ({ kind: "rolled-back", ...failure } as const)];
    const reads = [({ clock }: Stage) => clock.sleep(48 * HOUR).then(() => failedPlan), satisfied];
    const played = await play({ ...script, reads, backups: [backup], inspections });
    expect(sent(played)).toEqual(["backups", `${operator} 11`]);
  });

  it.each<[string, BackupRecord | Error, string]>([
    [
      "too old when it was requested",
      at(21),
      "the last backup was 2 h old when the failed upgrade was requested, more than 1 h",
    ],
    ["missing", { kind: "none" }, "there is no backup"],
    ["running", { kind: "running" }, "a backup is running"],
    ["in the future", { kind: "finished", at: Date.UTC(2026, 0, 3) }, "cannot verify that there is a backup: the last"],
    ["not reported", { kind: "unknown", reason: "no database answers" }, "cannot verify that there is a backup: no"],
  ])("is held by a backup that is %s", async (_, backup, why) => {
    const played = await play({ ...script, reads: [failedPlan], backups: [backup] });
    expect(sent(played)).toEqual(["backups"]);
    expect(played.outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(played.outcome.error?.sentence).toContain(
      `${operator.toUpperCase()}, which \`onFailure\` requests, is held: ${why}`,
    );
  });

  it.each<[string, Error, string, number]>([
    ["gets no response for a minute", noResponse, "Orders database could not be read for 1 min: No answer", 60_000],
    ["is not permitted", new UpgradeError("unauthorized", "Not allowed."), "Not allowed", 0],
  ])("is held if the read of backups %s, and the failure is reported", async (_, error, why, least) => {
    const played = await play({ ...script, reads: [failedPlan], backups: [error] });
    expect(new Set(sent(played))).toEqual(new Set(["backups"]));
    expect(played.took).toBeGreaterThanOrEqual(least);
    expect(played.took).toBeLessThan(2 * 60_000);
    expect(played.outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(played.outcome.error?.sentence).toContain(`is held: cannot verify that there is a backup: ${why}. Take a`);
  });

  it("waits for a backup with onHeld wait, and logs the failure once before", async () => {
    const reads = [failedPlan, failedPlan, failedPlan, satisfied];
    const waiting = { ...policy, ...rules({ backup: { maxAge: HOUR }, onHeld: "wait" }) };
    const inspections = [operator === "retry" ? succeeded : ({ kind: "rolled-back", ...failure } as const)];
    const backups = [{ kind: "none" }, { kind: "none" }, at(23, 30)] as const;
    const played = await play({ ...script, policy: waiting, reads, backups, inspections });
    expect(sent(played)).toEqual(["backups", "backups", "backups", `${operator} 11`]);
    expect(played.warnings.filter((text) => text.includes("failed: stage 3/9 failed."))).toHaveLength(1);
    expect(played.took).toBeGreaterThanOrEqual(10 * 60_000);
  });

  it("is covered by an approval that expired after the request", async () => {
    const inspections = [operator === "retry" ? succeeded : ({ kind: "rolled-back", ...failure } as const)];
    const playApproved = (expiresAt: string) =>
      play({
        ...script,
        policy: { onFailure: operator, ...approved({ expiresAt }) },
        reads: [({ clock }) => clock.sleep(48 * HOUR).then(() => failedPlan), satisfied],
        inspections,
      });
    expect(sent(await playApproved("2026-01-01T00:00:00Z"))).toEqual([`${operator} 11`]);
    expect((await playApproved("2025-12-31T22:59:00Z")).outcome.error?.remedy).toContain(
      "the approval of the failed upgrade had expired on 2025-12-31T22:59:00Z, before it was requested. Restore",
    );
  });

  it("reads no backups while another hold applies", async () => {
    const frozen = { ...policy, ...rules({ backup: { maxAge: HOUR }, freezes: ["incident"] }) };
    expect(sent(await play({ ...script, policy: frozen, reads: [failedPlan], backups: [at(22)] }))).toEqual([]);
  });

  it("is sent once the rule is waived", async () => {
    const waived = { ...policy, ...rules({ backup: { maxAge: HOUR, waive: "a snapshot was taken" } }) };
    const inspections = [succeeded];
    const played = await play({
      ...script,
      policy: waived,
      reads: [failedPlan, satisfied],
      backups: [{ kind: "none" }],
      inspections,
    });
    expect(sent(played)).toContain(`${operator} 11`);
  });
});

describe("ROLLBACK of an upgrade that fails in this run", () => {
  it("is held by a backup that has started meanwhile", async () => {
    const operators = ["rollback"] as const;
    const { outcome, journal } = await play({
      schedules: false,
      reads: [upgrade(), upgrade(), { kind: "join", task, from: "4.2.1.8" }],
      starts: [task],
      inspections: [
        ({ clock }) => clock.sleep(60_000).then(() => ({ kind: "failed", ...failure, operators: operators })),
      ],
      backups: [{ kind: "finished", at: Date.UTC(2025, 11, 31, 23, 59) }, { kind: "running" }],
      policy: { onFailure: "rollback", ...rules({ backup: { maxAge: HOUR } }) },
      reopens: true,
    });
    expect(journal.filter((step) => step === "backups")).toHaveLength(2);
    expect(journal).not.toContain("rollback 11");
    expect(outcome).toMatchObject({ status: "failed", error: { code: "upgrade-failed" } });
    expect(outcome.error?.sentence).toContain("ROLLBACK, which `onFailure` requests, is held: a backup is running.");
  });
});
