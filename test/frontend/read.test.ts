import { describe, expect, it } from "vitest";
import { Unreachable, UpgradeError } from "../../provider/core/errors";
import { stage } from "./fake-lifecycle";

const task = { id: "11", kind: "upgrade", to: "2.0" };

/** A refresh of a resource whose state says that 2.0 runs. */
async function refresh(change: Parameters<typeof stage>[0], args: Record<string, unknown> = {}) {
  const { lifecycle, inputs, said, world } = stage(change);
  const stored = { ...inputs(args), currentVersion: "2.0", members: { "server-1": "2.0" }, status: "current" };
  const result = await lifecycle.read("server-1", stored);
  expect(world.starts).toBe(0);
  expect(world.closed).toBe(world.opened);
  return { ...result, stored, inputs: result.inputs, written: inputs(args), said: said() };
}

describe("a refresh", () => {
  it("gives the inputs back as written while the pin holds", async () => {
    const { id, inputs, props, written, said } = await refresh({ version: "2.0.7" });
    expect(id).toBe("server-1");
    expect(inputs).toEqual(written);
    expect(props).toMatchObject({ status: "current", currentVersion: "2.0.7", members: { "server-1": "2.0.7" } });
    expect(props).not.toHaveProperty("__drifted");
    expect(said).toEqual([]);
  });

  it("puts what runs in the place of the version that it fell behind, and marks it", async () => {
    const { inputs, props, written } = await refresh({ version: "1.9" });
    expect(inputs).toEqual({ ...written, version: "1.9" });
    expect(props).toMatchObject({ status: "behind", currentVersion: "1.9", version: "2.0", __drifted: true });
  });

  it("warns of something newer, and shows it", async () => {
    const { inputs, props, said } = await refresh({ version: "3.0" });
    expect(inputs).toMatchObject({ version: "3.0" });
    expect(props).toMatchObject({ status: "newer", __drifted: true });
    expect(said).toEqual([
      expect.stringMatching(/^WARNING Fake at server-1 runs 3.0, which is newer than the target version/),
    ]);
  });

  it("leaves something newer that is accepted as written, in silence", async () => {
    const { inputs, props, said, written } = await refresh({ version: "3.0" }, { onNewer: "accept" });
    expect(inputs).toEqual(written);
    expect(props).toMatchObject({ status: "newer", currentVersion: "3.0" });
    expect(props).not.toHaveProperty("__drifted");
    expect(said).toEqual([]);
  });

  it.each<[string, Parameters<typeof stage>[0], string]>([
    ["an upgrade runs", { version: "1.0", activity: { kind: "running", task } }, "upgrading"],
    [
      "an upgrade failed",
      { version: "1.0", activity: { kind: "failed", task, failure: { message: "x.", remedy: "y." } } },
      "failed",
    ],
    ["something else runs", { version: "1.0", activity: { kind: "busy", name: "backup" } }, "behind"],
  ])("tells by the status that %s", async (_, change, status) => {
    expect((await refresh(change)).props).toMatchObject({ status });
  });

  it.each<[string, Parameters<typeof stage>[0]]>([
    ["nobody answers", { failure: new Unreachable("connection refused", { sent: false, heard: false }) }],
    ["the versions are not known just now", { unknown: "restarting" }],
  ])("leaves the state as it was when %s", async (_, change) => {
    const { props, inputs, stored, said } = await refresh(change);
    expect(props).toEqual(stored);
    expect(inputs).toBeUndefined();
    expect(said).toEqual([expect.stringMatching(/^WARNING could not be read; the state was not changed: /)]);
  });

  it("leaves the state as it was after half a minute without an answer", async () => {
    const { lifecycle, inputs, said, world, clock } = stage();
    world.delay = (signal) => clock.sleep(600_000, signal);
    const began = clock.now();
    const { props } = await lifecycle.read("server-1", inputs());
    expect(props).toEqual(inputs());
    expect(clock.since(began)).toBe(30_000);
    expect(said()).toHaveLength(1);
  });

  it("fails, redacted, when the credentials are refused", async () => {
    const failure = new UpgradeError("unauthorized", "hunter2 is wrong.", { remedy: "Give the right one." });
    const { lifecycle, inputs } = stage({ failure });
    await expect(lifecycle.read("server-1", inputs({ password: "hunter2" }))).rejects.toThrow(
      new Error("[secret] is wrong. Give the right one. [unauthorized]"),
    );
  });

  it("fails, redacted, for a fault of this package as well", async () => {
    const failure = new TypeError('cannot read hunter2 of {"password":"un-known-1"}');
    const { lifecycle, inputs } = stage({ failure });
    const error: unknown = await lifecycle.read("server-1", inputs({ password: "hunter2" })).catch((thrown) => thrown);
    expect(error).toMatchObject({ message: 'cannot read [secret] of {"password":"[secret]"} [unexpected]' });
    expect(String((error as Error).stack)).not.toMatch(/hunter2|un-known/);
  });

  it("leaves a state whose arguments are not valid any more as it is", async () => {
    const { props, stored, said } = await refresh({}, { version: 2 });
    expect(props).toEqual(stored);
    expect(said).toEqual([
      expect.stringMatching(/^WARNING its arguments are not valid, so the state was not changed: \w+/),
    ]);
  });
});
