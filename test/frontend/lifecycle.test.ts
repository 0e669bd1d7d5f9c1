import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import { stage } from "./fake-lifecycle";

const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/other:Thing::x";

async function thrown(call: Promise<unknown>): Promise<Error> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error(`expected an error, got ${String(error)}`);
  return error;
}

describe("create", () => {
  it("upgrades once and returns an id and outputs that the engine accepts", async () => {
    const { lifecycle, inputs, world } = stage();
    const { id, outs } = await lifecycle.create(inputs({ server: undefined }));
    expect(id).toBe("server-1");
    expect(outs).toMatchObject({
      version: "2.0",
      currentVersion: "2.0",
      members: { "server-1": "2.0" },
      status: "current",
      lastUpgrade: { task: "11", from: "1.0", to: "2.0", state: "succeeded" },
      __provider: "text",
    });
    expect(JSON.parse(JSON.stringify(outs))).toEqual(outs);
    expect(Object.keys(outs)).not.toContain("server");
    expect(world.starts).toBe(1);
    expect(world.closed).toBe(world.opened);
  });

  it("adopts a database that is up to date, without a request", async () => {
    const { lifecycle, inputs, world } = stage({ version: "2.0" });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(0);
  });

  it("without an accepted request has no partial result, and reports the reason", async () => {
    const failure = new Unreachable("hunter2: connection refused", { sent: false, responded: false });
    const { lifecycle, inputs, world } = stage({ failure });
    const error = await thrown(lifecycle.create(inputs({ password: "hunter2" })));
    expect(error.message).toMatch(
      /^Fake at server-1 could not be read for .*\[secret\]: connection refused.*\[unreachable\]$/,
    );
    expect(error).not.toHaveProperty("id");
    expect(world.closed).toBe(1);
  });

  it("that was interrupted has a partial result with what the next run needs", async () => {
    const { lifecycle, inputs } = stage({
      activity: { kind: "running", task: { id: "11", kind: "upgrade", to: "2.0" } },
    });
    const outs = await lifecycle.create(inputs({ wait: false }));
    expect(outs.outs).toMatchObject({ status: "upgrading", lastUpgrade: { task: "11", state: "running" } });
  });

  it("with invalid arguments is rejected, with their names", async () => {
    const { lifecycle, inputs, world } = stage();
    const error = await thrown(lifecycle.create(inputs({ version: 2 })));
    expect(error.message).toBe('version must be a string, such as "2.0"');
    expect(world.opened).toBe(0);
  });

  it("of an unknown type is rejected, with its name", async () => {
    const { lifecycle, inputs } = stage();
    expect((await thrown(lifecycle.create(inputs({ __urn: URN })))).message).toBe(
      "pulumi-dbversion has no resource type other:Thing",
    );
    expect((await thrown(lifecycle.create({ version: "2.0" }))).message).toBe(
      "pulumi-dbversion has no resource type without a name",
    );
  });
});

describe("credentials", () => {
  it("are taken from configure, and redacted in messages", async () => {
    const { lifecycle, inputs, messages } = stage({ failure: new Error("hunter2 was refused") });
    await lifecycle.configure({ config: { get: (key) => (key === "fake:password" ? "hunter2" : undefined) } });
    await lifecycle.check({}, inputs());
    expect(messages()).toEqual(["WARNING cannot plan: [secret] was refused"]);
  });

  it("from the environment are never in the outputs", async () => {
    const { lifecycle, inputs } = stage({}, { FAKE_PASSWORD: "hunter2" });
    const { outs } = await lifecycle.create(inputs());
    expect(JSON.stringify(outs)).not.toContain("hunter2");
  });
});

