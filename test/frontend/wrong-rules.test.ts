import { describe, expect, it } from "vitest";
import { heldStage as stage } from "./fake-lifecycle";

describe("wrong rules fail the check, by name and with a right value", () => {
  const window = { from: "02:00", to: "06:00", timeZone: "UTC" };
  const blackout = { from: "2026-12-20", to: "2027-01-05", reason: "freeze" };
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ["unknown zone", { windows: [{ ...window, timeZone: "Mars/Base" }] }, "windows.0.timeZone", /IANA.*Asia\/Shanghai/],
    ["an abbreviation as zone", { windows: [{ ...window, timeZone: "CST" }] }, "windows.0.timeZone", /IANA/],
    ["the same in a blackout", { blackouts: [{ ...blackout, timeZone: "IST" }] }, "blackouts.0.timeZone", /IANA/],
    [
      "a zone in a date",
      { blackouts: [{ ...blackout, from: "2026-12-20T18:00[Asia/Shanghai]" }] },
      "blackouts.0.from",
      /T18:00/,
    ],
    ["half an offset", { blackouts: [{ ...blackout, from: "2026-12-20T18:00-08" }] }, "blackouts.0.from", /T18:00/],
    ["a date without dashes", { blackouts: [{ ...blackout, to: "20261221" }] }, "blackouts.0.to", /2027-01-05/],
    [
      "an end of an approval that is no time",
      {
        approval: {
          formatVersion: 1,
          approvals: {
            u: {
              a: {
                from: "",
                to: "",
                how: "",
                digest: "",
                approvedAt: "2026-01-01T00:00:00Z",
                approvedBy: "",
                expiresAt: "31.12.2026",
              },
            },
          },
        },
      },
      "approval.approvals.u.a.expiresAt",
      /2026-12-04T10:00:00Z/,
    ],
    ["an offset as zone", { windows: [{ ...window, timeZone: "+08:00" }] }, "windows.0.timeZone", /IANA/],
    ["no zone", { windows: [{ from: "02:00", to: "06:00" }] }, "windows.0.timeZone", /IANA/],
    [
      "to before from",
      { windows: [{ ...window, from: "06:00", to: "02:00" }] },
      "windows.0.to",
      /overnight.*"22:00" to "02:00"/,
    ],
    ["to is from", { windows: [{ ...window, to: "02:00" }] }, "windows.0.to", /empty.*"00:00" to "24:00"/],
    ["overnight on one day", { windows: [{ ...window, overnight: true }] }, "windows.0.overnight", /same day/],
    ["no window", { windows: [] }, "windows", /must not be empty.*"from": "02:00"/],
    ["a time with one digit", { windows: [{ ...window, from: "2:00" }] }, "windows.0.from", /two digits.*"02:00"/],
    ["a time past midnight", { windows: [{ ...window, to: "25:00" }] }, "windows.0.to", /"06:00"/],
    [
      "last start outside",
      { windows: [{ ...window, lastStart: "07:00" }] },
      "windows.0.lastStart",
      /after `from` \(02:00\)/,
    ],
    ["last start as it opens", { windows: [{ ...window, lastStart: "02:00" }] }, "windows.0.lastStart", /after `from`/],
    ["no day", { windows: [{ ...window, days: [] }] }, "windows.0.days", /\["sat"\]/],
    ["a day in full", { windows: [{ ...window, days: ["saturday"] }] }, "windows.0.days.0", /"sat"/],
    ["a misspelt name", { windows: [{ ...window, timezone: "UTC" }] }, "windows.0", /`timezone`/],
    ["one window, no list", { windows: window }, "windows", /list of windows.*\[\{/],
    [
      "overlapping blackouts",
      { blackouts: [blackout, { ...blackout, from: "2027-01-05" }] },
      "blackouts",
      /overlap: 2026-12-20 to 2027-01-05 and/,
    ],
    [
      "a blackout that ends first",
      { blackouts: [{ ...blackout, to: "2026-12-19" }] },
      "blackouts.0.to",
      /after `from` \(2026-12-20\)/,
    ],
    ["no date", { blackouts: [{ ...blackout, from: "Christmas" }] }, "blackouts.0.from", /2026-12-20/],
    [
      "a day that does not exist",
      { blackouts: [{ ...blackout, from: "2026-02-30" }] },
      "blackouts.0.from",
      /2026-12-20/,
    ],
    ["no reason", { blackouts: [{ ...blackout, reason: "" }] }, "blackouts.0.reason", /must not be empty/],
    ["no time expected", { expect: "0m" }, "expect", /above zero.*"50m"/],
    ["more than any window", { windows: [window], expect: "5h" }, "expect", /longer than every window/],
    ["no age", { backup: { maxAge: "0h" } }, "backup.maxAge", /above zero.*"24h"/],
    ["a waiver without a reason", { backup: { maxAge: "24h", waive: "" } }, "backup.waive", /must be the reason why/],
    [
      "a later file of approvals",
      { approval: { formatVersion: 2, approvals: {} } },
      "approval.formatVersion",
      /must be 1.*Write it again with this version/,
    ],
    ["no file of approvals", { approval: "approved.json" }, "approval", /`pulumi-dbversion approve`/],
    ["an unknown way", { onHeld: "skip" }, "onHeld", /"report", "wait" or "fail"/],
  ])("%s", async (_, args, property, reason) => {
    const { lifecycle, inputs, world } = stage();
    const { failures } = await lifecycle.check({}, inputs(args));
    expect(failures).toEqual([{ property, reason: expect.stringMatching(reason) }]);
    expect(world.looks).toBe(0);
  });
});
