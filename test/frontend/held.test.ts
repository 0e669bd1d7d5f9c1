import { describe, expect, it } from "vitest";
import type { FakeWorld } from "./fake-kind";
import { stage as anyStage, URN } from "./fake-lifecycle";

/** The clock of these tests begins on Thursday, 2026-01-01 00:00 UTC. */
const windows = [{ from: "02:00", to: "06:00", timeZone: "UTC" }];
const HOUR = 3_600_000;

const stage = (change: Partial<FakeWorld> = {}) => anyStage({ schedules: false, ...change });

function plansOf(properties: Record<string, unknown>): Record<string, Record<string, string>> {
  // As the provider has written it.
  return properties["__plan"] as Record<string, Record<string, string>>;
}

function approvalOf(plan: Record<string, string> | undefined, change: Record<string, string> = {}) {
  const approval = { ...plan, approvedAt: "2025-12-31T12:00:00Z", approvedBy: "Anna", ...change };
  return { formatVersion: 1, approvals: { [URN]: { "server-1": approval } } };
}

describe("a preview of what is held", () => {
  it("shows the plan and the hold on one line, and writes nothing", async () => {
    const { lifecycle, inputs, said, world } = stage();
    expect((await lifecycle.check({}, inputs({ windows }))).failures).toEqual([]);
    expect(said()).toEqual(["INFO 1.0 → 2.0, at once · held: window opens Thu 2026-01-01 02:00 (UTC)"]);
    expect(world.starts).toBe(0);
  });

  it("takes rules of the stack", async () => {
    const { lifecycle, inputs, said } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    await lifecycle.check({}, inputs());
    expect(said().join()).toContain("held: window opens");
  });

  it("has the freeze of the stack in addition to that of the resource", async () => {
    for (const freeze of [undefined, "", "mine"]) {
      const { lifecycle, inputs, said } = stage();
      await lifecycle.configure({
        config: { get: (key) => (key === "dbversion:freeze" ? "incident 4711" : undefined) },
      });
      await lifecycle.check({}, inputs({ freeze }));
      expect(said().join()).toContain(freeze === "mine" ? "frozen: mine" : "frozen: incident 4711");
    }
  });

  it("has the windows of the resource in the place of those of the stack", async () => {
    const { lifecycle, inputs, said } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    await lifecycle.check({}, inputs({ windows: [{ from: "00:00", to: "06:00", timeZone: "UTC" }] }));
    expect(said()).toEqual(["INFO 1.0 → 2.0, at once"]);
  });

  it("fails where no window of the stack is long enough", async () => {
    const { lifecycle, inputs } = stage();
    const config: Record<string, string> = { "dbversion:windows": JSON.stringify(windows) };
    await lifecycle.configure({ config: { get: (key) => config[key] } });
    const { failures } = await lifecycle.check({}, inputs({ expect: "5h" }));
    expect(failures).toEqual([{ property: "expect", reason: expect.stringContaining("config `dbversion:windows`") }]);
  });

  it.each([
    ["no JSON", "sat", "config `dbversion:windows` must be a list of windows"],
    ["a wrong zone", '[{"from":"02:00","to":"06:00","timeZone":"Shanghai"}]', "is not an IANA time zone"],
  ])("fails for rules of the stack that are %s", async (_, text, reason) => {
    const { lifecycle, inputs, world } = stage();
    await lifecycle.configure({ config: { get: (key) => (key === "dbversion:windows" ? text : undefined) } });
    const { failures } = await lifecycle.check({}, inputs());
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining(reason) }]);
    expect(world.looks).toBe(0);
  });
});

