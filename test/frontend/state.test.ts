import { describe, expect, it } from "vitest";
import type { UpgradeRecord } from "../../provider/core/outcome";
import { partialFailure, plainFailure } from "../../provider/frontend/dynamic/dynamic-provider";
import { isUnsettled, outputsOf, rememberedUpgrade } from "../../provider/frontend/resource/state";
import { fakeKind } from "./fake-kind";

const lastUpgrade: UpgradeRecord = {
  task: "11",
  kind: "rolling upgrade",
  from: "1.0",
  to: "2.0",
  startedAt: "2026-01-01T00:00:00.000Z",
  state: "running",
};

describe("rememberedUpgrade", () => {
  it("gives back what a run has stored", () => {
    expect(rememberedUpgrade({ lastUpgrade })).toEqual(lastUpgrade);
    const ended = { ...lastUpgrade, state: "failed", finishedAt: "2026-01-01T01:00:00.000Z" } as const;
    expect(rememberedUpgrade({ lastUpgrade: ended })).toEqual(ended);
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const waiting = { ...lastUpgrade, state: "deferred", joined: true, tasks: { a: "1" }, window } as const;
    expect(rememberedUpgrade({ lastUpgrade: waiting })).toEqual(waiting);
  });

  it("leaves out what a later version may have added", () => {
    expect(rememberedUpgrade({ lastUpgrade: { ...lastUpgrade, approvedBy: "somebody" } })).toEqual(lastUpgrade);
  });

  it.each([
    undefined,
    {},
    { lastUpgrade: undefined },
    { lastUpgrade: "11" },
    { lastUpgrade: { ...lastUpgrade, state: "paused" } },
    { lastUpgrade: { ...lastUpgrade, task: 11 } },
    { lastUpgrade: { task: "11" } },
    { lastUpgrade: [lastUpgrade] },
    { lastUpgrade: null },
    { lastUpgrade: { ...lastUpgrade, finishedAt: 0 } },
    { lastUpgrade: { ...lastUpgrade, joined: false } },
    { lastUpgrade: { ...lastUpgrade, tasks: { a: 1 } } },
    { lastUpgrade: { ...lastUpgrade, window: { opens: "now" } } },
  ])("takes the state of another version of this package for none: %j", (outputs) => {
    expect(rememberedUpgrade(outputs)).toBeUndefined();
  });
});

describe("isUnsettled", () => {
  it.each([
    ["current", false],
    ["newer", false],
    ["behind", true],
    ["upgrading", true],
    ["failed", true],
    [undefined, false],
  ])("%s: %s", (status, expected) => {
    expect(isUnsettled({ status }, 0)).toBe(expected);
  });

  it("deferred: only once the window has closed", () => {
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const outputs = { status: "deferred", lastUpgrade: { ...lastUpgrade, state: "deferred", window } };
    expect(isUnsettled(outputs, Date.parse("2026-01-01T21:59:00Z"))).toBe(false);
    expect(isUnsettled(outputs, Date.parse("2026-01-01T22:00:00Z"))).toBe(true);
  });

  it("current, and found to have drifted by a refresh: yes", () => {
    expect(isUnsettled({ status: "current", __drifted: true }, 0)).toBe(true);
  });

  it("deferred to a window that is not known: always", () => {
    expect(isUnsettled({ status: "deferred" }, 0)).toBe(true);
  });
});

describe("the outputs after a run", () => {
  const { kind, observation } = fakeKind();
  const inputs = { version: "2.0" };
  const before = { ...inputs, currentVersion: "1.0", members: { a: "1.0" }, status: "behind", lastUpgrade };

  it("are the arguments as written and what was observed", () => {
    expect(
      outputsOf(kind, inputs, { status: "current", observation: observation("2.0"), upgrade: lastUpgrade }),
    ).toEqual({
      ...inputs,
      currentVersion: "2.0",
      members: { "server-1": "2.0" },
      status: "current",
      lastUpgrade,
    });
  });

  it("keep what the state had where nothing was looked at", () => {
    expect(outputsOf(kind, inputs, { status: "upgrading" }, before)).toEqual({ ...before, status: "upgrading" });
  });

  it("have a new record in the place of the old one", () => {
    const upgrade = { ...lastUpgrade, task: "12" };
    expect(outputsOf(kind, inputs, { status: "upgrading", upgrade }, before)).toMatchObject({ lastUpgrade: upgrade });
  });

  it("have the times of an upgrade as they are: never in the future, and no call older than it is", () => {
    const lastUpgradeOf = (upgrade: UpgradeRecord) =>
      outputsOf(kind, inputs, { status: "current", upgrade })["lastUpgrade"];
    const running = { ...lastUpgrade, startedAt: "2026-01-01T00:00:59.001Z" };
    const over = { ...running, state: "succeeded", finishedAt: "2026-01-01T00:00:59.999Z" } as const;
    // Whole seconds: as version 0.1.0 wrote them.
    const older = { ...over, startedAt: "2026-01-01T00:01:00Z", finishedAt: "2026-01-01T00:01:00Z" } as const;
    for (const upgrade of [running, over, older]) {
      expect(lastUpgradeOf(upgrade)).toEqual(upgrade);
      expect(rememberedUpgrade({ lastUpgrade: upgrade })).toEqual(upgrade);
    }
  });

  it("never claim the wished version as the observed one", () => {
    const outputs = outputsOf(kind, inputs, { status: "behind" });
    expect(outputs["currentVersion"]).toBeUndefined();
    expect(outputs["members"]).toBeUndefined();
  });
});

describe("failures", () => {
  it("that leave nothing behind have no stack to be printed", () => {
    const error = plainFailure("went wrong");
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe("went wrong");
    expect(error.stack).toBe("went wrong");
    expect(error).not.toHaveProperty("id");
  });

  it("that leave something behind have the shape that the SDK looks for", () => {
    const error = partialFailure("10.0.0.1:2886", { version: "2.0", nothing: undefined, build: 7n }, "still running");
    expect(error).toBeInstanceOf(Error);
    expect(error.id).toBe("10.0.0.1:2886");
    expect(error.properties).toEqual({ version: "2.0", build: "7" });
    expect(error.properties).not.toHaveProperty("nothing");
    expect(error.reasons).toEqual(["still running"]);
  });
});