describe("diff", () => {
  const settled = { currentVersion: "2.0", members: {}, status: "current" };

  it("of an up-to-date resource is empty, without requests", async () => {
    const { lifecycle, inputs, world } = stage();
    expect(await lifecycle.diff("server-1", { ...inputs(), ...settled }, inputs())).toEqual({
      changes: false,
      replaces: [],
    });
    expect(world.opened).toBe(0);
  });

  it("of an unchanged resource does not load its kind", async () => {
    const { lifecycle, inputs, loaded } = stage();
    await lifecycle.diff("server-1", { ...inputs(), ...settled }, inputs());
    expect(loaded()).toBe(0);
    await lifecycle.diff("server-1", { ...inputs(), ...settled }, inputs({ version: "3.0" }));
    expect(loaded()).toBeGreaterThan(0);
  });

  it("ignores hidden keys", async () => {
    const { lifecycle, inputs } = stage();
    const news = inputs({ __provider: "other text", __timeouts: { update: "5h" } });
    expect(await lifecycle.diff("server-1", { ...inputs(), ...settled }, news)).toMatchObject({ changes: false });
  });

  it.each([
    ["another version", {}, { version: "3.0" }],
    ["an unknown version", {}, { version: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }],
    ["an additional argument", {}, { wait: false }],
    ["an upgrade in progress", { status: "upgrading" }, {}],
    ["a failed upgrade", { status: "failed" }, {}],
    ["an outdated version", { status: "behind" }, {}],
    ["drift that a refresh has found", { __drifted: true }, {}],
    ["a newer version that fails the run", { status: "newer", onNewer: "fail" }, { onNewer: "fail" }],
  ])("of %s is an update", async (_, olds, news) => {
    const { lifecycle, inputs } = stage();
    const result = await lifecycle.diff("server-1", { ...inputs(), ...settled, ...olds }, inputs(news));
    expect(result).toEqual({ changes: true, replaces: [] });
  });

  it("of another server is a replacement", async () => {
    const { lifecycle, inputs } = stage();
    const olds = { ...inputs({ server: "a" }), ...settled };
    expect(await lifecycle.diff("a", olds, inputs({ server: "b" }))).toEqual({ changes: true, replaces: ["server"] });
  });

  it("of a newer version that is only reported is empty", async () => {
    const { lifecycle, inputs } = stage();
    const olds = { ...inputs(), ...settled, status: "newer" };
    expect(await lifecycle.diff("server-1", olds, inputs())).toMatchObject({ changes: false });
  });
});

describe("delete", () => {
  it("succeeds with any state, because it does not need the kind", async () => {
    for (const state of [{}, { __urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/gone:Version::orders" }]) {
      const { lifecycle, messages } = stage();
      await lifecycle.delete("server-1", state);
      expect(messages()).toEqual(["INFO no longer managed; the database was not changed"]);
    }
  });

  it("sends no request, and reports that the database was not changed", async () => {
    const { lifecycle, inputs, world, messages } = stage();
    await lifecycle.delete("server-1", inputs());
    expect(messages()).toEqual(["INFO no longer managed; the database was not changed"]);
    expect(world.opened).toBe(0);
  });

  describe("of a resource with a scheduled upgrade", () => {
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const lastUpgrade = { task: "11", kind: "upgrade", from: "1.0", to: "2.0", startedAt: "2026-01-01T00:00:00.000Z" };
    const waiting = { lastUpgrade: { ...lastUpgrade, state: "deferred", window }, status: "deferred" };

    it("cancels it, and reports that", async () => {
      const { lifecycle, inputs, world, messages } = stage({ status: { kind: "scheduled", window } });
      await lifecycle.delete("server-1", { ...inputs(), ...waiting });
      expect(world.canceled).toEqual(["11"]);
      expect(messages()).toEqual([
        "INFO canceled upgrade 11 (upgrade to 2.0), which was scheduled for its maintenance window",
        "INFO no longer managed; the database was not changed",
      ]);
      expect(world.closed).toBe(1);
    });

    it("does not cancel a running one, nor one that another client scheduled", async () => {
      const { lifecycle, inputs, world } = stage({ status: { kind: "running", message: "20%" } });
      await lifecycle.delete("server-1", { ...inputs(), ...waiting });
      expect(world.canceled).toEqual([]);
      const joined = { ...waiting, lastUpgrade: { ...waiting.lastUpgrade, joined: true } };
      await lifecycle.delete("server-1", { ...inputs(), ...joined });
      expect(world.opened).toBe(1);
    });

    it("fails if the system is unreachable, so that no upgrade stays scheduled unnoticed", async () => {
      const { lifecycle, inputs, world } = stage({ status: { kind: "scheduled", window } });
      Object.defineProperty(world, "canceled", {
        get: () => {
          throw new Unreachable("Nobody answers.", { sent: false, responded: false });
        },
      });
      const error = await thrown(lifecycle.delete("server-1", { ...inputs(), ...waiting }));
      expect(error.message).toContain("upgrade 11 (upgrade to 2.0) could not be canceled");
    });
  });
});