describe("a resource that is held", () => {
  async function held(args: Record<string, unknown>, change: Partial<FakeWorld> = {}) {
    const staged = stage(change);
    const inputs = staged.inputs(args);
    const { outs } = await staged.lifecycle.create(inputs);
    return { ...staged, args, before: outs };
  }

  it("says so in its outputs, and the run has not failed", async () => {
    const { before, world, said } = await held({ windows });
    expect(before).toMatchObject({
      status: "held",
      currentVersion: "1.0",
      heldBy: {
        code: "window",
        message: "window opens Thu 2026-01-01 02:00 (UTC)",
        until: "2026-01-01T02:00:00.000Z",
      },
    });
    expect(before).not.toHaveProperty("lastUpgrade");
    expect(said().filter((line) => line.startsWith("WARNING"))).toEqual([
      "WARNING Fake at server-1: the upgrade is held: window opens Thu 2026-01-01 02:00 (UTC). It was not requested. Run `pulumi up` again then. [held]",
    ]);
    expect(world.starts).toBe(0);
  });

  it.each([
    ["clock", { windows }],
    ["freeze", { freeze: "incident" }],
  ])("asks for no change and no request while the %s holds it", async (_, args) => {
    const { lifecycle, inputs, before, world, said } = await held(args);
    const [looks, lines] = [world.looks, said().length];
    expect(await lifecycle.check(inputs(args), inputs(args))).toMatchObject({ failures: [] });
    expect(await lifecycle.diff("x", before, inputs(args))).toEqual({ changes: false, replaces: [] });
    expect([world.looks, said().length]).toEqual([looks, lines]);
  });

  it("asks for a change once the window is open, and is upgraded by it", async () => {
    const { lifecycle, inputs, before, world, clock } = await held({ windows });
    await clock.sleep(2 * HOUR);
    expect(await lifecycle.diff("x", before, inputs({ windows }))).toMatchObject({ changes: true });
    const { outs } = await lifecycle.update("x", before, inputs({ windows }));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(outs).not.toHaveProperty("heldBy");
    expect(world.starts).toBe(1);
  });

  it.each(["wait", "fail"])("asks for a change when the run is to %s now", async (onHeld) => {
    const { lifecycle, inputs, before } = await held({ windows });
    expect(await lifecycle.diff("x", before, inputs({ windows, onHeld }))).toMatchObject({ changes: true });
  });

  it("is judged by the wall clock, which goes on while the machine sleeps", async () => {
    const { lifecycle, inputs, world, clock } = stage();
    const now = clock.now.bind(clock);
    let slept = 0;
    clock.now = () => now() + slept;
    // The window is open at the first read, and over at the second.
    world.delay = async () => {
      if (world.looks > 1) slept = 8 * HOUR;
    };
    const { outs } = await lifecycle.create(inputs({ windows: [{ from: "00:00", to: "06:00", timeZone: "UTC" }] }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "window" } });
    expect(world.starts).toBe(0);
  });

  it("says what is to be approved, also when the clock holds it", async () => {
    const { lifecycle, inputs, before, world } = await held({ windows });
    const news = inputs({ windows, approval: { formatVersion: 1, approvals: {} } });
    expect(await lifecycle.diff("x", before, news)).toMatchObject({ changes: true });
    const { outs } = await lifecycle.update("x", before, news);
    expect(Object.keys(plansOf(outs))).toEqual(["server-1"]);
    const looks = world.looks;
    expect(await lifecycle.diff("x", outs, news)).toMatchObject({ changes: false });
    expect(world.looks).toBe(looks);
  });

  it("asks for a change once its rules are lifted", async () => {
    const { lifecycle, inputs, before } = await held({ freeze: "incident" });
    expect(await lifecycle.diff("x", before, inputs())).toMatchObject({ changes: true });
  });

  it("is read while an upgrade of it may still run", async () => {
    const { lifecycle, inputs, before, world } = await held({ windows });
    const lastUpgrade = {
      task: "11",
      kind: "k",
      from: "1.0",
      to: "2.0",
      startedAt: "2025-12-31T23:59:00Z",
      state: "running",
    };
    const looks = world.looks;
    await lifecycle.diff("x", { ...before, lastUpgrade }, inputs({ windows }));
    expect(world.looks).toBeGreaterThan(looks);
  });

  it("is told by a refresh, with the hold as it is now", async () => {
    const { lifecycle, before, clock, said } = await held({ windows });
    await clock.sleep(HOUR);
    const { props } = await lifecycle.read("x", before);
    expect(props).toMatchObject({ status: "held", heldBy: { code: "window" } });
    expect(said().at(-1)).toBe("INFO 1.0 → 2.0, at once · held: window opens Thu 2026-01-01 02:00 (UTC)");
    await clock.sleep(HOUR);
    const later = await lifecycle.read("x", before);
    expect(later.props).toMatchObject({ status: "behind" });
    expect(later.props).not.toHaveProperty("heldBy");
  });

  it("that is up to date is not changed by its rules", async () => {
    const { lifecycle, inputs, before, world } = await held({}, { version: "2.0" });
    expect(before).toMatchObject({ status: "current" });
    const looks = world.looks;
    const news = inputs({ windows, freeze: "incident", onHeld: "fail" });
    await lifecycle.check(inputs(), news);
    expect(await lifecycle.diff("x", before, news)).toEqual({ changes: false, replaces: [] });
    expect(world.looks).toBe(looks);
  });
});

