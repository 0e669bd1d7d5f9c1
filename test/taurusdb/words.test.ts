import { describe, expect, it } from "vitest";
import { conditionOf } from "../../provider/taurusdb/schema";
import { nextWindow, windowOf } from "../../provider/taurusdb/tasks";

describe("the state of an instance", () => {
  it.each([
    ["ACTIVE", "ready"],
    ["normal", "ready"],
    ["NORMAL", "ready"],
    ["BUILD", "busy"],
    ["creating", "busy"],
    ["MODIFYING", "busy"],
    ["REBOOTING", "busy"],
    ["BACKING UP", "busy"],
    ["MODIFYING DATABASE PORT", "busy"],
    ["Upgrading minor version", "busy"],
    ["FAILED", "broken"],
    ["FROZEN", "broken"],
    ["STORAGE FULL", "broken"],
    ["abnormal", "broken"],
    ["createfail", "broken"],
  ])("%s is %s", (status, condition) => {
    expect(conditionOf(status)).toBe(condition);
  });
});

describe("maintenance windows", () => {
  const at = (hour: number) => Date.UTC(2026, 0, 10, hour);
  const day = (date: number, hour: number) => new Date(Date.UTC(2026, 0, date, hour)).toISOString();

  it.each([
    ["18:00-22:00", 12, day(10, 18), day(10, 22)],
    ["18:00-22:00", 19, day(10, 18), day(10, 22)],
    ["18:00-22:00", 22, day(11, 18), day(11, 22)],
    ["22:00-02:00", 1, day(9, 22), day(10, 2)],
    ["22:00-02:00", 3, day(10, 22), day(11, 2)],
    ["18:00", 12, day(10, 18), day(10, 22)],
  ])("%s, seen at %i o'clock", (daily, hour, opens, closes) => {
    expect(nextWindow(daily, at(hour))).toEqual({ opens, closes });
  });

  it.each(["", "-", "tonight"])("are none where nothing is said: %j", (daily) => {
    expect(nextWindow(daily, at(0))).toBeUndefined();
  });

  it("are those of a scheduled task", () => {
    const row = { start_time: "2026-01-10T18:00:00+0000", end_time: "2026-01-10T22:00:00+0000" };
    expect(windowOf(row)).toEqual({ opens: day(10, 18), closes: day(10, 22) });
    expect(windowOf({ ...row, end_time: "" })).toEqual({ opens: day(10, 18), closes: day(10, 22) });
    expect(windowOf({ start_time: "", end_time: "" })).toBeUndefined();
  });
});
