import { describe, expect, it } from "vitest";
import { HeldClock } from "../hostile/held-clock";
import { inputsOf } from "../hostile/trial";
import { RESOURCE_TYPES, type Vendor } from "../systems";
import { resourceType, sceneOf } from "../systems/scene";

type Args = Record<string, unknown>;

/** Two pins of one thing in one program, and what comes of both. */
function stage(type: string) {
  const clock = new HeldClock();
  const { vendor, process } = sceneOf(resourceType(type), clock);
  const lines: string[] = [];
  const lifecycle = process({ log: { write: ({ message }) => lines.push(message), flush: async () => undefined } });
  const inputs = (name: string, args: Args = {}): Args => ({
    ...inputsOf(vendor),
    ...args,
    __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}`,
  });
  const create = (name: string, args?: Args) => lifecycle.create(inputs(name, args)).then(({ outs }) => outs);
  const calls = () => vendor.system.journal.find("POST", vendor.call);
  return { vendor, lifecycle, lines, inputs, create, calls, clock };
}

describe.each(RESOURCE_TYPES)("two pins of the same thing: $type", ({ type }) => {
  it("at the same version share one upgrade", async () => {
    const { vendor, create, calls } = stage(type);
    const [one, other] = await Promise.all([create("one"), create("other")]);
    expect(one).toMatchObject({ status: "current" });
    expect(other).toMatchObject({ status: "current" });
    expect(one["members"]).toEqual(other["members"]);
    expect(vendor.accepted()).toBe(1);
    // The vendor may be called by both in the same moment: then it refuses the second call, and it is not repeated.
    expect(calls().filter(({ status }) => status < 300)).toHaveLength(1);
    expect(calls().length).toBeLessThanOrEqual(2);
  });

  it("one after the other cost one upgrade", async () => {
    const { vendor, create, calls } = stage(type);
    await create("one");
    await create("other");
    expect(vendor.accepted()).toBe(1);
    expect(calls()).toHaveLength(1);
  });
});

const APART: readonly [string, Args, (vendor: Vendor) => void][] = [
  [
    "oceanbase:ClusterVersion",
    { version: "4.3.5.4", release: "104000042025090916.el7" },
    ({ system }) => {
      // The vendor of this type is a cluster.
      const { control } = system as unknown as { control: { addObPackages(version: string, release: string): void } };
      control.addObPackages("4.3.5.4", "104000042025090916.el7");
    },
  ],
  [
    "oceanbase:AgentVersion",
    { version: "4.5.0.0", release: "102026050817.el7" },
    ({ system }) => {
      const { control } = system as unknown as { control: { addAgentPackage(version: string, release: string): void } };
      control.addAgentPackage("4.5.0.0", "102026050817.el7");
    },
  ],
  ["redisenterprise:DatabaseVersion", { redisVersion: "8.0" }, () => undefined],
];

describe.each(APART)("two pins of the same thing at different versions: %s", (type, higher, prepare) => {
  it("end at the higher one without a fight: the lower pin says that something newer runs, and calls nothing", async () => {
    const { vendor, lifecycle, create, calls, inputs } = stage(type);
    prepare(vendor);
    const [low, high] = await Promise.all([create("low"), create("high", higher)]);
    expect(high).toMatchObject({ status: "current" });
    expect(["current", "newer"]).toContain(low["status"]);
    expect(vendor.accepted()).toBeLessThanOrEqual(2);
    const made = calls().length;

    // Whatever is run from now on, nobody calls anything.
    for (let round = 0; round < 3; round++) {
      const { outs } = await lifecycle.update("low", low, inputs("low"));
      expect(outs).toMatchObject({ status: "newer" });
      expect((await lifecycle.update("high", high, inputs("high", higher))).outs).toMatchObject({ status: "current" });
    }
    expect(calls()).toHaveLength(made);
    expect(vendor.accepted()).toBeLessThanOrEqual(2);
  });

  it("are told apart with onNewer fail", async () => {
    const { vendor, lifecycle, create, calls, inputs } = stage(type);
    prepare(vendor);
    await create("high", higher);
    const made = calls().length;
    const low = inputs("low", { onNewer: "fail" });
    const { failures = [] } = await lifecycle.check({}, low);
    expect(failures.map(({ reason }) => reason).join()).toMatch(/newer than the target version/);
    await expect(lifecycle.create(low)).rejects.toThrow();
    expect(calls()).toHaveLength(made);
  });
});
