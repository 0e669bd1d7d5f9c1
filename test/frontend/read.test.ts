import { describe, expect, it } from "vitest";
import { Rejected, Unreachable, UpgradeError } from "../../provider/core/errors";
import { describeDrift } from "../../provider/core/kind";
import { parseVersion } from "../../provider/core/version";
import { stage } from "./fake-lifecycle";

const task = { id: "11", kind: "upgrade", to: "2.0" };

/** A refresh of a resource with version 2.0 in its state. */
async function refresh(change: Parameters<typeof stage>[0], args: Record<string, unknown> = {}) {
  const { lifecycle, inputs, messages, world } = stage(change);
  const stored = { ...inputs(args), currentVersion: "2.0", members: { "server-1": "2.0" }, status: "current" };
  const result = await lifecycle.read("server-1", stored);
  expect(world.starts).toBe(0);
  expect(world.closed).toBe(world.opened);
  return { ...result, stored, inputs: result.inputs, written: inputs(args), messages: messages() };
}

describe("a refresh", () => {
  it("returns the inputs as written if the target version is running", async () => {
    const { id, inputs, props, written, messages } = await refresh({ version: "2.0.7" });
    expect(id).toBe("server-1");
    expect(inputs).toEqual(written);
    expect(props).toMatchObject({ status: "current", currentVersion: "2.0.7", members: { "server-1": "2.0.7" } });
    expect(props).not.toHaveProperty("__drifted");
    expect(messages).toEqual([]);
  });

  it("returns the observed version in place of an outdated target, and marks it", async () => {
    const { inputs, props, written } = await refresh({ version: "1.9" });
    expect(inputs).toEqual({ ...written, version: "1.9" });
    expect(props).toMatchObject({ status: "behind", currentVersion: "1.9", version: "2.0", __drifted: true });
  });

  it("warns about a newer version, and returns it", async () => {
    const { inputs, props, messages } = await refresh({ version: "3.0" });
    expect(inputs).toMatchObject({ version: "3.0" });
    expect(props).toMatchObject({ status: "newer", __drifted: true });
    expect(messages).toEqual([
      expect.stringMatching(/^WARNING Fake at server-1: the current version, 3.0, is newer than the target version/),
    ]);
  });

  it("returns the inputs as written for a newer version that is accepted, without a warning", async () => {
    const { inputs, props, messages, written } = await refresh({ version: "3.0" }, { onNewer: "accept" });
    expect(inputs).toEqual(written);
    expect(props).toMatchObject({ status: "newer", currentVersion: "3.0" });
    expect(props).not.toHaveProperty("__drifted");
    expect(messages).toEqual([]);
  });

  it.each<[string, Parameters<typeof stage>[0], string]>([
    ["an upgrade is running", { version: "1.0", activity: { kind: "running", task } }, "upgrading"],
    [
      "an upgrade failed",
      { version: "1.0", activity: { kind: "failed", task, failure: { message: "x.", remedy: "y." } } },
      "failed",
    ],
    ["another operation is running", { version: "1.0", activity: { kind: "busy", name: "backup" } }, "behind"],
  ])("returns the status if %s", async (_, change, status) => {
    expect((await refresh(change)).props).toMatchObject({ status });
  });

  it.each<[string, Parameters<typeof stage>[0]]>([
    [
      "the server is unreachable",
      { failure: new Unreachable("connection refused", { sent: false, responded: false }) },
    ],
    ["the versions are temporarily unknown", { unknown: "restarting" }],
  ])("does not change the state if %s", async (_, change) => {
    const { props, inputs, stored, messages } = await refresh(change);
    expect(props).toEqual(stored);
    expect(inputs).toBeUndefined();
    expect(messages).toEqual([expect.stringMatching(/^WARNING could not be read; the state was not changed: /)]);
  });

  it("does not change the state after half a minute without a response", async () => {
    const { lifecycle, inputs, messages, world, clock } = stage();
    world.delay = (signal) => clock.sleep(600_000, signal);
    const began = clock.now();
    const { props } = await lifecycle.read("server-1", inputs());
    expect(props).toEqual(inputs());
    expect(clock.since(began)).toBe(30_000);
    expect(messages()).toHaveLength(1);
  });

  it("fails with a redacted message if the credentials are rejected", async () => {
    const failure = new UpgradeError("unauthorized", "hunter2 is wrong.", { remedy: "Give the right one." });
    const { lifecycle, inputs } = stage({ failure });
    await expect(lifecycle.read("server-1", inputs({ password: "hunter2" }))).rejects.toThrow(
      new Error("[secret] is wrong. Give the right one. [unauthorized]"),
    );
  });

  it("fails with a redacted message for an internal error", async () => {
    const failure = new TypeError('cannot read hunter2 of {"password":"un-known-1"}');
    const { lifecycle, inputs } = stage({ failure });
    const error: unknown = await lifecycle.read("server-1", inputs({ password: "hunter2" })).catch((thrown) => thrown);
    expect(error).toMatchObject({ message: 'cannot read [secret] of {"password":"[secret]"} [unexpected]' });
    expect(String((error as Error).stack)).not.toMatch(/hunter2|un-known/);
  });

  it("does not change a state whose arguments are no longer valid", async () => {
    const { props, stored, messages } = await refresh({}, { version: 2 });
    expect(props).toEqual(stored);
    expect(messages).toEqual([
      expect.stringMatching(/^WARNING its arguments are not valid, so the state was not changed: \w+/),
    ]);
  });
});

