import { describe, expect, it } from "vitest";
import type { SomeKind } from "../../provider/core/kind";
import type { UpgradeRecord } from "../../provider/core/outcome";
import { DynamicProvider, partialFailure, plainFailure } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Log } from "../../provider/frontend/resource/log";
import { isUnsettled, outputsOf, rememberedUpgrade } from "../../provider/frontend/resource/state";
import { VirtualClock } from "../support/virtual-clock";
import { type FakeWorld, fakeKind } from "./fake-kind";
import { stage, URN } from "./fake-lifecycle";

const lastUpgrade: UpgradeRecord = {
  task: "11",
  kind: "rolling upgrade",
  from: "1.0",
  to: "2.0",
  startedAt: "2026-01-01T00:00:00.000Z",
  state: "running",
};

describe("rememberedUpgrade", () => {
  it("returns the record that a run has stored", () => {
    expect(rememberedUpgrade({ lastUpgrade })).toEqual(lastUpgrade);
    const ended = { ...lastUpgrade, state: "failed", finishedAt: "2026-01-01T01:00:00.000Z" } as const;
    expect(rememberedUpgrade({ lastUpgrade: ended })).toEqual(ended);
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const waiting = { ...lastUpgrade, state: "deferred", joined: true, tasks: { a: "1" }, window } as const;
    expect(rememberedUpgrade({ lastUpgrade: waiting })).toEqual(waiting);
  });

  it("ignores properties that a later version may have added", () => {
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
  ])("returns undefined for a record with an unknown format: %j", (outputs) => {
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

  it("deferred: only after the window has closed", () => {
    const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };
    const outputs = { status: "deferred", lastUpgrade: { ...lastUpgrade, state: "deferred", window } };
    expect(isUnsettled(outputs, Date.parse("2026-01-01T21:59:00Z"))).toBe(false);
    expect(isUnsettled(outputs, Date.parse("2026-01-01T22:00:00Z"))).toBe(true);
  });

  it("current, but a refresh has found drift: true", () => {
    expect(isUnsettled({ status: "current", __drifted: true }, 0)).toBe(true);
  });

  it("deferred to an unknown window: always", () => {
    expect(isUnsettled({ status: "deferred" }, 0)).toBe(true);
  });
});

describe("the outputs after a run", () => {
  const { kind, observation } = fakeKind();
  const inputs = { version: "2.0" };
  const before = { ...inputs, currentVersion: "1.0", members: { a: "1.0" }, status: "behind", lastUpgrade };

  it("contain the arguments as written and the observed values", () => {
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

  it("keep the values of the state if nothing was observed", () => {
    expect(outputsOf(kind, inputs, { status: "upgrading" }, before)).toEqual({ ...before, status: "upgrading" });
  });

  it("contain the new record instead of the old one", () => {
    const upgrade = { ...lastUpgrade, task: "12" };
    expect(outputsOf(kind, inputs, { status: "upgrading", upgrade }, before)).toMatchObject({ lastUpgrade: upgrade });
  });

  it("contain the exact times of an upgrade: never in the future, and never before its request", () => {
    const lastUpgradeOf = (upgrade: UpgradeRecord) =>
      outputsOf(kind, inputs, { status: "current", upgrade })["lastUpgrade"];
    const running = { ...lastUpgrade, startedAt: "2026-01-01T00:00:59.001Z" };
    const over = { ...running, state: "succeeded", finishedAt: "2026-01-01T00:00:59.999Z" } as const;
    // Whole seconds, as version 0.1.0 wrote them.
    const older = { ...over, startedAt: "2026-01-01T00:01:00Z", finishedAt: "2026-01-01T00:01:00Z" } as const;
    for (const upgrade of [running, over, older]) {
      expect(lastUpgradeOf(upgrade)).toEqual(upgrade);
      expect(rememberedUpgrade({ lastUpgrade: upgrade })).toEqual(upgrade);
    }
  });

  it("never contain the target version as the observed one", () => {
    const outputs = outputsOf(kind, inputs, { status: "behind" });
    expect(outputs["currentVersion"]).toBeUndefined();
    expect(outputs["members"]).toBeUndefined();
  });
});

describe("failures", () => {
  it("without a partial result have no stack that could be printed", () => {
    const error = plainFailure("went wrong");
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe("went wrong");
    expect(error.stack).toBe("went wrong");
    expect(error).not.toHaveProperty("id");
  });

  it("with a partial result have the properties that the SDK expects", () => {
    const error = partialFailure("10.0.0.1:2886", { version: "2.0", nothing: undefined, build: 7n }, "still running");
    expect(error).toBeInstanceOf(Error);
    expect(error.id).toBe("10.0.0.1:2886");
    expect(error.properties).toEqual({ version: "2.0", build: "7" });
    expect(error.properties).not.toHaveProperty("nothing");
    expect(error.reasons).toEqual(["still running"]);
  });
});

/** Times of the last upgrade in the outputs, in milliseconds since 1970. */
function timesOf(outputs: Readonly<Record<string, unknown>>): number[] {
  const { startedAt, finishedAt } = rememberedUpgrade(outputs) ?? {};
  return [startedAt, finishedAt].flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
}

describe("the times of an upgrade in the outputs", () => {
  it.each([1, 250, 999])("are correct %i ms after a full second, and never in the future", async (milliseconds) => {
    const { lifecycle, inputs, clock } = stage();
    await clock.sleep(milliseconds);
    const began = clock.now();
    const { outs } = await lifecycle.create(inputs());
    const times = timesOf(outs);
    expect(times).toHaveLength(2);
    for (const time of times) {
      expect(time).toBeLessThanOrEqual(clock.now());
      expect(time).toBeGreaterThanOrEqual(began);
    }
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("are correct with a clock that begins at a full second", () => {
    expect(new VirtualClock().now() % 1_000).toBe(0);
  });
});

const SILENT: Log = { write: () => undefined, flush: async () => undefined };
const fault = () => {
  throw new TypeError("x is not a function");
};
const rejection = () => Promise.reject(new TypeError("x is not a function"));
/** A log with one method that fails. */
const log = (part: Partial<Log>) => ({ log: { ...SILENT, ...part } });

interface Disturbance {
  readonly surroundings?: Partial<ConstructorParameters<typeof DynamicProvider>[0]>;
  readonly kind?: (kind: SomeKind, world: FakeWorld) => Partial<SomeKind>;
}

function closing(close: () => Promise<void>): Disturbance {
  return {
    kind: ({ open }, world) => ({
      open: (args, runtime) => ({
        ...open(args, runtime),
        close: () => {
          world.closed += 1;
          return close();
        },
      }),
    }),
  };
}

/** Failures between an accepted upgrade and the response to the engine. */
const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  "closing the driver throws": closing(fault),
  "closing the driver rejects": closing(rejection),
  "closing the driver never ends": closing(() => new Promise(() => undefined)),
  "the log throws": { surroundings: log({ write: fault }) },
  // A log may be asynchronous although the caller does not await it.
  "the log rejects": { surroundings: log({ write: rejection }) },
  "the log cannot be flushed": { surroundings: log({ flush: rejection }) },
  "flushing the log throws": { surroundings: log({ flush: fault }) },
  "^C cannot be unsubscribed": { surroundings: { onCancel: () => fault } },
  "the outputs cannot be made": { kind: () => ({ outputs: fault }) },
  "the outputs cannot be sent": {
    // The types forbid this value, but a damaged response can produce it.
    kind: () => ({ outputs: () => ({ members: { "server-1": fault as unknown as string } }) }),
  },
};

function disturbed({ surroundings, kind: change }: Disturbance) {
  const { kind, world } = fakeKind();
  const some: SomeKind = kind;
  const lifecycle = new DynamicProvider({
    kinds: { "fake:Version": async () => ({ ...some, ...change?.(some, world) }) },
    log: SILENT,
    rhythm: { change: 0, repeat: 60_000 },
    clock: new VirtualClock(),
    env: {},
    ...surroundings,
  });
  return { lifecycle, world };
}

const inputs = (args: Record<string, unknown> = {}) => ({ version: "2.0", __provider: "text", __urn: URN, ...args });

describe.each(Object.entries(DISTURBANCES))("if %s", (_, disturbance) => {
  it("the state contains an accepted upgrade", async () => {
    const { lifecycle, world } = disturbed(disturbance);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(world.starts).toBe(1);
    expect(world.closed).toBe(world.opened);
  });

  it("the state contains a failed upgrade with its reason", async () => {
    const { lifecycle, world } = disturbed(disturbance);
    world.status = { kind: "failed", message: "The disk is full.", remedy: "Make room." };
    const error = await lifecycle.create(inputs()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      properties: { status: "failed", lastUpgrade: { task: "11", state: "failed" } },
      reasons: [expect.stringMatching(/The disk is full\. Make room\. \[upgrade-failed\]$/)],
    });
  });

  it("the state contains an upgrade with wait: false", async () => {
    const { lifecycle, world } = disturbed(disturbance);
    // The run checks first whether upgrades wait for a maintenance window.
    world.schedules = false;
    const { outs } = await lifecycle.create(inputs({ wait: false }));
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { task: "11", state: "running" } });
  });
});

describe("after a run", () => {
  it("no observation is interpreted a second time, because that may fail", async () => {
    const { lifecycle, world } = disturbed({});
    await lifecycle.create(inputs());
    expect(world.starts).toBe(1);
    expect(world.views).toBe(world.reads);
  });
});

describe("a reporter that fails", () => {
  it.each([
    ["throws", fault],
    ["rejects", rejection],
  ])("and %s does not affect a run, or a driver that reports progress itself", async (_, write) => {
    const { lifecycle, world } = disturbed({
      surroundings: log({ write }),
      kind: ({ open }) => ({
        open: (args, runtime) => {
          runtime.inform("opening");
          runtime.warn("opening");
          runtime.report({ message: "opening" });
          return open(args, runtime);
        },
      }),
    });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(1);
  });
});
