import { describe, expect, it } from "vitest";
import { type BackupRecord, backupHold, backupOfAll } from "../../../provider/core/control/backup";
import { ChangeControl, NO_RULES } from "../../../provider/core/control/control";
import { VirtualClock } from "../../support/virtual-clock";

const HOUR = 3_600_000;
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

describe("what the record of a backup says of an upgrade", () => {
  it.each<[BackupRecord, string | undefined, string | undefined]>([
    [finished(0), undefined, undefined],
    [finished(24), undefined, undefined],
    // The clocks of two machines.
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
  ])("%o: held with %s, where it is waived with %s", (record, held, waived) => {
    expect(backupHold(RULE, record, NOW)?.message).toBe(held);
    expect(backupHold(WAIVED, record, NOW)?.message).toBe(waived);
  });
});

describe("the backups of several parts together", () => {
  it.each<[string, BackupRecord[], BackupRecord]>([
    ["are as old as the oldest", [finished(1), finished(3), finished(2)], finished(3)],
    ["are running while one is, which nothing waives", [none, unknown, finished(1), running], running],
    ["are none where one part has none", [finished(1), unknown, none], none],
    ["are unknown where one part is", [finished(1), unknown], unknown],
    ["are none without parts", [], none],
  ])("%s", (_, records, expected) => {
    expect(backupOfAll(records)).toEqual(expected);
  });
});

describe("a request whose backups were not read, because something else held it then", () => {
  const unit = { name: "orders", members: [], standing: "behind", at: "", from: "", ahead: [] } as const;
  const window = { from: "02:00", to: "03:00", timeZone: "UTC" };
  const driver = { title: "Orders", schedules: false, backups: async () => new Map([["orders", finished(0)]]) };

  it("must not leave when that hold ends, until they are read", async () => {
    const clock = new VirtualClock(NOW);
    const control = new ChangeControl(driver, { ...NO_RULES, windows: [window], backup: RULE }, clock);
    await control.readBackups([unit]);
    await clock.sleep(2.5 * HOUR);
    expect(() => control.require([unit])).toThrow("the backups were not read yet");
    await control.readBackups([unit]);
    expect(() => control.require([unit])).not.toThrow();
  });
});
