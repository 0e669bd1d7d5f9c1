import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { stage, URN } from "./fake-lifecycle";

const task = { id: "11", kind: "upgrade", to: "2.0" };

/** What a preview of a new pin says, and what it fails with. */
async function preview(change: Parameters<typeof stage>[0], args: Record<string, unknown> = {}) {
  const { lifecycle, inputs, messages, world } = stage(change);
  const { failures } = await lifecycle.check({}, inputs(args));
  return { failures, messages: messages(), world };
}

describe("the preview of a new pin", () => {
  it.each<[string, Parameters<typeof stage>[0], string]>([
    ["that is satisfied", { version: "2.0" }, "INFO already at 2.0"],
    ["that needs an upgrade", {}, "INFO 1.0 → 2.0, at once"],
    ["that would join", { activity: { kind: "running", task } }, "INFO joins running upgrade 11 (upgrade to 2.0)"],
    [
      "that would wait",
      { activity: { kind: "busy", name: "backup 3" } },
      "INFO 1.0 → 2.0, at once, after backup 3 has ended",
    ],
    [
      "whose upgrade failed",
      { activity: { kind: "failed", task, failure: { message: "broken.", remedy: "Fix it." } } },
      "WARNING upgrade 11 (upgrade to 2.0) failed: broken.",
    ],
    ["that cannot be known", { unknown: "no members" }, "WARNING cannot plan: no members"],
    [
      "that nobody answers for",
      { failure: new Unreachable("connection refused", { sent: false, responded: false }) },
      "WARNING cannot plan: unreachable, connection refused",
    ],
    ["that meets a fault", { failure: new TypeError("x is undefined") }, "WARNING cannot plan: x is undefined"],
    [
      "that is newer",
      { version: "3.0" },
      "WARNING Fake at server-1 runs 3.0, which is newer than the target version. Nothing was sent. Raise the target version to what is running, or set `onNewer` to `accept`. Databases are never downgraded. [newer]",
    ],
  ])("%s tells so in one line and fails nothing", async (_, change, line) => {
    const { failures, messages, world } = await preview(change);
    expect(messages).toEqual([line]);
    expect(failures).toEqual([]);
    expect(world.starts).toBe(0);
    expect(world.closed).toBe(world.opened);
  });

  it("says that it will not be waited for", async () => {
    expect((await preview({}, { wait: false })).messages).toEqual(["INFO 1.0 → 2.0, at once (not waited for)"]);
  });

  it("warns of what has to be put right, and fails for what can never succeed", async () => {
    const { messages, failures } = await preview({
      findings: [
        { code: "a", message: "An agent does not run.", remedy: "Start it." },
        { code: "b", property: "mode", message: "Rolling needs 3 zones.", remedy: "Add one." },
      ],
    });
    expect(messages).toEqual(["INFO 1.0 → 2.0, at once · blocked: a, b", "WARNING An agent does not run. Start it."]);
    expect(failures).toEqual([{ property: "mode", reason: "Rolling needs 3 zones. Add one." }]);
  });

  it("is silent about something newer that is accepted, but for its plan", async () => {
    const { messages, failures } = await preview({ version: "3.0" }, { onNewer: "accept" });
    expect(messages).toEqual(["INFO runs 3.0, newer than the target version: server-1"]);
    expect(failures).toEqual([]);
  });

  it('fails for something newer with onNewer "fail", by the name of the property', async () => {
    const { messages, failures } = await preview({ version: "3.0" }, { onNewer: "fail" });
    expect(messages).toEqual([]);
    expect(failures).toEqual([
      {
        property: "version",
        reason:
          "Fake at server-1 runs 3.0, which is newer than the target version. Nothing was sent. Raise the target version to what is running, or set `onNewer` to `accept`. Databases are never downgraded. [newer]",
      },
    ]);
  });

  it("takes secrets out of its lines and failures", async () => {
    const finding = { code: "b", property: "mode", message: "Not with hunter2.", remedy: "No." };
    const { failures } = await preview({ findings: [finding] }, { password: "hunter2" });
    expect(failures).toEqual([{ property: "mode", reason: "Not with [secret]. No." }]);
    const newer = await preview({ version: "3.0" }, { onNewer: "fail", password: "hunter2", server: "hunter2.test" });
    expect(newer.failures?.[0]?.reason).toContain("Fake at [secret].test runs 3.0");
    const failing = await preview({ failure: new Error("hunter2 refused") }, { password: "hunter2" });
    expect(failing.messages).toEqual(["WARNING cannot plan: [secret] refused"]);
  });

  it("gives up after ten seconds, without failing", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(60_000, signal);
    const began = clock.now();
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    expect(messages()).toEqual(["WARNING cannot plan: unreachable, no response in time"]);
    expect(clock.since(began)).toBe(10_000);
  });
});

