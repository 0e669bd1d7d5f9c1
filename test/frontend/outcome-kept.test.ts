import { describe, expect, it } from "vitest";
import type { SomeKind } from "../../provider/core/kind";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { Log } from "../../provider/frontend/resource/log";
import { VirtualClock } from "../support/virtual-clock";
import { type FakeWorld, fakeKind } from "./fake-kind";
import { URN } from "./fake-lifecycle";

const SILENT: Log = { write: () => undefined, flush: async () => undefined };
const fault = () => {
  throw new TypeError("x is not a function");
};
const rejection = () => Promise.reject(new TypeError("x is not a function"));
/** A log of which one part fails. */
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

/** What can go wrong between an accepted upgrade and the state that the engine gets. */
const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  "closing the driver throws": closing(fault),
  "closing the driver rejects": closing(rejection),
  "closing the driver never ends": closing(() => new Promise(() => undefined)),
  "the log throws": { surroundings: log({ write: fault }) },
  // A log may be asynchronous although nobody waits for it.
  "the log rejects": { surroundings: log({ write: rejection }) },
  "the log cannot be flushed": { surroundings: log({ flush: rejection }) },
  "flushing the log throws": { surroundings: log({ flush: fault }) },
  "^C cannot be unsubscribed": { surroundings: { onCancel: () => fault } },
  "the outputs cannot be made": { kind: () => ({ outputs: fault }) },
  "the outputs cannot be sent": {
    // The types forbid what a damaged answer may lead to all the same.
    kind: () => ({ outputs: () => ({ members: { "server-1": fault as unknown as string } }) }),
  },
};

function stage({ surroundings, kind: change }: Disturbance) {
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

describe.each(Object.entries(DISTURBANCES))("when %s", (_, disturbance) => {
  it("an accepted upgrade is in the state", async () => {
    const { lifecycle, world } = stage(disturbance);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(world.starts).toBe(1);
    expect(world.closed).toBe(world.opened);
  });

  it("an upgrade that failed is in the state, with its reason", async () => {
    const { lifecycle, world } = stage(disturbance);
    world.status = { kind: "failed", message: "The disk is full.", remedy: "Make room." };
    const error = await lifecycle.create(inputs()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      properties: { status: "failed", lastUpgrade: { task: "11", state: "failed" } },
      reasons: [expect.stringMatching(/The disk is full\. Make room\. \[upgrade-failed\]$/)],
    });
  });

  it("an upgrade that is not waited for is in the state", async () => {
    const { lifecycle, world } = stage(disturbance);
    world.schedules = false;
    const { outs } = await lifecycle.create(inputs({ wait: false }));
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { task: "11", state: "running" } });
  });
});

describe("a reporter that fails", () => {
  it.each([
    ["throws", fault],
    ["rejects", rejection],
  ])("and %s does not disturb a run, or a driver that tells something on its own", async (_, tell) => {
    const { lifecycle, world } = stage({
      surroundings: log({ write: tell }),
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
