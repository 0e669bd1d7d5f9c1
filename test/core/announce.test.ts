import { describe, expect, it } from "vitest";
import { announce } from "../../provider/core/announce";
import type { BackupRecord } from "../../provider/core/control/backup";
import type { Plan } from "../../provider/core/decision/plan";
import type { Driver } from "../../provider/core/driver";
import type { UpgradeRecord } from "../../provider/core/outcome";
import type { Policy } from "../../provider/core/policy";
import type { Failure, TaskStatus } from "../../provider/core/task";
import type { View } from "../../provider/core/unit";
import { VirtualClock } from "../support/virtual-clock";
import { NO_RULES } from "./reconcile/scripted-driver";

const clock = new VirtualClock();
const task = { id: "13", kind: "OB rolling upgrade", to: "4.3.5.2-9" };
const NAME = "upgrade 13 (OB rolling upgrade to 4.3.5.2-9)";
const AT = "stage 2/9: Download all required packages";
const window = { opens: "2026-01-01T18:00:00Z", closes: "2026-01-01T22:00:00Z" };
const VIEW: View = {
  units: [{ name: "fake", members: [], standing: "behind", at: "1", from: "1", ahead: [] }],
  absent: [],
};
const upgrade = { from: "1", route: "1 → 2", how: "at once", findings: [] };

const record = (change: Partial<UpgradeRecord> = {}): UpgradeRecord => ({
  task: "13",
  kind: "OB rolling upgrade",
  from: "4.2.1.8-7",
  to: "4.3.5.2-9",
  startedAt: "2026-01-01T00:00:00Z",
  state: "failed",
  ...change,
});
const failed = (operators?: Failure["operators"]): Plan => ({
  kind: "failed",
  task,
  from: "4.2.1.8-7",
  failure: { message: "broken.", remedy: "Fix it.", at: AT, ...(operators === undefined ? {} : { operators }) },
});

function announcedFor(
  plan: Plan,
  onFailure: Policy["onFailure"],
  remembered?: UpgradeRecord,
  more: Partial<Driver> = {},
) {
  const driver = {
    title: "Fake",
    schedules: false,
    reachesTarget: () => true,
    reopen: async () => undefined,
    inspect: async () => DEFERRED,
    ...more,
  };
  return announce(driver, { plan, view: VIEW }, { onFailure, changes: NO_RULES }, { clock, wall: clock }, remembered);
}

const DEFERRED: TaskStatus = { kind: "scheduled", window };
const RETRY = `will retry ${NAME}, failed at ${AT}`;
const ROLLBACK = `will roll back ${NAME}, failed at ${AT}; the run will then fail`;
const NOT_OURS = `${NAME} was not started by this resource, so \`onFailure\` does not apply to it. Fix it.`;