describe("the preview of a pin as it was written before, which an earlier run left behind", () => {
  const failed = { status: "failed" };

  it("warns of what can never succeed: only a check could fail it, and that does not look", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    world.findings = [
      { code: "gone", message: "2.0 is not offered any more.", remedy: "Pin 2.1.", property: "version" },
    ];
    expect((await lifecycle.check(inputs(), inputs())).failures).toEqual([]);
    expect(await lifecycle.diff("server-1", { ...inputs(), ...failed }, inputs())).toMatchObject({ changes: true });
    expect(messages()).toContain("WARNING 2.0 is not offered any more. Pin 2.1.");
  });

  it("warns of something newer that it does not live with", async () => {
    const { lifecycle, inputs, messages } = stage({ version: "3.0" });
    const own = inputs({ onNewer: "fail" });
    expect(await lifecycle.diff("server-1", { ...own, ...failed }, own)).toMatchObject({ changes: true });
    expect(messages()).toEqual([expect.stringMatching(/^WARNING .*3\.0/)]);
  });
});

describe("the previews of a run", () => {
  const skipped = "WARNING cannot plan: skipped, this run has waited 1 min for systems that do not respond";
  const pin = (at: number) => ({ __urn: `${URN}-${at}`, server: `server-${at}` });

  it("skip their plans once a minute was waited for systems that do not respond", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(60_000, signal);
    const began = clock.now();
    for (let at = 0; at < 20; at++) {
      expect((await lifecycle.check({}, inputs(pin(at)))).failures).toEqual([]);
    }
    expect(clock.since(began)).toBe(60_000);
    expect(world.looks).toBe(6);
    expect(messages().slice(5, 8)).toEqual(["WARNING cannot plan: unreachable, no response in time", skipped, skipped]);
    expect(messages()).toHaveLength(20);
    expect(world.closed).toBe(world.opened);
  });

  it("go on for as long as systems answer, however slowly", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(9_000, signal);
    for (let at = 0; at < 20; at++) await lifecycle.check({}, inputs(pin(at)));
    expect(new Set(messages())).toEqual(new Set(["INFO 1.0 → 2.0, at once"]));
  });
});

describe("a preview without a look", () => {
  it("is that of unchanged arguments", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(world.looks).toBe(0);
    expect(messages()).toEqual([]);
  });

  it("is that of arguments that are wrong", async () => {
    const { lifecycle, inputs, world } = stage();
    const { failures } = await lifecycle.check({}, inputs({ version: 2, __timeouts: { create: "0s" } }));
    expect(failures?.map(({ property }) => property)).toEqual(["version", "customTimeouts"]);
    expect(world.looks).toBe(0);
  });

  it("is that of time limits that are wrong", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    const { failures } = await lifecycle.check({}, inputs({ __timeouts: { create: "0s" } }));
    expect(failures?.map(({ property }) => property)).toEqual(["customTimeouts"]);
    expect(world.looks).toBe(0);
    expect(messages()).toEqual([]);
  });

  it("is that of arguments that are not known yet", async () => {
    const { lifecycle, inputs, world } = stage();
    const unknown = inputs({ version: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(await lifecycle.check({}, unknown)).toEqual({ inputs: unknown, failures: [] });
    expect(world.looks).toBe(0);
  });

  it("is the second one of the same resource in the same process", async () => {
    const { lifecycle, inputs, messages, world } = stage();
    await lifecycle.check({}, inputs());
    await lifecycle.diff("server-1", { ...inputs(), status: "behind" }, inputs());
    expect(world.looks).toBe(1);
    expect(messages()).toHaveLength(1);
  });
});

describe("a preview without a plan says why", () => {
  it.each([
    [{ version: UNKNOWN }, "INFO cannot plan yet: `version` is known after apply"],
    [{ server: UNKNOWN, version: UNKNOWN }, "INFO cannot plan yet: `version`, `server` are known after apply"],
  ])("for arguments that are not known yet: %j", async (args, line) => {
    const { lifecycle, inputs, messages, world } = stage();
    const { failures } = await lifecycle.check({}, inputs(args));
    expect(failures).toEqual([]);
    await lifecycle.check({}, inputs(args));
    expect(messages()).toEqual([line]);
    expect(world.looks).toBe(0);
  });
});