describe("a failed upgrade that holds the database", () => {
  const failure = { message: "broken.", remedy: "Fix it." };
  const failed = "WARNING upgrade 11 (upgrade to 2.0) failed: broken.";

  it("is reported by a refresh with its remedy, once, although the engine asks for a difference afterwards", async () => {
    const { lifecycle, inputs, messages } = stage({ version: "1.9", activity: { kind: "failed", task, failure } });
    const stored = { ...inputs(), currentVersion: "1.9", members: { "server-1": "1.9" }, status: "failed" };
    const { props = {} } = await lifecycle.read("server-1", stored);
    await lifecycle.diff("server-1", { ...props }, inputs());
    expect(messages()).toEqual([`${failed} Fix it.`]);
  });
});

describe("drift", () => {
  it("is reported by every refresh, with its remedy", async () => {
    const { lifecycle, inputs, messages, world } = stage({ version: "2.0" });
    const { id, outs } = await lifecycle.create(inputs());
    world.version = "1.9";
    const { props = {} } = await lifecycle.read(id, outs);
    expect(messages()).toEqual(["WARNING drift: 1 of 1 member outdated (server-1 runs 1.9). `pulumi up` upgrades it."]);
    await lifecycle.read(id, { ...props });
    expect(messages()).toHaveLength(2);
  });

  it("that `ignoreChanges` keeps is reported by the preview, and no upgrade is announced or requested", async () => {
    const { lifecycle, inputs, messages, world, lines } = stage({ version: "2.0" });
    const { id, outs } = await lifecycle.create(inputs());
    world.version = "1.9";
    const { props, inputs: seen } = await lifecycle.read(id, outs);
    expect(seen).toMatchObject({ version: "1.9" });
    lines.length = 0;
    // The engine takes ignored properties from the old inputs.
    const kept = inputs({ version: "1.9" });
    await lifecycle.check({ ...seen }, kept);
    const { changes } = await lifecycle.diff(id, { ...props }, kept);
    expect(changes).toBe(true);
    const updated = await lifecycle.update(id, { ...props }, kept);
    expect(updated.outs).toMatchObject({ status: "current", version: "1.9", currentVersion: "1.9" });
    expect(world.starts).toBe(0);
    expect(messages()).toEqual([
      "INFO no upgrade: `version` is now 1.9, as observed by the last refresh, and no longer 2.0. If the program still has 2.0, `ignoreChanges` prevents it from being applied.",
    ]);
  });

  it("of many units names a few, and shortens long names", () => {
    const names = ["e4ed0123456789abcdef0123456789in07", ...Array.from({ length: 19 }, (_, at) => `instance-${at}`)];
    const old = parseVersion("2.0.69.250900");
    if (old === undefined) throw new Error("no version");
    const observation = { members: names.map((name) => ({ name, version: old })) };
    const unit = ["instance", "instances"] as const;
    expect(describeDrift({ members: names.slice(0, 1), inputs: {} }, observation, unit)).toBe(
      "drift: 1 of 20 instances outdated (e4ed…in07 runs 2.0.69.250900). {apply} upgrades it.",
    );
    expect(describeDrift({ members: names.slice(0, 5), inputs: {} }, observation, unit)).toMatch(
      /^drift: 5 of 20 instances outdated \(e4ed…in07 runs .* and 2 more\)\. \{apply\} upgrades them\.$/,
    );
    expect(describeDrift({ members: ["search"], unseen: true, inputs: {} }, observation, unit)).toBe(
      "drift: search differs from the state. {apply} restores it.",
    );
  });
});

type Change = Parameters<typeof stage>[0];

const unreachable: Change = { failure: new Unreachable("connection refused", { sent: false, responded: false }) };
const otherServer: Change = {
  failure: new UpgradeError("not-the-vendor", "A web server answers.", { remedy: "Correct it." }),
};
const rejected: Change = {
  failure: new Rejected("The server rejected the credentials", {
    reason: "wrong password (401)",
    credentials: ["password"],
    remedy: "Set `password` to the right one.",
  }),
};

/** Where the setting is: in the resource, the stack, or both. */
interface Given {
  readonly own?: string;
  readonly stack?: string;
  readonly password?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly config?: Readonly<Record<string, string>>;
}

