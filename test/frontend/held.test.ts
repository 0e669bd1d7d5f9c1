import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import type { FakeWorld } from "./fake-kind";
import { plansOf, heldStage as stage } from "./fake-lifecycle";

/** The clock of these tests begins on Thursday, 2026-01-01 00:00 UTC. */
const windows = [{ from: "02:00", to: "06:00", timeZone: "UTC" }];
const HOUR = 3_600_000;

describe("a preview of what is held", () => {
  it("shows the plan and the hold on one line, and writes nothing", async () => {
    const { lifecycle, inputs, said, world } = stage();
    expect((await lifecycle.check({}, inputs({ windows }))).failures).toEqual([]);
    expect(said()).toEqual(["INFO 1.0 → 2.0, at once · held: window opens Thu 2026-01-01 02:00 (UTC)"]);
    expect(world.starts).toBe(0);
  });

  it("is the same while something else runs, which is not waited for", async () => {
    const { lifecycle, inputs, said, world } = stage({ activity: { kind: "busy", name: "backup 3" } });
    await lifecycle.check({}, inputs({ freeze: "incident" }));
    expect(said()).toEqual(["INFO 1.0 → 2.0, at once · held: changes are frozen: incident"]);
    const { outs } = await lifecycle.create(inputs({ freeze: "incident" }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "freeze" } });
    expect(world.looks).toBe(2);
    expect(await lifecycle.diff("x", outs, inputs({ freeze: "incident" }))).toMatchObject({ changes: false });
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

describe("a preview of what depends on a backup", () => {
  const backup = { maxAge: "24h" };
  const running = { kind: "running", task: { id: "11", kind: "upgrade", to: "2.0" } } as const;

  it.each(["warn", "fail"])(
    "says so where backups cannot be read, and does not fail: onUnreachable %s",
    async (word) => {
      const { lifecycle, inputs, said } = stage({
        backup: new Unreachable("No answer.", { sent: true, heard: false }),
      });
      const { failures } = await lifecycle.check({}, inputs({ backup, onUnreachable: word }));
      expect(failures).toEqual([]);
      expect(said()).toEqual(["INFO 1.0 → 2.0, at once · held: cannot verify that there is a backup: No answer"]);
    },
  );

  it.each<[string, Record<string, unknown>, Partial<FakeWorld>]>([
    ["a freeze holds it", { freeze: "incident" }, {}],
    ["no window is open", { windows }, {}],
    ["it was not approved", { approval: { formatVersion: 1, approvals: {} } }, {}],
    ["it runs already", {}, { activity: running }],
  ])("reads no backups where %s", async (_, args, change) => {
    const { lifecycle, inputs, world } = stage(change);
    await lifecycle.check({}, inputs({ backup, ...args }));
    expect([world.looks, world.backupReads]).toEqual([1, 0]);
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

  it.each([
    ["is lifted while no window is open", {}, { code: "window", message: "window opens Thu 2026-01-01 02:00 (UTC)" }],
    ["has another reason", { freeze: "audit" }, { code: "freeze", message: "changes are frozen: audit" }],
  ])("costs nothing when its freeze %s: a refresh stores the new hold", async (_, rule, heldBy) => {
    const { lifecycle, inputs, before, world } = await held({ windows, freeze: "incident" });
    const news = inputs({ windows, ...rule });
    const looks = world.looks;
    expect(await lifecycle.diff("x", before, news)).toEqual({ changes: false, replaces: [] });
    expect(world.looks).toBe(looks);
    const { props } = await lifecycle.read("x", { ...before, freeze: undefined, ...rule });
    expect(props).toMatchObject({ status: "held", heldBy });
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
