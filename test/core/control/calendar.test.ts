import { describe, expect, it } from "vitest";
import {
  type Blackout,
  type Calendar,
  type ChangeWindow,
  calendarHold,
  nextFree,
} from "../../../provider/core/control/calendar";

const MINUTE = 60_000;
const weekend: ChangeWindow = {
  days: ["sat", "sun"],
  from: "02:00",
  to: "06:00",
  lastStart: "05:00",
  timeZone: "Asia/Shanghai",
};
const night: ChangeWindow = { from: "22:00", to: "02:00", timeZone: "Europe/Berlin" };
const yearEnd: Blackout = {
  from: "2026-12-20",
  to: "2027-01-05",
  timeZone: "Asia/Shanghai",
  reason: "year-end freeze",
};

function at(time: string, calendar: Partial<Calendar>) {
  return calendarHold({ windows: [], blackouts: [], ...calendar }, Date.parse(time));
}

describe("change windows", () => {
  it.each<[string, string, Partial<Calendar>, boolean]>([
    ["without any window", "2026-11-30T09:00:00Z", {}, true],
    ["before it opens", "2026-12-04T17:59:59Z", { windows: [weekend] }, false],
    ["as it opens", "2026-12-04T18:00:00Z", { windows: [weekend] }, true],
    ["before the last start", "2026-12-04T20:59:59Z", { windows: [weekend] }, true],
    ["at the last start", "2026-12-04T21:00:00Z", { windows: [weekend] }, false],
    ["on another day", "2026-12-06T18:30:00Z", { windows: [weekend] }, false],
    ["across midnight, before it", "2026-11-30T22:59:00Z", { windows: [night] }, true],
    ["across midnight, after it", "2026-11-30T23:30:00Z", { windows: [night] }, true],
    ["across midnight, at its end", "2026-12-01T01:00:00Z", { windows: [night] }, false],
    [
      "that begins on a day and ends on the next",
      "2026-12-05T00:30:00Z",
      { windows: [{ ...night, days: ["fri"] }] },
      true,
    ],
    [
      "that began on a day that is not named",
      "2026-12-06T00:30:00Z",
      { windows: [{ ...night, days: ["fri"] }] },
      false,
    ],
    ["of a whole day, at its last minute", "2026-12-05T22:59:00Z", { windows: [wholeDay()] }, true],
    ["of a whole day, on the next", "2026-12-05T23:00:00Z", { windows: [wholeDay()] }, false],
    ["in any of several windows", "2026-11-30T23:30:00Z", { windows: [weekend, night] }, true],
    ["with enough time left", "2026-12-04T20:00:00Z", { windows: [weekend], expect: 120 * MINUTE }, true],
    ["with too little time left", "2026-12-04T20:00:01Z", { windows: [weekend], expect: 120 * MINUTE }, false],
  ])("allow an upgrade to begin or not: %s at %s", (_, time, calendar, open) => {
    expect(at(time, calendar) === undefined).toBe(open);
  });

  function wholeDay(): ChangeWindow {
    return { days: ["sat"], from: "00:00", to: "24:00", timeZone: "Europe/Berlin" };
  }

  it("accept times with fractions of a millisecond", () => {
    const calendar = { windows: [weekend], blackouts: [] };
    expect(calendarHold(calendar, Date.parse("2026-12-04T18:00:00Z") + 0.25)).toBeUndefined();
    expect(calendarHold(calendar, Date.parse("2026-12-04T17:59:59Z") + 0.25)).toBeDefined();
    expect(nextFree(calendar, Date.parse("2026-12-04T17:59:59Z") + 0.25)).toBe(Date.parse("2026-12-04T18:00:00Z"));
  });

  it("report when the next one opens, in its own time zone", () => {
    expect(at("2026-11-30T09:00:00Z", { windows: [weekend] })).toEqual({
      code: "window",
      message: "window opens Sat 2026-12-05 02:00 (Asia/Shanghai)",
      until: "2026-12-04T18:00:00.000Z",
    });
  });

  it("report why an open one cannot be used", () => {
    expect(at("2026-12-04T21:05:00Z", { windows: [weekend] })?.message).toBe(
      "too late to begin in this window (last start 05:00); window opens Sun 2026-12-06 02:00 (Asia/Shanghai)",
    );
    expect(at("2026-12-04T20:30:00Z", { windows: [weekend], expect: 120 * MINUTE })?.message).toBe(
      "not enough time left in this window, which ends 06:00; window opens Sun 2026-12-06 02:00 (Asia/Shanghai)",
    );
  });
});