describe("an approval", () => {
  const empty = { formatVersion: 1, approvals: {} };

  it("is made of what a check adds to the inputs, and of what a held resource keeps", async () => {
    const { lifecycle, inputs } = stage();
    const checked = await lifecycle.check({}, inputs({ approval: empty }));
    const plan = { from: "1.0", to: "2.0", how: "1.0 → 2.0, at once", digest: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(plansOf(checked.inputs)).toEqual({ "server-1": plan });
    const { outs } = await lifecycle.create(inputs({ approval: empty }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "approval" } });
    expect(plansOf(outs)).toEqual(plansOf(checked.inputs));
  });

  it("is not asked for where the argument is not given", async () => {
    const { lifecycle, inputs } = stage();
    expect((await lifecycle.check({}, inputs())).inputs).toEqual(inputs());
  });

  it("lets exactly this plan begin, and is used up then", async () => {
    const { lifecycle, inputs, world } = stage();
    const approval = approvalOf(plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"]);
    const first = await lifecycle.create(inputs({ approval }));
    expect(first.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(1);
    // Somebody restores the old version: the approval does not serve again.
    world.version = "1.0";
    const { props } = await lifecycle.read("x", first.outs);
    const news = inputs({ approval });
    expect(props).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    const second = await lifecycle.update("x", { ...props }, news);
    expect(second.outs).toMatchObject({ status: "held" });
    expect(world.starts).toBe(1);
    // Given again it does.
    const again = approvalOf(plansOf(second.outs)["server-1"], { approvedAt: "2026-01-01T00:00:00Z" });
    expect(await lifecycle.diff("x", second.outs, inputs({ approval: again }))).toMatchObject({ changes: true });
    expect((await lifecycle.update("x", second.outs, inputs({ approval: again }))).outs).toMatchObject({
      status: "current",
    });
    expect(world.starts).toBe(2);
  });

  it("is not used up before its version is reached", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    // Approved before the program asks for it.
    const { outs } = await lifecycle.create(inputs({ version: "1.0", approval: approvalOf(plan) }));
    expect(outs).toMatchObject({ status: "current" });
    const raised = await lifecycle.update("x", outs, inputs({ approval: approvalOf(plan) }));
    expect(raised.outs).toMatchObject({ status: "current", currentVersion: "2.0" });
    expect(world.starts).toBe(1);
  });

  it("stays used when the program goes without approvals for a while", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const approved = inputs({ approval: approvalOf(plan) });
    let { outs } = await lifecycle.create(approved);
    ({ outs } = await lifecycle.update("x", outs, inputs()));
    world.version = "1.0";
    ({ outs } = await lifecycle.update("x", outs, approved));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    expect(world.starts).toBe(1);
  });

  it("of another plan holds, with both lines", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    world.version = "1.5";
    const { outs } = await lifecycle.create(inputs({ approval: approvalOf(plan) }));
    expect(outs["heldBy"]).toMatchObject({
      message: expect.stringMatching(/1\.5 → 2\.0.*approved by Anna.*1\.0 → 2\.0/),
    });
    expect(world.starts).toBe(0);
  });

  it("for another resource is none", async () => {
    const { lifecycle, inputs } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const { approvals, ...rest } = approvalOf(plan);
    const approval = { ...rest, approvals: { [`${URN}-2`]: approvals[URN] } };
    expect((await lifecycle.create(inputs({ approval }))).outs).toMatchObject({ status: "held" });
  });
});

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
    ["a waiver without a reason", { backup: { maxAge: "24h", waive: "" } }, "backup.waive", /must say why/],
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