async function opened(change: Change, { own, stack, password, env = {}, config = {} }: Given) {
  const staged = stage(change, env);
  const values = { ...config, ...(stack === undefined ? {} : { "dbversion:onUnreachable": stack }) };
  await staged.lifecycle.configure({ config: { get: (key: string) => new Map(Object.entries(values)).get(key) } });
  const inputs = staged.inputs({
    ...(own === undefined ? {} : { onUnreachable: own }),
    ...(password === undefined ? {} : { password }),
  });
  const state = { ...inputs, status: "current", currentVersion: "2.0", members: { "server-1": "2.0" } };
  return { ...staged, inputs, state };
}

async function failuresOfPreview(change: Change, given: Given = {}): Promise<readonly string[]> {
  const { lifecycle, inputs } = await opened(change, given);
  const { failures = [] } = await lifecycle.check({}, inputs);
  expect(failures.map(({ property }) => property)).toEqual(failures.map(() => ""));
  return failures.map(({ reason }) => reason);
}

async function resultOfRefresh(change: Change, given: Given = {}): Promise<unknown> {
  const { lifecycle, state } = await opened(change, given);
  return lifecycle.read("server-1", state).then(
    ({ props }) => props?.["status"],
    (error: unknown) => (error instanceof Error ? error.message : error),
  );
}

const SETTINGS: readonly (readonly [what: string, given: Given, fails: boolean])[] = [
  ["nothing is set", {}, false],
  ['the resource says "warn"', { own: "warn" }, false],
  ['the resource says "fail"', { own: "fail" }, true],
  ['the stack says "fail"', { stack: "fail" }, true],
  ['the stack says "fail", and the resource "warn"', { stack: "fail", own: "warn" }, false],
  ['the stack says "warn", and the resource "fail"', { stack: "warn", own: "fail" }, true],
];

describe.each(SETTINGS)("a system that cannot be read, if %s", (_, given, fails) => {
  it.each<[string, Change, string]>([
    ["that is unreachable", unreachable, "cannot plan: unreachable, connection refused"],
    ["that is another server", otherServer, "cannot plan: A web server answers. Correct it. [not-the-vendor]"],
    ["whose versions are unknown", { unknown: "no members" }, "cannot plan: no members"],
  ])(`${fails ? "fails" : "does not fail"} the preview: one %s`, async (_case, change, reason) => {
    expect(await failuresOfPreview(change, given)).toEqual(fails ? [reason] : []);
  });

  it(`${fails ? "fails" : "does not fail"} the refresh`, async () => {
    const expected = fails ? "could not be read: connection refused [unreachable]" : "current";
    expect(await resultOfRefresh(unreachable, given)).toBe(expected);
  });

  it(`${fails ? "fails" : "does not fail"} the preview after an unfinished run`, async () => {
    const { lifecycle, state, inputs, messages } = await opened(unreachable, given);
    const diff = lifecycle.diff("server-1", { ...state, status: "behind" }, inputs);
    if (fails) await expect(diff).rejects.toThrow("cannot plan: unreachable, connection refused");
    else expect(await diff).toMatchObject({ changes: true });
    expect(messages()).toEqual(fails ? [] : ["WARNING cannot plan: unreachable, connection refused"]);
  });
});

describe("rejected credentials", () => {
  const found = [
    ["the program", { password: "secret-1" }, "(argument `password`)"],
    ["the configuration", { config: { "fake:password": "secret-1" } }, "(`password` from config `fake:password`)"],
    ["the environment", { env: { FAKE_PASSWORD: "secret-1" } }, "(`password` from environment `FAKE_PASSWORD`)"],
  ] as const;

  it.each(found)("from %s fail a preview and a refresh, with their source", async (_, given, origin) => {
    const reason = `The server rejected the credentials ${origin}: wrong password (401). Set \`password\` to the right one. [unauthorized]`;
    expect(await failuresOfPreview(rejected, { ...given, own: "warn" })).toEqual([`cannot plan: ${reason}`]);
    expect(await resultOfRefresh(rejected, { ...given, own: "warn" })).toBe(reason);
    const { lifecycle, inputs } = await opened(rejected, given);
    await expect(lifecycle.create(inputs)).rejects.toThrow(reason);
  });

  it("that are missing are reported as missing, not as wrong", async () => {
    const reason =
      "The server rejected the credentials: no password given (argument `password`, config `fake:password`, environment `FAKE_PASSWORD`). [unauthorized]";
    expect(await failuresOfPreview(rejected)).toEqual([`cannot plan: ${reason}`]);
    expect(await resultOfRefresh(rejected)).toBe(reason);
  });
});

describe("onUnreachable", () => {
  it("the stack's setting has two values", async () => {
    expect(await failuresOfPreview({}, { stack: "loud" })).toEqual([
      'config `dbversion:onUnreachable` must be "warn" or "fail"',
    ]);
  });
});