describe("daylight saving time", () => {
  const early: ChangeWindow = { from: "02:30", to: "04:00", timeZone: "Europe/Berlin" };

  it("in spring moves a skipped time forward", () => {
    expect(at("2026-03-29T01:29:00Z", { windows: [early] })).toMatchObject({ until: "2026-03-29T01:30:00.000Z" });
    expect(at("2026-03-29T01:30:00Z", { windows: [early] })).toBeUndefined();
    expect(at("2026-03-29T02:00:00Z", { windows: [early] })).toBeDefined();
  });

  it("in autumn uses the first of two equal times", () => {
    expect(at("2026-10-25T00:29:00Z", { windows: [early] })).toMatchObject({ until: "2026-10-25T00:30:00.000Z" });
    // 02:30 for the second time, and still inside.
    expect(at("2026-10-25T01:30:00Z", { windows: [early] })).toBeUndefined();
    expect(at("2026-10-25T03:00:00Z", { windows: [early] })).toBeDefined();
  });

  it("keeps a window at its local time", () => {
    const morning: ChangeWindow = { from: "06:00", to: "07:00", timeZone: "America/New_York" };
    expect(at("2026-03-07T11:30:00Z", { windows: [morning] })).toBeUndefined();
    expect(at("2026-03-08T10:30:00Z", { windows: [morning] })).toBeUndefined();
    expect(at("2026-03-08T11:30:00Z", { windows: [morning] })).toBeDefined();
  });
});

describe("blackouts", () => {
  it.each<[string, string, Blackout, boolean]>([
    ["begin at midnight of their zone", "2026-12-19T16:00:00Z", yearEnd, false],
    ["do not apply a second earlier", "2026-12-19T15:59:59Z", yearEnd, true],
    ["include the last date", "2027-01-05T15:59:59Z", yearEnd, false],
    ["end with it", "2027-01-05T16:00:00Z", yearEnd, true],
    [
      "end at a time, exclusively",
      "2026-12-20T18:00:00Z",
      { ...yearEnd, to: "2026-12-20T18:00", timeZone: "UTC" },
      true,
    ],
    ["accept offsets", "2026-12-20T09:59:59Z", { ...yearEnd, to: "2026-12-20T18:00+08:00" }, false],
    ["are UTC without a zone", "2026-12-19T23:59:59Z", { from: "2026-12-20", to: "2026-12-21", reason: "x" }, true],
  ])("%s", (_, time, blackout, free) => {
    expect(at(time, { blackouts: [blackout] }) === undefined).toBe(free);
  });

  it("take precedence over windows, and end when a window opens again", () => {
    expect(at("2026-12-25T18:30:00Z", { windows: [weekend], blackouts: [yearEnd] })).toEqual({
      code: "blackout",
      message: "blackout until Wed 2027-01-06 00:00 (Asia/Shanghai): year-end freeze",
      until: "2027-01-08T18:00:00.000Z",
    });
  });

  it("are skipped when finding the next opening", () => {
    const calendar = { windows: [weekend], blackouts: [yearEnd] };
    expect(nextFree(calendar, Date.parse("2026-12-19T00:00:00Z"))).toBe(Date.parse("2027-01-08T18:00:00Z"));
  });
});

describe("every hour of two years", () => {
  it.each<[string, Calendar]>([
    ["a weekend in Shanghai", { windows: [weekend], blackouts: [yearEnd], expect: 50 * MINUTE }],
    ["nights in Berlin", { windows: [night], blackouts: [] }],
    [
      "an early hour in New York",
      { windows: [{ from: "01:30", to: "03:00", timeZone: "America/New_York" }], blackouts: [] },
    ],
    [
      "half an hour in Lord Howe",
      { windows: [{ from: "01:45", to: "02:45", timeZone: "Australia/Lord_Howe" }], blackouts: [] },
    ],
  ])("%s: a hold ends at its `until`, and not a minute earlier", (_, calendar) => {
    const from = Date.parse("2026-01-01T00:00:00Z");
    for (let hour = 0; hour < 2 * 366 * 24; hour += 211) {
      const hold = calendarHold(calendar, from + hour * 60 * MINUTE);
      if (hold === undefined) continue;
      const until = Date.parse(hold.until ?? "");
      expect(calendarHold(calendar, until), hold.until).toBeUndefined();
      expect(calendarHold(calendar, until - MINUTE), hold.until).toBeDefined();
    }
  });
});