describe("preview of a failed upgrade", () => {
  it.each<[string, Plan, Policy["onFailure"], UpgradeRecord | undefined, string[]]>([
    ["started by this resource", failed(["retry", "rollback"]), "retry", record(), [RETRY]],
    ["started by this resource", failed(["retry", "rollback"]), "rollback", record(), [ROLLBACK]],
    ["started by this resource", failed(["retry", "rollback"]), "report", record(), []],
    [
      "started by this resource, response lost",
      failed(["retry"]),
      "retry",
      record({ task: "unknown", state: "unknown" }),
      [RETRY],
    ],
    [
      "started by this resource, can no longer be rolled back",
      failed(["retry"]),
      "rollback",
      record(),
      [`${NAME} can no longer be rolled back; nothing will be sent. Fix it.`],
    ],
    [
      "started by this resource, operators not reported",
      failed(),
      "retry",
      record(),
      [`cannot determine whether ${NAME} can be retried; nothing will be sent. Fix it.`],
    ],
    ["joined", failed(["retry", "rollback"]), "retry", record({ joined: true }), [NOT_OURS]],
    ["the state records another task", failed(["retry", "rollback"]), "retry", record({ task: "12" }), [NOT_OURS]],
    ["no record in the state", failed(["retry", "rollback"]), "rollback", undefined, [NOT_OURS]],
  ])("announces what the run will send: %s (%j, onFailure %s)", async (_, plan, onFailure, remembered, expected) => {
    expect((await announcedFor(plan, onFailure, remembered)).map(({ message }) => message)).toEqual(expected);
  });

  it.each<[string, BackupRecord, string, ("report" | "wait")?]>([
    ["no backup", { kind: "none" }, `${NAME} will not be retried now, held: there is no backup`],
    ["a backup from before it", { kind: "finished", at: Date.UTC(2025, 11, 31, 23) }, RETRY],
    [
      "no backup and onHeld wait",
      { kind: "none" },
      `${NAME} will be retried when the hold ends: there is no backup`,
      "wait",
    ],
  ])("checks the backup rule for RETRY: %s", async (_, backup, expected, onHeld = "report") => {
    const changes = { ...NO_RULES, backup: { maxAge: 3_600_000 }, onHeld };
    const backups = async () => new Map([["fake", backup]]);
    const driver = {
      title: "Fake",
      schedules: false,
      reachesTarget: () => true,
      reopen: async () => undefined,
      backups,
    };
    const late = new VirtualClock(Date.UTC(2026, 0, 3));
    const seen = { plan: failed(["retry"]), view: VIEW };
    const policy = { onFailure: "retry", changes } as const;
    expect(await announce(driver, seen, policy, { clock: late, wall: late }, record())).toEqual([
      { message: expected },
    ]);
  });

  it.each([
    ["started by this resource, does not reach the target version", record({ state: "running" }), false, true],
    ["started by this resource, reaches the target version", record({ state: "running" }), true, false],
    ["not started by this resource", record({ state: "running", task: "12" }), false, false],
  ])(
    "announces a second request after an upgrade in progress only if needed: %s",
    async (_, remembered, reaches, announced) => {
      const announcements = await announcedFor({ kind: "join", task, from: "1" }, "report", remembered, {
        reachesTarget: () => reaches,
      });
      expect(announcements.map(({ message }) => message)).toEqual(
        announced ? [`then requests another upgrade, because ${NAME} does not reach the target version`] : [],
      );
    },
  );

  it("announces nothing if the vendor has no operators", async () => {
    expect(
      await announce(
        { title: "Fake", schedules: false, reachesTarget: () => true, inspect: async () => DEFERRED },
        { plan: failed(), view: VIEW },
        { onFailure: "retry", changes: NO_RULES },
        { clock, wall: clock },
        record(),
      ),
    ).toEqual([]);
  });
});

describe("preview of a scheduled upgrade", () => {
  const ours = record({ state: "deferred" });
  const cancel: Plan = { kind: "cancel", task, window, upgrade };

  it.each<[string, Plan, UpgradeRecord | undefined, TaskStatus, RegExp[]]>([
    [
      "blocks the new upgrade, scheduled by this resource",
      cancel,
      ours,
      DEFERRED,
      [/^will cancel scheduled upgrade 13 .* before the upgrade/],
    ],
    [
      "blocks the new upgrade, joined",
      cancel,
      record({ state: "deferred", joined: true }),
      DEFERRED,
      [/^will not start: /],
    ],
    [
      "blocks the new upgrade, scheduled by another resource",
      cancel,
      undefined,
      DEFERRED,
      [/^will not start: .*did not schedule/],
    ],
    ["is no longer needed", { kind: "satisfied", at: "2" }, ours, DEFERRED, [/^will cancel scheduled upgrade 13/]],
    [
      "is older than the current version",
      { kind: "newer", at: "3", members: ["a"] },
      ours,
      DEFERRED,
      [/^will cancel scheduled upgrade 13/],
    ],
    ["has started", { kind: "satisfied", at: "2" }, ours, { kind: "running", message: "" }, []],
    [
      "is no longer needed, joined",
      { kind: "satisfied", at: "2" },
      record({ state: "deferred", joined: true }),
      DEFERRED,
      [/^upgrade 13 .* is scheduled .* did not schedule it and does not need it, so it is not canceled\.$/],
    ],
    [
      "is no longer needed, already succeeded",
      { kind: "satisfied", at: "2" },
      record({ state: "succeeded" }),
      DEFERRED,
      [],
    ],
    ["is still needed", { kind: "scheduled", task, window, from: "1" }, ours, DEFERRED, []],
  ])("announces its cancellation where required: it %s", async (_, plan, remembered, status, expected) => {
    const messages = (await announcedFor(plan, "report", remembered, { inspect: async () => status })).map(
      (one) => one.message,
    );
    expect(messages).toEqual(expected.map((text) => expect.stringMatching(text)));
  });
});
